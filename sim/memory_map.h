// Whether a linked firmware lies where its board has memory.
#pragma once

#include "sim/board.h"
#include "sim/elf_file.h"

namespace tinyformer {

/// Checks that board.ld makes code and a stack, and has put every section into regions of
/// board.json: the arena's into their blocks of RAM (.tf_arena into the first, .tf_arena_<region>
/// into the one that begins with that region), the harness's into the harness memory, the others
/// into flash or RAM; and that everything that is programmed lies in flash.
///
/// Errors  board/linker-script (names the board, the section and where it may lie)
void RequireInsideRegions(const ElfFile& elf, const Board& board);

}  // namespace tinyformer
