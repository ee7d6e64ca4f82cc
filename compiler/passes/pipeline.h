// The compiler's table of contents: the passes from ONNX level to the lowered level, in order.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

struct Pass {
  const char* name;
  Graph (*run)(Graph);
};

/// The passes in the order in which Lower runs them.
extern const std::vector<Pass> kPasses;

/// From ONNX level (float, annotated or read from QDQ) to the lowered level; Verify runs after
/// every pass.
///
/// Input   as ReadOnnx or search/build_graph give it.
/// Output  only lowered operators, channels-last, input [1,H,W,C]
/// Errors  compile/pattern (an operator that fits no kernel where it stands), compile/clip-bound,
///         compile/batch-norm, compile/weights-not-constant
Graph Lower(const Graph& onnx_level,
            const std::function<void(const Pass&, const Graph&)>& after = nullptr);

}  // namespace tinyformer
