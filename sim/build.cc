#include "sim/build.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder_lock.h"
#include "base/parallel.h"
#include "harness_sources.h"
#include "sim/elf_file.h"
#include "sim/memory_map.h"
#include "sim/process.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr double kCompileSeconds = 600;

// The compilers of one kind of build and the flags for every file.
struct Toolchain {
  std::string c, cxx, package;
  Words flags, link_flags;
  std::string board;  // empty: this machine's
};

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

Toolchain BoardToolchain(const Board& board, const std::string& optimization) {
  Toolchain tools{"arm-none-eabi-gcc",  "arm-none-eabi-g++",  "gcc-arm-none-eabi",
                  board.compiler_flags, board.compiler_flags, board.name};
  for (const char* flag : {"-ffunction-sections", "-fdata-sections", "-g", "-fno-exceptions"}) {
    tools.flags.push_back(flag);
  }
  tools.flags.push_back(optimization);
  for (const std::string& flag :
       {std::string("-nostartfiles"), "-T" + fs::absolute(board.directory + "/board.ld").string(),
        "-Wl,--defsym=TF_STACK_BYTES=" + std::to_string(board.stack_bytes),
        std::string("-Wl,--gc-sections")}) {
    tools.link_flags.push_back(flag);
  }
  for (const MemoryRegion& region : board.memory) {
    if (region.emulated_address == region.address) continue;
    tools.link_flags.push_back("-Wl,--defsym=TF_" + Upper(region.name) +
                               "_ORIGIN=" + std::to_string(region.emulated_address));
  }
  return tools;
}

Toolchain HostToolchain() {
  return {"gcc", "g++", "g++", {"-O3", "-march=native", "-fno-exceptions"}, {}, ""};
}

// The sources below folder, sorted; except names a folder to leave out (the engine's kernels for
// the other side).
Words SourcesIn(const fs::path& folder, bool recursive, const std::string& except = "") {
  Words sources;
  auto add = [&](const fs::directory_entry& entry) {
    std::string extension = entry.path().extension().string();
    bool source = extension == ".cc" || extension == ".c" || extension == ".S";
    bool has_main = entry.path().stem() == "main";
    bool left_out = !except.empty() && entry.path().parent_path().filename() == except;
    if (entry.is_regular_file() && source && !has_main && !left_out)
      sources.push_back(entry.path().string());
  };
  if (!fs::is_directory(folder)) return sources;
  if (recursive) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) add(entry);
  } else {
    for (const auto& entry : fs::directory_iterator(folder)) add(entry);
  }
  std::sort(sources.begin(), sources.end());
  return sources;
}

void Append(Words* words, const Words& more) {
  words->insert(words->end(), more.begin(), more.end());
}

// "error: ..." lines are what matters; the rest is context, and the last line says only that ld
// has spoken.
std::string FirstErrorLine(const std::string& all) {
  const std::string output = all.substr(0, all.find("\ncollect2: "));
  for (const char* key : {"undefined reference", "error: ", "Error: ", "ld: "}) {
    size_t at = output.find(key);
    if (at == std::string::npos) continue;
    size_t begin = output.rfind('\n', at);
    begin = begin == std::string::npos ? 0 : begin + 1;
    return output.substr(begin, output.find('\n', at) - begin);
  }
  return output.empty() ? "no message" : output.substr(0, output.find('\n'));
}

void CheckTool(const ProcessResult& result, const std::string& tool, const std::string& package) {
  if (result.started) return;
  throw Error("sim/toolchain-missing", tool, "the compiler on PATH", "no such program",
              "run tools/setup, or install the package " + package);
}

// The compiler's version, and what it makes of the flags here: -march=native is another processor
// on the next machine that shares the folder.
std::string CompilerIdentity(const Toolchain& tools) {
  Words target = {tools.cxx, "-Q", "--help=target"};
  Append(&target, tools.flags);
  std::string text;
  for (const Words& command : {Words{tools.cxx, "--version"}, target}) {
    ProcessResult result = RunProcess(command, ".", kCompileSeconds);
    CheckTool(result, tools.cxx, tools.package);
    text += result.output;
  }
  return text;
}

std::string ObjectPath(const std::string& folder, const std::string& source, size_t index) {
  return folder + "/" + std::to_string(index) + "_" + fs::path(source).stem().string() + ".o";
}

// Flags of a board that no file compiles with are wrong themselves.
void CheckFlags(const Toolchain& tools) {
  if (tools.board.empty()) return;
  Words command = {tools.c};
  Append(&command, tools.flags);
  Append(&command, {"-fsyntax-only", "-x", "c", "/dev/null"});
  const ProcessResult result = RunProcess(command, ".", kCompileSeconds);
  if (result.exit_status == 0) return;
  throw Error("board/value", "board '" + tools.board + "': key 'compiler_flags'",
              "flags that " + tools.c + " takes", FirstErrorLine(result.output),
              "correct this key in its board.json (boards/README.md describes it)");
}

