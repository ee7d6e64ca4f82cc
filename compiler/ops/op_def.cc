// Checks that several operators share, and the table's look-up.
#include "compiler/ops/op_def.h"

#include <algorithm>

namespace tinyformer {
namespace {

std::string Where(const OpSite& site) {
  return "node '" + site.node.name + "' (" + site.node.op + ", opset " +
         std::to_string(site.opset) + ")";
}

const char* QuantizeText(QuantizeRule rule) {
  switch (rule) {
    case QuantizeRule::kOwnScale:
      return "own scale";
    case QuantizeRule::kInputScale:
      return "input's scale";
    case QuantizeRule::kNotQuantized:
      return "not quantized";
  }
  return "?";
}

constexpr AbsorbedOp kAbsorbed[] = {
    {"Constant", 0, 0, "becomes a constant"},
    {"DequantizeLinear", 2, 3, "becomes a value's quantization"},
    {"Div", 2, 2, "a constant right operand; becomes Mul"},
    {"Dropout", 1, 3, "evaluation mode; goes"},
    {"QuantizeLinear", 2, 3, "becomes a value's quantization"},
    {"ReduceMean", 1, 2, "of an image, axes 2 and 3; becomes GlobalAveragePool"},
    {"Squeeze", 1, 2, "constant axes; becomes Reshape"},
    {"Sub", 2, 2, "a constant right operand; becomes Add"},
    {"Unsqueeze", 1, 2, "constant axes; becomes Reshape"},
};

}  // namespace

const AbsorbedOp* FindAbsorbedOp(const std::string& name) {
  for (const AbsorbedOp& op : kAbsorbed) {
    if (name == op.name) return &op;
  }
  return nullptr;
}

void FailNode(const OpSite& site, const std::string& code, const std::string& expected,
              const std::string& found, const std::string& fix) {
  throw Error(code, Where(site), expected, found, fix);
}

const OpDef* FindOp(const std::string& name) {
  for (const OpDef* op : AllOps()) {
    if (name == op->name) return op;
  }
  return nullptr;
}

std::string SupportedOnnxOps() {
  std::vector<std::string> names;
  for (const AbsorbedOp& op : kAbsorbed) names.push_back(op.name);
  for (const OpDef* op : AllOps()) {
    if (op->level == OpDef::Level::kOnnx) names.push_back(op->name);
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Json ListOps() {
  Json list = Json::array();
  for (const OpDef* op : AllOps()) {
    Json entry;
    entry["name"] = op->name;
    entry["level"] = op->level == OpDef::Level::kOnnx ? "onnx" : "lowered";
    if (op->level == OpDef::Level::kOnnx) {
      entry["opsets"] = std::to_string(op->first_opset) + ".." + std::to_string(kLastOpset);
    }
    entry["accepts"] = op->accepts;
    entry["quantize"] = QuantizeText(op->quantize);
    list.push_back(entry);
  }
  for (const AbsorbedOp& op : kAbsorbed) {
    Json entry;
    entry["name"] = op.name;
    entry["level"] = "onnx";
    entry["opsets"] = std::to_string(kFirstOpset) + ".." + std::to_string(kLastOpset);
    entry["accepts"] = op.accepts;
    entry["quantize"] = QuantizeText(QuantizeRule::kNotQuantized);
    list.push_back(entry);
  }
  std::stable_sort(list.begin(), list.end(), [](const Json& a, const Json& b) {
    const bool a_lowered = a.at("level") == "lowered", b_lowered = b.at("level") == "lowered";
    return std::tie(a_lowered, a.at("name").get_ref<const std::string&>()) <
           std::tie(b_lowered, b.at("name").get_ref<const std::string&>());
  });
  return list;
}

std::vector<Shape> InferShapes(const OpSite& site) {
  const OpDef* op = FindOp(site.node.op);
  if (op == nullptr) {
    FailNode(site, "import/unsupported-op", "one of " + SupportedOnnxOps(), site.node.op,
             "express the model with the operators above, or add it: docs/adding_an_operator.md");
  }
  RequireOperands(site, op->min_inputs, op->max_inputs);
  return op->infer(site);
}

void RequireOperands(const OpSite& site, int min_inputs, int max_inputs) {
  const auto given = static_cast<int>(site.input_count());
  bool too_many = max_inputs >= 0 && given > max_inputs;
  bool missing = given < min_inputs;
  for (int i = 0; i < min_inputs && i < given; ++i)
    missing |= !site.has_input(static_cast<size_t>(i));
  if (missing || too_many) {
    std::string expected = std::to_string(min_inputs);
    if (max_inputs != min_inputs && max_inputs > 0) {
      expected += " to " + std::to_string(max_inputs);
    }
    FailNode(site, "import/operands", expected + " operands", std::to_string(given) + " operands",
             "export the model again: the file breaks the operator's definition");
  }
}

void RequireRank(const OpSite& site, size_t input, size_t rank) {
  const Value& v = site.input(input);
  if (v.shape.size() == rank) return;
  FailNode(site, "import/rank",
           "operand '" + v.name + "' with " + std::to_string(rank) + " dimensions",
           "shape " + ToString(v.shape),
           rank == 4 ? "use two-dimensional images [1, channels, height, width]"
                     : "reshape the operand before this node");
}

int NormalizeAxis(const OpSite& site, int64_t axis, size_t rank) {
  const auto r = static_cast<int64_t>(rank);
  if (axis < -r || axis >= r) {
    FailNode(site, "import/axis",
             "axis in [" + std::to_string(-r) + ", " + std::to_string(r - 1) + "]",
             "axis " + std::to_string(axis), "export the model again with an axis of the operand");
  }
  return static_cast<int>(axis < 0 ? axis + r : axis);
}

Shape BroadcastShapes(const OpSite& site, const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()));
  for (size_t i = 0; i < out.size(); ++i) {
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) {
      FailNode(site, "import/broadcast", "operands that broadcast to one shape",
               ToString(a) + " and " + ToString(b), "reshape one operand before this node");
    }
    out[out.size() - 1 - i] = std::max(x, y);
  }
  return out;
}

}  // namespace tinyformer
