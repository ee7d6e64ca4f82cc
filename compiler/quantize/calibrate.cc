// Calibrate: ranges, histograms, choice.
#include "compiler/quantize/calibrate.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "compiler/ops/evaluate.h"
#include "compiler/passes/fold_affine.h"
#include "compiler/passes/fold_constants.h"
#include "compiler/passes/remove_no_ops.h"
#include "compiler/quantize/calibration_points.h"
#include "compiler/quantize/histogram.h"
#include "compiler/quantize/quantize_graph.h"
#include "compiler/quantize/quantize_weights.h"

namespace tinyformer {
namespace {

constexpr float kActivationLimit = 1e30F;

struct Candidate {
  std::string method;
  Quantization quantization;
};

class Calibrator {
 public:
  Calibrator(Graph g, const CalibrationImages& images, const CalibrationOptions& options)
      : g_(std::move(g)),
        images_(images),
        options_(options),
        points_(FindCalibrationPoints(g_)),
        evaluator_(g_),
        point_of_(g_.values.size(), -1) {
    for (size_t p = 0; p < points_.size(); ++p)
      point_of_[static_cast<size_t>(points_[p].measured)] = static_cast<int>(p);
  }

  Graph Run(std::vector<CalibrationChoice>* choices) {
    MeasureRanges();
    FillHistograms();
    for (size_t p = 0; p < points_.size(); ++p) Choose(p);
    WidenAverages();
    for (size_t p = 0; p < points_.size(); ++p) {
      const CalibrationPoint& point = points_[p];
      g_.value(point.measured).quantization = chosen_[p].quantization;
      for (ValueId id : point.followers) g_.value(id).quantization = chosen_[p].quantization;
      if (choices) {
        choices->push_back(
            {g_.value(point.measured).name, chosen_[p].method, chosen_[p].quantization});
      }
    }
    return QuantizeParameters(g_);
  }

 private:
  std::vector<float> Image(int64_t index) const {
    std::vector<float> input(static_cast<size_t>(ElementCount(g_.value(g_.inputs.at(0)).shape)));
    images_.read(index, input.data());
    return input;
  }

  void Report() {
    if (options_.progress) options_.progress(++done_, 2 * images_.count + SelectionPasses());
  }
  int64_t SelectionPasses() const {
    return options_.method == CalibrationMethod::kAuto ? static_cast<int64_t>(points_.size()) : 0;
  }

  void MeasureRanges() {
    ranges_.assign(points_.size(), {});
    for (int64_t i = 0; i < images_.count; ++i) {
      evaluator_.Run(std::vector<std::vector<float>>{Image(i)}, [&](ValueId id, Tensor& tensor) {
        const int p = point_of_[static_cast<size_t>(id)];
        if (p < 0) return;
        Range& range = ranges_[static_cast<size_t>(p)];
        for (float v : tensor.data) {
          if (!(std::abs(v) < kActivationLimit)) FailNotFinite(id, i, v);
          range.low = std::min(range.low, v);
          range.high = std::max(range.high, v);
        }
      });
      Report();
    }
  }

  [[noreturn]] void FailNotFinite(ValueId id, int64_t image, float value) const {
    const bool finite = std::isfinite(value);
    throw Error("calibrate/not-finite", "tensor '" + g_.value(id).name + "'",
                finite ? "activations below 1e30" : "finite activations",
                (finite ? "larger ones" : "NaN or infinity") +
                    std::string(" on calibration image ") + std::to_string(image),
                "check the normalisation of the input and the trained weights");
  }

  void FillHistograms() {
    for (const Range& range : ranges_) histograms_.emplace_back(range.low, range.high);
    for (int64_t i = 0; i < images_.count; ++i) {
      auto output = evaluator_.Run(std::vector<std::vector<float>>{Image(i)},
                                   [&](ValueId id, Tensor& tensor) {
                                     const int p = point_of_[static_cast<size_t>(id)];
                                     if (p >= 0)
                                       histograms_[static_cast<size_t>(p)].Add(tensor.data);
                                   });
      if (static_cast<int64_t>(outputs_.size()) < SelectionImages())
        outputs_.push_back(std::move(output.at(0).data));
      Report();
    }
  }

  int64_t SelectionImages() const {
    return std::clamp<int64_t>(options_.selection_images, 1, images_.count);
  }

