// The network that a genome describes.
#pragma once

#include <memory>
#include <string>

#include "base/safetensors.h"
#include "search/genome.h"
#include "train/modules/layers.h"
#include "train/modules/parameters.h"

namespace tinyformer {

/// Owns its weights: moving hands them over, Clone copies them.
///
/// Names  those of ListLayers (search/genome.h): <layer>.weight, .bias,
/// .bn.{weight,bias,running_mean,running_var}
class Network {
 public:
  /// Fresh weights, a function of genome and seed only (same on every machine and thread count).
  Network(const Genome& genome, uint64_t seed);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  /// A second network with equal weights of its own.
  Network Clone() const;

  /// Shapes  images [n, channels, height, width] float, normalised -> logits [n, classes] float32
  at::Tensor Forward(const at::Tensor& images, const BatchNormMode& mode) const;

  const Genome& genome() const;
  const Parameters& parameters() const;
  /// Moves all tensors to "cpu" or "cuda".
  void MoveTo(const std::string& device);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// All tensors by name, as float32 in the file's layout.
std::map<std::string, NamedTensor> ExportTensors(const Network& network);

/// Writes file's tensors into the network. name is what the user calls the file.
///
/// Errors  train/weights: a tensor is absent or has another shape (the file belongs to another
/// genome)
void ImportTensors(const std::map<std::string, NamedTensor>& tensors, const std::string& name,
                   const Network& network);

}  // namespace tinyformer
