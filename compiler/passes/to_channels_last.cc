// ToChannelsLast.
#include "compiler/passes/to_channels_last.h"

#include <algorithm>

#include "base/error.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

const std::vector<int64_t> kToLast = {0, 2, 3, 1}, kToFirst = {0, 3, 1, 2};

Shape LastShape(const Shape& s) { return {s[0], s[2], s[3], s[1]}; }

// Rewrites nodes one by one into a new list.
class Lowering {
 public:
  explicit Lowering(Graph g) : g_(std::move(g)) {}

  Graph Run() {
    const std::vector<Node> nodes = std::move(g_.nodes);
    g_.nodes.clear();
    for (ValueId& id : g_.inputs) {
      if (g_.value(id).shape.size() == 4) id = MakeInputLast(id);
    }
    for (const Node& node : nodes) Lower(node);
    return Compact(g_);
  }

 private:
  // A channels-last input with the user's name; the old value becomes its transpose.
  ValueId MakeInputLast(ValueId first) {
    Value last = g_.value(first);
    last.shape = LastShape(last.shape);
    g_.value(first).name = g_.UniqueValueName(last.name + ".channels_first");
    ValueId id = g_.AddValue(std::move(last));
    g_.nodes.push_back({g_.value(first).name, "transpose", {id}, {first}, {{"perm", kToFirst}}});
    return id;
  }

  ValueId Last(ValueId first) {
    const Value& value = g_.value(first);
    Value last{g_.UniqueValueName(value.name + ".channels_last"), value.type,
               LastShape(value.shape), value.quantization, std::nullopt};
    ValueId id = g_.AddValue(std::move(last));
    g_.nodes.push_back({g_.value(id).name, "transpose", {first}, {id}, {{"perm", kToLast}}});
    return id;
  }

  // Emits `node`, whose operands are channels-last, with a channels-last output that keeps the
  // user's name.
  void EmitLast(Node node) {
    ValueId first = node.outputs[0];
    Value last = g_.value(first);
    last.shape = LastShape(last.shape);
    g_.value(first).name = g_.UniqueValueName(last.name + ".channels_first");
    node.outputs[0] = g_.AddValue(std::move(last));
    const ValueId out = node.outputs[0];
    g_.nodes.push_back(std::move(node));
    g_.nodes.push_back({g_.value(first).name, "transpose", {out}, {first}, {{"perm", kToFirst}}});
  }

  void LowerConv(const Node& node) {
    const Shape ws = g_.value(node.inputs[1]).shape;
    RequireConstantParameters(g_, node);
    const int64_t group = node.Int("group", 1), channels = g_.value(node.inputs[0]).shape[1];
    const bool depthwise = group > 1 && group == channels && ws[0] == channels;
    Node lowered{node.name,
                 depthwise ? "depthwise_conv2d" : "conv2d",
                 {Last(node.inputs[0])},
                 node.outputs,
                 {}};
    const std::string weight_name = g_.value(node.inputs[1]).name;
    lowered.inputs.push_back(
        depthwise ? ReshapeConstant(&g_, node.inputs[1], {ws[0], ws[2], ws[3]}, 0, weight_name)
                  : TransposeConstant(&g_, node.inputs[1], kToLast, weight_name));
    lowered.inputs.push_back(node.inputs.size() > 2
                                 ? node.inputs[2]
                                 : AddFloats(&g_, node.name + ".bias", {ws[0]},
                                             std::vector<float>(static_cast<size_t>(ws[0]), 0.0f)));
    lowered.attributes["strides"] = node.Ints("strides", {1, 1});
    lowered.attributes["pads"] = node.Ints("pads", {0, 0, 0, 0});
    lowered.attributes["dilations"] = node.Ints("dilations", {1, 1});
    if (!depthwise) lowered.attributes["group"] = group;
    EmitLast(std::move(lowered));
  }

