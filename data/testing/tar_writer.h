// Small .tar.gz archives, made by hand, honest or hostile.
#pragma once

#include <string>
#include <vector>

namespace tinyformer::testing {

struct TarEntry {
  std::string name;
  std::string bytes = {};
  char type = '0';          // '5' folder, '2' symbolic link, 'L' long name, 'x' pax header
  std::string prefix = {};  // of a ustar header
};

/// ustar headers with their checksums, two zero blocks at the end.
std::string Tar(const std::vector<TarEntry>& entries);

/// The bytes as a gzip file.
std::string Gzip(const std::string& bytes);

}  // namespace tinyformer::testing
