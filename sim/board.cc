#include "sim/board.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/installed_folder.h"
#include "base/json.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr int kVersion = 2;
constexpr size_t kMostRegions = 32;
constexpr const char* kFpus[] = {"fpv4-sp-d16", "fpv5-sp-d16", "fpv5-d16"};
constexpr std::pair<const char*, MemoryRegion::Kind> kKinds[] = {
    {"flash", MemoryRegion::Kind::kFlash},   {"itcm", MemoryRegion::Kind::kItcm},
    {"dtcm", MemoryRegion::Kind::kDtcm},     {"sram", MemoryRegion::Kind::kSram},
    {"device", MemoryRegion::Kind::kDevice},
};

// Reads one board.json; carries the path, so that every message names it.
class BoardReader {
 public:
  explicit BoardReader(const std::string& path) : path_(path), json_(ReadJson(path)) {}

  Board Read() {
    if (OptionalKey<std::string>(json_, "format", path_, "a text", "") != "tinyformer-board" ||
        OptionalKey<int>(json_, "version", path_, "a number", 0) != kVersion) {
      throw Error("board/format", path_,
                  "\"format\": \"tinyformer-board\", \"version\": " + std::to_string(kVersion),
                  FoundFormat(),
                  "compile a firmware folder again; bring a board of your own up to this version "
                  "(boards/README.md)");
    }
    Board board;
    board.name = Text(json_, "name");
    board.title = Text(json_, "title");
    board.cpu = Text(json_, "cpu");
    if (board.cpu != "cortex-m4" && board.cpu != "cortex-m7") {
      Fail("cpu", "\"cortex-m4\" or \"cortex-m7\", which have a cycle model",
           "\"" + board.cpu + "\"");
    }
    board.fpu = Text(json_, "fpu");
    if (std::find(std::begin(kFpus), std::end(kFpus), board.fpu) == std::end(kFpus)) {
      Fail("fpu", "\"fpv4-sp-d16\", \"fpv5-sp-d16\" or \"fpv5-d16\"", "\"" + board.fpu + "\"");
    }
    board.clock_hz = Number(json_, "clock_hz", 1, 10'000'000'000);
    board.compiler_flags =
        RequireKey<std::vector<std::string>>(json_, "compiler_flags", path_, "a list of texts");
    board.stack_bytes = static_cast<uint32_t>(Number(json_, "stack_bytes", 1024, 1 << 24));
    if (board.stack_bytes % 8 != 0) {
      Fail("stack_bytes", "a multiple of 8", std::to_string(board.stack_bytes));
    }
    for (const Json& cache : List("caches")) board.caches.push_back(ReadCache(cache, board));
    if (List("memory").size() > kMostRegions) {
      Fail("memory", "at most " + std::to_string(kMostRegions) + " regions",
           std::to_string(List("memory").size()));
    }
    for (const Json& region : List("memory")) board.memory.push_back(ReadRegion(region, board));
    std::sort(board.memory.begin(), board.memory.end(),
              [](const MemoryRegion& a, const MemoryRegion& b) { return a.address < b.address; });
    CheckMemory(board);
    ReadEmulator(board);
    return board;
  }

 private:
  [[noreturn]] void Fail(const std::string& key, const std::string& expected,
                         const std::string& found) const {
    throw Error("board/value", path_ + ": key '" + key + "'", expected, found,
                "correct this key in the file (boards/README.md describes it)");
  }

  std::string FoundFormat() const {
    if (!json_.is_object()) return JsonTypeName(json_);
    std::string format = json_.contains("format") ? json_["format"].dump() : "no format";
    return format + ", " + (json_.contains("version") ? json_["version"].dump() : "no version");
  }

  std::string Text(const Json& object, const std::string& key) const {
    return RequireKey<std::string>(object, key, path_, "a text");
  }

  uint64_t Number(const Json& object, const std::string& key, int64_t low, int64_t high) const {
    int64_t value = RequireKey<int64_t>(object, key, path_, "a number");
    if (value < low || value > high) {
      Fail(key, "a number from " + std::to_string(low) + " to " + std::to_string(high),
           std::to_string(value));
    }
    return static_cast<uint64_t>(value);
  }

  uint32_t Address(const Json& object, const std::string& key) const {
    std::string text = Text(object, key);
    char* end = nullptr;
    uint64_t value = std::strtoull(text.c_str(), &end, 16);
    if (text.substr(0, 2) != "0x" || end != text.c_str() + text.size() || text.size() < 3 ||
        value > UINT32_MAX) {
      Fail(key, "an address such as \"0x20000000\"", "\"" + text + "\"");
    }
    return static_cast<uint32_t>(value);
  }

  const Json& List(const std::string& key) const {
    if (!json_.contains(key) || !json_[key].is_array()) {
      FailJsonKey(path_, key, "a list",
                  json_.contains(key) ? JsonTypeName(json_[key]) : "no such key");
    }
    return json_[key];
  }

  CacheGeometry ReadCache(const Json& json, const Board& board) const {
    CacheGeometry cache;
    cache.name = Text(json, "name");
    const auto same = [&](const CacheGeometry& other) { return other.name == cache.name; };
    if (cache.name.empty() || std::any_of(board.caches.begin(), board.caches.end(), same)) {
      Fail("name", "another name for each cache", "\"" + cache.name + "\"");
    }
    cache.bytes = static_cast<uint32_t>(Number(json, "bytes", 64, 1 << 24));
    cache.ways = static_cast<uint32_t>(Number(json, "ways", 1, 1024));
    cache.line_bytes = static_cast<uint32_t>(Number(json, "line_bytes", 8, 256));
    cache.miss_cycles = static_cast<uint32_t>(Number(json, "miss_cycles", 0, 1000));
    if ((cache.line_bytes & (cache.line_bytes - 1)) != 0) {
      Fail("line_bytes", "a power of two in cache '" + cache.name + "'",
           std::to_string(cache.line_bytes));
    }
    if (cache.bytes % (cache.ways * cache.line_bytes) != 0) {
      Fail("bytes", "a multiple of ways x line_bytes in cache '" + cache.name + "'",
           std::to_string(cache.bytes));
    }
    return cache;
  }

  std::string CacheName(const Json& region, const std::string& key, const Board& board) const {
    std::string name = OptionalKey<std::string>(region, key, path_, "a text", "");
    auto same_name = [&](const CacheGeometry& cache) { return cache.name == name; };
    if (!name.empty() && std::none_of(board.caches.begin(), board.caches.end(), same_name)) {
      Fail(key, "the name of an entry of 'caches'", "\"" + name + "\"");
    }
    return name;
  }

  MemoryRegion ReadRegion(const Json& json, const Board& board) const {
    MemoryRegion region;
    region.name = RegionName(json, board);
    region.kind = ReadKind(json);
    region.address = Address(json, "address");
    region.bytes =
        static_cast<uint32_t>(Number(json, "bytes", 1, int64_t{UINT32_MAX} - region.address));
    region.fetch_cache = CacheName(json, "fetch_cache", board);
    region.data_cache = CacheName(json, "data_cache", board);
    region.emulated_address =
        json.contains("emulated_at") ? Address(json, "emulated_at") : region.address;
    if (uint64_t{region.emulated_address} + region.bytes > uint64_t{UINT32_MAX} + 1) {
      Fail("emulated_at", "an address from which '" + region.name + "' ends below 2^32",
           Text(json, "emulated_at"));
    }
    return region;
  }

  static bool Plain(const std::string& name) {
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == name.npos;
  }

  // Names become those of sections and linker symbols.
  std::string RegionName(const Json& json, const Board& board) const {
    const std::string name = Text(json, "name");
    const auto same = [&](const MemoryRegion& other) { return other.name == name; };
    if (!Plain(name) || std::any_of(board.memory.begin(), board.memory.end(), same)) {
      Fail("name", "another name for each region, of a to z, 0 to 9, - and _", "\"" + name + "\"");
    }
    return name;
  }

  MemoryRegion::Kind ReadKind(const Json& json) const {
    const std::string kind = Text(json, "kind");
    std::string names;
    for (const auto& [name, value] : kKinds) {
      if (kind == name) return value;
      names += (names.empty() ? "one of: " : ", ") + std::string(name);
    }
    Fail("kind", names, "\"" + kind + "\"");
  }

  void CheckOverlap(std::vector<MemoryRegion> regions, uint32_t MemoryRegion::*address,
                    const std::string& expected) const {
    std::sort(regions.begin(), regions.end(), [&](const MemoryRegion& a, const MemoryRegion& b) {
      return a.*address < b.*address;
    });
    for (size_t i = 1; i < regions.size(); ++i) {
      const MemoryRegion& below = regions[i - 1];
      if (uint64_t{below.*address} + below.bytes > regions[i].*address) {
        Fail("memory", expected, "'" + below.name + "' reaches into '" + regions[i].name + "'");
      }
    }
  }

  void CheckMemory(const Board& board) const {
    CheckOverlap(board.memory, &MemoryRegion::address, "regions that do not overlap");
    CheckOverlap(board.memory, &MemoryRegion::emulated_address,
                 "regions that do not overlap where 'emulated_at' puts them");
    if (board.FlashBytes() == 0 || board.RamBytes() == 0) {
      Fail("memory", "at least one region of kind flash and one of kind dtcm or sram",
           std::to_string(board.memory.size()) + " regions without it");
    }
  }

  void ReadEmulator(Board& board) const {
    Json emulator = RequireKey<Json>(json_, "emulator", path_, "an object");
    board.emulator_machine = Text(emulator, "machine");
    if (!Plain(board.emulator_machine)) {  // QEMU would take what follows a comma as a property
      Fail("machine", "the name of a machine of QEMU, of a to z, 0 to 9, - and _",
           "\"" + board.emulator_machine + "\"");
    }
    board.vector_table = Address(emulator, "vector_table");
    Json memory = RequireKey<Json>(emulator, "harness_memory", path_, "an object");
    board.harness_address = Address(memory, "address");
    board.harness_bytes = static_cast<uint32_t>(Number(memory, "bytes", 4096, 1 << 30));
    const auto inside = [&](const MemoryRegion& region) {
      return region.kind == MemoryRegion::Kind::kFlash &&
             board.vector_table - region.emulated_address < region.bytes;
    };
    if (std::none_of(board.memory.begin(), board.memory.end(), inside)) {
      Fail("vector_table", "an address inside the flash, where the emulated machine has it",
           Text(emulator, "vector_table"));
    }
    const uint64_t end = uint64_t{board.harness_address} + board.harness_bytes;
    for (const MemoryRegion& region : board.memory) {
      const uint64_t region_end = uint64_t{region.emulated_address} + region.bytes;
      if (board.harness_address < region_end && region.emulated_address < end) {
        Fail("harness_memory", "memory that is in no region",
             "it reaches into '" + region.name + "'");
      }
    }
    if (end > uint64_t{UINT32_MAX} + 1) {
      Fail("harness_memory", "memory that ends below 2^32",
           Text(memory, "address") + " and " + std::to_string(board.harness_bytes) + " bytes");
    }
  }

  std::string path_;
  Json json_;
};

// One of the names must be there; the first is the usual one.
void RequireFile(const std::string& directory, const std::vector<std::string>& names,
                 const std::string& what) {
  for (const std::string& name : names) {
    if (fs::exists(directory + "/" + name)) return;
  }
  throw Error("file/missing", directory + "/" + names.front(), what, "nothing at this path",
              "copy it from a board that is like this one (boards/README.md)");
}

}  // namespace

