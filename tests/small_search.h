// For tests: a search that takes seconds, and what it came to.
#pragma once

#include <string>
#include <vector>

#include "tests/command_line.h"

namespace tinyformer {

inline constexpr const char* kSmallSpace = R"(format = "tinyformer-space"
version = 1

[supernet]
stem = [0]
dims = [[8], [8, 16]]
heads = [2]
mobilenets = [1]
transformers = [0, 1]
last_linear = [16]

[paths]
downsample = ["conv_maxpool", "conv_stride2"]
expansion = [2]
mlp_ratio = [2]
residual = [false]
pooling = ["global"]

[pruning]
sparsity = [0, 0.5]
block = [4]
)";

/// What SearchWords makes of the best supernet: two candidates, of which one is stopped early and
/// one compressed further, and a path alone.
inline constexpr const char* kAllStages =
    "--candidates 2 --early-stop 50 --final-epochs 1 --distill 50 --check-ranks 1";
/// A candidate and nothing else.
inline constexpr const char* kOneCandidate =
    "--candidates 1 --early-stop 0 --final-epochs 0 --check-ranks 0";

/// The options of a search in space.toml, which holds kSmallSpace: two supernets, then `stages`.
inline std::vector<std::string> SearchWords(const std::string& folder, const std::string& more = "",
                                            const std::string& stages = kAllStages) {
  return Words(
      "search --data synthetic --space space.toml --supernets 2 --supernet-epochs 1"
      " --paths 2 --candidate-epochs 1 --prune-epochs 1"
      " --generation 2 --limit-train 64 --check-images 40 --batch 16 --threads 1"
      " --lease-seconds 5 -o " +
      folder + " " + stages + " " + more);
}

/// What a search came to, without times, workers and places.
inline Json SearchOutcome(const CommandLineTest& at, const std::string& folder) {
  const Json all = ParseJson(at.Read(folder + "/search.json"), folder);
  Json outcome = {{"best", all.at("best")}, {"front", all.at("front")}};
  for (const Json& trial : all.at("all")) {
    outcome["all"].push_back({trial.at("kind"), trial.at("number"), trial.at("state"),
                              trial.at("payload"), trial.at("result")});
  }
  return outcome;
}

}  // namespace tinyformer
