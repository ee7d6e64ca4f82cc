#include "sim/plugin/memory_monitor.h"

#include <algorithm>

namespace tinyformer::plugin {
namespace {

// System control space: interrupt controller, FPU and fault registers. Part of every Cortex-M.
constexpr uint32_t kSystemControl = 0xE000E000, kSystemControlBytes = 0x1000;

}  // namespace

MemoryMonitor::MemoryMonitor(const RunConfig& config) : regions_(config.regions) {
  std::sort(regions_.begin(), regions_.end(),
            [](const Region& a, const Region& b) { return a.address < b.address; });
  for (const Region& region : regions_) {
    if (!region.write || region.name == "harness") continue;
    bool follows =
        !blocks_.empty() && blocks_.back().address + blocks_.back().bytes == region.address;
    if (!follows) blocks_.push_back({region.address, 0, {}});
    blocks_.back().bytes += region.bytes;
  }
  for (Block& block : blocks_) block.written.assign(block.bytes, 0);
}

bool MemoryMonitor::AllowsOutsideRam(uint32_t address, uint32_t bytes, bool store) const {
  if (address - kSystemControl < kSystemControlBytes) return true;
  for (const Region& region : regions_) {
    if (region.Contains(address, bytes)) return !store || region.write;
  }
  return false;
}

bool MemoryMonitor::AllowsExecution(uint32_t pc, uint32_t bytes) const {
  return std::any_of(regions_.begin(), regions_.end(), [&](const Region& region) {
    return region.execute && region.Contains(pc, bytes);
  });
}

bool MemoryMonitor::Written(uint32_t address) const {
  for (const Block& block : blocks_) {
    uint32_t offset = address - block.address;
    if (offset < block.bytes) return block.written[offset] != 0;
  }
  return false;
}

uint32_t MemoryMonitor::WrittenBytes(const Part& part) const {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < part.bytes; ++i) sum += Written(part.address + i) ? 1 : 0;
  return sum;
}

uint32_t MemoryMonitor::LowestWritten(const Part& part) const {
  for (uint32_t i = 0; i < part.bytes; ++i) {
    if (Written(part.address + i)) return part.address + i;
  }
  return part.address + part.bytes;
}

const Region* MemoryMonitor::FindRegion(uint32_t address) const {
  for (const Region& region : regions_) {
    if (region.Contains(address, 1)) return &region;
  }
  return nullptr;
}

}  // namespace tinyformer::plugin
