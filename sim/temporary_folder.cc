#include "sim/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace tinyformer {

TemporaryFolder::TemporaryFolder() {
  // Its own name and mode: a folder that is there, a killed run's or a stranger's, is not taken.
  std::error_code code;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(code);
  if (code) {
    const char* named = std::getenv("TMPDIR");
    throw Error("file/unusable-path", named != nullptr ? "$TMPDIR, " + std::string(named) : "/tmp",
                "a folder for temporary files", code.message(),
                "set TMPDIR to a folder that you may write to");
  }
  std::string path = (parent / "tinyformer-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) {
    throw Error("file/write-failed", path, "a place that can be written", std::strerror(errno),
                "free some space there, or set TMPDIR to another folder");
  }
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tinyformer
