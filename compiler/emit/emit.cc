#include "compiler/emit/emit.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "compiler/emit/engine_files.h"
#include "compiler/emit/plan_json.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

void AddBoardFiles(const std::string& directory, SourceTree& tree) {
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    tree["board/" + entry.path().filename().string()] = ReadFile(entry.path().string());
  }
}

// A CMake toolchain file from board.json, for users who build the folder themselves.
std::string ToolchainText(const Json& board, const std::string& name) {
  std::string flags;
  const auto list =
      RequireKey<std::vector<std::string>>(board, "compiler_flags", name, "a list of texts");
  for (const std::string& flag : list) flags += (flags.empty() ? "" : " ") + flag;
  return "# The compiler and flags of board '" +
         RequireKey<std::string>(board, "name", name, "a text") +
         "', from board.json.\n"
         "set(CMAKE_SYSTEM_NAME Generic)\n"
         "set(CMAKE_SYSTEM_PROCESSOR " +
         RequireKey<std::string>(board, "cpu", name, "a text") +
         ")\n"
         "set(CMAKE_C_COMPILER arm-none-eabi-gcc)\n"
         "set(CMAKE_CXX_COMPILER arm-none-eabi-g++)\n"
         "set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)\n"
         "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)\n"
         "set(CMAKE_C_FLAGS_INIT \"" +
         flags + "\")\nset(CMAKE_CXX_FLAGS_INIT \"" + flags + "\")\nset(CMAKE_ASM_FLAGS_INIT \"" +
         flags + "\")\n";
}

}  // namespace

void CheckPrefix(const std::string& prefix) {
  static const std::set<std::string> taken = {
      // Files of the folder and words of C++.
      "selftest", "weights", "engine", "board", "build", "main", "tinyformer", "auto", "bool",
      "break", "case", "catch", "char", "class", "const", "continue", "default", "delete", "do",
      "double", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend",
      "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "operator", "private",
      "protected", "public", "register", "return", "short", "signed", "sizeof", "static", "struct",
      "switch", "template", "this", "throw", "true", "try", "typedef", "typename", "union",
      "unsigned", "using", "virtual", "void", "volatile", "while",
      // Headers of C and of C libraries: model.h lies where they are looked for.
      "alloca", "argz", "assert", "complex", "ctype", "dirent", "elf", "envz", "errno", "fastmath",
      "fcntl", "fenv", "fnmatch", "getopt", "glob", "grp", "iconv", "ieeefp", "inttypes", "iso646",
      "langinfo", "libgen", "limits", "locale", "malloc", "math", "memory", "ndbm", "newlib",
      "paths", "pthread", "pwd", "reent", "regex", "sched", "search", "semaphore", "setjmp",
      "signal", "spawn", "stdalign", "stdarg", "stdatomic", "stdbool", "stdckdint", "stddef",
      "stdint", "stdio", "stdlib", "stdnoreturn", "string", "strings", "tar", "termios", "tgmath",
      "threads", "time", "uchar", "unctrl", "unistd", "utime", "utmp", "wchar", "wctype", "wordexp",
      // Targets of CMake.
      "all", "clean", "depend", "edit_cache", "help", "install", "list_install_components",
      "package", "package_source", "preinstall", "rebuild_cache", "test"};
  constexpr size_t kLongest = 40;
  const bool shaped = !prefix.empty() && prefix.size() <= kLongest && prefix[0] >= 'a' &&
                      prefix[0] <= 'z' && std::all_of(prefix.begin(), prefix.end(), [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                      });
  if (shaped && taken.count(prefix) == 0) return;
  throw Error(
      "emit/prefix", "--prefix",
      "a lower-case C identifier of at most 40 characters that is not a word of C++, a file of the "
      "folder, a header of C or a target of CMake",
      "'" + prefix + "'", "choose a name such as 'model' or 'person_detector'");
}

SourceTree EmitFirmware(const Graph& graph, const Plan& plan, const SelfTest& test,
                        const EmitOptions& options) {
  CheckPrefix(options.prefix);
  std::vector<std::string> headers;
  for (const LayerPlan& layer : plan.layers) headers.push_back(layer.kernel.header);
  if (!plan.strips.empty()) headers.push_back("strips.h");
  SourceTree tree = EngineFiles(
      options.engine_directory.empty() ? EngineDirectory() : options.engine_directory, headers);

  const Program program = MakeProgram(graph, plan, options.prefix);
  tree[options.prefix + ".h"] = HeaderText(program);
  tree[options.prefix + ".cc"] = SourceText(program);
  tree["weights.h"] = WeightsHeaderText(program);
  tree["weights.cc"] = WeightsSourceText(program);
  tree["selftest.h"] = SelfTestHeaderText(program);
  tree["selftest.cc"] = SelfTestSourceText(program, test);
  tree["main.c"] = ExampleText(program);
  tree["CMakeLists.txt"] = BuildText(program, options.optimization);
  tree["plan.json"] =
      PlanJson(graph, plan, options).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (!options.board_directory.empty()) {
    AddBoardFiles(options.board_directory, tree);
    const std::string name = options.board_directory + "/board.json";
    tree["board/toolchain.cmake"] = ToolchainText(ReadJson(name), name);
  }
  return tree;
}

}  // namespace tinyformer
