// Guarded memory: bytes that firmware under test opens and closes itself, and the work between two
// of its markers.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/plugin/run_config.h"

namespace tinyformer::plugin {

/// Follows tf_guard_marker[8] and tf_guarded_memory (docs/emulation.md, "Guarded memory"). All
/// bytes are closed at first.
class Guard {
 public:
  enum Mode : uint32_t {
    kClose,     ///< stores close bytes
    kReadable,  ///< stores make bytes readable only
    kWritable,  ///< stores open bytes
    kCheck,     ///< every access must be allowed
    kMeasure,   ///< so; the instructions up to the next marker are remembered
    kSame,      ///< so; the instructions up to the next marker must be as many
    kModes,
  };

  explicit Guard(const RunConfig& config)
      : start_(config.guarded.address),
        marker_(config.guarded.bytes > 0 ? config.guard_marker : 0),
        state_(config.guarded.bytes, kClose) {}

  /// True when some byte of the access is guarded.
  bool Covers(uint32_t address, uint32_t bytes) const {
    return address - start_ < state_.size() || start_ - address < bytes;
  }

  /// True when the covered access is allowed; outside the check modes a store changes states.
  bool Allows(uint32_t address, uint32_t bytes, bool store) {
    uint32_t needed = store ? kWritable : kReadable;
    for (uint32_t i = 0; i < bytes; ++i) {
      uint32_t offset = address + i - start_;
      if (offset >= state_.size()) continue;
      if (mode_ < kCheck) {
        if (store) state_[offset] = static_cast<uint8_t>(mode_);
      } else if (state_[offset] < needed) {
        return false;
      }
    }
    return true;
  }

  bool IsMarker(uint32_t address) const { return marker_ != 0 && address - marker_ < kModes; }

  /// A marker store, after so many instructions. False when it ends work that differs.
  bool Enter(uint32_t address, uint64_t instructions) {
    uint64_t work = instructions - entered_;
    bool same = mode_ != kSame || work == remembered_;
    if (mode_ == kMeasure) remembered_ = work;
    found_ = work;
    mode_ = address - marker_;
    entered_ = instructions;
    return same;
  }

  /// Of the work that Enter() found to differ.
  uint64_t remembered() const { return remembered_; }
  uint64_t found() const { return found_; }

 private:
  uint32_t start_, marker_;
  std::vector<uint8_t> state_;  // of each byte: kClose, kReadable or kWritable
  uint32_t mode_ = kClose;
  uint64_t entered_ = 0, remembered_ = 0, found_ = 0;
};

}  // namespace tinyformer::plugin
