#include "sim/run.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/temporary_folder.h"
#include "sim/process.h"

namespace tinyformer {
namespace {

constexpr int kInvokeFailed = 101, kFileTrouble = 102;  // sim/harness/firmware_main.cc

int64_t CountImages(const Firmware& firmware, const std::vector<int8_t>& inputs) {
  int64_t bytes = static_cast<int64_t>(inputs.size());
  if (bytes == 0 || bytes % firmware.input_bytes != 0) {
    throw Error("sim/input-size", "inputs of '" + firmware.name + "'",
                "a multiple of " + std::to_string(firmware.input_bytes) + " bytes (shape " +
                    ToString(firmware.input_shape) + ")",
                std::to_string(bytes) + " bytes", "give whole images of the model's input shape");
  }
  return bytes / firmware.input_bytes;
}

void CheckExit(const Firmware& firmware, int status, const std::string& console) {
  if (status == 0) return;
  if (status == kInvokeFailed) {
    throw Error("sim/invoke-failed", firmware.directory, firmware.prefix + "_invoke to return 0",
                "another value", "look into the generated code: it refuses this input");
  }
  if (status == kFileTrouble) {
    throw Error("sim/harness-files", firmware.directory, "input and output files that can be used",
                console.empty() ? "a file that cannot be opened or written" : console,
                "free some space in the temporary folder ($TMPDIR)");
  }
  throw Error("sim/harness-files", firmware.directory, "an end with status 0",
              "status " + std::to_string(status), "compile the model again");
}

std::vector<int8_t> ReadOutputs(const Firmware& firmware, const std::string& path, int64_t images) {
  std::string bytes = std::filesystem::exists(path) ? ReadFile(path) : "";
  if (static_cast<int64_t>(bytes.size()) != images * firmware.output_bytes) {
    throw Error("sim/harness-files", firmware.directory,
                std::to_string(images * firmware.output_bytes) + " bytes of output",
                std::to_string(bytes.size()) + " bytes",
                "compile the model again if plan.json was changed; otherwise free some space in "
                "the temporary folder ($TMPDIR)");
  }
  std::vector<int8_t> outputs(bytes.size());
  std::memcpy(outputs.data(), bytes.data(), bytes.size());
  return outputs;
}

// One process's share of the images.
struct Share {
  std::vector<int8_t> outputs;
  EmulationResult emulation;
};

// Splits the images into jobs runs of neighbours; run(folder, images) does one of them in its own
// folder.
std::vector<Share> RunShares(const Firmware& firmware, const std::vector<int8_t>& inputs, int jobs,
                             const std::function<EmulationResult(const std::string&)>& run) {
  int64_t images = CountImages(firmware, inputs);
  int64_t count = std::clamp<int64_t>(jobs, 1, images);
  std::vector<Share> shares(static_cast<size_t>(count));
  const auto work = [&](int64_t index) {
    int64_t first = images * index / count, last = images * (index + 1) / count;
    TemporaryFolder folder;
    const char* bytes = reinterpret_cast<const char*>(inputs.data());
    WriteFileAtomic(folder.File("input.bin"),
                    {bytes + first * firmware.input_bytes,
                     static_cast<size_t>((last - first) * firmware.input_bytes)});
    Share& share = shares[static_cast<size_t>(index)];
    share.emulation = run(folder.path());
    CheckExit(firmware, share.emulation.exit_status, share.emulation.console);
    share.outputs = ReadOutputs(firmware, folder.File("output.bin"), last - first);
  };
  ParallelFor(count, static_cast<int>(count), work);
  return shares;
}

void Add(RunCost* sum, const RunCost& cost) {
  sum->instructions += cost.instructions;
  sum->cycles += cost.cycles;
  sum->stall_cycles += cost.stall_cycles;
  sum->mispredictions += cost.mispredictions;
  sum->unaligned += cost.unaligned;
}

RunCost PerImage(const RunCost& sum, uint64_t images) {
  return {sum.instructions / images, sum.cycles / images, sum.stall_cycles / images,
          sum.mispredictions / images, sum.unaligned / images};
}

void CollectLayers(const std::vector<Share>& shares, RunResult* result) {
  std::vector<RunCost> sums(256);
  for (const Share& share : shares) {
    for (const MarkerRun& marker : share.emulation.markers) {
      Add(&sums[static_cast<size_t>(marker.id)], marker.cost);
    }
  }
  for (int id = 0; id < 256; ++id) {
    const RunCost& sum = sums[static_cast<size_t>(id)];
    if (sum.instructions == 0) continue;
    result->layers.push_back({id, PerImage(sum, static_cast<uint64_t>(result->images))});
  }
}

RunResult Collect(const std::vector<Share>& shares) {
  RunResult result;
  RunCost sum;
  for (const Share& share : shares) {
    const EmulationResult& run = share.emulation;
    bool first = result.images == 0;
    result.outputs.insert(result.outputs.end(), share.outputs.begin(), share.outputs.end());
    result.images += static_cast<int64_t>(run.images);
    result.instructions_min =
        first ? run.instructions_min : std::min(result.instructions_min, run.instructions_min);
    result.instructions_max = std::max(result.instructions_max, run.instructions_max);
    Add(&sum, run.images_total);
    uint64_t stack = run.Ram("stack").depth_bytes, arena = 0;
    for (const RamPart& part : run.ram) {
      if (part.name.starts_with("arena")) arena += part.written_bytes;
    }
    uint64_t touched = stack + arena + run.Ram("data").written_bytes + run.Ram("bss").written_bytes;
    result.stack_peak_bytes = std::max(result.stack_peak_bytes, stack);
    result.arena_touched_bytes = std::max(result.arena_touched_bytes, arena);
    result.ram_touched_bytes = std::max(result.ram_touched_bytes, touched);
  }
  TF_CHECK(result.images > 0);
  RunCost mean = PerImage(sum, static_cast<uint64_t>(result.images));
  result.cycles_estimate = mean.cycles;
  result.stall_estimate = mean.stall_cycles;
  return result;
}

}  // namespace

RunResult RunOnEmulator(const Firmware& firmware, const Board& board,
                        const std::vector<int8_t>& inputs, const RunOptions& options) {
  CountImages(firmware, inputs);
  FirmwareBuild build = BuildFirmware(firmware, board, options.layers);
  EmulationOptions emulation{options.mode, options.timeout_seconds};
  std::vector<Share> shares = RunShares(
      firmware, inputs, options.jobs,
      [&](const std::string& folder) { return RunElf(build.elf_path, board, folder, emulation); });
  RunResult result = Collect(shares);
  if (options.layers) CollectLayers(shares, &result);
  result.size = build.size;
  return result;
}

RunResult RunOnHost(const Firmware& firmware, const std::vector<int8_t>& inputs,
                    const RunOptions& options) {
  int64_t images = CountImages(firmware, inputs);
  std::string program = BuildHostProgram(firmware);
  auto run = [&](const std::string& folder) {
    ProcessResult process = RunProcess({program}, folder, options.timeout_seconds);
    TF_CHECK(process.started, program);
    if (process.timed_out) {
      throw Error("sim/timeout", program, "an end in time", "the program still running",
                  "run fewer images, or allow more time");
    }
    if (process.exit_status < 0) {
      throw Error("sim/host-crash", program, "a run to its end",
                  std::string("signal ") + std::to_string(process.signal) + " (" +
                      strsignal(process.signal) + ")",
                  "run it on the emulator, which names the access and the function");
    }
    EmulationResult result;
    result.exit_status = process.exit_status;
    return result;
  };
  RunResult result;
  result.images = images;
  for (const Share& share : RunShares(firmware, inputs, options.jobs, run)) {
    result.outputs.insert(result.outputs.end(), share.outputs.begin(), share.outputs.end());
  }
  return result;
}

}  // namespace tinyformer