void CompileOne(const Toolchain& tools, const Words& options, const std::string& source,
                const std::string& object) {
  bool c = fs::path(source).extension() != ".cc";
  Words command = {c ? tools.c : tools.cxx};
  if (!c) Append(&command, {"-std=c++17", "-fno-rtti", "-fno-threadsafe-statics"});
  Append(&command, tools.flags);
  Append(&command, options);
  Append(&command, {"-c", source, "-o", object});
  ProcessResult result = RunProcess(command, ".", kCompileSeconds);
  CheckTool(result, command[0], tools.package);
  if (result.exit_status == 0) return;
  CheckFlags(tools);
  throw Error("sim/compile", source, "code that compiles",
              result.timed_out ? "a compiler that does not end" : FirstErrorLine(result.output),
              "compile the model again; if you changed the folder, correct that file");
}

// Compiles the sources side by side.
Words CompileAll(const Toolchain& tools, const Words& options, const Words& sources,
                 const std::string& folder) {
  Words objects;
  for (size_t i = 0; i < sources.size(); ++i) objects.push_back(ObjectPath(folder, sources[i], i));
  ParallelFor(static_cast<int64_t>(sources.size()), 0, [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    CompileOne(tools, options, sources[at], objects[at]);
  });
  return objects;
}

// ld says: region `FLASH' overflowed by 1234 bytes. RAM is all RAM; any other name is a region's.
void CheckFits(const std::string& output, const std::string& path, const Board& board) {
  const std::string key = "region `", overflow = "' overflowed by ";
  const size_t end = output.find(overflow), begin = output.rfind(key, end);
  if (begin == std::string::npos || end == std::string::npos) return;
  const std::string name = output.substr(begin + key.size(), end - begin - key.size());
  const uint64_t excess = std::strtoull(output.c_str() + end + overflow.size(), nullptr, 10);
  const bool flash = name == "FLASH";
  uint64_t limit = flash ? board.FlashBytes() : board.RamBytes();
  std::string what = flash ? "flash" : "RAM";
  for (const MemoryRegion& region : board.memory) {
    if (flash || Upper(region.name) != name) continue;
    limit = region.bytes;
    what += " in " + region.name;
  }
  throw Error("sim/does-not-fit", path, "at most " + std::to_string(limit) + " bytes of " + what,
              std::to_string(limit + excess) + " bytes: " + std::to_string(excess) + " too many",
              flash ? "use a smaller or sparser model, or --optimize size"
                    : "use a smaller model, or --optimize ram");
}

void Link(const Toolchain& tools, const Words& objects, const std::string& output,
          const Board* board) {
  Words command = {tools.cxx};
  Append(&command, tools.link_flags);
  Append(&command, objects);
  std::string temporary = output + ".tmp";
  Append(&command, {"-o", temporary});
  ProcessResult result = RunProcess(command, ".", kCompileSeconds);
  CheckTool(result, tools.cxx, tools.package);
  if (result.exit_status != 0) {
    if (board != nullptr) CheckFits(result.output, output, *board);
    throw Error(
        "sim/link", output, "objects that link", FirstErrorLine(result.output),
        "compile the model again; if you changed the folder, correct what the linker names");
  }
  if (board != nullptr) RequireInsideRegions(ReadElf(temporary), *board);
  fs::rename(temporary, output);
}

// Everything that decides the result: sources, headers, flags, compiler.
std::string BuildKey(const Toolchain& tools, const Words& options, const Words& sources,
                     const std::string& folder, const std::string& build_folder) {
  std::string text = CompilerIdentity(tools);
  for (const Words* words : {&tools.flags, &tools.link_flags, &options, &sources}) {
    for (const std::string& word : *words) text += word + "\n";
  }
  for (const std::string& flag : tools.link_flags) {
    if (flag.rfind("-T", 0) == 0) text += ReadFile(flag.substr(2));
  }
  Words files = sources;
  auto add_headers = [&](const fs::directory_entry& entry) {
    if (entry.path().extension() == ".h") files.push_back(entry.path().string());
  };
  for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator();
       ++it) {
    if (it.depth() == 0 && it->path().filename() == "build") it.disable_recursion_pending();
    add_headers(*it);
  }
  for (const auto& entry : fs::directory_iterator(build_folder)) add_headers(entry);
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) text += file + Checksum(ReadFile(file));
  return Checksum(text);
}

Words HarnessOptions(const Firmware& firmware) {
  const std::string macro = "TF_" + Upper(firmware.prefix);
  return {"-DTF_HARNESS_HEADER=\"" + firmware.prefix + ".h\"",
          "-DTF_HARNESS_INPUT_BYTES=" + macro + "_INPUT_BYTES",
          "-DTF_HARNESS_OUTPUT_BYTES=" + macro + "_OUTPUT_BYTES",
          "-DTF_HARNESS_INIT=" + firmware.prefix + "_init",
          "-DTF_HARNESS_INVOKE=" + firmware.prefix + "_invoke"};
}

