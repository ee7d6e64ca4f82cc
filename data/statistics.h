// Mean, standard deviation and fingerprint of a source's images in one pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/source.h"

namespace tinyformer {

struct ImageStatistics {
  std::vector<float> mean, stddev;  // per channel, of pixel / 255 over the chosen images
  std::string fingerprint;          // 16 hex digits
};

/// Reads every training image of the source once, in order.
///
/// mean, stddev  over the images at `chosen` (ascending indices); stddev is the population's, and
///               1 / 255 where a channel is constant, so that dividing by it is safe. Sums are
///               integers: the same on every machine
/// fingerprint   XXH64 over every image: pixels (HWC), then the label as 4 bytes little-endian;
///               it does not depend on the split
ImageStatistics MeasureImages(const ImageSource& source, const std::vector<int64_t>& chosen);

/// MeasureImages, remembered in the cache folder for a source with an identity (millions of images
/// need not be read again at every start). A cache that cannot be read or written only costs time.
ImageStatistics CachedStatistics(const ImageSource& source, const std::vector<int64_t>& chosen,
                                 const std::string& cache_folder);

}  // namespace tinyformer
