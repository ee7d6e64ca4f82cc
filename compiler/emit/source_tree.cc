#include "compiler/emit/source_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

bool IsOurs(const fs::path& folder) {
  if (fs::is_empty(folder)) return true;
  const fs::path plan = folder / "plan.json";
  if (!fs::is_regular_file(plan)) return false;
  try {
    return ReadJson(plan.string()).value("format", "") == "tinyformer-plan";
  } catch (const std::exception&) {
    return false;
  }
}

[[noreturn]] void FailNotOurs(const std::string& folder, const std::string& found) {
  throw Error("emit/not-ours", folder, "a new folder, or one that compile wrote before", found,
              "choose another folder for -o, or remove this one yourself");
}

// The folder itself: a link is followed, not replaced.
fs::path TargetOf(const std::string& folder) {
  fs::path target = fs::weakly_canonical(fs::absolute(folder));
  return target.has_filename() ? target : target.parent_path();  // "firmware/"
}

// The name under which a folder is built before it takes its place.
fs::path Fresh(const fs::path& target) {
  return target.string() + ".tmp-" + std::to_string(::getpid());
}

// The user knows the folder, not the one that it is built in.
[[noreturn]] void FailAbout(const std::string& folder, const Error& error) {
  throw Error(error.code(), folder, error.expected(), error.found(), error.fix());
}

// Makes the folder that the tree will be built in, and takes it away again with the parents that
// it needed.
void RequireWritable(const fs::path& target, const std::string& folder) {
  std::vector<fs::path> missing;
  std::error_code ignored;
  fs::remove_all(Fresh(target), ignored);  // of a process of this number, long ago
  for (fs::path path = Fresh(target); !fs::exists(path, ignored); path = path.parent_path())
    missing.push_back(path);
  try {
    MakeDirectories(missing.front().string());
  } catch (const Error& error) {
    for (const fs::path& path : missing) fs::remove(path, ignored);
    FailAbout(folder, error);
  }
  for (const fs::path& path : missing) fs::remove(path, ignored);
}

void RenameOver(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::rename(from, to, code);
  if (code) {
    throw Error("file/write-failed", to.string(), "a place that can be written", code.message(),
                "choose a folder that you may write to");
  }
}

// Lets two folders change places at once, so that there is no moment without one; false where the
// file system cannot.
bool Exchange(const fs::path& a, const fs::path& b) {
  return ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
}

// Puts the fresh folder in the target's place; what was there is removed.
void Replace(const fs::path& fresh, const fs::path& target) {
  std::error_code ignored;
  if (Exchange(fresh, target)) {
    fs::remove_all(fresh, ignored);
    return;
  }
  const fs::path old = Fresh(target.string() + ".old");
  RenameOver(target, old);
  try {
    RenameOver(fresh, target);
  } catch (const Error&) {
    fs::rename(old, target, ignored);
    throw;
  }
  fs::remove_all(old, ignored);
}

}  // namespace

std::string Fingerprint(const SourceTree& tree) {
  std::string text;
  for (const auto& [path, bytes] : tree) {
    text += path + '\n' + std::to_string(bytes.size()) + '\n' + bytes;
  }
  return Checksum(text);
}

void RequireReplaceable(const std::string& folder) {
  if (folder.empty()) FailNotOurs("''", "an empty name");
  const fs::path target = TargetOf(folder);
  std::error_code absent;
  if (fs::exists(target, absent)) {
    if (!fs::is_directory(target)) FailNotOurs(folder, "a file");
    if (!IsOurs(target)) FailNotOurs(folder, "a folder without a plan.json of ours");
  }
  RequireWritable(target, folder);
}

void RequireOutside(const std::string& path, const std::string& folder) {
  const fs::path target = TargetOf(folder), found = fs::weakly_canonical(fs::absolute(path));
  if (std::mismatch(target.begin(), target.end(), found.begin(), found.end()).first != target.end())
    return;
  throw Error("emit/inside-output", path, "a place outside the folder that is replaced",
              "inside " + folder, "move it, or choose another folder for -o");
}

void WriteSourceTree(const SourceTree& tree, const std::string& folder) {
  RequireReplaceable(folder);
  const fs::path target = TargetOf(folder), fresh = Fresh(target);
  std::error_code ignored;
  try {
    for (const auto& [path, bytes] : tree) {
      TF_CHECK(!path.empty() && path[0] != '/' && path.find("..") == std::string::npos, path);
      WriteFileAtomic((fresh / path).string(), bytes);
    }
    if (fs::exists(target)) {
      Replace(fresh, target);
    } else {
      RenameOver(fresh, target);
    }
  } catch (const Error& error) {
    fs::remove_all(fresh, ignored);
    FailAbout(folder, error);
  } catch (...) {
    fs::remove_all(fresh, ignored);
    throw;
  }
}

}  // namespace tinyformer
