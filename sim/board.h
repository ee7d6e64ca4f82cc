// A board: its memory map, compiler flags, caches and how to emulate it, read from
// boards/<name>/board.json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyformer {

/// A range of addresses that firmware may use.
struct MemoryRegion {
  enum class Kind {
    kFlash,
    kItcm,  ///< RAM for instructions; generated firmware leaves it alone
    kDtcm,  ///< RAM that the core reaches without a bus: every access takes one cycle
    kSram,  ///< RAM behind a bus; data_cache says whether through a cache
    kDevice,
  };
  std::string name;
  Kind kind;
  uint32_t address;
  uint32_t bytes;
  std::string fetch_cache;    ///< name of the cache that serves instruction fetches, "" = none
  std::string data_cache;     ///< name of the cache that serves loads and stores, "" = none
  uint32_t emulated_address;  ///< where the emulated machine has it

  bool IsRam() const { return kind == Kind::kDtcm || kind == Kind::kSram; }
};

/// The word for it in board.json.
const char* KindName(MemoryRegion::Kind kind);

/// Geometry and miss cost of a cache; used by the stall estimate only.
struct CacheGeometry {
  std::string name;
  uint32_t bytes;
  uint32_t ways;
  uint32_t line_bytes;
  uint32_t miss_cycles;
};

/// What boards/README.md describes, checked.
struct Board {
  std::string directory;  ///< where board.json, board.ld and startup.c lie
  std::string name;
  std::string title;
  std::string cpu;
  std::string fpu;
  uint64_t clock_hz = 0;
  std::vector<std::string> compiler_flags;
  uint32_t stack_bytes = 0;
  std::vector<MemoryRegion> memory;  ///< in order of address
  std::vector<CacheGeometry> caches;
  std::string emulator_machine;
  uint32_t vector_table = 0;
  uint32_t harness_address = 0;
  uint32_t harness_bytes = 0;

  /// Sum over the flash regions: the limit for the whole ELF.
  uint64_t FlashBytes() const;
  /// Sum over the RAM regions: the limit for stack + data + bss + arena.
  uint64_t RamBytes() const;
  /// The RAM regions in groups that follow each other without a gap, in order of address: one
  /// arena can lie across the regions of a group, never across two groups.
  std::vector<std::vector<MemoryRegion>> RamBlocks() const;
};

/// Reads directory/board.json; board.ld and startup.c must lie beside it.
///
/// Errors  file/*, json/*, board/format, board/value (a number out of range, overlapping regions,
///         an unknown cache), each naming the file and the key
Board ReadBoard(const std::string& directory);

/// The folder that holds the boards: $TINYFORMER_BOARDS, else ../share/tinyformer/boards beside the
/// program, else the source tree of the build.
std::string BoardsDirectory();

/// Names of the boards there, sorted.
/// Errors  file/missing (no such folder)
std::vector<std::string> BoardNames();

/// The board of that name.
/// Errors  board/unknown (lists the names that exist), board/value (it calls itself otherwise), and
///         those of ReadBoard
Board FindBoard(const std::string& name);

}  // namespace tinyformer
