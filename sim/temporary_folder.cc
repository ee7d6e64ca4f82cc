#include "sim/temporary_folder.h"

#include <unistd.h>

#include <atomic>

#include "base/file.h"

namespace tinyformer {

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> next{0};
  std::string name = "tinyformer-" + std::to_string(::getpid()) + "-" + std::to_string(next++);
  path_ = std::filesystem::temp_directory_path() / name;
  MakeDirectories(path_.string());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tinyformer
