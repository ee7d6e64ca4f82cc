// A chain of layers by strips of rows, as text of the generated program.
#pragma once

#include <string>

#include "compiler/plan/plan.h"

namespace tinyformer {

/// "constexpr engine::StripShape strips3 = {...};", before the parameters of layer `index`, the
/// first of a chain.
std::string StripParameters(const Graph& graph, const Plan& plan, size_t index);

/// The layer's parameters for the strip with most rows, for its scratch's size.
std::string LargestStripPart(const Graph& graph, const Plan& plan, size_t index);

/// The layer's call inside the loop over the strips. `input`, `output`: where its tensors lie, or
/// those rows of them that are in memory.
std::string StripCall(const Graph& graph, const Plan& plan, size_t index, const std::string& input,
                      const std::string& output);

/// What comes before the call of layer `index` and after it: the loop, for the first and the last
/// of a chain; otherwise nothing.
std::string StripLoopBegin(const Graph& graph, const Plan& plan, size_t index);
std::string StripLoopEnd(const Plan& plan, size_t index);

}  // namespace tinyformer
