// bench_cost_model: measures random layers in the emulator, fits the cost model, shows its errors.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "base/file.h"
#include "base/number.h"
#include "base/run_main.h"
#include "bench/cost_model/cost_tables.h"

namespace {

constexpr const char* kUsage =
    "usage: bench_cost_model [--layers N] [--seed S] [--json] [--write]\n"
    "  --layers N  random layers for every line of the table, 4 to 100000 (default 40)\n"
    "  --seed S    of their shapes and weights (default 1)\n"
    "  --json      one JSON object instead of the table\n"
    "  --write     also measure code and write compiler/cost/measured_costs.inc of this tree\n";

constexpr const char* kTables = TINYFORMER_SOURCE_DIRECTORY "/compiler/cost/measured_costs.inc";

}  // namespace

int main(int argc, char** argv) {
  int layers_each = 40;
  uint64_t seed = 1;
  bool json = false, write = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(argv[i], "--write") == 0) {
      write = true;
    } else if (std::strcmp(argv[i], "--layers") == 0 && i + 1 < argc &&
               tinyformer::ParseNumber(argv[i + 1], 4, 100000, &layers_each)) {
      ++i;
    } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc &&
               tinyformer::ParseNumber(argv[i + 1], uint64_t{0}, UINT64_MAX, &seed)) {
      ++i;
    } else {
      const bool help = std::strcmp(argv[i], "--help") == 0;
      std::fputs(kUsage, help ? stdout : stderr);
      return help ? 0 : 2;
    }
  }
  return tinyformer::RunMain([&] {
    using namespace tinyformer::bench;
    const tinyformer::Board board = tinyformer::FindBoard("stm32f746");
    const std::vector<RandomLayer> layers = RandomLayers(layers_each, seed);
    const std::vector<FittedLine> lines = FitLines(layers, MeasureLayers(layers, board));
    if (write) {
      tinyformer::WriteFileAtomic(kTables, TablesText(lines, MeasureCode(layers, board)));
    }
    if (json) {
      std::puts(tinyformer::JsonText({{"seed", seed}, {"lines", LinesJson(lines)}}, 1).c_str());
    } else {
      std::fputs(ErrorTable(lines).c_str(), stdout);
    }
    return 0;
  });
}
