#include "sim/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace tinyformer {

TemporaryFolder::TemporaryFolder() {
  // Its own name and mode: a folder that is there, a killed run's or a stranger's, is not taken.
  std::string path = (std::filesystem::temp_directory_path() / "tinyformer-XXXXXX").string();
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
