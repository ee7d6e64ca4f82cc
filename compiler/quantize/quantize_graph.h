// From the annotated lowered graph to integers: the compiler's step from meaning to arithmetic.
#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Fractional bits of normalised values in Scaled-LayerNorm.
/// Source  TinyFormer III-C3, docs/quantization.md
enum class LayernormBits { kLargest, kPaper, kNaive };  // the largest safe k, 7, 0

struct QuantizeOptions {
  LayernormBits layernorm = LayernormBits::kLargest;
  bool clear_unread_channels = true;  // clear_unread_channels.h
};

/// Every activation int8, every parameter an integer that an engine kernel takes as it is.
///
/// Needs    Lower's result whose activations carry quantizations (through movements and max pools
///          they are passed on)
/// Result   conv2d, depthwise_conv2d, linear   x, weight int8, bias int32 (input zero point folded
///                                             in), multiplier int32 [O]; shift, min, max
///          add, requantize                    a_multiplier, b_multiplier (multiplier), shift, min,
///                                             max
///          layernorm                          x, gamma int16, beta int32; epsilon_q, norm_bits,
///                                             multiplier, shift, min, max
///          attention                          q, k, v, exp table int16 [256]; heads,
///                                             score_multiplier, score_shift, score_zero_point,
///                                             multiplier, shift, min, max
///          attention_pool, softmax            .., exp table; multiplier, shift, min, max
///          average_pool2d                     x, (multipliers by number of pixels inside);
///                                             multiplier, shift, min, max
///          max_pool2d, reshape, transpose     scale and zero point are the operand's
/// Errors   quantize/missing (an activation without quantization: a float model without
///          calibration), quantize/scores, quantize/weights, quantize/range (scales too far apart
///          for 32-bit arithmetic), quantize/no-kernel
/// Source   docs/quantization.md
Graph QuantizeGraph(const Graph& lowered, const QuantizeOptions& options = {});

/// Of a Softmax's outputs: steps of 1/256 from 0, whatever the images show; the kernel divides by
/// nothing finer.
inline Quantization ProbabilityQuantization() { return Quantization::PerTensor(1.0F / 256, -128); }

}  // namespace tinyformer
