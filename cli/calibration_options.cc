#include "cli/calibration_options.h"

#include <CLI/App.hpp>
#include <map>

#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/option_check.h"

namespace tinyformer {
namespace {

const std::map<std::string, CalibrationMethod> kMethods = {
    {"auto", CalibrationMethod::kAuto},
    {"minmax", CalibrationMethod::kMinMax},
    {"percentile", CalibrationMethod::kPercentile},
    {"mse", CalibrationMethod::kMse},
};

}  // namespace

void DeclareCalibration(CLI::App& app, CalibrationRequest& request) {
  const char* group = "Calibration of float networks";
  app.add_option("--calibration-images", request.images,
                 "how many training images the int8 ranges are measured on")
      ->check(WholeNumber(1, 1000000000))
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  app.add_option("--calibration-method", request.method,
                 "auto (per tensor the best of the others), minmax, percentile or mse")
      ->check(OneOf({"auto", "minmax", "percentile", "mse"}))
      ->type_name("NAME")
      ->capture_default_str()
      ->group(group);
  app.add_option("--mean", request.mean,
                 "of pixel / 255 that the network was trained with, per channel or one; default: "
                 "the data set's")
      ->type_name("X,Y,Z")
      ->group(group);
  app.add_option("--stddev", request.stddev, "likewise the standard deviation")
      ->type_name("X,Y,Z")
      ->group(group);
}

Graph CalibrateOn(const Graph& float_graph, const Dataset& data,
                  const CalibrationRequest& request) {
  const Normalization normalization = ChooseNormalization(data.info, request.mean, request.stddev);
  const CalibrationImages images = TrainingImages(data, normalization, request.images);
  CalibrationOptions options;
  options.method = kMethods.at(request.method);
  options.input = InputQuantization(normalization.mean, normalization.stddev);
  std::unique_ptr<Progress> progress;
  options.progress = [&progress](int64_t done, int64_t total) {
    ThrowIfInterrupted();
    if (!progress) progress = std::make_unique<Progress>("calibrate", total, "steps");
    progress->Update(done);
  };
  return Calibrate(float_graph, images, options);
}

}  // namespace tinyformer
