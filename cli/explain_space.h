// What a search space is before anything is trained: its size, what its networks cost, how many
// fit, whether Alg. 1 accepts it and what would help.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command.h"

namespace tinyformer {

struct ExplainRequest {
  std::string space, target;
  std::string data;    // a data set, for the shape of its images; empty: 32 x 32 x 3, 10 classes
  std::string limit;   // --limit's text
  std::string adjust;  // "paper", "bisection"; empty: leave the dims as they are
  std::string plot;    // SVG file for the distribution of parameters; empty: none
  int64_t samples = 1000;
  uint64_t seed = 1;
};

/// The answer of `tinyformer search --explain`. Where no network fits, status 3: which limit
/// refuses how many, and what comes nearest.
Answer ExplainSpace(const ExplainRequest& request, const CommandLine& line);

}  // namespace tinyformer
