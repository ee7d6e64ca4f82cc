#include "data/dataset.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "data/cifar10.h"
#include "data/grey_images.h"
#include "data/image_folder.h"
#include "data/imagenet32.h"
#include "data/source.h"
#include "data/split.h"
#include "data/statistics.h"
#include "data/synthetic.h"

namespace tinyformer {
namespace {

constexpr size_t kMostListed = 20;

std::string CacheFolder(const DatasetOptions& options) {
  return options.cache_folder.empty() ? DefaultCacheFolder() : options.cache_folder;
}

ImageSource Cifar10(const std::string& folder, const DatasetOptions&) {
  return OpenCifar10(folder);
}

ImageSource Imagenet32(const std::string& folder, const DatasetOptions& options) {
  return OpenImagenet32(folder, CacheFolder(options));
}

ImageSource Folder(const std::string& folder, const DatasetOptions& options) {
  return OpenImageFolder(folder, options);
}

ImageSource Synthetic(const std::string&, const DatasetOptions&) { return OpenSynthetic(); }

/// "cifar10:DIR, folder:DIR or synthetic"
std::string KnownSpecs() {
  std::string text;
  const std::vector<SourceKind>& kinds = SourceKinds();
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (i > 0) text += i + 1 == kinds.size() ? " or " : ", ";
    text += kinds[i].name + (kinds[i].argument.empty() ? "" : ":" + kinds[i].argument);
  }
  return text;
}

/// The source's warnings and its unreadable images: counted, the first of them by name.
std::vector<std::string> Warnings(const ImageSource& source) {
  std::vector<std::string> warnings = source.warnings;
  size_t count = source.unreadable.size();
  if (count > 0) {
    warnings.push_back(std::to_string(count) + " unreadable image" + (count == 1 ? "" : "s") +
                       " left out:");
  }
  for (size_t i = 0; i < std::min(count, kMostListed); ++i) {
    warnings.push_back("  " + source.unreadable[i].path + ": " + source.unreadable[i].why);
  }
  if (count > kMostListed) {
    warnings.push_back("  and " + std::to_string(count - kMostListed) +
                       " more; 'tinyformer data verify' lists them all");
  }
  return warnings;
}

ImageSource ToGrey(ImageSource source) {
  const size_t pixels = static_cast<size_t>(source.height) * static_cast<size_t>(source.width);
  source.train = std::make_shared<GreyImages>(source.train, pixels);
  if (source.test != nullptr) source.test = std::make_shared<GreyImages>(source.test, pixels);
  source.channels = 1;
  if (!source.identity.empty()) source.identity += " grey";
  return source;
}

[[noreturn]] void FailSpec(const std::string& spec, const std::string& found,
                           const std::string& fix) {
  throw Error("data/spec", "data set '" + spec + "'", KnownSpecs(), found, fix);
}

}  // namespace

const std::vector<SourceKind>& SourceKinds() {
  static const std::vector<SourceKind> kinds = {
      {"cifar10", "DIR", "CIFAR-10, binary version: 10 classes, 32x32, 50000 + 10000 images",
       Cifar10},
      {"imagenet32", "DIR",
       "downsampled ImageNet, npz batches: 1000 classes, 32x32, 1281167 + 50000 images",
       Imagenet32},
      {"folder", "DIR", "your own images: train/<class>/*.png|jpg|jpeg, test/<class>/...", Folder},
      {"synthetic", "", "built in: 10 shapes and textures, 32x32, 10000 + 2000 images", Synthetic},
  };
  return kinds;
}

std::string DefaultCacheFolder() {
  auto value = [](const char* name) {
    const char* text = std::getenv(name);
    return std::string(text == nullptr ? "" : text);
  };
  if (std::string own = value("TINYFORMER_CACHE"); !own.empty()) return own;
  if (std::string xdg = value("XDG_CACHE_HOME"); !xdg.empty()) return xdg + "/tinyformer";
  std::string home = value("HOME");
  return (home.empty() ? "." : home) + "/.cache/tinyformer";
}

ImageSource OpenSource(const std::string& spec, const DatasetOptions& options) {
  size_t colon = spec.find(':');
  std::string name = spec.substr(0, colon);
  std::string argument = colon == std::string::npos ? "" : spec.substr(colon + 1);
  for (const SourceKind& kind : SourceKinds()) {
    if (kind.name != name) continue;
    if (kind.argument.empty() && colon != std::string::npos) {
      FailSpec(spec, "something after '" + name + "'", "write only '" + name + "'");
    }
    if (!kind.argument.empty() && argument.empty()) {
      FailSpec(spec, "no folder", "write the folder after a colon: '" + name + ":DIR'");
    }
    ImageSource source = kind.open(argument, options);
    return options.channels == 1 && source.channels == 3 ? ToGrey(std::move(source)) : source;
  }
  if (spec.empty()) FailSpec(spec, "nothing", "choose one of these");
  bool path = colon == std::string::npos && spec.find('/') != std::string::npos;
  FailSpec(spec, path ? "a path without a kind" : "kind '" + name + "'",
           path ? "for a folder of images write 'folder:" + spec + "'" : "choose one of these");
}

Dataset OpenDataset(const std::string& spec, const DatasetOptions& options) {
  ImageSource source = OpenSource(spec, options);
  auto classes = static_cast<int>(source.class_names.size());
  Split split =
      StratifiedSplit(*source.train, classes, options.validation_share, options.split_seed);
  ImageStatistics statistics = CachedStatistics(source, split.train, CacheFolder(options));

  Dataset dataset;
  dataset.info.spec = spec;
  dataset.info.fingerprint = statistics.fingerprint;
  dataset.info.height = source.height;
  dataset.info.width = source.width;
  dataset.info.channels = source.channels;
  dataset.info.class_names = source.class_names;
  dataset.info.mean = statistics.mean;
  dataset.info.stddev = statistics.stddev;
  dataset.train = std::make_shared<ImageSubset>(source.train, std::move(split.train));
  dataset.validation = std::make_shared<ImageSubset>(source.train, std::move(split.validation));
  if (source.test != nullptr) dataset.test = LockedTestSet(source.test);
  dataset.warnings = Warnings(source);
  return dataset;
}

}  // namespace tinyformer
