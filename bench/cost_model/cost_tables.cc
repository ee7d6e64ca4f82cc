#include "bench/cost_model/cost_tables.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"

namespace tinyformer::bench {
namespace {

constexpr size_t kFold = 4;  // one of so many layers is not fitted

std::string Number(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// "1x64x192 -> 1x64x576, 61% zero"
std::string Describe(const RandomLayer& layer) {
  const Node& node = layer.graph.nodes.at(0);
  std::string text = ToString(layer.graph.value(node.inputs.at(0)).shape) + " -> " +
                     ToString(layer.graph.value(node.outputs.at(0)).shape);
  if (layer.kernel.codec.codec != Codec::kDense) {
    text += ", " + Number("%.0f", 100 * layer.kernel.codec.sparsity) + "% zero";
  }
  return text;
}

Json ErrorJson(const ErrorSummary& errors, size_t layers) {
  return {{"layers", layers}, {"median", errors.median}, {"worst", errors.worst}};
}

}  // namespace

std::vector<FittedLine> FitLines(const std::vector<RandomLayer>& layers,
                                 const std::vector<uint64_t>& cycles) {
  TF_CHECK(layers.size() == cycles.size());
  std::map<std::string, std::vector<size_t>> of_line;
  for (size_t i = 0; i < layers.size(); ++i) of_line[layers[i].line].push_back(i);
  std::vector<FittedLine> lines;
  for (const auto& [name, members] : of_line) {
    std::vector<Sample> fitted, other;
    std::vector<size_t> others;
    for (size_t k = 0; k < members.size(); ++k) {
      const RandomLayer& layer = layers[members[k]];
      const Sample sample = {CountWork(layer.graph, layer.graph.nodes.at(0), layer.kernel),
                             static_cast<double>(cycles[members[k]])};
      const bool held = k % kFold == kFold - 1;
      (held ? other : fitted).push_back(sample);
      if (held) others.push_back(members[k]);
    }
    FittedLine line;
    line.line = name;
    line.cycles = FitNonNegative(fitted);
    line.fitted_layers = fitted.size();
    line.other_layers = other.size();
    line.fitted = Summarize(line.cycles, fitted);
    line.other = Summarize(line.cycles, other);
    if (!others.empty()) line.worst_layer = Describe(layers[others[line.other.worst_sample]]);
    lines.push_back(line);
  }
  return lines;
}

std::string ErrorTable(const std::vector<FittedLine>& lines) {
  char text[256];
  std::snprintf(text, sizeof text, "%-36s %6s %7s %7s %6s %7s %7s  %s\n", "line", "fitted",
                "median", "worst", "others", "median", "worst", "worst of the others");
  std::string table = text;
  for (const FittedLine& line : lines) {
    std::snprintf(text, sizeof text, "%-36s %6zu %6.1f%% %6.1f%% %6zu %6.1f%% %6.1f%%  %s\n",
                  line.line.c_str(), line.fitted_layers, 100 * line.fitted.median,
                  100 * line.fitted.worst, line.other_layers, 100 * line.other.median,
                  100 * line.other.worst, line.worst_layer.c_str());
    table += text;
  }
  return table;
}

Json LinesJson(const std::vector<FittedLine>& lines) {
  Json list = Json::array();
  for (const FittedLine& line : lines) {
    Json cycles = Json::object();
    for (size_t kind = 0; kind < kWorkKinds; ++kind) {
      if (line.cycles[kind] > 0) cycles[kWorkNames[kind]] = line.cycles[kind];
    }
    list.push_back({{"line", line.line},
                    {"fitted", ErrorJson(line.fitted, line.fitted_layers)},
                    {"other", ErrorJson(line.other, line.other_layers)},
                    {"worst_layer", line.worst_layer},
                    {"cycles", cycles}});
  }
  return list;
}

std::string TablesText(std::vector<FittedLine> lines, const MeasuredCode& code) {
  std::sort(lines.begin(), lines.end(),
            [](const FittedLine& a, const FittedLine& b) { return a.line < b.line; });
  std::string text =
      "// Measured by bench_cost_model --write; to change it, run that again.\n\n"
      "// Cycles for each unit of work:";
  for (const char* name : kWorkNames) text += std::string(" ") + name;
  text += "\nconst std::vector<KernelCycles> kCycles = {\n";
  for (const FittedLine& line : lines) {
    text += "    {\"" + line.line + "\", {";
    for (size_t kind = 0; kind < kWorkKinds; ++kind) {
      text += (kind == 0 ? "" : ", ") + Number("%.4g", line.cycles[kind]);
    }
    text += "}},\n";
  }
  text += "};\n\n// Bytes of code and tables, and the kernels that need them.\n";
  text += "const std::vector<CodePart> kCode = {\n";
  for (const MeasuredPart& part : code.parts) {
    text += "    {" + std::to_string(part.bytes) + ", {";
    for (const std::string& kernel : part.kernels) {
      text += (kernel == part.kernels.front() ? "\"" : ", \"") + kernel + "\"";
    }
    text += "}},\n";
  }
  text +=
      "};\n\n// Bytes of a layer's parameters.\nconst std::map<std::string, int> kDescriptors = "
      "{\n";
  for (const auto& [kernel, bytes] : code.descriptors) {
    text += "    {\"" + kernel + "\", " + std::to_string(bytes) + "},\n";
  }
  return text + "};\n";
}

}  // namespace tinyformer::bench
