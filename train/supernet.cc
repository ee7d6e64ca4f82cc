#include "train/supernet.h"

#include <algorithm>

#include "base/check.h"

namespace tinyformer {

Supernet::Supernet(const SupernetChoices& choices, uint64_t seed) : choices_(choices) {
  const std::vector<ChoiceModule> modules = ListModules(choices);
  size_t most = 0;
  for (const ChoiceModule& module : modules) most = std::max(most, module.candidates.size());
  // Path i takes candidate i of every module that has one: together they have all.
  for (size_t i = 0; i < most; ++i) {
    std::vector<int> chosen;
    for (const ChoiceModule& module : modules)
      chosen.push_back(static_cast<int>(std::min(i, module.candidates.size() - 1)));
    const Network network(MakePath(choices, chosen), seed);
    for (const Parameter& own : network.parameters()) {
      const std::string name = SharedName(network.genome(), own.name);
      const auto [found, is_new] = index_.emplace(name, parameters_.size());
      if (is_new) parameters_.push_back({name, own.value, own.role});
      Parameter& shared = parameters_[found->second];
      if (own.value.numel() > shared.value.numel()) shared.value = own.value;
    }
  }
}

Network Supernet::Path(const Genome& path) const {
  return Network(path, [&](const std::string& name, const Shape& shape) {
    const auto found = index_.find(SharedName(path, name));
    TF_CHECK(found != index_.end(), "no tensor", name, "in", path.name);
    at::Tensor part = parameters_[found->second].value;
    for (size_t d = 0; d < shape.size(); ++d) {
      const auto dimension = static_cast<int64_t>(d);
      if (part.size(dimension) != shape[d]) part = part.narrow(dimension, 0, shape[d]);
    }
    return part;
  });
}

}  // namespace tinyformer
