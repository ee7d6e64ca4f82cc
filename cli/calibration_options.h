// The options with which compress and compile quantize a float network.
#pragma once

#include <string>

#include "cli/model_images.h"

namespace CLI {
class App;
}

namespace tinyformer {

struct CalibrationRequest {
  int64_t images = 512;
  std::string method = "auto";
  std::string mean, stddev;  // empty: the data set's own
};

/// Declares --calibration-images, --calibration-method, --mean and --stddev.
void DeclareCalibration(CLI::App& app, CalibrationRequest& request);

/// Calibrates a float graph at ONNX level on the data set's training images; shows progress.
///
/// Errors  those of Calibrate, cli/normalization
Graph CalibrateOn(const Graph& float_graph, const Dataset& data, const CalibrationRequest& request);

}  // namespace tinyformer
