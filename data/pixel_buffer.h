// Images in memory or in a mapped file, interleaved and one after the other.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "data/dataset.h"

namespace tinyformer {

/// labels.size() images of image_bytes each, starting at pixels; owner keeps them alive.
class PixelBuffer : public ImageSet {
 public:
  PixelBuffer(std::vector<int32_t> labels, int64_t image_bytes, const uint8_t* pixels,
              std::shared_ptr<const void> owner)
      : labels_(std::move(labels)),
        image_bytes_(image_bytes),
        pixels_(pixels),
        owner_(std::move(owner)) {}

  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  int label(int64_t index) const override { return labels_[static_cast<size_t>(index)]; }
  void Read(int64_t index, uint8_t* pixels) const override {
    std::memcpy(pixels, pixels_ + index * image_bytes_, static_cast<size_t>(image_bytes_));
  }

 private:
  std::vector<int32_t> labels_;
  int64_t image_bytes_;
  const uint8_t* pixels_;
  std::shared_ptr<const void> owner_;
};

}  // namespace tinyformer
