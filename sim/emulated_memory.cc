#include "sim/emulated_memory.h"

#include <algorithm>
#include <cstdio>

namespace tinyformer {
namespace {

int CacheIndex(const Board& board, const std::string& name) {
  for (size_t i = 0; i < board.caches.size(); ++i) {
    if (board.caches[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

// Up to where the sections of the ELF fill the region; the linker has put them at the emulated
// machine's addresses.
uint32_t UsedBytes(const MemoryRegion& region, const ElfFile& elf) {
  const uint64_t begin = region.emulated_address, end = begin + region.bytes;
  uint64_t used = begin;
  for (const ElfSection& section : elf.sections) {
    const uint64_t section_end = uint64_t{section.address} + section.bytes;
    if (!section.in_memory || section.address >= end) continue;
    used = std::max(used, std::min(end, section_end));
  }
  return static_cast<uint32_t>(used - begin);
}

}  // namespace

Board CutToFirmware(Board board, const ElfFile& elf) {
  std::vector<MemoryRegion> kept;
  for (MemoryRegion region : board.memory) {
    if (region.kind == MemoryRegion::Kind::kItcm) continue;
    if (region.IsRam()) region.bytes = UsedBytes(region, elf);
    if (region.bytes > 0) kept.push_back(region);
  }
  board.memory = kept;
  return board;
}

Json EmulatedRegions(const Board& board) {
  Json regions = Json::array();
  for (const MemoryRegion& region : board.memory) {
    bool flash = region.kind == MemoryRegion::Kind::kFlash;
    regions.push_back({{"name", region.name},
                       {"address", region.emulated_address},
                       {"bytes", region.bytes},
                       {"write", !flash},
                       {"execute", flash},
                       {"fetch_cache", CacheIndex(board, region.fetch_cache)},
                       {"data_cache", CacheIndex(board, region.data_cache)}});
  }
  regions.push_back({{"name", "harness"},
                     {"address", board.harness_address},
                     {"bytes", board.harness_bytes},
                     {"write", true},
                     {"execute", false},
                     {"fetch_cache", -1},
                     {"data_cache", -1}});
  return regions;
}

uint32_t OnChip(const Board& board, uint32_t emulated) {
  for (const MemoryRegion& region : board.memory) {
    uint32_t offset = emulated - region.emulated_address;
    if (offset < region.bytes) return region.address + offset;
  }
  return emulated;
}

std::string MapText(const Board& board) {
  std::string text;
  for (const MemoryRegion& region : board.memory) {
    text += (text.empty() ? "" : ", ") + region.name + " " + Hex(region.address) + ".." +
            Hex(uint64_t{region.address} + region.bytes - 1);
  }
  return text;
}

std::string Hex(uint64_t value) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%08llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace tinyformer
