// Colour images as grey ones.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "data/dataset.h"

namespace tinyformer {

/// The luma of RGB images: 0.299 R + 0.587 G + 0.114 B, rounded (ITU-R BT.601).
class GreyImages : public ImageSet {
 public:
  /// pixels: height * width of each image.
  GreyImages(std::shared_ptr<const ImageSet> colour, size_t pixels)
      : colour_(std::move(colour)), pixels_(pixels) {}

  int64_t size() const override { return colour_->size(); }
  int label(int64_t index) const override { return colour_->label(index); }
  void Read(int64_t index, uint8_t* pixels) const override {
    std::vector<uint8_t> rgb(3 * pixels_);
    colour_->Read(index, rgb.data());
    for (size_t i = 0; i < pixels_; ++i) {
      const uint32_t luma = 299U * rgb[3 * i] + 587U * rgb[3 * i + 1] + 114U * rgb[3 * i + 2];
      pixels[i] = static_cast<uint8_t>((luma + 500) / 1000);
    }
  }

 private:
  std::shared_ptr<const ImageSet> colour_;
  size_t pixels_;
};

}  // namespace tinyformer
