#include "sim/emulator.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/temporary_folder.h"
#include "sim/elf_file.h"
#include "sim/emulated_memory.h"
#include "sim/process.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEmulator = "qemu-system-arm";
constexpr int kFaultStatus = 100;  // sim/harness/fault_report.h

// $TINYFORMER_EMULATOR_PLUGIN, else beside an installed program, else in the build tree.
std::string PluginPath() {
  if (const char* path = std::getenv("TINYFORMER_EMULATOR_PLUGIN")) return path;
  std::error_code ignored;
  fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  fs::path installed =
      program.parent_path().parent_path() / "lib/tinyformer/tinyformer-emulator-plugin.so";
  if (!program.empty() && fs::exists(installed, ignored)) return installed.string();
  return TINYFORMER_EMULATOR_PLUGIN_PATH;
}

Json PartsJson(const ElfFile& elf) {
  Json parts = Json::array();
  auto add = [&](const std::string& name, const std::string& begin, const std::string& end) {
    uint32_t address = elf.Address(begin);
    parts.push_back({{"name", name}, {"address", address}, {"bytes", elf.Address(end) - address}});
  };
  add("stack", "tf_stack_limit", "tf_stack_top");
  add("data", "tf_data_start", "tf_data_end");
  add("bss", "tf_bss_start", "tf_bss_end");
  add("arena", "tf_arena_start", "tf_arena_end");
  // Of boards with several blocks of RAM: tf_arena_axi_start, ...
  const std::string prefix = "tf_arena_", suffix = "_start";
  for (const ElfSymbol& symbol : elf.symbols) {
    const bool starts = symbol.name.starts_with(prefix) && symbol.name.ends_with(suffix);
    if (!starts || symbol.name.size() <= prefix.size() + suffix.size()) continue;
    const std::string stem = symbol.name.substr(0, symbol.name.size() - suffix.size());
    if (elf.Address(stem + "_end") > symbol.address) {
      add(stem.substr(3), symbol.name, stem + "_end");
    }
  }
  return parts;
}

Json GuardedJson(const ElfFile& elf) {
  const ElfSymbol guarded = elf.FindSymbol("tf_guarded_memory").value_or(ElfSymbol{});
  return {{"address", guarded.address}, {"bytes", guarded.bytes}};
}

// The plugin's config file (sim/plugin/run_config.cc reads it).
std::string ConfigText(const Board& board, const ElfFile& elf, const EmulationOptions& options) {
  Json caches = Json::array();
  for (const CacheGeometry& cache : board.caches) {
    caches.push_back({{"bytes", cache.bytes},
                      {"ways", cache.ways},
                      {"line_bytes", cache.line_bytes},
                      {"miss_cycles", cache.miss_cycles}});
  }
  auto marker = [&](const std::string& name) {
    auto symbol = elf.FindSymbol(name);
    return symbol ? symbol->address : 0;
  };
  Json json = {{"mode", options.mode == EmulationMode::kCycles ? "cycles" : "count"},
               {"cpu", board.cpu},
               {"regions", EmulatedRegions(board)},
               {"caches", caches},
               {"parts", PartsJson(elf)},
               {"layer_marker", marker("tf_profile_marker")},
               {"image_marker", marker("tf_image_marker")},
               {"guard_marker", marker("tf_guard_marker")},
               {"guarded", GuardedJson(elf)}};
  return json.dump(1) + "\n";
}

std::string LastLine(const std::string& text) {
  size_t end = text.find_last_not_of("\n\r ");
  if (end == std::string::npos) return "nothing printed";
  size_t begin = text.find_last_of('\n', end);
  begin = begin == std::string::npos ? 0 : begin + 1;
  return text.substr(begin, end - begin + 1);
}

// The hexadecimal number behind "name=" in text, or 0.
uint32_t HexField(const std::string& text, const std::string& name) {
  size_t at = text.find(name + "=");
  if (at == std::string::npos) return 0;
  return static_cast<uint32_t>(std::strtoul(text.c_str() + at + name.size() + 1, nullptr, 16));
}

// Turns the ways in which firmware can go wrong into errors that name address and function.
class Diagnosis {
 public:
  // used is the board that the run was held to, board the whole of it.
  Diagnosis(const ElfFile& elf, const Board& used, const Board& board)
      : elf_(elf), used_(used), board_(board) {}

