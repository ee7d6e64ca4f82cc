// Supernet: the weights of all candidates of all choice modules; a path through it is a network
// over some of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "search/supernet_choices.h"
#include "train/network.h"

namespace tinyformer {

/// Owns its weights: moving hands them over.
///
/// Names   those of SharedName (search/supernet_choices.h); every candidate of a module has its own
/// Source  Guo et al. 2020, Single Path One-Shot; paper III-B1
class Supernet {
 public:
  /// Fresh weights. Every path starts with the bits that Network(path, seed) has.
  Supernet(const SupernetChoices& choices, uint64_t seed);

  /// The network of a path over the supernet's own tensors: what it trains, the supernet has.
  /// Clone() takes it out. Needs  RequirePath
  Network Path(const Genome& path) const;

  const SupernetChoices& choices() const { return choices_; }
  const Parameters& parameters() const { return parameters_; }

 private:
  SupernetChoices choices_;
  Parameters parameters_;
  std::map<std::string, size_t> index_;  // of a parameter by its name
};

}  // namespace tinyformer
