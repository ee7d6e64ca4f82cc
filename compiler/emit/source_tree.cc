#include "compiler/emit/source_tree.h"

#include <unistd.h>

#include <filesystem>

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
  fs::path target = fs::weakly_canonical(folder);
  return target.has_filename() ? target : target.parent_path();  // "firmware/"
}

void RenameOver(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::rename(from, to, code);
  if (code) {
    throw Error("file/write-failed", to.string(), "a place that can be written", code.message(),
                "choose a folder that you may write to");
  }
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
  const fs::path target = TargetOf(folder);
  std::error_code absent;
  if (!fs::exists(target, absent)) return;
  if (!fs::is_directory(target)) FailNotOurs(folder, "a file");
  if (!IsOurs(target)) FailNotOurs(folder, "a folder without a plan.json of ours");
}

void WriteSourceTree(const SourceTree& tree, const std::string& folder) {
  RequireReplaceable(folder);
  const fs::path target = TargetOf(folder);
  std::error_code absent;
  const bool exists = fs::exists(target, absent);

  const std::string suffix = ".tmp-" + std::to_string(::getpid());
  const fs::path fresh = target.string() + suffix, old = target.string() + ".old" + suffix;
  std::error_code ignored;
  fs::remove_all(fresh, ignored);
  try {
    for (const auto& [path, bytes] : tree) {
      TF_CHECK(!path.empty() && path[0] != '/' && path.find("..") == std::string::npos, path);
      WriteFileAtomic((fresh / path).string(), bytes);
    }
    if (exists) RenameOver(target, old);
    RenameOver(fresh, target);
  } catch (const Error& error) {
    fs::remove_all(fresh, ignored);
    if (!fs::exists(target, ignored) && fs::exists(old, ignored)) fs::rename(old, target, ignored);
    // The user knows the folder, not the one that it is built in.
    throw Error(error.code(), folder, error.expected(), error.found(), error.fix());
  } catch (...) {
    fs::remove_all(fresh, ignored);
    if (!fs::exists(target, ignored) && fs::exists(old, ignored)) fs::rename(old, target, ignored);
    throw;
  }
  fs::remove_all(old, ignored);
}

}  // namespace tinyformer
