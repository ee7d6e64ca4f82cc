// Operators that are cases of others: import puts those in their place, and no graph holds them.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/import/onnx_importer.h"

namespace tinyformer {
namespace {

const char* const kFold = "export with constant folding";
const char* const kBroken = "export the model again: the file breaks the operator's definition";

std::string ToText(const std::vector<int64_t>& axes) { return "axes " + ToString(axes); }

// `axes`, an attribute or in newer operator sets the second operand; empty: none are given.
// Ascending, in [0, rank).
std::vector<int64_t> TakeAxes(const OpSite& site, Node* node, size_t rank) {
  std::vector<int64_t> axes = node->Ints("axes", {});
  if (site.has_input(1)) {
    const Value& operand = site.input(1);
    if (!operand.is_constant() || operand.type != DType::kInt64) {
      FailNode(site, "import/axis", "axes that are a constant of type int64",
               operand.is_constant() ? std::string("a constant of type ") + DTypeName(operand.type)
                                     : "'" + operand.name + "', computed at run time",
               kFold);
    }
    axes = operand.Elements<int64_t>();
  }
  for (int64_t& axis : axes) axis = NormalizeAxis(site, axis, rank);
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    FailNode(site, "import/axis", "each axis once", ToText(axes), kBroken);
  }
  return axes;
}

bool Has(const std::vector<int64_t>& axes, size_t axis) {
  return std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(axis));
}

}  // namespace

void OnnxImporter::BecomeReshape(Node* node, const Shape& target) {
  const ValueId shape =
      graph_.AddTypedConstant(graph_.UniqueValueName(node->name + ".shape"), DType::kInt64,
                              {static_cast<int64_t>(target.size())}, std::vector<int64_t>(target));
  *node = {node->name, "Reshape", {node->inputs.at(0), shape}, {}, {}};
}

void OnnxImporter::RewriteSqueeze(Node* node) {
  const OpSite site{graph_, *node, opset_};
  const Shape& x = site.shape(0);
  const std::vector<int64_t> axes = TakeAxes(site, node, x.size());
  Shape target;
  for (size_t axis = 0; axis < x.size(); ++axis) {
    const bool goes = axes.empty() ? x[axis] == 1 : Has(axes, axis);
    if (goes && x[axis] != 1) {
      FailNode(site, "import/axis", "axes of one element",
               ToText(axes) + " of shape " + ToString(x), kBroken);
    }
    if (!goes) target.push_back(x[axis]);
  }
  BecomeReshape(node, target);
}

void OnnxImporter::RewriteUnsqueeze(Node* node) {
  const OpSite site{graph_, *node, opset_};
  const Shape& x = site.shape(0);
  const size_t given = site.has_input(1) ? static_cast<size_t>(ElementCount(site.shape(1)))
                                         : node->Ints("axes", {}).size();
  if (given == 0) FailNode(site, "import/axis", "axes", "none", kBroken);
  const std::vector<int64_t> axes = TakeAxes(site, node, x.size() + given);
  Shape target;
  for (size_t axis = 0, from = 0; axis < x.size() + axes.size(); ++axis)
    target.push_back(Has(axes, axis) ? 1 : x[from++]);
  BecomeReshape(node, target);
}

void OnnxImporter::RewriteReduceMean(Node* node) {
  const OpSite site{graph_, *node, opset_};
  RequireRank(site, 0, 4);
  const int64_t batch = site.shape(0)[0], channels = site.shape(0)[1];
  const std::vector<int64_t> axes = TakeAxes(site, node, 4);
  if (axes != std::vector<int64_t>{2, 3}) {
    FailNode(site, "import/axis", "the mean of an image: axes 2 and 3",
             axes.empty() ? "no axes" : ToText(axes), "use AveragePool or GlobalAveragePool");
  }
  const bool keeps = node->Int("keepdims", 1) != 0;
  Node pool = {node->name, "GlobalAveragePool", {node->inputs[0]}, {}, {}};
  if (keeps) {
    *node = pool;
    return;
  }
  pool.outputs = {graph_.AddValue({graph_.UniqueValueName(node->name + ".pool"),
                                   DType::kFloat32,
                                   {batch, channels, 1, 1},
                                   std::nullopt,
                                   std::nullopt})};
  node->inputs[0] = pool.outputs[0];
  graph_.nodes.push_back(std::move(pool));
  BecomeReshape(node, {batch, channels});
}

void OnnxImporter::RewriteByConstant(Node* node) {
  const OpSite site{graph_, *node, opset_};
  const bool sub = node->op == "Sub";
  const Value& right = site.input(1);
  if (!right.is_constant()) {
    FailNode(site, "import/not-constant", "a constant right operand",
             "'" + right.name + "', which a node computes",
             "export with constant folding; subtract or divide what varies in another way");
  }
  std::vector<float> elements = RealElements(right);
  for (float& e : elements) {
    const float other = sub ? -e : 1 / e;
    if (!std::isfinite(other) || !std::isfinite(e)) {
      FailNode(site, "import/not-finite",
               sub ? "a finite right operand" : "a right operand that can be divided by",
               std::to_string(e), "correct the model: its result is not finite");
    }
    e = other;
  }
  node->op = sub ? "Add" : "Mul";
  node->inputs[1] =
      graph_.AddConstant(graph_.UniqueValueName(node->name + ".constant"), right.shape, elements);
}

void OnnxImporter::RequireEvaluation(const OpSite& site, const onnx::NodeProto& proto) const {
  if (proto.input_size() < 3 || proto.input(2).empty()) return;
  const Value& training = RequireConstant(site, proto.input(2), "training_mode");
  if (training.type == DType::kBool && RealElements(training) == std::vector<float>{0}) return;
  FailNode(site, "import/attribute", "training_mode false", "another", "export in evaluation mode");
}

void OnnxImporter::RewriteEquivalent(Node* node) {
  const std::string& op = node->op;
  if (op == "Squeeze") return RewriteSqueeze(node);
  if (op == "Unsqueeze") return RewriteUnsqueeze(node);
  if (op == "ReduceMean") return RewriteReduceMean(node);
  if (op == "Sub" || op == "Div") return RewriteByConstant(node);
}

}  // namespace tinyformer
