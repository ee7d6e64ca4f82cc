// One layer of the generated program: its constants, its parameter struct and its call.
#pragma once

#include <string>
#include <vector>

#include "compiler/emit/constant_array.h"
#include "compiler/plan/plan.h"

namespace tinyformer {

/// The C++ text of one layer. Lines end with '\n'.
///
/// parameters  "const engine::LinearS8 layer3 = {...};" at namespace scope
/// call        "engine::linear_s8(layer3, arena + 0, arena + 64, arena + 128);" inside invoke
struct LayerText {
  std::string comment;
  std::string parameters;
  std::string call;
  std::vector<ConstantArray> constants;
};

/// Text of layer `index` of the plan (its id is index + 1).
///
/// The numbers come from the quantized node: operands x, weight, bias, multiplier (conv2d,
/// depthwise_conv2d, linear), gamma and beta (layernorm), exp_table (attention, attention_pool,
/// softmax); attributes shift, min, max and so on, as QuantizeGraph writes them.
LayerText EmitLayer(const Graph& graph, const Plan& plan, size_t index);

/// "arena + 64"; in further blocks of RAM "arena1 + 64".
std::string ArenaPointer(const Plan& plan, int64_t offset);

}  // namespace tinyformer
