// What `tinyformer data list | info | verify | fetch` answers, as JSON.
#pragma once

#include <string>

#include "base/json.h"
#include "data/dataset.h"

namespace tinyformer {

/// {"datasets": [{"name", "spec", "what", "fetch"}]}; fetch: whether FetchDataset can get it.
Json ListDatasets();

/// {"spec", "fingerprint", "height", "width", "channels", "mean", "stddev", "train_images",
/// "validation_images", "test_images", "classes": [{"name", "train", "validation"}], "warnings"}
///
/// Of the test images only their number is told.
/// Errors  those of OpenDataset
Json DatasetInfoJson(const std::string& spec, const DatasetOptions& options = {});

/// Reads every image, test images too, and reports: {"spec", "ok", "train_images", "test_images",
/// "fingerprint", "test_fingerprint", "classes": [{"name", "train", "test"}], "unreadable":
/// [{"path", "why"}], "duplicates": {"train", "test", "train_and_test", "other_label",
/// "examples"}, "one_colour", "official", "findings"}
///
/// ok          every image could be read
/// duplicates  images whose bytes an earlier one has: within train, within test, test images that
///             train has too, and of all these the pairs with different labels; examples name at
///             most 20 pairs ("train 17", "test 3")
/// official    for cifar10: whether images and labels are the published ones, in any order; for
///             other data sets null
/// findings    the above in sentences, for people
/// Errors      those of OpenDataset: a damaged file ends the work with its name
Json VerifyDataset(const std::string& spec, const DatasetOptions& options = {});

/// Downloads a data set from its own site (or url_override, the same file elsewhere), checks its
/// published checksum, unpacks it below destination and opens it once.
///
/// Returns  {"name", "spec", "folder", "already_there", "bytes", "resumed_from"}
/// Errors   data/fetch (no such name, or one that wants a login: says where to get it),
///          data/download, data/checksum, data/archive, file/write-failed
Json FetchDataset(const std::string& name, const std::string& destination,
                  const std::string& url_override = "");

/// One data set that can be fetched, as FetchDataset knows it.
struct FetchRecipe {
  std::string name;                          // "cifar10"
  std::string url;                           // of the archive, a .tar.gz
  std::string algorithm;                     // "md5"
  std::string checksum;                      // as the publisher states it
  std::string archive;                       // its name while it is fetched, whatever the url
  std::string folder;                        // the archive's top folder
  void (*check)(const std::string& folder);  // opens the unpacked folder, throws what is wrong
};

/// FetchDataset for one recipe: downloads to destination, unpacks aside, checks, then renames.
Json FetchByRecipe(const FetchRecipe& recipe, const std::string& destination);

}  // namespace tinyformer
