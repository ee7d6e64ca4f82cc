// Supernet: the shared weights of all candidates of all choice modules; a path through it is a
// network over parts of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "search/supernet_choices.h"
#include "train/network.h"

namespace tinyformer {

/// Owns its weights: moving hands them over.
///
/// Each tensor is as large as the largest candidate wants it; a smaller one takes its first rows
/// and columns: of an expansion or an MLP the first channels. Candidates that differ in nothing
/// else (with and without residual; a strided convolution and one before max pooling) take the
/// same. So features of one channel mean alike whatever is chosen, and each step trains most
/// weights.
///
/// Names   those of SharedName (search/supernet_choices.h)
/// Source  paper III-B1; Guo et al. 2020, Single Path One-Shot, 3.4 (channels are parts of the
///         widest); Chen et al. 2021, AutoFormer, 3.2 (weight entanglement)
class Supernet {
 public:
  /// Fresh weights: the bits of the largest networks, drawn with this seed.
  Supernet(const SupernetChoices& choices, uint64_t seed);

  /// The network of a path over the supernet's own tensors: what it trains, the supernet has.
  /// Clone() takes it out.
  /// Needs  RequirePath
  Network Path(const Genome& path) const;

  const SupernetChoices& choices() const { return choices_; }
  const Parameters& parameters() const { return parameters_; }

 private:
  SupernetChoices choices_;
  Parameters parameters_;
  std::map<std::string, size_t> index_;  // of a parameter by its name
};

}  // namespace tinyformer