  void Choose(size_t p) {
    const Histogram& h = histograms_[p];
    const Candidate minmax = {"minmax", QuantizationOf(h.MinMax())};
    const Candidate percentile = {"percentile", QuantizationOf(h.Percentile(options_.percentile))};
    const bool is_input = points_[p].measured == g_.inputs.at(0);
    if (is_input && options_.input) {
      chosen_.push_back({"given", *options_.input});
    } else if (points_[p].is_probabilities) {
      chosen_.push_back({"given", ProbabilityQuantization()});
    } else if (options_.method == CalibrationMethod::kMinMax) {
      chosen_.push_back(minmax);
    } else if (options_.method == CalibrationMethod::kPercentile) {
      chosen_.push_back(percentile);
    } else {
      const Candidate mse = {"mse", QuantizationOf(h.LeastSquaredError())};
      chosen_.push_back(
          options_.method == CalibrationMethod::kMse ? mse : Best(p, {minmax, mse, percentile}));
    }
    if (SelectionPasses() > 0) Report();
  }

  // Values weighed by probabilities may average to almost nothing. Steps finer than 1/32 of theirs
  // would carry rounding noise only, and do not fit the kernels' multipliers.
  void WidenAverages() {
    std::vector<int> point_of = point_of_;
    for (size_t p = 0; p < points_.size(); ++p) {
      for (ValueId id : points_[p].followers)
        point_of[static_cast<size_t>(id)] = static_cast<int>(p);
    }
    for (const Node& node : g_.nodes) {
      if (node.op != "MatMul" || point_of[static_cast<size_t>(node.inputs[0])] >= 0) continue;
      const int values = point_of[static_cast<size_t>(node.inputs[1])];
      const int average = point_of[static_cast<size_t>(node.outputs[0])];
      if (values < 0 || average < 0) continue;
      float& scale = chosen_[static_cast<size_t>(average)].quantization.scales[0];
      scale = std::max(scale, chosen_[static_cast<size_t>(values)].quantization.scales[0] / 32);
    }
  }

  // The candidate with which the network's output moves least when only this tensor is rounded.
  Candidate Best(size_t p, const std::vector<Candidate>& candidates) const {
    Candidate best = candidates[0];
    double least = OutputError(p, best.quantization);
    for (size_t c = 1; c < candidates.size(); ++c) {
      if (candidates[c].quantization == best.quantization) continue;
      const double error = OutputError(p, candidates[c].quantization);
      // A clipped range must be clearly better: eight images do not show every outlier.
      if (error >= 0.95 * least) continue;
      least = error;
      best = candidates[c];
    }
    return best;
  }

  double OutputError(size_t p, const Quantization& q) const {
    double error = 0;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      auto output = evaluator_.Run(
          std::vector<std::vector<float>>{Image(static_cast<int64_t>(i))},
          [&](ValueId id, Tensor& tensor) {
            if (id != points_[p].measured) return;
            for (float& v : tensor.data) {
              v = q.scales[0] *
                  static_cast<float>(QuantizeToInt8(v, q.scales[0], q.zero_point) - q.zero_point);
            }
          });
      for (size_t k = 0; k < outputs_[i].size(); ++k) {
        const double d =
            static_cast<double>(output.at(0).data[k]) - static_cast<double>(outputs_[i][k]);
        error += d * d;
      }
    }
    return error;
  }

  Graph g_;
  const CalibrationImages& images_;
  const CalibrationOptions& options_;
  std::vector<CalibrationPoint> points_;
  FloatEvaluator evaluator_;
  std::vector<int> point_of_;
  std::vector<Range> ranges_;
  std::vector<Histogram> histograms_;
  std::vector<std::vector<float>> outputs_;  // float outputs of the first images
  std::vector<Candidate> chosen_;
  int64_t done_ = 0;
};

}  // namespace

Quantization InputQuantization(const std::vector<float>& mean, const std::vector<float>& stddev) {
  TF_CHECK(!mean.empty() && mean.size() == stddev.size(), "channels", mean.size());
  Range range;
  for (size_t c = 0; c < mean.size(); ++c) {
    range.low = std::min(range.low, (0.0f - mean[c]) / stddev[c]);
    range.high = std::max(range.high, (1.0f - mean[c]) / stddev[c]);
  }
  return QuantizationOf(range);
}

Graph Calibrate(const Graph& float_graph, const CalibrationImages& images,
                const CalibrationOptions& options, std::vector<CalibrationChoice>* choices) {
  if (images.count < 1) {
    throw Error("calibrate/no-images", "--calibrate", "at least one image", "none",
                "name a data set with training images");
  }
  Graph g = FoldAffine(RemoveNoOps(FoldConstants(float_graph)));
  Verify(g, "FoldAffine");
  return Calibrator(std::move(g), images, options).Run(choices);
}

}  // namespace tinyformer
