// bench_search_costs: how near the search's prices are to linked firmware, and how fast they are.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/number.h"
#include "base/run_main.h"
#include "bench/search_costs/compare_costs.h"
#include "cli/target_limits.h"
#include "search/read_space.h"

namespace {

constexpr const char* kUsage =
    "usage: bench_search_costs [--space S] [--target B] [--compare N] [--link N] [--rate N] "
    "[--valid N]\n"
    "                          [--ram BYTES]\n"
    "  --space S    preset or TOML file (default paper)\n"
    "  --target B   board (default stm32f746)\n"
    "  --compare N  prices of N random candidates against the whole compiler's\n"
    "  --link N     those of N that fit against their linked firmware\n"
    "  --rate N     prices a second, over N candidates\n"
    "  --valid N    builds, verifies and plans N candidates\n"
    "  --ram BYTES  less than the board has, so that chains run by strips\n"
    "Each N is 0 to 1000000 (default 0: left out).\n";

struct Request {
  std::string space = "paper", target = "stm32f746";
  int64_t compare = 0, link = 0, rate = 0, valid = 0, ram = INT64_MAX;
};

bool Parse(int argc, char** argv, Request* request) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    int64_t* number = name == "--compare" ? &request->compare
                      : name == "--link"  ? &request->link
                      : name == "--rate"  ? &request->rate
                      : name == "--valid" ? &request->valid
                                          : nullptr;
    if (name == "--space") {
      request->space = value;
    } else if (name == "--target") {
      request->target = value;
    } else if (name == "--ram") {
      if (!tinyformer::ParseNumber(value, int64_t{1}, INT64_MAX, &request->ram)) return false;
    } else if (number == nullptr ||
               !tinyformer::ParseNumber(value, int64_t{0}, int64_t{1000000}, number)) {
      return false;
    }
  }
  return argc % 2 == 1;
}

using tinyformer::bench::LinkedCandidate;

void PrintLinked(const std::vector<LinkedCandidate>& candidates) {
  int64_t ram_differs = 0, weights_differ = 0, strips = 0, sum = 0;
  std::vector<int64_t> errors;
  for (const LinkedCandidate& one : candidates) {
    ram_differs += one.price.sram_peak_bytes != static_cast<int64_t>(one.linked.ram_bytes) ? 1 : 0;
    weights_differ +=
        one.price.weight_bytes != static_cast<int64_t>(one.linked.weight_bytes) ? 1 : 0;
    strips += one.strips > 0 ? 1 : 0;
    errors.push_back(one.FlashError());
    sum += std::abs(errors.back());
  }
  std::sort(errors.begin(), errors.end());
  const auto count = static_cast<int64_t>(candidates.size());
  std::printf(
      "linked %lld candidates (%lld with strips): RAM differs for %lld, constants for %lld; flash "
      "estimated %lld to %lld bytes above, mean distance %lld\n",
      static_cast<long long>(count), static_cast<long long>(strips),
      static_cast<long long>(ram_differs), static_cast<long long>(weights_differ),
      static_cast<long long>(errors.front()), static_cast<long long>(errors.back()),
      static_cast<long long>(sum / count));
}

int Run(const Request& request) {
  using namespace tinyformer;
  const SearchSpace space = FindSpace(request.space);
  const Board board = FindBoard(request.target);
  PlanOptions options;
  options.target = LimitsOf(board);
  options.target.ram_bytes = std::min(options.target.ram_bytes, request.ram);
  if (request.compare > 0) {
    const bench::Agreement agreement = bench::ComparePrices(space, options, request.compare);
    std::printf("compared %lld candidates with the whole compiler: %lld prices differ\n",
                static_cast<long long>(agreement.count),
                static_cast<long long>(agreement.different));
  }
  if (request.rate > 0) {
    const bench::PricingRate rate = bench::MeasureRate(space, options, request.rate);
    std::printf("priced %lld candidates: %.0f a second on one core, the slowest in %.1f ms\n",
                static_cast<long long>(rate.count), static_cast<double>(rate.count) / rate.seconds,
                1000 * rate.slowest_seconds);
  }
  if (request.valid > 0) {
    bench::RequireValid(space, options, 0, request.valid);
    std::printf("built, verified and planned %lld candidates\n",
                static_cast<long long>(request.valid));
  }
  if (request.link > 0) {
    PrintLinked(bench::LinkCandidates(space, board, options.target.ram_bytes, request.link, 0));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Request request;
  if (!Parse(argc, argv, &request)) {
    const bool help = argc == 2 && std::strcmp(argv[1], "--help") == 0;
    std::fputs(kUsage, help ? stdout : stderr);
    return help ? 0 : 2;
  }
  return tinyformer::RunMain([&] { return Run(request); });
}
