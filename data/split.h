// Training images into training and validation, the same share of every class.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/dataset.h"

namespace tinyformer {

/// Indices into the source's training images, both ascending.
struct Split {
  std::vector<int64_t> train, validation;
};

/// Takes round(share * n) images of every class of n for validation, chosen by seed, and at least
/// one where share is not 0. One image at least stays for training, also of a class of one.
///
/// Ensures  every index is in exactly one of the two; one class's choice does not depend on others
/// Errors   data/validation-share: share is not in [0, 1)
Split StratifiedSplit(const ImageSet& images, int classes, double share, uint64_t seed);

/// The images at these indices of another set.
class ImageSubset : public ImageSet {
 public:
  ImageSubset(std::shared_ptr<const ImageSet> images, std::vector<int64_t> indices)
      : images_(std::move(images)), indices_(std::move(indices)) {}
  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  int label(int64_t index) const override { return images_->label(At(index)); }
  void Read(int64_t index, uint8_t* pixels) const override { images_->Read(At(index), pixels); }

 private:
  int64_t At(int64_t index) const { return indices_[static_cast<size_t>(index)]; }

  std::shared_ptr<const ImageSet> images_;
  std::vector<int64_t> indices_;
};

}  // namespace tinyformer
