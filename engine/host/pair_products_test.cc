#include "engine/host/pair_products.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/parity/random_layer.h"

namespace tinyformer::engine::host {
namespace {

std::vector<int64_t> Expected(const std::vector<PairTerm>& terms, const std::vector<Pair>& x,
                              int32_t columns, int32_t start) {
  std::vector<int64_t> sums(static_cast<size_t>(columns), start);
  for (const PairTerm& term : terms) {
    for (int32_t j = 0; j < columns; ++j) {
      const Pair value = x[static_cast<size_t>(term.offset + j)];
      sums[static_cast<size_t>(j)] +=
          int64_t{value.first} * term.weights.first + int64_t{value.second} * term.weights.second;
    }
  }
  return sums;
}

TEST(PairProducts, EveryWayOfThisMachineGivesTheSameSums) {
  const PairProducts* ways;
  const int32_t count = list_pair_products(&ways);
  EXPECT_STREQ(ways[count - 1].name, "portable");
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    parity::Random random(seed);
    const int32_t columns = random.between(1, 200);
    std::vector<Pair> x(static_cast<size_t>(columns + 64 + kColumnStep));
    for (Pair& pair : x) pair = {random.byte(), random.byte()};
    std::vector<PairTerm> terms(static_cast<size_t>(random.between(0, 40)));
    for (PairTerm& term : terms) {
      term = {random.between(0, 64),
              {static_cast<int16_t>(random.between(-32768, 32767)), random.byte()}};
    }
    const int32_t start = random.between(-100000, 100000);
    const std::vector<int64_t> expected = Expected(terms, x, columns, start);
    for (int32_t way = 0; way < count; ++way) {
      if (!ways[way].usable) continue;
      std::vector<int32_t> acc(static_cast<size_t>(round_up(columns, kColumnStep) + 1), 77);
      ways[way].accumulate(terms.data(), static_cast<int32_t>(terms.size()), x.data(), columns,
                           start, acc.data());
      EXPECT_EQ(acc.back(), 77) << ways[way].name << " wrote too far, seed " << seed;
      acc.resize(expected.size());
      EXPECT_EQ(std::vector<int64_t>(acc.begin(), acc.end()), expected)
          << ways[way].name << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace tinyformer::engine::host
