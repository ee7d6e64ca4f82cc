// Attributes: their types, and the forms that older operator sets or auto_pad give them.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "compiler/import/onnx_importer.h"
#include "compiler/ops/window.h"

namespace tinyformer {
namespace {

using Type = onnx::AttributeProto;

struct Known {
  const char* name;
  Type::AttributeType type;
};

constexpr Known kKnown[] = {
    {"allowzero", Type::INT},
    {"alpha", Type::FLOAT},
    {"auto_pad", Type::STRING},
    {"axes", Type::INTS},
    {"axis", Type::INT},
    {"beta", Type::FLOAT},
    {"ceil_mode", Type::INT},
    {"count_include_pad", Type::INT},
    {"dilations", Type::INTS},
    {"epsilon", Type::FLOAT},
    {"group", Type::INT},
    {"keepdims", Type::INT},
    {"kernel_shape", Type::INTS},
    {"momentum", Type::FLOAT},
    {"noop_with_empty_axes", Type::INT},
    {"pads", Type::INTS},
    {"perm", Type::INTS},
    {"ratio", Type::FLOAT},
    {"saturate", Type::INT},
    {"seed", Type::INT},
    {"stash_type", Type::INT},
    {"storage_order", Type::INT},
    {"strides", Type::INTS},
    {"training_mode", Type::INT},
    {"transA", Type::INT},
    {"transB", Type::INT},
};

std::string TypeName(int type) {
  return Type::AttributeType_IsValid(type)
             ? Type::AttributeType_Name(static_cast<Type::AttributeType>(type))
             : "type " + std::to_string(type);
}

// The double whose shortest decimal is the float's: 1e-5f is 1e-5, not 9.99999975e-6.
double ShortestDouble(float x) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, x).ptr;
  double value = 0;
  std::from_chars(text, end, value);
  return value;
}

}  // namespace

std::map<std::string, Attribute> ConvertAttributes(const OpSite& site,
                                                   const onnx::NodeProto& proto) {
  std::map<std::string, Attribute> attributes;
  for (const onnx::AttributeProto& a : proto.attribute()) {
    auto known = std::find_if(std::begin(kKnown), std::end(kKnown),
                              [&](const Known& k) { return a.name() == k.name; });
    if (known == std::end(kKnown)) {
      FailNode(site, "import/attribute-unknown",
               "attributes of this operator that the compiler knows",
               "attribute '" + a.name() + "'", "export without it, or open a request for support");
    }
    if (a.type() != known->type) {
      FailNode(site, "import/attribute-type",
               "attribute '" + a.name() + "' of type " + TypeName(known->type), TypeName(a.type()),
               "export the model again: the file breaks the operator's definition");
    }
    switch (a.type()) {
      case Type::INT:
        attributes[a.name()] = a.i();
        break;
      case Type::FLOAT:
        if (!std::isfinite(a.f())) {
          FailNode(site, "import/attribute-type",
                   "attribute '" + a.name() + "' to be a finite number", "NaN or infinity",
                   "export the model again: the file is damaged");
        }
        attributes[a.name()] = ShortestDouble(a.f());
        break;
      case Type::STRING:
        attributes[a.name()] = a.s();
        break;
      default:
        attributes[a.name()] = std::vector<int64_t>(a.ints().begin(), a.ints().end());
    }
  }
  return attributes;
}

void NormalizeAttributes(const Graph& graph, int opset, Node* node) {
  for (const char* unused : {"momentum", "storage_order", "stash_type", "saturate"})
    node->attributes.erase(unused);
  if (node->op == "Softmax" && opset < 13 && !node->Has("axis"))
    node->attributes["axis"] = int64_t{1};
  if (!node->Has("auto_pad")) return;
  const std::string mode = node->Text("auto_pad", "NOTSET");
  node->attributes.erase("auto_pad");
  OpSite site{graph, *node, opset};
  if (mode == "NOTSET") return;
  if (mode == "VALID") {
    node->attributes["pads"] = std::vector<int64_t>{0, 0, 0, 0};
    return;
  }
  const bool upper = mode == "SAME_UPPER";
  if (!upper && mode != "SAME_LOWER") {
    FailNode(site, "import/attribute", "auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER",
             "auto_pad " + mode, "export with explicit pads");
  }
  RequireRank(site, 0, 4);
  std::vector<int64_t> of_weight;
  if (site.has_input(1) && site.shape(1).size() == 4)
    of_weight = {site.shape(1)[2], site.shape(1)[3]};
  const auto kernel = RequireInts(site, "kernel_shape", 2, 1, of_weight),
             strides = RequireInts(site, "strides", 2, 1, {1, 1}),
             dilations = RequireInts(site, "dilations", 2, 1, {1, 1});
  std::vector<int64_t> pads(4);
  for (size_t d = 0; d < 2; ++d) {
    int64_t in = site.shape(0)[2 + d], extent = (kernel[d] - 1) * dilations[d] + 1;
    int64_t out = (in + strides[d] - 1) / strides[d];
    int64_t total = std::max<int64_t>((out - 1) * strides[d] + extent - in, 0);
    pads[d] = upper ? total / 2 : total - total / 2;
    pads[d + 2] = total - pads[d];
  }
  node->attributes["pads"] = pads;
}

}  // namespace tinyformer
