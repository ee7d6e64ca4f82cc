// Unpacking a .tar.gz without trusting it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyformer {

/// Unpacks files and folders of a gzip-compressed tar archive below the folder, which exists.
///
/// Takes    ustar, old tar and GNU long names; pax headers for their "path" only
/// Refuses  names that are absolute or hold "..", links and devices, more than most_bytes in all
/// Returns  the names of the files, in the archive's order
/// Errors   data/archive, data/missing, file/write-failed; files unpacked before stay
/// Source   POSIX.1-2017 pax, "ustar Interchange Format"
std::vector<std::string> UnpackTarGz(const std::string& path, const std::string& folder,
                                     uint64_t most_bytes);

}  // namespace tinyformer
