// Post-training quantization: finds a scale and a zero point for every activation of a float
// network.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// The images to calibrate on: training images without augmentation, a few hundred.
///
/// read  writes image `index` as the graph's input wants it: normalised floats in the input's
///       layout (NCHW at ONNX level)
struct CalibrationImages {
  int64_t count = 0;
  std::function<void(int64_t index, float* input)> read;
};

enum class CalibrationMethod {
  kAuto,        // per tensor the candidate that disturbs the network's output least
  kMinMax,      // everything that was seen
  kPercentile,  // all but 1 - percentile of the values
  kMse          // least mean squared error of the tensor itself
};

struct CalibrationOptions {
  CalibrationMethod method = CalibrationMethod::kAuto;
  double percentile = 0.9999;
  /// Images on which kAuto compares candidates (of images.count).
  int64_t selection_images = 8;
  /// The input's quantization, known from its normalisation (InputQuantization); measured when
  /// absent.
  std::optional<Quantization> input;
  /// Called with done and total passes over images.
  std::function<void(int64_t done, int64_t total)> progress;
};

/// What was chosen for one tensor.
struct CalibrationChoice {
  std::string tensor;
  std::string method;  // "minmax", "percentile", "mse", "given"
  Quantization quantization;
};

/// From pixels / 255 normalised per channel by mean and stddev: the range of all 256 pixel values,
/// zero exact.
Quantization InputQuantization(const std::vector<float>& mean, const std::vector<float>& stddev);

/// Calibrates a float graph at ONNX level and quantizes its weights.
///
/// Does     folds constants and batch normalisation, runs images (two passes: ranges, histograms),
///          chooses each range, and QuantizeParameters: weights int8 symmetric per output channel,
///          biases int32
/// Result   the annotated graph: WriteOnnx writes it as QDQ, Lower and QuantizeGraph compile it
/// Errors   calibrate/no-images, calibrate/not-finite (names the tensor)
/// Repeat   the same images and options give the same graph on one machine
Graph Calibrate(const Graph& float_graph, const CalibrationImages& images,
                const CalibrationOptions& options = {},
                std::vector<CalibrationChoice>* choices = nullptr);

}  // namespace tinyformer
