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
  for (size_t first = 0; first < regions_.size(); ++first) {
    uint32_t end = regions_[first].address;
    for (size_t i = first; i < regions_.size(); ++i) {
      const Region& region = regions_[i];
      if (!region.write || region.address != end || region.name == "harness") break;
      end += region.bytes;
    }
    if (end - regions_[first].address > ram_bytes_) {
      ram_address_ = regions_[first].address;
      ram_bytes_ = end - ram_address_;
    }
  }
  written_.assign(ram_bytes_, 0);
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

uint32_t MemoryMonitor::WrittenBytes(const Part& part) const {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < part.bytes; ++i) {
    uint32_t offset = part.address - ram_address_ + i;
    if (offset < ram_bytes_) sum += written_[offset];
  }
  return sum;
}

uint32_t MemoryMonitor::LowestWritten(const Part& part) const {
  for (uint32_t i = 0; i < part.bytes; ++i) {
    uint32_t offset = part.address - ram_address_ + i;
    if (offset < ram_bytes_ && written_[offset]) return part.address + i;
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
