// How many bytes a kernel moves to and from each of its buffers, roughly: what fast memory is
// worth.
#pragma once

#include <cstdint>

#include "compiler/plan/kernel.h"

namespace tinyformer {

/// Loads count once for every weight or window that reads again; stores once.
///
/// input    of each activation operand
/// scratch  of the working memory: batches of tokens are read once for every stored weight
struct AccessedBytes {
  int64_t input = 0;
  int64_t output = 0;
  int64_t scratch = 0;
};
AccessedBytes EstimateAccesses(const Graph& graph, const Node& node, const Kernel& kernel);

}  // namespace tinyformer
