// Reads an ONNX file into a graph at ONNX level.
#pragma once

#include <string>

#include "compiler/ir/graph.h"

namespace tinyformer {

struct ImportOptions {
  /// Accepts several inputs and any batch size, as the ONNX project's node tests have; a model to
  /// compile has one image.
  bool any_inputs = false;
  /// A larger file is refused before it is read.
  uint64_t max_bytes = uint64_t{256} << 20;
};

/// Reads a model: float, or int8 in QuantizeLinear/DequantizeLinear form.
///
/// Result   nodes as in the file at opset 17's meaning, without Constant, Identity, QuantizeLinear,
///          DequantizeLinear; every shape known; batch 1 (a symbolic batch becomes 1)
/// QDQ      QuantizeLinear + DequantizeLinear on an activation become Value.quantization (uint8 is
///          moved to int8: zero point - 128); on a constant, integer data with quantization
/// Accepts  opset 11..20 of the default domain, the operators of SupportedOnnxOps()
/// Errors   file/...; import/not-onnx, import/opset, import/unsupported-op, import/batch, ...
///          (docs/errors.md); each names the file, the node with operator and opset, or the tensor
Graph ReadOnnx(const std::string& path, const ImportOptions& options = {});

/// The same from bytes; name is what the user calls the file.
Graph ParseOnnx(const std::string& bytes, const std::string& name,
                const ImportOptions& options = {});

/// True when every activation that needs one has a quantization: the model was int8 already.
/// `float_value` gets the name of the first activation without one.
bool IsQuantizedModel(const Graph& graph, std::string* float_value = nullptr);

}  // namespace tinyformer
