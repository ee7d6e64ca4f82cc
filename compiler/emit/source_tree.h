// SourceTree: a folder as a value, path -> bytes. The same input gives the same bytes on any
// machine.
#pragma once

#include <map>
#include <string>

namespace tinyformer {

/// Relative path ("engine/ref/linear_s8.cc") -> the file's bytes. Sorted, so that listing it is
/// deterministic.
using SourceTree = std::map<std::string, std::string>;

/// XXH64 over all paths and bytes.
std::string Fingerprint(const SourceTree& tree);

/// Checks before long work that WriteSourceTree may write there; nothing is left behind.
/// Errors  emit/not-ours, file/write-failed
void RequireReplaceable(const std::string& folder);

/// Checks that a replacement of `folder` would not remove what the user reads from `path`.
/// Errors  emit/inside-output
void RequireOutside(const std::string& path, const std::string& folder);

/// Writes the tree as `folder`, whole or not at all: it is built in <folder>.tmp-<pid>, then
/// renamed. Where the file system can exchange two folders (ext4, xfs, btrfs, tmpfs), a kill at any
/// moment leaves the old one or the new one there.
///
/// An existing folder is replaced when it is empty or holds a plan.json of ours (then with
/// everything in it, builds included).
/// Errors  emit/not-ours (something else is at `folder`; nothing is changed), file/write-failed
void WriteSourceTree(const SourceTree& tree, const std::string& folder);

}  // namespace tinyformer
