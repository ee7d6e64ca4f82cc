#include "train/pruner.h"

#include <cmath>

#include "base/error.h"
#include "train/block_pruning.h"
#include "train/schedule.h"
#include "train/tensor_bytes.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

/// Undefined when there is no such parameter.
at::Tensor Find(const Network& network, const std::string& name) {
  for (const Parameter& p : network.parameters()) {
    if (p.name == name) return p.value;
  }
  return {};
}

}  // namespace

Pruner::Pruner(const Genome& genome, const Network& network, const Network& averaged,
               const AdamW& optimizer) {
  for (const LayerSpec& spec : ListLayers(genome)) {
    if (spec.sparsity <= 0) continue;
    const std::string weight = spec.name + ".weight";
    Layer layer{spec,
                Find(network, weight),
                Find(network, spec.name + ".bn.weight"),
                Find(network, spec.name + ".bn.running_var"),
                Find(averaged, weight),
                optimizer.First(weight),
                optimizer.Second(weight),
                {},
                {}};
    SetMask(&layer, std::vector<uint8_t>(static_cast<size_t>(spec.weights), 1));
    layers_.push_back(layer);
  }
}

void Pruner::SetMask(Layer* layer, std::vector<uint8_t> mask) {
  layer->mask = std::move(mask);
  layer->pruned = at::from_blob(layer->mask.data(), layer->weight.sizes(), at::kByte)
                      .eq(0)
                      .to(layer->weight.device());
}

void Pruner::Choose(int64_t update, int64_t updates) {
  for (Layer& layer : layers_) {
    std::vector<float> scale;
    if (layer.gamma.defined()) {
      const std::vector<float> gamma = ToNamedTensor(layer.gamma).Floats(),
                               variance = ToNamedTensor(layer.variance).Floats();
      for (size_t o = 0; o < gamma.size(); ++o) {
        scale.push_back(gamma[o] / std::sqrt(variance[o] + static_cast<float>(kBatchNormEpsilon)));
      }
    }
    const std::vector<float> weights = ToNamedTensor(layer.weight).Floats();
    const int64_t pruned =
        PrunedBlocks(layer.spec, GradualSparsity(layer.spec.sparsity, update, updates));
    SetMask(&layer, ExpandMask(layer.spec,
                               KeepLargest(BlockNorms(layer.spec, weights.data(), scale), pruned)));
  }
}

void Pruner::Apply() const {
  at::NoGradGuard no_grad;
  for (const Layer& layer : layers_) {
    for (const at::Tensor& tensor : {layer.weight, layer.averaged, layer.first, layer.second}) {
      tensor.masked_fill_(layer.pruned, 0);
    }
  }
}

double Pruner::Sparsity() const {
  int64_t pruned = 0, all = 0;
  for (const Layer& layer : layers_) {
    for (uint8_t kept : layer.mask) pruned += kept == 0;
    all += static_cast<int64_t>(layer.mask.size());
  }
  return all > 0 ? static_cast<double>(pruned) / static_cast<double>(all) : 0;
}

void Pruner::Export(const std::string& prefix, std::map<std::string, NamedTensor>* tensors) const {
  for (const Layer& layer : layers_) {
    NamedTensor mask{"U8", layer.weight.sizes().vec(),
                     std::string(layer.mask.begin(), layer.mask.end())};
    (*tensors)[prefix + layer.spec.name + ".weight"] = mask;
  }
}

void Pruner::Import(const std::string& prefix, const std::map<std::string, NamedTensor>& tensors) {
  for (Layer& layer : layers_) {
    const std::string name = prefix + layer.spec.name + ".weight";
    const auto found = tensors.find(name);
    if (found == tensors.end() || found->second.shape != layer.weight.sizes().vec() ||
        found->second.dtype != "U8") {
      throw Error("train/checkpoint", name,
                  "a mask of type U8 and shape " + ToString(layer.weight.sizes().vec()),
                  found == tensors.end()
                      ? "no such tensor"
                      : found->second.dtype + " " + ToString(found->second.shape),
                  "remove the checkpoint to start again, or use the folder it came from");
    }
    SetMask(&layer, std::vector<uint8_t>(found->second.bytes.begin(), found->second.bytes.end()));
  }
}

}  // namespace tinyformer
