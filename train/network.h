// The network that a genome describes.
#pragma once

#include <memory>
#include <string>

#include "base/safetensors.h"
#include "search/genome.h"
#include "train/modules/layers.h"
#include "train/modules/parameters.h"

namespace tinyformer {

/// Owns its weights, unless it was made over others': moving hands them over, Clone copies them.
///
/// Names  those of ListLayers (search/genome.h): <layer>.weight, .bias,
///        .bn.{weight,bias,running_mean,running_var}
class Network {
 public:
  /// Fresh weights, a function of genome and seed only (same on every machine and thread count).
  Network(const Genome& genome, uint64_t seed);
  /// Over tensors that are there already, by the names of this genome's layers: whoever else has
  /// them sees them change.
  Network(const Genome& genome, const FindTensor& find);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  /// A second network with equal weights of its own.
  Network Clone() const;

  /// Shapes  images [n, channels, height, width] float, normalised -> logits [n, classes] float32
  at::Tensor Forward(const at::Tensor& images, const ForwardMode& mode) const;

  const Genome& genome() const;
  const Parameters& parameters() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// All tensors by name, as float32 in the file's layout.
std::map<std::string, NamedTensor> ExportTensors(const Parameters& parameters);

/// Writes a file's tensors into those of the same name. name is what the user calls the file.
///
/// Errors  train/weights: a tensor is absent or has another shape (the file belongs to another
///         genome)
void ImportTensors(const std::map<std::string, NamedTensor>& tensors, const std::string& name,
                   const Parameters& parameters);

/// Moves all tensors to "cpu" or "cuda", for all who share them.
void MoveTensors(const Parameters& parameters, const std::string& device);

}  // namespace tinyformer
