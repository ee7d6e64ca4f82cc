#include "train/pruner.h"

#include <algorithm>
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

/// Which weights stay, 1, when this share of the layer's blocks goes. gamma undefined: no batch
/// norm.
std::vector<uint8_t> ChooseMask(const LayerSpec& spec, const at::Tensor& weight,
                                const at::Tensor& gamma, const at::Tensor& variance,
                                double sparsity) {
  std::vector<float> scale;
  if (gamma.defined()) {
    const std::vector<float> gammas = ToNamedTensor(gamma).Floats(),
                             variances = ToNamedTensor(variance).Floats();
    for (size_t o = 0; o < gammas.size(); ++o)
      scale.push_back(gammas[o] / std::sqrt(variances[o] + static_cast<float>(kBatchNormEpsilon)));
  }
  const std::vector<float> norms = BlockNorms(spec, ToNamedTensor(weight).Floats().data(), scale);
  return ExpandMask(spec, KeepLargest(norms, PrunedBlocks(spec, sparsity)));
}

/// The mask as a tensor, true where pruned.
at::Tensor Pruned(std::vector<uint8_t>& mask, const at::Tensor& weight) {
  return at::from_blob(mask.data(), weight.sizes(), at::kByte).eq(0).to(weight.device());
}

/// Zeros over all of the masks; 0 for no mask.
class SparsityCount {
 public:
  void Add(const std::vector<uint8_t>& mask) {
    pruned_ += std::count(mask.begin(), mask.end(), uint8_t{0});
    all_ += static_cast<int64_t>(mask.size());
  }
  double share() const {
    return all_ > 0 ? static_cast<double>(pruned_) / static_cast<double>(all_) : 0;
  }

 private:
  int64_t pruned_ = 0, all_ = 0;
};

}  // namespace

double PruneOnce(const Network& network) {
  at::NoGradGuard no_grad;
  SparsityCount count;
  for (const LayerSpec& spec : ListLayers(network.genome())) {
    if (spec.sparsity <= 0) continue;
    const at::Tensor weight = Find(network, spec.name + ".weight");
    std::vector<uint8_t> mask =
        ChooseMask(spec, weight, Find(network, spec.name + ".bn.weight"),
                   Find(network, spec.name + ".bn.running_var"), spec.sparsity);
    weight.masked_fill_(Pruned(mask, weight), 0);
    count.Add(mask);
  }
  return count.share();
}

Pruner::Pruner(const Genome& genome, const Network& network, const Network& averaged,
               const Optimizer& optimizer) {
  for (const LayerSpec& spec : ListLayers(genome)) {
    if (spec.sparsity <= 0) continue;
    const std::string weight = spec.name + ".weight";
    Layer layer{spec,
                Find(network, weight),
                Find(network, spec.name + ".bn.weight"),
                Find(network, spec.name + ".bn.running_var"),
                optimizer.MomentsOf(weight),
                {},
                {}};
    layer.zeroed.push_back(layer.weight);
    layer.zeroed.push_back(Find(averaged, weight));
    SetMask(&layer, std::vector<uint8_t>(static_cast<size_t>(spec.weights), 1));
    layers_.push_back(layer);
  }
}

void Pruner::SetMask(Layer* layer, std::vector<uint8_t> mask) {
  layer->mask = std::move(mask);
  layer->pruned = Pruned(layer->mask, layer->weight);
}

void Pruner::Choose(int64_t update, int64_t updates) {
  for (Layer& layer : layers_) {
    SetMask(&layer, ChooseMask(layer.spec, layer.weight, layer.gamma, layer.variance,
                               GradualSparsity(layer.spec.sparsity, update, updates)));
  }
}

void Pruner::ApplyToGradients() const {
  at::NoGradGuard no_grad;
  for (const Layer& layer : layers_) layer.weight.mutable_grad().masked_fill_(layer.pruned, 0);
}

void Pruner::Apply() const {
  at::NoGradGuard no_grad;
  for (const Layer& layer : layers_) {
    for (const at::Tensor& tensor : layer.zeroed) tensor.masked_fill_(layer.pruned, 0);
  }
}

double Pruner::Sparsity() const {
  SparsityCount count;
  for (const Layer& layer : layers_) count.Add(layer.mask);
  return count.share();
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
