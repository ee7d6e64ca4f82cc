// Print and Fingerprint: a graph as text and as a hash.
#include <cstdio>
#include <cstring>
#include <sstream>

#include "base/file.h"
#include "compiler/ir/graph.h"

namespace tinyformer {
namespace {

// Shortest text that reads back as the same double, the same on every machine.
std::string NumberText(double x) {
  char text[32];
  for (int digits = 6; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, x);
    double back = 0;
    if (std::sscanf(text, "%lf", &back) == 1 && back == x) break;
  }
  return text;
}

std::string AttributeText(const Attribute& attribute) {
  struct Visitor {
    std::string operator()(int64_t x) const { return std::to_string(x); }
    std::string operator()(double x) const { return NumberText(x); }
    std::string operator()(const std::string& x) const { return "\"" + x + "\""; }
    std::string operator()(const std::vector<int64_t>& x) const { return ToString(x); }
    std::string operator()(const std::vector<double>& x) const {
      std::string text = "[";
      for (size_t i = 0; i < x.size(); ++i) text += (i ? ", " : "") + NumberText(x[i]);
      return text + "]";
    }
  };
  return std::visit(Visitor{}, attribute);
}

std::string QuantizationText(const Quantization& q) {
  std::string text = " q(";
  if (q.scales.size() == 1 && q.axis < 0) {
    text += NumberText(static_cast<double>(q.scales[0]));
  } else {
    text += std::to_string(q.scales.size()) + " scales, axis " + std::to_string(q.axis);
  }
  return text + ", zero point " + std::to_string(q.zero_point) + ")";
}

std::string TypeText(const Value& v) {
  std::string text = std::string(DTypeName(v.type)) + " " + ToString(v.shape);
  if (v.quantization) text += QuantizationText(*v.quantization);
  return text;
}

}  // namespace

std::string Print(const Graph& graph) {
  std::ostringstream out;
  out << "graph " << graph.name << "\n";
  for (ValueId id : graph.inputs) {
    out << "  input %" << graph.value(id).name << ": " << TypeText(graph.value(id)) << "\n";
  }
  for (const Node& node : graph.nodes) {
    out << "  ";
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      out << (i ? ", " : "") << "%" << graph.value(node.outputs[i]).name;
    }
    out << " = " << node.op << "(";
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      out << (i ? ", " : "");
      if (node.inputs[i] == kNoValue) {
        out << "-";
        continue;
      }
      const Value& v = graph.value(node.inputs[i]);
      out << (v.is_constant() ? "$" : "%") << v.name;
      if (v.is_constant()) out << ": " << TypeText(v);
    }
    out << ")";
    if (!node.attributes.empty()) {
      out << " {";
      const char* separator = "";
      for (const auto& [key, attribute] : node.attributes) {
        out << separator << key << "=" << AttributeText(attribute);
        separator = ", ";
      }
      out << "}";
    }
    for (ValueId id : node.outputs) out << " : " << TypeText(graph.value(id));
    if (node.name != graph.value(node.outputs.at(0)).name) out << "  # " << node.name;
    out << "\n";
  }
  for (ValueId id : graph.outputs) out << "  output %" << graph.value(id).name << "\n";
  return out.str();
}

std::string Fingerprint(const Graph& graph) {
  std::string text = Print(graph);
  for (const Value& v : graph.values) {
    text += v.name + '\0';
    if (v.quantization) {
      for (float scale : v.quantization->scales) {
        char bytes[sizeof scale];
        std::memcpy(bytes, &scale, sizeof scale);
        text.append(bytes, sizeof scale);
      }
    }
    if (v.data) text += std::to_string(v.data->size()) + ':' + *v.data;
  }
  return Checksum(text);
}

}  // namespace tinyformer
