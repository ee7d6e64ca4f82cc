#include "bench/layernorm/compare_layernorm.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "base/error.h"
#include "base/progress.h"
#include "bench/layernorm/layernorm_float.h"
#include "bench/marker_costs.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/quantize_graph.h"

namespace tinyformer::bench {
namespace {

// A LayerNorm of a lowered model with the real parameters, in units of its int8 tensors.
struct RealLayer {
  RealLayer(const Graph& lowered, const Node& node, const Graph& quantized, ValueId x, ValueId y) {
    const Quantization input = quantized.value(x).quantization.value();
    const Quantization output = quantized.value(y).quantization.value();
    const auto x_scale = static_cast<double>(input.scales[0]);
    const auto y_scale = static_cast<double>(output.scales[0]);
    epsilon = node.Float("epsilon", 1e-5) / (x_scale * x_scale);
    for (float g : RealElements(lowered.value(node.inputs[1])))
      gamma.push_back(static_cast<double>(g) / y_scale);
    for (float b : RealElements(lowered.value(node.inputs[2])))
      beta.push_back(static_cast<double>(b) / y_scale + output.zero_point);
    single_gamma.assign(gamma.begin(), gamma.end());
    single_beta.assign(beta.begin(), beta.end());
  }

  // What the outputs of int8 inputs are without rounding, limited to int8's range.
  std::vector<double> Exact(const std::vector<int8_t>& x) const {
    const size_t channels = gamma.size();
    std::vector<double> y;
    for (size_t start = 0; start < x.size(); start += channels) {
      double mean = 0, variance = 0;
      for (size_t c = 0; c < channels; ++c) mean += x[start + c];
      mean /= static_cast<double>(channels);
      for (size_t c = 0; c < channels; ++c)
        variance += (x[start + c] - mean) * (x[start + c] - mean);
      const double deviation = std::sqrt(variance / static_cast<double>(channels) + epsilon);
      for (size_t c = 0; c < channels; ++c) {
        const double real = (x[start + c] - mean) / deviation * gamma[c] + beta[c];
        y.push_back(std::clamp(real, -128.0, 127.0));
      }
    }
    return y;
  }

  void RunFloat(const std::vector<int8_t>& x, std::vector<int8_t>& y) const {
    const auto channels = static_cast<int32_t>(gamma.size());
    layernorm_float({static_cast<int32_t>(x.size()) / channels, channels,
                     static_cast<float>(epsilon), single_gamma.data(), single_beta.data()},
                    x.data(), y.data());
  }

  double epsilon;
  std::vector<double> gamma, beta;
  std::vector<float> single_gamma, single_beta;
};

// Sums of LayernormError.
struct ErrorSums {
  double squares = 0, largest = 0;
  int64_t not_nearest = 0, count = 0;

  void Add(const std::vector<double>& exact, const std::vector<int8_t>& y) {
    for (size_t i = 0; i < y.size(); ++i) {
      const double error = std::abs(y[i] - exact[i]);
      squares += error * error;
      largest = std::max(largest, error);
      not_nearest += y[i] != static_cast<int8_t>(std::floor(exact[i] + 0.5)) ? 1 : 0;
    }
    count += static_cast<int64_t>(y.size());
  }
  void Add(const ErrorSums& other) {
    squares += other.squares;
    largest = std::max(largest, other.largest);
    not_nearest += other.not_nearest;
    count += other.count;
  }
  LayernormError Error() const {
    const auto n = static_cast<double>(count);
    return {std::sqrt(squares / n), largest, static_cast<double>(not_nearest) / n};
  }
};

LayernormBits BitsOf(LayernormVariant variant) {
  if (variant == kNaiveBits) return LayernormBits::kNaive;
  return variant == kPaperBits ? LayernormBits::kPaper : LayernormBits::kLargest;
}

// A model with one variant of LayerNorm, and its layers by their outputs.
class VariantModel {
 public:
  VariantModel(const Graph& lowered, LayernormVariant variant)
      : variant_(variant), graph_(QuantizeGraph(lowered, {BitsOf(variant)})) {
    for (const Node& node : graph_.nodes) {
      if (node.op != "layernorm") continue;
      const auto real = std::find_if(lowered.nodes.begin(), lowered.nodes.end(),
                                     [&](const Node& n) { return n.name == node.name; });
      TF_CHECK(real != lowered.nodes.end(), node.name);
      const ValueId x = node.inputs[0], y = node.outputs[0];
      layers_.emplace(y, Layer{x, RealLayer(lowered, *real, graph_, x, y)});
    }
  }
  bool has_layers() const { return !layers_.empty(); }

