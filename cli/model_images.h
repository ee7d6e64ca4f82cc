// A data set's images as a network's input.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/quantize/calibrate.h"
#include "data/dataset.h"

namespace tinyformer {

/// real = (pixel / 255 - mean[c]) / stddev[c]: what the network was trained with.
struct Normalization {
  std::vector<float> mean, stddev;  // one a channel
};

/// The data set's own statistics, unless the user gave others ("0.49,0.48,0.45": one number a
/// channel, or one for all).
///
/// Errors  cli/normalization (not numbers, another count, above 1, a stddev that is not above 0)
Normalization ChooseNormalization(const DatasetInfo& info, const std::string& mean,
                                  const std::string& stddev);

/// Opens a data set for a model that takes height x width x channels; folder:DIR is resized to it, and
/// colours become grey for a model of one channel.
/// Warnings go to standard error.
///
/// Errors  those of OpenDataset; data/image-shape when the images have another shape
Dataset OpenDatasetFor(const std::string& spec, int64_t height, int64_t width, int64_t channels);

/// `count` training images (all when there are fewer), evenly spaced, as normalised floats in NCHW.
/// The data set must outlive the result.
CalibrationImages TrainingImages(const Dataset& data, const Normalization& normalization,
                                 int64_t count);

/// Images [first, first + count) as the network's int8 input, channels last.
std::vector<int8_t> QuantizeImages(const ImageSet& images, const DatasetInfo& info,
                                   const Normalization& normalization,
                                   const Quantization& quantization, int64_t first, int64_t count);

/// One image as normalised floats in NCHW: input [channels * height * width].
void ReadNormalized(const ImageSet& images, const DatasetInfo& info,
                    const Normalization& normalization, int64_t index, float* input);

}  // namespace tinyformer
