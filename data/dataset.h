// A data set: training and validation images that anyone may read, and test images behind a lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tinyformer {

/// What the images are, and where they came from.
struct DatasetInfo {
  std::string spec;         // as the user wrote it: "cifar10:DIR", "synthetic"
  std::string fingerprint;  // XXH64 over the training and validation images: pixels (HWC), label
  int height = 0, width = 0, channels = 0;
  std::vector<std::string> class_names;  // one per class
  std::vector<float> mean, stddev;       // per channel, of pixel / 255 over the training images
};

/// Images by index: bytes in [0, 255], rows outermost, channels innermost (HWC).
class ImageSet {
 public:
  virtual ~ImageSet() = default;
  virtual int64_t size() const = 0;
  virtual int label(int64_t index) const = 0;  // [0, classes)
  /// Writes height * width * channels bytes. Safe to call from several threads.
  virtual void Read(int64_t index, uint8_t* pixels) const = 0;
};

/// Some images of a set, spread evenly over it: a folder's images are sorted by class, so its first
/// ones are all of one.
class SpreadImages : public ImageSet {
 public:
  /// count >= 0; all images where there are no more. `images` must outlive this.
  SpreadImages(const ImageSet& images, int64_t count)
      : images_(images), count_(std::min(count, images.size())) {}
  int64_t size() const override { return count_; }
  int label(int64_t index) const override { return images_.label(At(index)); }
  void Read(int64_t index, uint8_t* pixels) const override { images_.Read(At(index), pixels); }

 private:
  int64_t At(int64_t index) const { return index * images_.size() / count_; }
  const ImageSet& images_;
  int64_t count_;
};

/// Proof that the holder may look at test images. Only the commands that report results can make
/// one: the constructor is private and its friends are listed here, so a new user is a visible
/// change (and tools/check refuses others).
class TestSetKey {
  friend class ReportCommand;
  friend class RunCommand;
  friend class TestSetKeyForTests;
  TestSetKey() = default;
};

/// The test images; they stay closed without a key.
class LockedTestSet {
 public:
  LockedTestSet() = default;
  explicit LockedTestSet(std::shared_ptr<const ImageSet> images) : images_(std::move(images)) {}
  bool exists() const { return images_ != nullptr; }
  int64_t size() const { return images_ == nullptr ? 0 : images_->size(); }
  /// The images.
  /// Needs  exists()
  const ImageSet& Open(const TestSetKey&) const { return *images_; }

 private:
  std::shared_ptr<const ImageSet> images_;
};

struct Dataset {
  DatasetInfo info;
  std::shared_ptr<const ImageSet> train;  // the rest of the training images, in the source's order
  std::shared_ptr<const ImageSet> validation;  // validation_share of every class, chosen by seed
  LockedTestSet test;
  std::vector<std::string> warnings;  // e.g. unreadable images, counted and listed
};

struct DatasetOptions {
  uint64_t split_seed = 1;
  double validation_share = 0.1;  // of every class: StratifiedSplit; [0, 1)
  int height = 32, width = 32;    // folder: sources are resized to this
  int channels = 3;               // 1: colour images of any source become grey
  std::string cache_folder;       // decoded images; empty: see DefaultCacheFolder()
};

/// $TINYFORMER_CACHE, else $XDG_CACHE_HOME/tinyformer, else $HOME/.cache/tinyformer.
std::string DefaultCacheFolder();

/// Opens "cifar10:DIR", "imagenet32:DIR", "folder:DIR" or "synthetic".
///
/// Memory  files are mapped, not loaded; "synthetic" holds 37 MB
/// Cost    one pass over the training images (mean, stddev, fingerprint)
/// Errors  data/spec, data/validation-share and those of the source: data/missing, data/size,
///         data/label, data/empty-class, ... each names the file, what was expected and found
Dataset OpenDataset(const std::string& spec, const DatasetOptions& options = {});

}  // namespace tinyformer