  // The class of an image; adds to the errors, on the activations of this very model.
  class Runner {
   public:
    explicit Runner(const VariantModel& model) : model_(model), evaluator_(model.graph_) {}

    int64_t Class(const std::vector<int8_t>& image, ErrorSums& errors) {
      std::map<ValueId, std::vector<int8_t>> made;
      const auto observe = [&](ValueId id, std::vector<int8_t>& y) {
        const auto layer = model_.layers_.find(id);
        if (layer != model_.layers_.end()) {
          const std::vector<int8_t>& x = made.at(layer->second.input);
          if (model_.variant_ == kFloat) layer->second.real.RunFloat(x, y);
          errors.Add(layer->second.real.Exact(x), y);
        }
        made[id] = y;
      };
      const std::vector<int8_t> logits = evaluator_.Run(image, observe);
      return std::max_element(logits.begin(), logits.end()) - logits.begin();
    }

   private:
    const VariantModel& model_;
    QuantizedEvaluator evaluator_;
  };

 private:
  struct Layer {
    ValueId input;
    RealLayer real;
  };
  LayernormVariant variant_;
  Graph graph_;
  std::map<ValueId, Layer> layers_;
};

LayernormResult RunVariant(const Graph& lowered, LayernormVariant variant,
                           const std::vector<std::vector<int8_t>>& images,
                           const std::vector<int>& labels) {
  const VariantModel model(lowered, variant);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  ErrorSums sums;
  LayernormResult result;
  result.variant = variant;
  const auto work = [&] {
    VariantModel::Runner runner(model);
    ErrorSums own;
    int64_t correct = 0;
    for (size_t i = next++; i < images.size(); i = next++)
      correct += runner.Class(images[i], own) == labels[i] ? 1 : 0;
    const std::lock_guard<std::mutex> lock(mutex);
    sums.Add(own);
    result.correct += correct;
  };
  std::vector<std::future<void>> others;
  for (unsigned t = 1; t < std::thread::hardware_concurrency(); ++t)
    others.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& other : others) other.get();
  if (model.has_layers()) result.error = sums.Error();
  return result;
}

}  // namespace

void RequireImageModel(const Graph& model, const std::string& path) {
  const Value& input = model.value(model.inputs.at(0));
  if (input.shape.size() == 4 && input.quantization) return;
  throw Error("bench/model", path, "an int8 model of images",
              "an input of shape " + ToString(input.shape) + (input.quantization ? "" : ", float"),
              "take a model of the zoo, or one that tinyformer compress wrote");
}

std::vector<LayernormResult> CompareLayernorms(const Graph& model,
                                               const std::vector<std::vector<int8_t>>& images,
                                               const std::vector<int>& labels) {
  const Graph lowered = Lower(model);
  std::vector<LayernormResult> results;
  Progress progress("layernorm", kLayernormVariantCount, "variants");
  for (int variant = 0; variant < kLayernormVariantCount; ++variant) {
    results.push_back(RunVariant(lowered, static_cast<LayernormVariant>(variant), images, labels));
    progress.Update(variant + 1);
  }
  return results;
}

std::vector<LayernormCost> LayernormCosts(const Board& board, const std::string& sources,
                                          const std::string& work) {
  ElfRequest request;
  request.output_path = work + "/layernorm.elf";
  for (const char* source :
       {"bench/layernorm/layernorm_program.cc", "bench/layernorm/layernorm_float.cc",
        "engine/ref/layernorm_s8.cc", "engine/arm/layernorm_s8.cc", "engine/arm/layernorm_rows.S"})
    request.sources.push_back(sources + "/" + source);
  request.include_directories = {sources, sources + "/engine/include"};
  const std::map<int, RunCost> runs = MarkerCosts(request, board, work);
  std::vector<LayernormCost> costs;
  for (int shape = 0; shape < kLayernormShapeCount; ++shape) {
    const double elements = kLayernormShapes[shape].rows * kLayernormShapes[shape].channels;
    for (int variant = 0; variant < kLayernormVariantCount; ++variant) {
      const RunCost& run = runs.at(LayernormMarker(variant, shape));
      costs.push_back({shape, static_cast<LayernormVariant>(variant),
                       static_cast<double>(run.instructions) / elements,
                       static_cast<double>(run.cycles) / elements});
    }
  }
  return costs;
}

}  // namespace tinyformer::bench
