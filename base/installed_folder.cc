#include "base/installed_folder.h"

#include <cstdlib>
#include <filesystem>

namespace tinyformer {

std::string InstalledFolder(const char* variable, const std::string& name,
                            const std::string& in_sources) {
  namespace fs = std::filesystem;
  if (const char* named = std::getenv(variable); named != nullptr && *named != '\0') return named;
  std::error_code code;
  const fs::path program = fs::read_symlink("/proc/self/exe", code);
  const fs::path installed = program.parent_path().parent_path() / "share" / "tinyformer" / name;
  if (!code && fs::is_directory(installed, code)) return installed.string();
  return in_sources;
}

}  // namespace tinyformer
