// Writes a graph at ONNX level as an ONNX file.
#pragma once

#include <string>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// The bytes of an ONNX model, opset 17, IR version 8.
///
/// Float values      as they are
/// Annotated values  followed by QuantizeLinear and DequantizeLinear, int8, per tensor; readers
///                   take the latter's result
/// int8 constants    DequantizeLinear per channel, zero point 0; int32 biases DequantizeLinear
///                   without zero point
/// Names             values and constants keep theirs (ParseOnnx gives them back); what belongs to
///                   quantization appends _scale, _zero_point, _quantized, _dequantized; the
///                   graph's output keeps its name after dequantization
/// Repeat            equal graphs give equal bytes
/// Source            ONNX operator set 17; ONNX Runtime's QDQ format
std::string WriteOnnx(const Graph& graph);

}  // namespace tinyformer