// Compiles and links unless the stamp says that nothing changed.
void BuildInFolder(const Firmware& firmware, const Toolchain& tools, const Words& sources,
                   const Words& options, const std::string& folder, const std::string& output,
                   const Board* board) {
  std::string stamp = folder + "/stamp";
  std::string key = BuildKey(tools, options, sources, firmware.directory, folder);
  if (fs::exists(output) && fs::exists(stamp) && ReadFile(stamp) == key) return;
  fs::remove(stamp);
  Link(tools, CompileAll(tools, options, sources, folder), output, board);
  WriteFileAtomic(stamp, key);
}

Words FolderOptions(const Firmware& firmware, const std::string& build_folder) {
  std::string root = fs::absolute(firmware.directory).string();
  Words options = {"-I" + root, "-I" + root + "/engine", "-I" + root + "/engine/include",
                   "-I" + build_folder};
  Append(&options, HarnessOptions(firmware));
  return options;
}

}  // namespace

FirmwareBuild BuildFirmware(const Firmware& firmware, const Board& board, bool profile) {
  std::string root = fs::absolute(firmware.directory).string();
  std::string folder = root + "/build/" + (profile ? "profile" : "emulator");
  MakeDirectories(folder);
  FolderLock lock(folder + ".lock");
  WriteFileAtomic(folder + "/firmware_main.cc", harness_firmware_main_cc);
  WriteFileAtomic(folder + "/fault_report.h", harness_fault_report_h);
  WriteFileAtomic(folder + "/semihosting.h", harness_semihosting_h);
  Words sources = SourcesIn(root, false);
  Append(&sources, SourcesIn(root + "/engine", true, "host"));
  bool own_board = fs::exists(root + "/board/board.ld");
  Board used = board;
  used.directory = own_board ? root + "/board" : fs::absolute(board.directory).string();
  Append(&sources, SourcesIn(used.directory, false));
  sources.push_back(folder + "/firmware_main.cc");
  Words options = FolderOptions(firmware, folder);
  if (profile) options.push_back("-DTF_PROFILE");
  std::string elf = folder + "/firmware.elf";
  BuildInFolder(firmware, BoardToolchain(used, firmware.optimization), sources, options, folder,
                elf, &used);
  return {elf, ReadFirmwareSize(elf)};
}

std::string BuildHostProgram(const Firmware& firmware) {
  std::string root = fs::absolute(firmware.directory).string();
  std::string folder = root + "/build/host";
  MakeDirectories(folder);
  FolderLock lock(folder + ".lock");
  WriteFileAtomic(folder + "/host_main.cc", harness_host_main_cc);
  Words sources = SourcesIn(root, false);
  Append(&sources, SourcesIn(root + "/engine", true, "arm"));
  sources.push_back(folder + "/host_main.cc");
  std::string program = folder + "/model";
  BuildInFolder(firmware, HostToolchain(), sources, FolderOptions(firmware, folder), folder,
                program, nullptr);
  return program;
}

FirmwareBuild BuildElf(const ElfRequest& request, const Board& board) {
  std::string folder = fs::absolute(request.output_path + ".objects").string();
  MakeDirectories(folder);
  Words sources;
  for (const std::string& source : request.sources) {
    sources.push_back(fs::absolute(source).string());
  }
  Append(&sources, SourcesIn(fs::absolute(board.directory), false));
  Words options;
  for (const std::string& include : request.include_directories) {
    options.push_back("-I" + fs::absolute(include).string());
  }
  for (const std::string& define : request.defines) options.push_back("-D" + define);
  Toolchain tools = BoardToolchain(board, request.optimization);
  std::string elf = fs::absolute(request.output_path).string();
  Words objects = CompileAll(tools, options, sources, folder);
  Append(&objects, request.objects);
  Link(tools, objects, elf, &board);
  return {elf, ReadFirmwareSize(elf)};
}

FirmwareSize ReadFirmwareSize(const std::string& elf_path) {
  ElfFile elf = ReadElf(elf_path);
  FirmwareSize size;
  size.flash_bytes = elf.LoadBytes();
  size.code_bytes = elf.SectionBytes(".text") + elf.SectionBytes(".vectors");
  size.weight_bytes = elf.SectionBytes(".tf_weights");
  size.constant_bytes = elf.SectionBytes(".rodata");
  size.harness_bytes = elf.SectionBytes(".tf_harness_text");
  size.data_bytes = elf.SectionBytes(".data");
  size.bss_bytes = elf.SectionBytes(".bss");
  for (const ElfSection& section : elf.sections) {
    if (section.name.starts_with(".tf_arena")) size.arena_bytes += section.bytes;
  }
  size.stack_bytes = elf.SectionBytes(".tf_stack");
  size.ram_bytes = size.stack_bytes + size.data_bytes + size.bss_bytes + size.arena_bytes;
  return size;
}

}  // namespace tinyformer
