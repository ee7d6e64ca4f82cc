// A board's memory as one firmware uses it and as the emulated machine has it.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "sim/board.h"
#include "sim/elf_file.h"

namespace tinyformer {

/// The board with its RAM cut off behind what the firmware uses: nothing belongs to the rest, so an
/// access there is as stray as one outside the chip.
Board CutToFirmware(Board board, const ElfFile& elf);

/// The regions of the plugin's config file, at the emulated machine's addresses, and the harness's
/// buffers (sim/plugin/run_config.h).
Json EmulatedRegions(const Board& board);

/// The chip's address for one of the emulated machine's; the same where no region lies.
uint32_t OnChip(const Board& board, uint32_t emulated);

/// "flash 0x08000000..0x081fffff, dtcm ..." for messages.
std::string MapText(const Board& board);

/// "0x08000000"
std::string Hex(uint64_t value);

}  // namespace tinyformer
