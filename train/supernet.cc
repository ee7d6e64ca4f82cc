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
      if (index_.emplace(name, parameters_.size()).second)
        parameters_.push_back({name, own.value, own.role});
    }
  }
}

Network Supernet::Path(const Genome& path) const {
  return Network(path, [&](const std::string& name) {
    const auto found = index_.find(SharedName(path, name));
    TF_CHECK(found != index_.end(), "no tensor", name, "in", path.name);
    return parameters_[found->second].value;
  });
}

}  // namespace tinyformer
