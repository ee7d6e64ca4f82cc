// bench_softmax: the engine's softmax beside two others, by error and by cost.
#include <cstdio>
#include <cstring>

#include "base/json.h"
#include "base/run_main.h"
#include "base/temporary_folder.h"
#include "bench/softmax/compare_softmax.h"

namespace {

using tinyformer::Json;
using namespace tinyformer::bench;

constexpr int kRows = 256;

void PrintErrors(const std::vector<SoftmaxError>& errors) {
  std::printf("%-8s %-32s %12s %12s %12s\n", "scale", "error", "exponential", "output LSB",
              "misrounded");
  for (const SoftmaxError& row : errors) {
    std::printf("%-8.4g %-32s %12.2g %12.4f %6d of 512\n", kSoftmaxScales[row.scale],
                kSoftmaxVariants[row.variant], row.exponential, row.output_lsb, row.misrounded);
  }
}

void PrintCosts(const std::vector<SoftmaxCost>& costs) {
  std::printf("\n%-8s %-32s %20s %20s\n", "scale", "cost of an element, 256x256", "instructions",
              "cycles");
  for (const SoftmaxCost& row : costs) {
    std::printf("%-8.4g %-32s %9.2f - %8.2f %9.2f - %8.2f\n", kSoftmaxScales[row.scale],
                kSoftmaxVariants[row.variant], row.instructions_least, row.instructions_most,
                row.cycles_least, row.cycles_most);
  }
  std::printf("least and most over data: uniform, bell, one high, all the same\n");
}

Json ResultJson(const std::vector<SoftmaxError>& errors, const std::vector<SoftmaxCost>& costs) {
  Json error_rows = Json::array(), cost_rows = Json::array();
  for (const SoftmaxError& row : errors) {
    error_rows.push_back({{"scale", kSoftmaxScales[row.scale]},
                          {"variant", kSoftmaxVariants[row.variant]},
                          {"exponential", row.exponential},
                          {"output_lsb", row.output_lsb},
                          {"misrounded", row.misrounded}});
  }
  for (const SoftmaxCost& row : costs) {
    cost_rows.push_back({{"scale", kSoftmaxScales[row.scale]},
                         {"variant", kSoftmaxVariants[row.variant]},
                         {"instructions_least", row.instructions_least},
                         {"instructions_most", row.instructions_most},
                         {"cycles_least", row.cycles_least},
                         {"cycles_most", row.cycles_most}});
  }
  return {{"errors", error_rows}, {"costs", cost_rows}};
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::strcmp(argv[1], "--json") == 0;
  if (argc > 1 && !json) {
    const bool help = std::strcmp(argv[1], "--help") == 0;
    std::fputs("usage: bench_softmax [--json]\n", help ? stdout : stderr);
    return help ? 0 : 2;
  }
  return tinyformer::RunMain([&] {
    const tinyformer::TemporaryFolder work;
    const std::vector<SoftmaxError> errors = SoftmaxErrors();
    const std::vector<SoftmaxCost> costs = SoftmaxCosts(kRows, tinyformer::FindBoard("stm32f746"),
                                                        TINYFORMER_BENCH_SOURCES, work.path());
    if (json) {
      std::puts(ResultJson(errors, costs).dump(1).c_str());
    } else {
      PrintErrors(errors);
      PrintCosts(costs);
    }
    return 0;
  });
}
