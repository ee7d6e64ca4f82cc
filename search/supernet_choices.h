// One supernet with everything that its training needs: the network around its choice modules and
// the candidates of each; its paths and the names of its weights.
#pragma once

#include <string>
#include <vector>

#include "search/supernet.h"

namespace tinyformer {

/// A supernet and the candidates of its choice modules. Every list has at least one value, all
/// different; the values are those of SearchSpace.
///
/// File    {"format": "tinyformer-supernet", "version": 1, "input": [height, width, channels],
///         "classes", "supernet": {"stem", "dots": [{"dim", "mobilenets", "transformers",
///         "heads"}], "last_linear"}, "paths": {"downsample", "expansion", "mlp_ratio",
///         "residual", "pooling"}}
/// Source  paper III-B1, Fig. 3
struct SupernetChoices {
  ImageTask task;
  SupernetConfig supernet;
  std::vector<std::string> downsample;  // conv_maxpool, conv_stride2, inverted_residual
  std::vector<int> expansion;
  std::vector<int> mlp_ratio;        // a transformer's candidates are all pairs of mlp_ratio
  std::vector<bool> residual;        // and residual
  std::vector<std::string> pooling;  // seqpool, average, global
  bool operator==(const SupernetChoices&) const = default;
};

/// The supernet of a space, with all candidates that the space has.
SupernetChoices MakeChoices(const SearchSpace& space, const SupernetConfig& supernet,
                            const ImageTask& task);

/// Reads and writes the JSON form. name is what the user calls the file.
/// Errors  json/key, supernet/version, supernet/value
SupernetChoices ParseChoices(const Json& json, const std::string& name);
Json ToJson(const SupernetChoices& choices);

/// A choice module: one candidate of it is active in a path.
///
/// Names       "dot1.down", "dot1.mb1", "dot1.tr1", "pool"
/// Candidates  "conv_maxpool"; "4" (expansion); "2" or "2-residual" (mlp_ratio); "seqpool"
struct ChoiceModule {
  std::string name;
  std::vector<std::string> candidates;
};

/// In the order of ListLayers.
std::vector<ChoiceModule> ListModules(const SupernetChoices& choices);

/// The path through these candidates, one index a module. Nothing in it is pruned.
Genome MakePath(const SupernetChoices& choices, const std::vector<int>& chosen);

/// Refuses a genome that is no path of the supernet; its name and pruning count for nothing.
/// Errors  supernet/not-a-path (names the module, or what else differs); name is what the user
///         calls the genome
void RequirePath(const SupernetChoices& choices, const Genome& genome, const std::string& name);

/// How paths are drawn.
enum class PathSampling {
  kUniform,  // every module's candidate uniformly, each step for itself
  kFair,     // in every round of c steps, a module of c candidates takes each of them once
};

/// The path of a training step: a function of choices, sampling, seed and step.
/// Source  Guo et al. 2020, SPOS (uniform); Chu et al. 2021, FairNAS, strict fairness (fair)
Genome DrawPath(const SupernetChoices& choices, PathSampling sampling, uint64_t seed, int64_t step);

/// The supernet's name of the tensor that a path's network calls `tensor`: the same, but that the
/// last linear layer is another one for each pooling, which decides what its inputs mean.
///
/// Example  dot1.mb1.expand.weight as it is; last.bias -> last@seqpool.bias
std::string SharedName(const Genome& path, const std::string& tensor);

}  // namespace tinyformer
