#include "cli/run_in_parts.h"

#include <algorithm>

#include "base/interrupt.h"
#include "base/progress.h"

namespace tinyformer {
namespace {

constexpr int64_t kHostPart = 250;    // images a process on the host, about two seconds
constexpr int64_t kEmulatorPart = 4;  // images a process in the emulator, a few seconds

RunResult RunInParts(const std::string& label, const ImageStream& images, int64_t part_images,
                     const std::function<void()>& build,
                     const std::function<RunResult(const std::vector<int8_t>&)>& run) {
  RunResult whole;
  Progress progress(label, images.count, "images");
  progress.Update(0);  // shows the label while the build takes some seconds
  build();
  progress.StartAt(0);
  for (int64_t first = 0; first < images.count; first += part_images) {
    ThrowIfInterrupted();
    const int64_t count = std::min(part_images, images.count - first);
    AppendRun(run(images.read(first, count)), &whole);
    progress.Update(first + count);
  }
  return whole;
}

}  // namespace

void AppendRun(const RunResult& part, RunResult* whole) {
  if (whole->images == 0) {
    *whole = part;
    return;
  }
  const auto before = static_cast<uint64_t>(whole->images);
  const auto added = static_cast<uint64_t>(part.images);
  auto mean = [&](uint64_t a, uint64_t b) { return (a * before + b * added) / (before + added); };
  whole->outputs.insert(whole->outputs.end(), part.outputs.begin(), part.outputs.end());
  whole->images += part.images;
  whole->instructions_min = std::min(whole->instructions_min, part.instructions_min);
  whole->instructions_max = std::max(whole->instructions_max, part.instructions_max);
  whole->cycles_estimate = mean(whole->cycles_estimate, part.cycles_estimate);
  whole->stall_estimate = mean(whole->stall_estimate, part.stall_estimate);
  whole->stack_peak_bytes = std::max(whole->stack_peak_bytes, part.stack_peak_bytes);
  whole->ram_touched_bytes = std::max(whole->ram_touched_bytes, part.ram_touched_bytes);
  whole->arena_touched_bytes = std::max(whole->arena_touched_bytes, part.arena_touched_bytes);
}

RunResult RunInPartsOnHost(const Firmware& firmware, const ImageStream& images,
                           const RunOptions& options) {
  return RunInParts(
      "host", images, kHostPart * options.jobs, [&] { BuildHostProgram(firmware); },
      [&](const std::vector<int8_t>& inputs) { return RunOnHost(firmware, inputs, options); });
}

RunResult RunInPartsOnEmulator(const Firmware& firmware, const Board& board,
                               const ImageStream& images, const RunOptions& options) {
  return RunInParts(
      "emulator", images, kEmulatorPart * options.jobs,
      [&] { BuildFirmware(firmware, board, options.layers); },
      [&](const std::vector<int8_t>& inputs) {
        return RunOnEmulator(firmware, board, inputs, options);
      });
}

}  // namespace tinyformer