const char* KindName(MemoryRegion::Kind kind) {
  for (const auto& [name, value] : kKinds) {
    if (value == kind) return name;
  }
  return "";
}

uint64_t Board::FlashBytes() const {
  uint64_t sum = 0;
  for (const MemoryRegion& region : memory) {
    sum += region.kind == MemoryRegion::Kind::kFlash ? region.bytes : 0;
  }
  return sum;
}

uint64_t Board::RamBytes() const {
  uint64_t sum = 0;
  for (const MemoryRegion& region : memory) sum += region.IsRam() ? region.bytes : 0;
  return sum;
}

std::vector<std::vector<MemoryRegion>> Board::RamBlocks() const {
  std::vector<std::vector<MemoryRegion>> blocks;
  for (const MemoryRegion& region : memory) {
    if (!region.IsRam()) continue;
    bool follows = !blocks.empty() &&
                   blocks.back().back().address + blocks.back().back().bytes == region.address;
    if (!follows) blocks.emplace_back();
    blocks.back().push_back(region);
  }
  return blocks;
}

Board ReadBoard(const std::string& directory) {
  Board board = BoardReader(directory + "/board.json").Read();
  board.directory = directory;
  RequireFile(directory, {"board.ld"}, "the board's linker script");
  RequireFile(directory, {"startup.c", "startup.cc", "startup.S"}, "the board's startup code");
  return board;
}

std::string BoardsDirectory() {
  return InstalledFolder("TINYFORMER_BOARDS", "boards", TINYFORMER_BOARDS_DIRECTORY);
}

std::vector<std::string> BoardNames() {
  std::string folder = BoardsDirectory();
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (fs::exists(entry.path() / "board.json")) names.push_back(entry.path().filename().string());
  }
  if (error) {
    throw Error("file/missing", folder, "the folder with the boards", "no such folder",
                "set TINYFORMER_BOARDS to it, or install again");
  }
  std::sort(names.begin(), names.end());
  return names;
}

Board FindBoard(const std::string& name) {
  std::vector<std::string> names = BoardNames();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    std::string list;
    for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
    throw Error("board/unknown", "target '" + name + "'", "one of: " + list,
                "no board of that name", "choose one of these, or add a folder (boards/README.md)");
  }
  Board board = ReadBoard(BoardsDirectory() + "/" + name);
  if (board.name != name) {
    throw Error("board/value", board.directory + "/board.json: key 'name'",
                "the folder's name, \"" + name + "\"", "\"" + board.name + "\"",
                "correct this key in the file, or rename the folder");
  }
  return board;
}

}  // namespace tinyformer
