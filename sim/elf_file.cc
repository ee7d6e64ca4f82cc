#include "sim/elf_file.h"

#include <cxxabi.h>
#include <elf.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/file.h"

namespace tinyformer {
namespace {

std::string Demangle(const std::string& name) {
  if (name.rfind("_Z", 0) != 0) return name;
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 && text ? text.get() : name;
}

// The file's bytes with every read checked.
class ElfReader {
 public:
  explicit ElfReader(const std::string& path) : path_(path), bytes_(ReadFile(path)) {}

  ElfFile Read() {
    auto header = At<Elf32_Ehdr>(0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS32 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
      Fail("another kind of file");
    }
    ElfFile file;
    file.path = path_;
    ReadSegments(header, &file);
    ReadSections(header, &file);
    return file;
  }

 private:
  [[noreturn]] void Fail(const std::string& found) const {
    throw Error("sim/elf", path_, "a 32-bit little-endian ELF file", found,
                "build the firmware again");
  }

  template <typename T>
  T At(uint64_t offset) const {
    T value;
    if (offset + sizeof(T) > bytes_.size()) Fail("a file that ends too early");
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  std::string TextAt(const Elf32_Shdr& table, uint32_t offset) const {
    uint64_t begin = uint64_t{table.sh_offset} + offset;
    if (offset >= table.sh_size || begin >= bytes_.size()) Fail("a name outside the file");
    size_t end = bytes_.find('\0', begin);
    return bytes_.substr(begin, end - begin);
  }

  void ReadSegments(const Elf32_Ehdr& header, ElfFile* file) const {
    for (uint32_t i = 0; i < header.e_phnum; ++i) {
      auto segment = At<Elf32_Phdr>(uint64_t{header.e_phoff} + i * sizeof(Elf32_Phdr));
      if (segment.p_type == PT_LOAD) file->segments.push_back({segment.p_paddr, segment.p_filesz});
    }
  }

  void ReadSections(const Elf32_Ehdr& header, ElfFile* file) const {
    auto section = [&](uint32_t i) {
      return At<Elf32_Shdr>(uint64_t{header.e_shoff} + i * sizeof(Elf32_Shdr));
    };
    if (header.e_shnum == 0 || header.e_shstrndx >= header.e_shnum) Fail("a file without sections");
    Elf32_Shdr names = section(header.e_shstrndx);
    for (uint32_t i = 0; i < header.e_shnum; ++i) {
      Elf32_Shdr entry = section(i);
      if (entry.sh_type == SHT_NULL) continue;
      file->sections.push_back({TextAt(names, entry.sh_name), entry.sh_addr, entry.sh_size,
                                (entry.sh_flags & SHF_ALLOC) != 0});
      if (entry.sh_type != SHT_SYMTAB) continue;
      if (entry.sh_link >= header.e_shnum) Fail("a symbol table without names");
      ReadSymbols(entry, section(entry.sh_link), file);
    }
  }

  void ReadSymbols(const Elf32_Shdr& table, const Elf32_Shdr& names, ElfFile* file) const {
    for (uint32_t i = 0; i < table.sh_size / sizeof(Elf32_Sym); ++i) {
      auto symbol = At<Elf32_Sym>(uint64_t{table.sh_offset} + i * sizeof(Elf32_Sym));
      if (symbol.st_name == 0) continue;
      std::string name = TextAt(names, symbol.st_name);
      if (name.empty() || name[0] == '$') continue;  // $t, $d: mapping symbols
      bool function = ELF32_ST_TYPE(symbol.st_info) == STT_FUNC;
      uint32_t address = function ? symbol.st_value & ~1u : symbol.st_value;  // bit 0: Thumb
      file->symbols.push_back({Demangle(name), address, symbol.st_size, function});
    }
  }

  std::string path_;
  std::string bytes_;
};

}  // namespace

uint32_t ElfFile::LoadBytes() const {
  uint32_t sum = 0;
  for (const ElfSegment& segment : segments) sum += segment.file_bytes;
  return sum;
}

uint32_t ElfFile::SectionBytes(const std::string& name) const {
  for (const ElfSection& section : sections) {
    if (section.name == name) return section.bytes;
  }
  return 0;
}

std::optional<ElfSymbol> ElfFile::FindSymbol(const std::string& name) const {
  for (const ElfSymbol& symbol : symbols) {
    if (symbol.name == name) return symbol;
  }
  return std::nullopt;
}

uint32_t ElfFile::Address(const std::string& name) const {
  std::optional<ElfSymbol> symbol = FindSymbol(name);
  if (!symbol) {
    throw Error("sim/elf-symbol", path, "a symbol '" + name + "'", "no such symbol",
                "link with the board's board.ld");
  }
  return symbol->address;
}

std::string ElfFile::FunctionAt(uint32_t address) const {
  const ElfSymbol* best = nullptr;
  for (const ElfSymbol& symbol : symbols) {
    if (symbol.function && address >= symbol.address && address - symbol.address < symbol.bytes) {
      best = &symbol;
    }
  }
  return best ? "'" + best->name + "'" : "an unknown function";
}

ElfFile ReadElf(const std::string& path) { return ElfReader(path).Read(); }

}  // namespace tinyformer
