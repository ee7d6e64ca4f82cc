// A folder of its own for each test, removed afterwards; and an error's whole text.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tinyformer::testing {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tf_data_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  /// Writes a file below the folder, making its parents.
  void Write(const std::string& name, std::string_view bytes) const {
    std::filesystem::path path = *this / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }

 private:
  std::string path_;
};

/// The error's whole text, with every `folder` in it replaced by "DIR"; "" when nothing is thrown.
template <typename Call>
std::string ErrorText(const std::string& folder, Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    std::string text = error.what();
    for (size_t at; !folder.empty() && (at = text.find(folder)) != std::string::npos;) {
      text.replace(at, folder.size(), "DIR");
    }
    return text;
  }
  return "";
}

}  // namespace tinyformer::testing
