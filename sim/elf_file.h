// Reads a 32-bit little-endian ELF: sections, symbols and how many bytes it loads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tinyformer {

struct ElfSection {
  std::string name;
  uint32_t address = 0;
  uint32_t bytes = 0;
  bool in_memory = false;  ///< takes address space when the program runs
};

/// What is loaded (PT_LOAD) into memory before the program starts.
struct ElfSegment {
  uint32_t load_address = 0;  ///< for initialised variables: where flash holds their values
  uint32_t file_bytes = 0;
};

struct ElfSymbol {
  std::string name;  ///< demangled
  uint32_t address = 0;
  uint32_t bytes = 0;
  bool function = false;
};

struct ElfFile {
  std::vector<ElfSection> sections;
  std::vector<ElfSegment> segments;
  std::vector<ElfSymbol> symbols;

  /// Bytes that have to be programmed: the sum over the segments.
  uint32_t LoadBytes() const;
  /// Bytes of the section of that name; 0 when there is none.
  uint32_t SectionBytes(const std::string& name) const;
  std::optional<ElfSymbol> FindSymbol(const std::string& name) const;
  /// The address of a symbol that must exist.
  /// Errors  sim/elf-symbol
  uint32_t Address(const std::string& name) const;
  /// The function that contains the address, or "an unknown function".
  std::string FunctionAt(uint32_t address) const;

  std::string path;
};

/// Errors  file/*, sim/elf (not an ELF of that kind, or truncated)
ElfFile ReadElf(const std::string& path);

}  // namespace tinyformer
