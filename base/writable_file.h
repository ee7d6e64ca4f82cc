// Whether a file can be written, found out before the long work whose result it is to hold.
#pragma once

#include <string>

namespace tinyformer {

/// Checks that WriteFileAtomic may write there; nothing is left behind.
/// Errors  file/write-failed
void RequireWritableFile(const std::string& path);

}  // namespace tinyformer
