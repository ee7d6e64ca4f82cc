// Checks every access against the board's memory map and remembers which bytes of RAM were written.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "sim/plugin/run_config.h"

namespace tinyformer::plugin {

/// An access that the board would not allow.
struct Violation {
  enum class Kind {
    kLoad,
    kStore,
    kExecute,
    kGuardedLoad,   ///< of a byte that the firmware has closed (guard.h)
    kGuardedStore,  ///< of a byte that it has not opened
    kUnequalWork,   ///< found instructions where it promised `expected`
  };
  Kind kind;
  uint32_t address;
  uint32_t bytes;
  uint32_t pc;  ///< of the instruction that did it; for kExecute the one that jumped, 0 = not known
  uint64_t expected = 0;
  uint64_t found = 0;
};

class MemoryMonitor {
 public:
  explicit MemoryMonitor(const RunConfig& config);

  /// True when a load or store is allowed; a store marks its bytes as written.
  bool Allows(uint32_t address, uint32_t bytes, bool store) {
    for (Block& block : blocks_) {
      uint32_t offset = address - block.address;
      if (offset < block.bytes && block.bytes - offset >= bytes) {
        if (store) std::memset(&block.written[offset], 1, bytes);
        return true;
      }
    }
    return AllowsOutsideRam(address, bytes, store);
  }

  /// True when an instruction may be executed there.
  bool AllowsExecution(uint32_t pc, uint32_t bytes) const;

  /// How many bytes of the range were written.
  uint32_t WrittenBytes(const Part& part) const;

  /// The lowest written address of the range, or its end when nothing was written: how deep a stack
  /// went.
  uint32_t LowestWritten(const Part& part) const;

  /// The region that holds the address, or nullptr.
  const Region* FindRegion(uint32_t address) const;

 private:
  bool AllowsOutsideRam(uint32_t address, uint32_t bytes, bool store) const;

  // Writable regions that follow each other without a gap.
  struct Block {
    uint32_t address = 0;
    uint32_t bytes = 0;
    std::vector<uint8_t> written;  // one flag a byte
  };

  bool Written(uint32_t address) const;

  std::vector<Region> regions_;
  std::vector<Block> blocks_;  // without the harness's
};

}  // namespace tinyformer::plugin
