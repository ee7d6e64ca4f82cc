#include "sim/memory_map.h"

#include <algorithm>

#include "base/error.h"
#include "sim/emulated_memory.h"

namespace tinyformer {
namespace {

using Regions = std::vector<MemoryRegion>;

// True when the bytes lie in the regions, of which one may follow another.
bool Inside(uint64_t address, uint64_t bytes, const Regions& regions) {
  const uint64_t end = address + bytes;
  while (address < end) {
    const auto found = std::find_if(regions.begin(), regions.end(), [&](const MemoryRegion& r) {
      return address >= r.emulated_address && address - r.emulated_address < r.bytes;
    });
    if (found == regions.end()) return false;
    address = uint64_t{found->emulated_address} + found->bytes;
  }
  return true;
}

Regions Flash(const Board& board) {
  Regions regions;
  for (const MemoryRegion& region : board.memory) {
    if (region.kind == MemoryRegion::Kind::kFlash) regions.push_back(region);
  }
  return regions;
}

// Where a section may lie.
Regions PlacesOf(const std::string& section, const Board& board) {
  if (section == ".tf_harness") {
    return {{"harness", MemoryRegion::Kind::kSram, board.harness_address, board.harness_bytes, "",
             "", board.harness_address}};
  }
  const std::vector<Regions> blocks = board.RamBlocks();
  if (section == ".tf_arena") return blocks.front();
  Regions regions = Flash(board);
  for (const Regions& block : blocks) {
    if (section == ".tf_arena_" + block.front().name) return block;
    regions.insert(regions.end(), block.begin(), block.end());
  }
  return regions;
}

void Require(const std::string& what, uint64_t address, uint64_t bytes, Regions places,
             const Board& board) {
  if (Inside(address, bytes, places)) return;
  Board allowed = board;
  allowed.memory = std::move(places);
  const uint64_t chip = OnChip(board, static_cast<uint32_t>(address));
  throw Error("board/linker-script", "board '" + board.name + "': " + what,
              "an address inside " + MapText(allowed), Hex(chip) + ".." + Hex(chip + bytes - 1),
              "make MEMORY and SECTIONS of board.ld agree with board.json (boards/README.md)");
}

}  // namespace

void RequireInsideRegions(const ElfFile& elf, const Board& board) {
  // Without a program's sections and entry the linker keeps nothing, and nothing lies nowhere.
  for (const char* name : {".text", ".tf_stack"}) {
    if (elf.SectionBytes(name) > 0) continue;
    throw Error("board/linker-script", "board '" + board.name + "': section " + name,
                "a section of that name, with bytes in it", "no byte of it in the linked firmware",
                "give board.ld every section and symbol that boards/README.md lists");
  }
  for (const ElfSection& section : elf.sections) {
    if (!section.in_memory) continue;
    Require("section " + section.name, section.address, section.bytes,
            PlacesOf(section.name, board), board);
  }
  for (const ElfSegment& segment : elf.segments) {
    Require("what is programmed", segment.load_address, segment.file_bytes, Flash(board), board);
  }
}

}  // namespace tinyformer
