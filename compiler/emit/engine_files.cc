#include "compiler/emit/engine_files.h"

#include <deque>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/installed_folder.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeaders = "include/tinyformer/engine/";
constexpr const char* kImplementations[] = {"ref", "arm", "host"};

// The quoted includes of a source text, in order.
std::vector<std::string> QuotedIncludes(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  const std::string start = "#include \"";
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(start, 0) != 0) continue;
    const size_t end = line.find('"', start.size());
    if (end != std::string::npos) found.push_back(line.substr(start.size(), end - start.size()));
  }
  return found;
}

// Copies files and what they include until nothing is missing.
class Closure {
 public:
  explicit Closure(std::string directory) : directory_(std::move(directory)) {}

  void Header(const std::string& name) {
    const std::string stem = name.substr(0, name.rfind('.'));
    Add(kHeaders + name);
    for (const char* implementation : kImplementations)
      AddSources(std::string(implementation) + "/" + stem);
  }

  SourceTree Run() {
    while (!waiting_.empty()) {
      const std::string file = waiting_.front();
      waiting_.pop_front();
      const std::string text = ReadFile(directory_ + "/" + file);
      tree_["engine/" + file] = text;
      for (const std::string& include : QuotedIncludes(text)) Follow(include);
    }
    return tree_;
  }

 private:
  void Follow(const std::string& include) {
    const std::string public_prefix = "tinyformer/engine/", own_prefix = "engine/";
    if (include.rfind(public_prefix, 0) == 0) {
      Header(include.substr(public_prefix.size()));
    } else if (include.rfind(own_prefix, 0) == 0) {
      const std::string file = include.substr(own_prefix.size());
      Add(file);
      AddSources(file.substr(0, file.rfind('.')));
    }
  }

  void AddSources(const std::string& stem) {
    for (const char* extension : {".cc", ".S"}) {
      if (fs::is_regular_file(directory_ + "/" + stem + extension)) Add(stem + extension);
    }
  }

  void Add(const std::string& file) {
    if (!tree_.emplace("engine/" + file, "").second) return;
    waiting_.push_back(file);
  }

  std::string directory_;
  std::deque<std::string> waiting_;
  SourceTree tree_;
};

}  // namespace

std::string EngineDirectory() {
  return InstalledFolder("TINYFORMER_ENGINE_DIR", "engine", TINYFORMER_ENGINE_DIR);
}

SourceTree EngineFiles(const std::string& engine_directory,
                       const std::vector<std::string>& headers) {
  Closure closure(engine_directory);
  for (const std::string& header : headers) {
    const std::string file = kHeaders + header;
    if (!fs::is_regular_file(engine_directory + "/" + file)) {
      throw Error(
          "emit/engine-missing", engine_directory, "the engine's sources, with " + file,
          fs::is_directory(engine_directory) ? "a folder without that file" : "no such folder",
          "set TINYFORMER_ENGINE_DIR to the engine folder of this version's sources");
    }
    closure.Header(header);
  }
  return closure.Run();
}

}  // namespace tinyformer
