// tf_emulate: runs one ELF on a board's emulated machine and prints what it cost, as JSON. For
// kernel work.
#include <cstdio>
#include <cstring>

#include "base/json.h"
#include "base/run_main.h"
#include "sim/emulator.h"

namespace {

using tinyformer::Json;

constexpr const char* kUsage =
    "usage: tf_emulate [--cycles] [--target NAME] firmware.elf\n"
    "  --cycles       also estimate cycles of the board's core (slower)\n"
    "  --target NAME  a board (default stm32f746)\n"
    "Semihosting opens files in the current folder. sim/README.md says how to build such an ELF.\n";

Json CostJson(const tinyformer::RunCost& cost) {
  return {{"instructions", cost.instructions},
          {"cycles_estimate", cost.cycles},
          {"stall_cycles_estimate", cost.stall_cycles},
          {"mispredictions", cost.mispredictions},
          {"unaligned_loads", cost.unaligned}};
}

Json ResultJson(const tinyformer::EmulationResult& result) {
  Json json = {{"exit_status", result.exit_status},
               {"console", result.console},
               {"total", CostJson(result.total)},
               {"images", result.images},
               {"instructions_min", result.instructions_min},
               {"instructions_max", result.instructions_max},
               {"markers", Json::array()},
               {"ram", Json::array()}};
  for (const tinyformer::MarkerRun& marker : result.markers) {
    Json entry = CostJson(marker.cost);
    entry["id"] = marker.id;
    entry["visits"] = marker.visits;
    json["markers"].push_back(entry);
  }
  for (const tinyformer::RamPart& part : result.ram) {
    json["ram"].push_back({{"name", part.name},
                           {"bytes", part.bytes},
                           {"written_bytes", part.written_bytes},
                           {"depth_bytes", part.depth_bytes}});
  }
  return json;
}

}  // namespace

int main(int argc, char** argv) {
  std::string target = "stm32f746", elf;
  tinyformer::EmulationOptions options;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--cycles") == 0) {
      options.mode = tinyformer::EmulationMode::kCycles;
    } else if (std::strcmp(argv[i], "--target") == 0 && i + 1 < argc) {
      target = argv[++i];
    } else {
      elf = argv[i];
    }
  }
  if (elf.empty() || elf[0] == '-') {
    std::fputs(kUsage, elf == "--help" ? stdout : stderr);
    return elf == "--help" ? 0 : 2;
  }
  return tinyformer::RunMain([&] {
    tinyformer::Board board = tinyformer::FindBoard(target);
    std::puts(ResultJson(tinyformer::RunElf(elf, board, ".", options)).dump(1).c_str());
    return 0;
  });
}
