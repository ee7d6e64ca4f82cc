// Keeps a network's pruned blocks at zero while it trains.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "search/genome.h"
#include "train/network.h"
#include "train/optimizer.h"

namespace tinyformer {

/// Prunes a network once, as its genome says: in every layer exactly round(sparsity * blocks)
/// blocks of the smallest norm with batch norm folded in. Returns pruned weights over all weights
/// of the layers that are pruned.
double PruneOnce(const Network& network);

/// The masks of all layers that the genome prunes, for a network, its averaged copy and its
/// optimiser.
class Pruner {
 public:
  Pruner(const Genome& genome, const Network& network, const Network& averaged,
         const Optimizer& optimizer);

  /// Chooses the pruned blocks anew for update `update` of `updates` (schedule.h): in every layer
  /// exactly round(s * blocks) blocks of the smallest norm with batch norm folded in.
  void Choose(int64_t update, int64_t updates);
  /// Zeroes the gradients of pruned weights: an update that looks at whole matrices should see only
  /// what can move.
  void ApplyToGradients() const;
  /// Zeroes the pruned weights, their averages and their moments.
  void Apply() const;
  /// Pruned weights over all weights of the layers that have a mask.
  double Sparsity() const;

  /// Masks as "U8" tensors named prefix + "<layer>.weight": 1 kept, 0 pruned.
  void Export(const std::string& prefix, std::map<std::string, NamedTensor>* tensors) const;
  /// Errors  train/checkpoint: a mask is absent or has another shape
  void Import(const std::string& prefix, const std::map<std::string, NamedTensor>& tensors);

 private:
  struct Layer {
    LayerSpec spec;
    at::Tensor weight, gamma, variance;  // gamma undefined: no batch norm
    std::vector<at::Tensor> zeroed;      // where the weight is pruned: itself, average, moments
    std::vector<uint8_t> mask;           // file order, 1 kept
    at::Tensor pruned;                   // bool, true pruned, on the network's device
  };
  static void SetMask(Layer* layer, std::vector<uint8_t> mask);

  std::vector<Layer> layers_;
};

}  // namespace tinyformer
