// For tests: every layer of a quantized network beside the real layer.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/passes/pipeline.h"
#include "compiler/passes/propagate_quantization.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/fixed_point.h"
#include "compiler/quantize/quantize_graph.h"

namespace tinyformer {

/// Steps by which attention may differ because its scores are rounded and limited to int8 before
/// the exponential: that is the scheme, not an error of the kernel. Logits off by d move at most
/// tanh(d) / 2 of the probabilities from one end of the values' range to the other; d is half a
/// step, and some steps more for scores beyond the calibrated range (operands are rounded here).
inline double ScoreRounding(const Graph& g, const Node& node) {
  if (node.op != "attention") return 0;
  const auto scale = [&](ValueId id) { return g.value(id).quantization->scales[0]; };
  constexpr double kSteps = 3;
  return std::tanh(kSteps * node.Float("score_scale", 0)) / 2 * 255 *
         static_cast<double>(scale(node.inputs[2]) / scale(node.outputs[0]));
}

/// A layer normalisation with the epsilon that its kernel has: an integer at the scale of the
/// variance, at least 1.
inline Node WithIntegerEpsilon(const Graph& g, Node node, const Node& quantized) {
  if (node.op != "layernorm") return node;
  const Value& x = g.value(node.inputs[0]);
  const double step =
      static_cast<double>(x.quantization->scales[0]) / static_cast<double>(x.shape.back());
  node.attributes["epsilon"] = static_cast<double>(quantized.Int("epsilon_q", 1)) * step * step;
  return node;
}

/// Every layer against the float network on the same int8 operands: the layer may differ from
/// rounding the exact result by half a unit of rounding plus its own approximations, so at most one
/// LSB.
///
/// annotated  a graph at ONNX level with quantizations
/// seed       of the image
inline void ExpectLayersWithinOneLsb(const Graph& annotated, uint64_t seed) {
  Graph lowered = PropagateQuantization(Lower(annotated));
  QuantizeOptions options;
  options.clear_unread_channels = false;
  Graph quantized = QuantizeGraph(Lower(annotated), options);
  ASSERT_EQ(lowered.nodes.size(), quantized.nodes.size());
  auto image = RandomInput(annotated, seed);
  const Shape shape = annotated.value(annotated.inputs[0]).shape;
  if (shape.size() == 4) image = TransposeElements(image, shape, {0, 2, 3, 1});
  std::map<std::string, std::vector<int8_t>> integers;
  QuantizedEvaluator evaluator(quantized);
  evaluator.Run(QuantizeInput(quantized, image), [&](ValueId id, const std::vector<int8_t>& x) {
    integers[quantized.value(id).name] = x;
  });
  for (size_t n = 0; n < lowered.nodes.size(); ++n) {
    const Node node = WithIntegerEpsilon(lowered, lowered.nodes[n], quantized.nodes[n]);
    std::vector<Tensor> operands;
    for (ValueId id : node.inputs) {
      const Value& v = lowered.value(id);
      operands.push_back({v.shape, {}});
      if (v.is_constant()) {
        operands.back().data = RealElements(v);
        continue;
      }
      for (int8_t x : integers.at(v.name)) {
        operands.back().data.push_back(v.quantization->scales[0] *
                                       static_cast<float>(x - v.quantization->zero_point));
      }
    }
    std::vector<const Tensor*> in;
    for (const Tensor& t : operands) in.push_back(&t);
    const Value& out = lowered.value(node.outputs[0]);
    Tensor result{out.shape, std::vector<float>(static_cast<size_t>(ElementCount(out.shape)))};
    FindOp(node.op)->evaluate({lowered, node, kGraphOpset}, in, {&result});
    int worst = 0;
    for (size_t i = 0; i < result.data.size(); ++i) {
      int exact =
          QuantizeToInt8(result.data[i], out.quantization->scales[0], out.quantization->zero_point);
      worst = std::max(worst, std::abs(exact - integers.at(out.name)[i]));
    }
    EXPECT_LE(worst, 1 + ScoreRounding(lowered, node))
        << node.name << " (" << node.op << "), seed " << seed;
  }
}

}  // namespace tinyformer
