#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/folder_lock.h"
#include "data/archive.h"
#include "data/cifar10.h"
#include "data/data_tool.h"
#include "data/download.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostUnpackedBytes = uint64_t{4} << 30;

FetchRecipe Cifar10Recipe() {
  return {"cifar10",
          "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
          "md5",
          "c32a1d4ab5d03f1284b67883e8d87530",
          "cifar-10-binary.tar.gz",
          "cifar-10-batches-bin",
          [](const std::string& folder) { OpenCifar10(folder); }};
}

/// Puts the checked folder in its place; an older one makes way only now.
void Replace(const std::string& from, const std::string& to) {
  std::string old = to + ".old-" + std::to_string(::getpid());
  bool existed = ::rename(to.c_str(), old.c_str()) == 0;
  if (::rename(from.c_str(), to.c_str()) != 0) {
    int error = errno;
    if (existed && ::rename(old.c_str(), to.c_str()) != 0) error = errno;
    FailWrite(to, error);
  }
  std::error_code ignored;
  fs::remove_all(old, ignored);
}

bool IsComplete(const FetchRecipe& recipe, const std::string& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored)) return false;
  try {
    recipe.check(folder);
    return true;
  } catch (const Error&) {
    return false;  // damaged or half there: fetched again
  }
}

}  // namespace

Json FetchByRecipe(const FetchRecipe& recipe, const std::string& destination) {
  std::error_code error;
  fs::create_directories(destination, error);
  if (error) FailWrite(destination, error.value());
  const FolderLock lock(destination + "/.fetch.lock",
                        "another fetch works in " + destination + ": waiting for it\n");
  std::string folder = destination + "/" + recipe.folder;
  Json result{{"name", recipe.name}, {"spec", recipe.name + ":" + destination},
              {"folder", folder},    {"already_there", IsComplete(recipe, folder)},
              {"bytes", 0},          {"resumed_from", 0}};
  if (result["already_there"].get<bool>()) return result;

  std::string archive = destination + "/" + recipe.archive;
  DownloadRequest request;
  request.url = recipe.url;
  request.path = archive;
  request.algorithm = recipe.algorithm;
  request.checksum = recipe.checksum;
  bool have_archive = fs::is_regular_file(archive, error) &&
                      FileDigest(archive, recipe.algorithm) == recipe.checksum;
  if (have_archive) {
    result["bytes"] = fs::file_size(archive, error);
    result["resumed_from"] = result["bytes"];
  } else {
    DownloadResult download = Download(request);
    result["bytes"] = download.bytes;
    result["resumed_from"] = download.resumed_from;
  }

  std::string aside = destination + "/." + recipe.folder + ".unpacking";
  fs::remove_all(aside, error);
  fs::create_directories(aside, error);
  if (error) FailWrite(aside, error.value());
  UnpackTarGz(archive, aside, kMostUnpackedBytes);
  recipe.check(aside + "/" + recipe.folder);
  Replace(aside + "/" + recipe.folder, folder);
  fs::remove_all(aside, error);
  fs::remove(archive, error);
  return result;
}

Json FetchDataset(const std::string& name, const std::string& destination,
                  const std::string& url_override) {
  FetchRecipe recipe = Cifar10Recipe();
  if (name != recipe.name) {
    std::string found = "no such data set", fix = "choose cifar10";
    if (name == "imagenet32") {
      found = "a data set whose site wants a login";
      fix = "download the 32x32 npz batches from image-net.org, then use imagenet32:DIR";
    } else if (name == "folder") {
      found = "your own images";
      fix = "use folder:DIR as it is";
    } else if (name == "synthetic") {
      found = "a built-in data set";
      fix = "use synthetic as it is";
    }
    throw Error("data/fetch", "data set '" + name + "'", "cifar10", found, fix);
  }
  if (!url_override.empty()) recipe.url = url_override;
  return FetchByRecipe(recipe, destination);
}

}  // namespace tinyformer
