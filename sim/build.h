// Compiles a firmware folder for its board (with arm-none-eabi-g++) or for the host, and reads the
// sizes of the result.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/board.h"
#include "sim/firmware.h"

namespace tinyformer {

/// What a firmware occupies. Bytes.
struct FirmwareSize {
  uint64_t flash_bytes = 0;   ///< everything that is programmed: code, constants, weights, vectors,
                              ///< initial data, harness
  uint64_t ram_bytes = 0;     ///< stack + data + bss + arena
  uint64_t code_bytes = 0;    ///< .text and vectors
  uint64_t weight_bytes = 0;  ///< what weights.cc defines
  uint64_t constant_bytes = 0;  ///< other constants: tables, strings
  uint64_t harness_bytes = 0;   ///< the emulator's main and fault report; not in a product
  uint64_t data_bytes = 0;      ///< initialised variables (in flash and in RAM)
  uint64_t bss_bytes = 0;
  uint64_t arena_bytes = 0;
  uint64_t stack_bytes = 0;
};

struct FirmwareBuild {
  std::string elf_path;
  FirmwareSize size;
};

/// Builds folder/build/emulator/firmware.elf, or build/profile/ with per-layer markers
/// (TF_PROFILE).
///
/// Sources are the folder's *.cc, *.c and *.S at its top, in engine/ and in board/ (files named
/// *main.* are left out); the harness is added. Nothing is done when neither sources, flags nor
/// compiler have changed. Several processes may build the same folder at once: they wait for each
/// other.
///
/// Errors  sim/toolchain-missing, sim/compile (the compiler's first error), sim/link,
///         sim/does-not-fit (flash or RAM, by how many bytes), board/linker-script
///         (sim/memory_map.h), file/*, Interrupted
FirmwareBuild BuildFirmware(const Firmware& firmware, const Board& board, bool profile);

/// Builds folder/build/host/model, the same generated code as a program for this machine (-O3
/// -march=native); returns its path.
/// Errors  as BuildFirmware
std::string BuildHostProgram(const Firmware& firmware);

/// An ELF from sources of one's own, for kernel tests: the board's flags, startup and linker
/// script.
struct ElfRequest {
  std::string output_path;
  std::vector<std::string> sources;
  std::vector<std::string> include_directories;
  std::vector<std::string> defines;  ///< "NAME" or "NAME=value"
  std::vector<std::string> objects;  ///< linked as they are, e.g. those of an earlier request
  std::string optimization = "-O2";
};

/// Objects go beside the output, in <output_path>.objects. Always compiles.
/// Errors  as BuildFirmware
FirmwareBuild BuildElf(const ElfRequest& request, const Board& board);

/// The sizes of an ELF that was linked with a board.ld.
FirmwareSize ReadFirmwareSize(const std::string& elf_path);

}  // namespace tinyformer