  void Violation(const Json& violation) const {
    std::string kind = violation.at("kind");
    uint32_t address = violation.at("address"), pc = violation.at("pc");
    uint32_t bytes = violation.at("bytes");
    if (kind == "execute") {
      throw Error("sim/stray-access", elf_.path, "execution inside flash",
                  "execution at " + Chip(address) + ", reached from " + elf_.FunctionAt(pc) +
                      " (pc " + Chip(pc) + ")",
                  "look for a wild function pointer or an overwritten return address");
    }
    if (kind == "unequal work") {
      throw Error("sim/unequal-work", elf_.path,
                  violation.at("expected").dump() + " instructions, as for the input before",
                  violation.at("found").dump() + " instructions for the next one",
                  "look for a branch or a loop bound that depends on an activation");
    }
    CheckStack(address, pc);
    std::string found = kind + " of " + std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes") +
                        " at " + Chip(address) + " by " + elf_.FunctionAt(pc) + " (pc " + Chip(pc) +
                        ")";
    if (violation.at("layer") != 0) found += ", layer " + violation.at("layer").dump();
    if (kind.rfind("guarded ", 0) == 0) {
      throw Error("sim/stray-access", elf_.path, "accesses to the buffers that are open", found,
                  "look for an index out of range there, or a word that reaches past a buffer");
    }
    for (const MemoryRegion& region : board_.memory) {
      bool inside = address - region.emulated_address < region.bytes;
      if (!inside || region.kind != MemoryRegion::Kind::kFlash || kind != "store") continue;
      throw Error("sim/flash-write", elf_.path, "no stores to flash", found,
                  "look for a pointer that drops const, or one that was never set");
    }
    throw Error("sim/stray-access", elf_.path, "accesses inside " + MapText(used_), found,
                "look for an index out of range or an uninitialised pointer there");
  }

  void Fault(const std::string& console) const {
    std::string line = console.substr(console.find("tf-fault "));
    uint32_t pc = HexField(line, "pc"), cfsr = HexField(line, "cfsr");
    uint32_t bfar = HexField(line, "bfar");
    bool address_known = (cfsr & (1u << 15)) != 0;
    CheckStack(address_known ? bfar : HexField(line, "sp"), pc);
    std::string where = " by " + elf_.FunctionAt(pc) + " (pc " + Chip(pc) + ")";
    if (address_known) {
      throw Error("sim/stray-access", elf_.path, "accesses inside " + MapText(used_),
                  "access at " + Chip(bfar) + where,
                  "look for an index out of range or an uninitialised pointer there");
    }
    throw Error(
        "sim/fault", elf_.path, "no processor fault",
        FaultName(cfsr) + where + ", lr " + Chip(HexField(line, "lr")) + ", cfsr " + Hex(cfsr),
        "look at the instruction there: arm-none-eabi-objdump -dC shows it");
  }

  // QEMU gives up when a fault handler cannot even be entered: the usual cause is a stack that left
  // RAM.
  void Lockup(const std::string& console) const {
    uint32_t sp = HexField(console, "R13"), pc = HexField(console, "R15");
    CheckStack(sp, pc);
    throw Error("sim/fault", elf_.path, "no processor fault",
                "a fault handler that faults itself (pc " + Chip(pc) + ", sp " + Chip(sp) + ")",
                "look for code that spoils the stack pointer or a saved return address");
  }

 private:
  void CheckStack(uint32_t address, uint32_t pc) const {
    constexpr uint32_t kReach = 1 << 20;
    uint32_t limit = elf_.Address("tf_stack_limit"), top = elf_.Address("tf_stack_top");
    if (address >= limit || limit - address > kReach) return;
    throw Error("sim/stack-overflow", elf_.path,
                "at most " + std::to_string(top - limit) + " bytes of stack",
                std::to_string(top - address) + " bytes in use in " + elf_.FunctionAt(pc) +
                    " (pc " + Chip(pc) + ")",
                "raise stack_bytes in the board's board.json, or use less stack there");
  }

  static std::string FaultName(uint32_t cfsr) {
    if (cfsr & (1u << 16)) return "an undefined instruction";
    if (cfsr & (1u << 17)) return "a jump to an even address";
    if (cfsr & (1u << 24)) return "an unaligned access";
    if (cfsr & (1u << 25)) return "a division by zero";
    if (cfsr & (1u << 8)) return "an instruction fetch outside memory";
    return "a fault";
  }

  // An address of the run as the chip has it.
  std::string Chip(uint32_t address) const { return Hex(OnChip(board_, address)); }

  const ElfFile& elf_;
  const Board& used_;
  const Board& board_;
};

RunCost ReadCost(const Json& json) {
  return {json.at("instructions"), json.at("cycles"), json.at("stall_cycles"),
          json.at("mispredictions"), json.at("unaligned")};
}

void CheckStarted(const ProcessResult& process, const std::string& plugin) {
  if (!process.started) {
    throw Error("sim/emulator-missing", kEmulator, "the emulator on PATH", "no such program",
                "run tools/setup, or install the package qemu-system-arm");
  }
  const std::string& text = process.output;
  bool refused = text.find("plugin interface versions") != std::string::npos ||
                 text.find("plugin API version") != std::string::npos ||
                 text.find("incompatible with") != std::string::npos ||
                 text.find("requires version") != std::string::npos;
  if (refused || text.find("ould not load plugin") != std::string::npos ||
      text.find("-plugin: invalid option") != std::string::npos) {
    throw Error("sim/plugin-version", plugin, "QEMU 6.0 to 8.1 with TCG plugins (tested: 7.2)",
                LastLine(text), "install such a QEMU, for instance Debian 12's qemu-system-arm");
  }
}