  void LowerPool(const Node& node) {
    const Shape in = g_.value(node.inputs[0]).shape;
    const bool global = node.op == "GlobalAveragePool";
    const auto dilations = node.Ints("dilations", {1, 1});
    if (dilations != std::vector<int64_t>{1, 1}) {
      throw Error("compile/pool-dilations", "node '" + node.name + "' (" + node.op + ")",
                  "dilations [1, 1]", "dilations " + ToString(dilations),
                  "pool without dilations: no kernel has them");
    }
    Node lowered{node.name,
                 node.op == "MaxPool" ? "max_pool2d" : "average_pool2d",
                 {Last(node.inputs[0])},
                 node.outputs,
                 {}};
    lowered.attributes["kernel"] =
        global ? std::vector<int64_t>{in[2], in[3]} : node.Ints("kernel_shape", {});
    lowered.attributes["strides"] = node.Ints("strides", {1, 1});
    lowered.attributes["pads"] = node.Ints("pads", {0, 0, 0, 0});
    if (node.op == "AveragePool")
      lowered.attributes["count_include_pad"] = node.Int("count_include_pad", 0);
    EmitLast(std::move(lowered));
  }

  // Kernels move four axes; of more, those that stay together are moved as one.
  void LowerTranspose(const Node& node, const std::vector<int64_t>& perm) {
    Node lowered{node.name, "transpose", node.inputs, node.outputs, {{"perm", perm}}};
    if (perm.size() <= 4) return g_.nodes.push_back(std::move(lowered));
    const Value in = g_.value(node.inputs[0]), out = g_.value(node.outputs[0]);
    const MergedAxes merged = MergeAxes(in.shape, perm);
    lowered.attributes["perm"] = merged.perm;
    Shape moved;
    for (int64_t p : merged.perm) moved.push_back(merged.shape[static_cast<size_t>(p)]);
    const auto add = [&](const Value& like, const Shape& shape) {
      return g_.AddValue({g_.UniqueValueName(like.name + ".merged"), like.type, shape,
                          like.quantization, std::nullopt});
    };
    lowered.inputs = {add(in, merged.shape)};
    lowered.outputs = {add(out, moved)};
    const std::vector<ValueId> from = lowered.inputs, to = lowered.outputs;
    g_.nodes.push_back({node.name, "reshape", node.inputs, from, {{"shape", merged.shape}}});
    g_.nodes.push_back(std::move(lowered));
    g_.nodes.push_back({node.name, "reshape", to, node.outputs, {{"shape", out.shape}}});
  }

  void Lower(const Node& node) {
    const Shape& out = g_.value(node.outputs[0]).shape;
    if (node.op == "Conv") return LowerConv(node);
    if (node.op == "MaxPool" || node.op == "AveragePool" || node.op == "GlobalAveragePool")
      return LowerPool(node);
    Node lowered = node;
    if (node.op == "Reshape" || node.op == "Flatten") {
      lowered = {node.name, "reshape", {node.inputs[0]}, node.outputs, {{"shape", out}}};
    } else if (node.op == "Transpose") {
      return LowerTranspose(node, TransposePerm(node, out.size()));
    } else if (node.op == "Softmax") {
      lowered.op = "softmax";
      lowered.attributes.clear();
    } else if (node.op == "LayerNormalization") {
      RequireConstantParameters(g_, node);
      lowered.op = "layernorm";
      lowered.attributes = {{"epsilon", node.Float("epsilon", 1e-5)}};
      if (node.inputs.size() < 3) {
        lowered.inputs.push_back(
            AddFloats(&g_, node.name + ".beta", {out.back()},
                      std::vector<float>(static_cast<size_t>(out.back()), 0.0f)));
      }
    } else if (node.op == "Add" &&
               g_.value(node.inputs[0]).shape == g_.value(node.inputs[1]).shape &&
               !g_.value(node.inputs[0]).is_constant() && !g_.value(node.inputs[1]).is_constant()) {
      lowered.op = "add";
    }
    g_.nodes.push_back(std::move(lowered));
  }

  Graph g_;
};

}  // namespace

Graph ToChannelsLast(Graph g) { return Lowering(std::move(g)).Run(); }

}  // namespace tinyformer
