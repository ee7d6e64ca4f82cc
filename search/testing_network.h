// For tests: a genome whose network trains in seconds, and its weights without training.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/safetensors.h"
#include "search/genome.h"
#include "search/supernet_choices.h"

namespace tinyformer {

/// Every kind of layer, some 6,000 weights, for the images of `synthetic`.
inline Genome TinyGenome() {
  Genome genome;
  genome.name = "tiny";
  DotGene first, second;
  first.dim = 8;
  first.downsample = {"conv_maxpool", {0, 4}};
  first.mobilenets = {MobileNetGene{2, {0.5, 2}}};
  first.transformers = {TransformerGene{2, 2, false, {0.5, 4}}};
  second.dim = 12;
  second.downsample = {"conv_stride2", {0.4, 4}};
  second.mobilenets = {MobileNetGene{2, {0.6, 4}}};
  second.transformers = {TransformerGene{4, 2, true, {0.7, 2}}};
  genome.dots = {first, second};
  genome.last_linear = 16;
  genome.last_prune = {0.6, 2};
  return genome;
}

/// A supernet for 8x8 images of two classes with every kind of candidate.
inline SupernetChoices SmallChoices() {
  SupernetChoices choices;
  choices.task = {8, 8, 3, 2};
  choices.supernet = {0, {{8, 1, 1, 2}, {12, 1, 1, 4}}, 16};
  choices.downsample = {"conv_maxpool", "conv_stride2", "inverted_residual"};
  choices.expansion = {2, 4};
  choices.mlp_ratio = {1, 2};
  choices.residual = {false, true};
  choices.pooling = {"seqpool", "average"};
  return choices;
}

/// Random weights in the layout of model.safetensors. Blocks of `block` consecutive inner elements
/// are zero with the layer's sparsity.
inline std::map<std::string, NamedTensor> RandomWeights(const Genome& genome, uint64_t seed) {
  std::map<std::string, NamedTensor> tensors;
  Rng rng(seed, "weights");
  auto add = [&](const std::string& name, Shape shape, double low, double high) {
    std::vector<float> values(static_cast<size_t>(ElementCount(shape)));
    for (float& value : values) value = static_cast<float>(rng.Uniform(low, high));
    tensors[name] = NamedTensor::Float32(std::move(shape), values.data());
  };
  for (const LayerSpec& layer : ListLayers(genome)) {
    using Kind = LayerSpec::Kind;
    const int64_t out = layer.out, k = layer.kernel;
    if (layer.kind == Kind::kLayerNorm) {
      add(layer.name + ".weight", {out}, 0.5, 1.5);
      add(layer.name + ".bias", {out}, -0.3, 0.3);
      continue;
    }
    const int64_t in = layer.kind == Kind::kDepthwise ? 1 : layer.in;
    const int64_t area = layer.kind == Kind::kLinear ? 1 : k * k;
    const double bound = 1.7 / std::sqrt(static_cast<double>(in * area));
    std::vector<float> weights(static_cast<size_t>(out * in * area));
    for (float& w : weights) w = static_cast<float>(rng.Uniform(-bound, bound));
    if (layer.sparsity > 0) {  // OIHW: blocks run along I, or along W when depthwise
      const bool wide = layer.kind == Kind::kDepthwise;
      const int64_t inner = wide ? k : in, step = wide ? 1 : area;
      for (int64_t o = 0; o < out; ++o) {
        for (int64_t rest = 0; rest < (wide ? k : area); ++rest) {
          for (int64_t i = 0; i < inner; i += layer.block) {
            if (rng.Uniform(0, 1) >= layer.sparsity) continue;
            for (int64_t b = 0; b < layer.block; ++b) {
              const int64_t at = o * in * area + (wide ? rest * k : rest) + (i + b) * step;
              weights[static_cast<size_t>(at)] = 0;
            }
          }
        }
      }
    }
    const Shape shape = layer.kind == Kind::kLinear ? Shape{out, in} : Shape{out, in, k, k};
    tensors[layer.name + ".weight"] = NamedTensor::Float32(shape, weights.data());
    if (layer.kind == Kind::kLinear) {
      add(layer.name + ".bias", {out}, -0.3, 0.3);
    } else {
      add(layer.name + ".bn.weight", {out}, 0.5, 1.5);
      add(layer.name + ".bn.bias", {out}, -0.3, 0.3);
      add(layer.name + ".bn.running_mean", {out}, -0.3, 0.3);
      add(layer.name + ".bn.running_var", {out}, 0.5, 1.5);
    }
  }
  return tensors;
}

}  // namespace tinyformer
