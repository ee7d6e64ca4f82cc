// Images in memory, and the batches that training and evaluation take from them. No libtorch here.
#pragma once

#include <cstdint>
#include <future>
#include <vector>

#include "data/dataset.h"
#include "train/augment.h"
#include "train/recipe.h"

namespace tinyformer {

/// All images of a set as bytes, HWC, one after the other.
struct ImageStore {
  ImageShape shape;
  int classes = 0;
  std::vector<float> mean, stddev;  // per channel, of pixel / 255
  std::vector<uint8_t> pixels;
  std::vector<int> labels;
  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  const uint8_t* image(int64_t i) const { return pixels.data() + i * shape.bytes(); }
};

/// Reads the set into memory; limit 0: all of it, else that many images spread evenly over the set.
ImageStore LoadImages(const DatasetInfo& info, const ImageSet& images, int64_t limit = 0);

/// One batch, ready for the network.
///
/// pixels   [n, height, width, channels] float, (pixel / 255 - mean) / stddev
/// targets  [n, classes] float, each row sums to 1 (label smoothing and mixing are in it)
/// labels   [n], of the unmixed images
struct Batch {
  int64_t size = 0;
  std::vector<float> pixels, targets;
  std::vector<int> labels;
};

/// Training batches: the order of epoch e comes from Rng(seed, "shuffle", e), every image's changes
/// from Rng(seed, <change>, e * images + index), every batch's mix from Rng(seed, "mix", step). So
/// a batch is a function of (recipe, step): nothing has to be saved to go on after a kill, and
/// threads cannot change it. The seed is the recipe's, of trained weights together with their
/// checksum: a stage does not show again what the stage before has shown.
class TrainingBatches {
 public:
  /// Both must outlive this. The last images of an epoch that do not fill a batch are left out of
  /// it. threads: that many make a batch's images (base/parallel.h).
  TrainingBatches(const ImageStore& images, const Recipe& recipe, int threads = 1);
  int64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// Images of a step: the recipe's batch, or all images where they are fewer.
  int64_t batch() const { return batch_; }
  /// The batch of a step counted over all epochs.
  /// Errors  Interrupted
  void Make(int64_t step, Batch* batch);

 private:
  void MakeImage(int64_t epoch, int64_t index, uint8_t* pixels) const;

  const ImageStore& images_;
  const Recipe& recipe_;
  uint64_t seed_;
  int threads_;
  int64_t batch_, steps_per_epoch_, shuffled_epoch_ = -1;
  std::vector<int64_t> order_;
  std::vector<uint8_t> bytes_, mixed_;
  std::vector<uint8_t> fill_;  // the mean pixel, for erased rectangles
};

/// Makes the next step's batch while this one's is used.
class BatchesAhead {
 public:
  /// `batches` must outlive this, and nobody else may call its Make. end: there is no such step.
  BatchesAhead(TrainingBatches& batches, int64_t end) : batches_(batches), end_(end) {}
  /// The batch of a step, good until the next call.
  /// Errors  Interrupted
  Batch& Take(int64_t step);

 private:
  TrainingBatches& batches_;
  int64_t end_, next_step_ = -1;
  Batch now_, next_;
  std::future<void> making_;  // next_; last, so that it ends before what it writes to
};

/// The chosen images as they are; targets are the plain labels.
void MakePlainBatch(const ImageStore& images, const std::vector<int64_t>& chosen, Batch* batch);

}  // namespace tinyformer