// Only the cycle model follows every instruction, so only it knows where a jump came from.
EmulationOptions Tracing(EmulationOptions options) {
  options.mode = EmulationMode::kCycles;
  return options;
}

std::string DoubleCommas(const std::string& text) {
  std::string doubled;
  for (char c : text) doubled.append(c == ',' ? 2 : 1, c);
  return doubled;
}

}  // namespace

const RamPart& EmulationResult::Ram(const std::string& name) const {
  auto found =
      std::find_if(ram.begin(), ram.end(), [&](const RamPart& p) { return p.name == name; });
  TF_CHECK(found != ram.end(), name);
  return *found;
}

namespace internal {

EmulationResult ParsePluginResult(const std::string& text, const std::string& what) {
  try {
    Json json = Json::parse(text);
    if (json.at("format") != "tinyformer-emulator-run" || json.at("version") != 1) {
      throw std::runtime_error("another format");
    }
    EmulationResult result;
    result.total = ReadCost(json.at("total"));
    const Json& images = json.at("images");
    result.images_total = ReadCost(images);
    result.images = images.at("count");
    result.instructions_min = images.at("instructions_min");
    result.instructions_max = images.at("instructions_max");
    for (const Json& item : json.at("layers")) {
      result.markers.push_back({item.at("id"), item.at("visits"), ReadCost(item)});
    }
    for (const Json& item : json.at("parts")) {
      result.ram.push_back(
          {item.at("name"), item.at("bytes"), item.at("written_bytes"), item.at("depth_bytes")});
    }
    return result;
  } catch (const std::exception&) {
    throw Error("sim/plugin-output", what, "the result of tinyformer-emulator-plugin.so",
                text.empty() ? "nothing" : std::to_string(text.size()) + " bytes of something else",
                "rebuild, so that plugin and program are of the same version");
  }
}

}  // namespace internal

EmulationResult RunElf(const std::string& elf_path, const Board& whole_board,
                       const std::string& directory, const EmulationOptions& options) {
  ElfFile elf = ReadElf(elf_path);
  Board board = CutToFirmware(whole_board, elf);
  std::string plugin = PluginPath();
  if (!fs::exists(plugin)) {
    throw Error("sim/plugin-missing", plugin, "the emulator plugin", "no such file",
                "build it (target tinyformer-emulator-plugin), or set TINYFORMER_EMULATOR_PLUGIN");
  }
  TemporaryFolder folder;
  const std::string config = folder.File("config.json"), output = folder.File("result.json");
  WriteFileAtomic(config, ConfigText(board, elf, options));
  ProcessResult process = RunProcess(
      {kEmulator, "-M", board.emulator_machine, "-global",
       "armv7m.init-nsvtor=" + Hex(board.vector_table), "-display", "none", "-monitor", "none",
       "-serial", "none", "-semihosting-config", "enable=on,target=native", "-plugin",
       DoubleCommas(fs::absolute(plugin).string()) + ",config=" + DoubleCommas(config), "-kernel",
       fs::absolute(elf_path).string()},
      directory, options.timeout_seconds);
  CheckStarted(process, plugin);
  Diagnosis diagnosis(elf, board, whole_board);
  if (process.timed_out) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%g", options.timeout_seconds);
    throw Error("sim/timeout", elf_path, std::string("an end within ") + seconds + " seconds",
                "the firmware still running",
                "look for an endless loop, run fewer images, or allow more time");
  }
  if (process.output.find("Lockup") != std::string::npos) diagnosis.Lockup(process.output);
  bool fault =
      process.exit_status == kFaultStatus && process.output.find("tf-fault ") != std::string::npos;
  if (fault) diagnosis.Fault(process.output);
  if (process.exit_status < 0) {
    throw Error("sim/emulator-failed", elf_path, "a run to its end",
                std::string(kEmulator) + " ended by signal " + std::to_string(process.signal) +
                    ": " + LastLine(process.output),
                "run it again; if it stays, check the machine name in board.json");
  }
  if (!fs::exists(output)) {
    throw Error("sim/emulator-failed", elf_path, "a run to its end",
                std::string(kEmulator) + " ended with status " +
                    std::to_string(process.exit_status) + ": " + LastLine(process.output),
                "correct what it says; board.json names the machine");
  }
  std::string text = ReadFile(output);
  EmulationResult result = internal::ParsePluginResult(text, elf_path);
  const Json what = Json::parse(text).at("violation");
  if (!what.is_null()) {
    if (what.at("pc") != 0) diagnosis.Violation(what);
    if (options.mode != EmulationMode::kCycles)
      return RunElf(elf_path, whole_board, directory, Tracing(options));
    throw Error("sim/no-reset", elf_path,
                "a vector table at " + Hex(whole_board.vector_table) + ", as board.json says",
                "a reset that leaves flash before its first instruction",
                "let vector_table in board.json be where board.ld puts .vectors");
  }
  result.exit_status = process.exit_status;
  result.console = process.output;
  return result;
}

}  // namespace tinyformer
