// Randomness with an owner: one seeded generator per purpose, the same stream on every machine and
// library.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tinyformer {

/// xoshiro256** seeded by splitmix64 (Blackman and Vigna, "Scrambled linear pseudorandom number
/// generators", 2018).
///
/// Every consumer gets its own stream: Rng(seed, "shuffle"), Rng(seed, "augment", epoch). The state
/// is plain data, so a checkpoint can hold it.
class Rng {
 public:
  using State = std::array<uint64_t, 4>;

  explicit Rng(uint64_t seed, std::string_view purpose = "", uint64_t index = 0);

  uint64_t Next();
  /// Uniform in [0, bound), without bias. bound > 0.
  uint64_t Below(uint64_t bound);
  /// Uniform in [0, 1), 53 bits.
  double Uniform();
  /// Uniform in [low, high).
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  /// Standard normal (Box-Muller, cosine branch: one value for two draws, no hidden state).
  double Normal();
  /// True with probability p.
  bool Chance(double p) { return Uniform() < p; }

  template <typename T>
  void Shuffle(std::vector<T>& values) {
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[Below(i)]);
  }

 private:
  State state_;
};

}  // namespace tinyformer
