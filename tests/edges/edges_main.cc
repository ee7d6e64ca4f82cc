// tf_edges: the engine's kernels on random layers at every edge, in guarded memory, on the host or
// on an emulated core.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/run_main.h"
#include "base/temporary_folder.h"
#include "engine/parity/parity.h"
#include "sim/emulator.h"
#include "tests/edges/guest_request.h"

namespace tinyformer::edges {
namespace {

using engine::parity::Request;

constexpr const char* kUsage =
    "usage: tf_edges --on host|m7|m4|m3 [--kernel NAME] [--first N] [--cases N]\n"
    "  --on      this machine, or an emulated Cortex-M7, M4 or M3 (which has only the reference)\n"
    "  --kernel  one kernel; default: all\n"
    "  --first   number of the first random layer, 0 to 4294967295 (default 1)\n"
    "  --cases   random layers of each kernel, 1 to 1000000000 (default 100)\n"
    "A failure names kernel, number and shape; --kernel NAME --first N --cases 1 repeats it.\n";

struct Core {
  const char* name;
  const char* machine;  // of QEMU
};
constexpr Core kCores[] = {{"m7", "mps2-an500"}, {"m4", "mps2-an386"}, {"m3", "mps2-an385"}};

std::string host_lines;

// The lines of the host's kernels; failed is raised by the number of kernels that differ.
std::string RunHere(const Request& request, int* failed) {
  host_lines.clear();
  *failed +=
      engine::parity::run_cases(request, nullptr, [](const char* line) { host_lines += line; });
  return host_lines;
}

EmulationResult RunGuest(const Core& core, const Request& request, bool trace,
                         const std::string& folder) {
  GuestRequest asked;
  if (request.kernel != nullptr) {
    std::snprintf(asked.kernel, sizeof asked.kernel, "%s", request.kernel);
  }
  asked.first = request.first;
  asked.cases = request.cases;
  asked.trace = trace ? 1 : 0;
  std::string bytes(sizeof asked, '\0');
  std::memcpy(bytes.data(), &asked, sizeof asked);
  WriteFileAtomic(folder + "/" + kRequestFile, bytes);
  // The firmware is linked for this board; the machines differ in their core only.
  Board board = FindBoard("stm32f746");
  board.emulator_machine = core.machine;
  EmulationOptions options;
  options.timeout_seconds = 36000;
  return RunElf(std::string(TINYFORMER_EDGES_DIRECTORY "/edges_") + core.name + ".elf", board,
                folder, options);
}

// Why the emulator stops the run, or nothing.
std::string Why(const Core& core, const Request& request, const std::string& folder) {
  try {
    RunGuest(core, request, false, folder);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// The emulator stopped the run of this kernel: finds the case and prints what repeats it.
void PrintCulprit(const Core& core, Request request, const std::string& folder) {
  while (request.cases > 1) {
    Request half = request;
    half.cases = request.cases / 2;
    if (Why(core, half, folder).empty()) {
      request.first += half.cases;
      request.cases -= half.cases;
    } else {
      request.cases = half.cases;
    }
  }
  std::string shape;
  std::string why;
  try {
    RunGuest(core, request, true, folder);
  } catch (const Error& error) {
    shape = ReadFile(folder + "/" + kCaseFile);
    why = error.what();
  }
  std::printf("%s: seed %u: %s: %s\nrepeat it: tf_edges --on %s --kernel %s --first %u --cases 1\n",
              request.kernel, static_cast<unsigned>(request.first), shape.c_str(), why.c_str(),
              core.name, request.kernel, static_cast<unsigned>(request.first));
}

int RunOnCore(const Core& core, const Request& request) {
  TemporaryFolder folder;
  int failed = 0;
  const std::string here = RunHere(request, &failed);
  try {
    const EmulationResult result = RunGuest(core, request, false, folder.path());
    std::printf("%s", result.console.c_str());
    if (result.exit_status == 0 && result.console == here) return 0;
    if (result.console != here) std::printf("on the host:\n%s", here.c_str());
  } catch (const Error& error) {
    std::printf("%s\n", error.what());
    for (int32_t i = 0; i < engine::parity::kCheckCount; ++i) {
      Request one = request;
      one.kernel = engine::parity::kChecks[i].kernel;
      const bool asked = request.kernel == nullptr || request.kernel == std::string(one.kernel);
      if (asked && !Why(core, one, folder.path()).empty()) PrintCulprit(core, one, folder.path());
    }
  }
  return 1;
}

}  // namespace
}  // namespace tinyformer::edges

int main(int argc, char** argv) {
  using namespace tinyformer;
  engine::parity::Request request;
  request.cases = 100;
  std::string on;
  bool understood = argc % 2 == 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--on") {
      on = value;
    } else if (option == "--kernel") {
      request.kernel = argv[i + 1];
    } else if (option == "--first") {
      understood &= ParseNumber(value, 0u, UINT32_MAX, &request.first);
    } else if (option == "--cases") {
      understood &= ParseNumber(value, 1u, 1000000000u, &request.cases);
    } else {
      understood = false;
    }
  }
  const auto* core = std::find_if(std::begin(edges::kCores), std::end(edges::kCores),
                                  [&](const edges::Core& c) { return on == c.name; });
  if (!understood || (on != "host" && core == std::end(edges::kCores))) {
    const bool help = argc == 2 && std::strcmp(argv[1], "--help") == 0;
    std::fputs(edges::kUsage, help ? stdout : stderr);
    return help ? 0 : 2;
  }
  return RunMain([&] {
    if (on != "host") return edges::RunOnCore(*core, request);
    int failed = 0;
    std::printf("%s", edges::RunHere(request, &failed).c_str());
    return failed > 0 ? 1 : 0;
  });
}
