#include "train/modules/fake_quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "compiler/passes/pipeline.h"
#include "compiler/quantize/calibrate.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/quantize_graph.h"
#include "search/build_graph.h"
#include "train/network.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

at::Tensor Normal(const Shape& shape, uint64_t seed) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  Rng rng(seed, "values");
  for (int64_t i = 0; i < tensor.numel(); ++i)
    tensor.data_ptr<float>()[i] = static_cast<float>(rng.Normal());
  return tensor;
}

TEST(FakeQuantizedWeight, RoundsEachChannelToItsOwnSymmetricGrid) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    at::Tensor weight =
        Normal({5, 3, 2, 2}, seed) *
        at::tensor({1e-3, 1.0, 5.0, 0.0, 100.0}).reshape({5, 1, 1, 1}).to(at::kFloat);
    weight[1][0].zero_();  // pruned
    weight.set_requires_grad(true);
    const at::Tensor rounded = FakeQuantizedWeight(weight);
    const at::Tensor dy = Normal({5, 3, 2, 2}, seed + 100);
    rounded.backward(dy);
    EXPECT_TRUE(at::equal(weight.grad(), dy)) << "seed " << seed;
    EXPECT_TRUE(at::equal(rounded[1][0], at::zeros({2, 2})));
    EXPECT_TRUE(at::equal(rounded[3], at::zeros({3, 2, 2})));
    for (int64_t o : {0, 1, 2, 4}) {
      const double scale = weight[o].abs().max().item<double>() / 127;
      const at::Tensor steps = rounded[o] / scale;
      EXPECT_LT((steps - steps.round()).abs().max().item<double>(), 1e-4) << o;
      EXPECT_LE((rounded[o] - weight[o]).abs().max().item<double>(), 0.5001 * scale) << o;
    }
  }
}

TEST(FakeQuantizedActivation, RoundsTheWholeTensorTo256StepsThatHoldZero) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    at::Tensor x = Normal({2, 8, 9, 7}, seed) * 3 + static_cast<double>(seed % 5);
    if (seed % 3 == 0) x = at::relu(x);
    x.view(-1)[0] = 0;
    x.set_requires_grad(true);
    const at::Tensor y = FakeQuantizedActivation(x);
    const at::Tensor dy = Normal({2, 8, 9, 7}, seed + 100);
    y.backward(dy);
    EXPECT_TRUE(at::equal(x.grad(), dy)) << "seed " << seed;
    EXPECT_EQ(y.view(-1)[0].item<float>(), 0);
    const std::set<float> levels(y.data_ptr<float>(), y.data_ptr<float>() + y.numel());
    EXPECT_LE(levels.size(), 256u);
    EXPECT_GT(levels.size(), 100u);
    const double scale = (x.max().clamp_min(0) - x.min().clamp_max(0)).item<double>() / 255;
    EXPECT_LE((y - x).abs().max().item<double>(), 1.001 * scale) << "seed " << seed;
  }
}

TEST(FakeQuantizedActivation, OfNothingButZerosIsZero) {
  const at::Tensor y = FakeQuantizedActivation(at::zeros({4, 3}, at::kBFloat16));
  EXPECT_TRUE(at::equal(y, at::zeros({4, 3})));
}

std::vector<int8_t> Int8Pixels(const at::Tensor& image, const Quantization& quantization) {
  const at::Tensor pixels = image.permute({1, 2, 0}).contiguous();
  std::vector<int8_t> result;
  for (int64_t i = 0; i < pixels.numel(); ++i) {
    const float steps = std::round(pixels.data_ptr<float>()[i] / quantization.scales[0]);
    result.push_back(static_cast<int8_t>(
        std::clamp(steps + static_cast<float>(quantization.zero_point), -128.0F, 127.0F)));
  }
  return result;
}

// The two round at the same places, but the compiler's ranges are those of the network without
// rounding, and a grid that is 1 % wider rounds other values up: equal is how much they disturb the
// logits.
TEST(FakeQuantization, DisturbsANetworkAsTheIntegerProgramDoes) {
  constexpr int64_t kImages = 8;
  Genome residuals = SmallGenome();
  residuals.dots[0].residuals = {{}};
  residuals.dots[1].transformers = {{2, 2, false, {}, false}};
  double integer_error = 0, rounded_error = 0;
  for (const Genome& genome : {SmallGenome(), residuals, ReferencePointA()}) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
      const Network network(genome, seed);
      const at::Tensor images =
          Normal({kImages, genome.channels, genome.height, genome.width}, seed).clamp(-2, 2);
      at::NoGradGuard no_grad;
      network.Forward(images, {true, 1.0});  // statistics that fit
      const Graph graph = BuildGraph(genome, ExportTensors(network.parameters()), "weights");
      CalibrationOptions options;
      options.method = CalibrationMethod::kMinMax;
      const auto read = [&](int64_t i, float* input) {
        std::copy_n(images[i].data_ptr<float>(), images[i].numel(), input);
      };
      const Graph quantized = QuantizeGraph(Lower(Calibrate(graph, {kImages, read}, options)));
      const Quantization in = *quantized.value(quantized.inputs.at(0)).quantization,
                         out = *quantized.value(quantized.outputs.at(0)).quantization;
      const at::Tensor plain = network.Forward(images, {}) / out.scales[0],
                       rounded = network.Forward(images, {false, 0.1, true}) / out.scales[0];
      QuantizedEvaluator evaluator(quantized);
      for (int64_t n = 0; n < kImages; ++n) {
        const std::vector<int8_t> integer = evaluator.Run(Int8Pixels(images[n], in));
        for (size_t i = 0; i < integer.size(); ++i) {
          const double value = integer[i] - out.zero_point;
          const double exact = plain[n].data_ptr<float>()[i];
          integer_error += std::abs(value - exact);
          rounded_error += std::abs(rounded[n].data_ptr<float>()[i] - exact);
        }
      }
    }
  }
  EXPECT_GT(rounded_error, 0.7 * integer_error) << "steps of int8, summed over all logits";
  EXPECT_LT(rounded_error, 1.4 * integer_error) << "steps of int8, summed over all logits";
}

}  // namespace
}  // namespace tinyformer
