// Weights to int8 and biases to int32.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Weights of a layer, channel c of `axis` at scale scales[c], symmetric in [-127, 127]; a zero
/// stays exactly zero.
struct Int8Weights {
  std::vector<int8_t> elements;
  std::vector<float> scales;
};

/// Of weights: one scale an index of `axis`; a single scale has no axis.
Quantization PerChannel(const std::vector<float>& scales, size_t axis);

/// scale[c] = max |w| / 127, raised where needed so that bias[c] / (input_scale * scale[c]) stays
/// below 2^29.
///
/// Shapes  weights shape, row-major; bias [channels] or empty
///
/// A channel of zeros gets the layer's largest scale (1/127 when all are zero).
Int8Weights QuantizeWeights(const std::vector<float>& weights, const Shape& shape, size_t axis,
                            const std::vector<float>& bias, double input_scale);

/// round(bias[c] / (input_scale * scales[c])), the product rounded to float32 as a QDQ file stores
/// it.
std::vector<int32_t> QuantizeBias(const std::vector<float>& bias, float input_scale,
                                  const std::vector<float>& scales);

/// Replaces float weights and biases of Conv, Gemm and MatMul (with the Add that carries its bias)
/// by int8 and int32 constants with per-channel quantization, as a QDQ file holds them.
/// LayerNormalization's parameters stay float.
///
/// Needs  an annotated graph at ONNX level: the layers' inputs carry quantizations
Graph QuantizeParameters(Graph annotated);

}  // namespace tinyformer
