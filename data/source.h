// What a kind of data set delivers before the split, and the table of the kinds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace tinyformer {

/// A file that was left out because it does not decode.
struct UnreadableFile {
  std::string path;  // below the data set's folder
  std::string why;
};

/// All training images in the source's own order, and the test images, not yet locked.
/// Only this room and its tests include this header: everybody else gets a Dataset.
struct ImageSource {
  int height = 0, width = 0, channels = 0;
  std::vector<std::string> class_names;
  std::shared_ptr<const ImageSet> train;
  std::shared_ptr<const ImageSet> test;  // null when the source has none
  std::vector<std::string> warnings;
  std::vector<UnreadableFile> unreadable;  // left out of train and test
  std::string identity;  // names the files' present contents (sizes, times); empty: not to be kept
};

/// One kind of data set: what stands before the colon of a spec.
struct SourceKind {
  std::string name;      // "cifar10"
  std::string argument;  // what follows the colon ("DIR"), or empty when nothing does
  std::string what;      // one line for people
  ImageSource (*open)(const std::string& argument, const DatasetOptions& options);
};

/// The kinds, in the order in which they are listed to the user.
const std::vector<SourceKind>& SourceKinds();

/// Opens a spec without splitting it.
/// Errors  data/spec and those of the kind
ImageSource OpenSource(const std::string& spec, const DatasetOptions& options);

}  // namespace tinyformer
