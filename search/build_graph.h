// From a genome and its trained weights to the graph that the compiler and the ONNX export take.
#pragma once

#include <map>
#include <string>

#include "base/safetensors.h"
#include "compiler/ir/graph.h"
#include "search/genome.h"

namespace tinyformer {

/// The network as a float graph at ONNX level: image [1, channels, height, width], normalised ->
/// logits [1, classes].
///
/// Nodes    named after their layers (ListLayers); batch normalisation is a node of its own
/// Weights  tensors as LayerSpec says; attention's 1 / sqrt(d / heads) is folded into q
/// Errors   genome/weights: a tensor is absent, not float32, or has another shape (weights_name is
///          what the user calls the file)
/// Meaning  that of train's Network in evaluation, shown equal by a test there
Graph BuildGraph(const Genome& genome, const std::map<std::string, NamedTensor>& tensors,
                 const std::string& weights_name);

}  // namespace tinyformer
