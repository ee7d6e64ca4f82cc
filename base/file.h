// Whole files in and out: reads with clear errors, writes that are never half there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tinyformer {

/// The whole file as bytes.
///
/// Errors  file/missing, file/unreadable, file/is-directory, file/too-large (more than max_bytes)
std::string ReadFile(const std::string& path, uint64_t max_bytes = uint64_t{4} << 30);

/// Writes an AtomicFile (base/atomic_file.h): after a kill or a full disk, path holds the old bytes
/// or the new ones, never part of them. Missing parent folders are created; a link stays, what it
/// names is replaced; a device or pipe (/dev/stdout) gets the bytes.
///
/// Errors  file/write-failed (disk full, no permission): the old file is left as it was, the
///         temporary is removed
void WriteFileAtomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);

/// Appends one line: a single write, unless the system takes only part of it. Nothing is synced.
/// Errors  file/write-failed
void AppendLine(const std::string& path, std::string_view line);

/// Creates the folder and its parents.
/// Errors  file/write-failed
void MakeDirectories(const std::string& path);

/// What std::filesystem could not do with a path (too long, links in a circle, no permission), as
/// the user's wrong input: file/unusable-path, or file/write-failed when the disk is full.
Error PathError(const std::filesystem::filesystem_error& error);

/// XXH64 of the bytes, as 16 hex digits: detects accidents, not attackers.
std::string Checksum(std::string_view bytes);

}  // namespace tinyformer
