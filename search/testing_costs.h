// For tests and benchmarks of costs: candidates, and the graph that the compiler makes of one.
#pragma once

#include <map>
#include <string>

#include "compiler/passes/pipeline.h"
#include "compiler/quantize/quantize_graph.h"
#include "search/blocks.h"
#include "search/build_graph.h"
#include "search/supernet.h"
#include "search/testing_network.h"

namespace tinyformer {

/// Candidate `index` of a space, for images of 32 x 32.
inline Genome RandomGenome(const SearchSpace& space, uint64_t index) {
  Rng rng(index, "genomes");
  const Candidate candidate = RandomCandidate(space, rng);
  return MakeGenome(space, MakeSupernet(space, candidate.supernet), candidate.path, {});
}

/// Random weights with canonical masks; none that stays is so small that it becomes 0 in int8.
inline std::map<std::string, NamedTensor> CanonicalWeights(const Genome& genome, uint64_t seed) {
  std::map<std::string, NamedTensor> tensors = RandomWeights(genome, seed);
  for (const LayerSpec& layer : ListLayers(genome)) {
    if (layer.kind == LayerSpec::Kind::kLayerNorm) continue;
    NamedTensor& tensor = tensors.at(layer.name + ".weight");
    Rng rng(seed, layer.name);
    std::vector<float> weights(static_cast<size_t>(layer.weights));
    for (float& w : weights)
      w = static_cast<float>((rng.Below(2) == 0 ? 0.01 : -0.01) * rng.Uniform(0.5, 1));
    if (layer.sparsity > 0) {
      const std::vector<uint8_t> mask = ExpandMask(layer, CanonicalMask(layer));
      for (size_t i = 0; i < weights.size(); ++i) weights[i] *= mask[i];
    }
    tensor = NamedTensor::Float32(tensor.shape, weights.data());
  }
  return tensors;
}

/// The graph that `compile` gets for these weights, with the same scale for every activation in
/// place of a calibration.
inline Graph QuantizedNetwork(const Genome& genome,
                              const std::map<std::string, NamedTensor>& weights) {
  Graph graph = Lower(BuildGraph(genome, weights, "weights"));
  for (Value& value : graph.values) {
    if (!value.is_constant()) value.quantization = Quantization::PerTensor(6.0F / 255, -128);
  }
  for (Node& node : graph.nodes) {
    if (node.op != "attention") continue;
    node.attributes["score_scale"] = 0.05;
    node.attributes["score_zero_point"] = int64_t{0};
  }
  return QuantizeGraph(graph);
}

}  // namespace tinyformer
