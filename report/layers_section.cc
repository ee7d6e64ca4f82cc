#include <algorithm>
#include <functional>
#include <numeric>

#include "report/format.h"
#include "report/plots.h"
#include "report/sections.h"
#include "report/table.h"

namespace tinyformer {
namespace {

constexpr size_t kMostBars = 14;

using Measure = std::function<int64_t(const ReportedLayer&)>;

std::optional<int64_t> Cycles(const ReportedLayer& layer) {
  return layer.profiled_cycles ? layer.profiled_cycles : layer.planned_cycles;
}

int64_t Sum(const std::vector<ReportedLayer>& layers, const Measure& measure) {
  return std::accumulate(
      layers.begin(), layers.end(), int64_t{0},
      [&](int64_t sum, const ReportedLayer& layer) { return sum + measure(layer); });
}

int64_t Highest(const std::vector<ReportedLayer>& layers, const Measure& measure) {
  int64_t highest = 1;
  for (const ReportedLayer& layer : layers) highest = std::max(highest, measure(layer));
  return highest;
}

// The heaviest layers first; the rest as one bar.
std::string HeaviestBars(const std::string& title, const std::vector<ReportedLayer>& layers,
                         const Measure& measure) {
  std::vector<size_t> order(layers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return measure(layers[a]) > measure(layers[b]); });
  const int64_t total = Sum(layers, measure);
  if (total <= 0) return "";
  std::vector<Bar> bars;
  int64_t shown = 0;
  auto add = [&](const std::string& label, int64_t value) {
    const double share = static_cast<double>(value) / static_cast<double>(total);
    bars.push_back({label, static_cast<double>(value),
                    FormatShort(static_cast<double>(value)) + "  " + FormatPercent(share, 1),
                    label + ": " + GroupDigits(value)});
  };
  for (size_t i = 0; i < order.size() && i < kMostBars; ++i) {
    const int64_t value = measure(layers[order[i]]);
    if (value <= 0) break;
    add(layers[order[i]].name, value);
    shown += value;
  }
  if (total > shown) add("all others", total - shown);
  return "<div><h3>" + EscapeHtml(title) + "</h3>\n" +
         Responsive(DrawBarChart(bars, 540), DrawBarChart(bars, 356)) + "</div>\n";
}

// plan.json says "dense" of layers without weights, too; their bytes are tables.
std::string Codec(const ReportedLayer& layer) {
  const bool has_weights =
      layer.op == "linear" || layer.op == "conv2d" || layer.op == "depthwise_conv2d";
  if (layer.codec.empty() || !has_weights) return "–";
  return layer.block > 0 && layer.codec != "dense"
             ? layer.codec + " b" + std::to_string(layer.block)
             : layer.codec;
}

TableCell Counted(std::optional<int64_t> value, int64_t highest) {
  if (!value) return {"–"};
  if (*value == 0) return {"0"};
  return {GroupDigits(*value), static_cast<double>(*value) / static_cast<double>(highest)};
}

std::string CyclesNote(const ReportInput& input) {
  const bool profiled = input.profile && input.profile->cycles_estimate;
  std::string text = "Instructions are exact counts of the emulator; cycles are estimates of ";
  if (profiled) {
    text += "its " + (input.cpu.empty() ? "processor" : input.cpu) + " model";
    text += input.profile->cycles_error ? ", whose stated error is ± " +
                                              FormatPercent(*input.profile->cycles_error, 0) + "."
                                        : ".";
    if (input.profile->stall_estimate) {
      text += " Waiting for flash and caches adds about " +
              FormatShort(static_cast<double>(*input.profile->stall_estimate)) +
              " cycles to an inference; that figure is rough and not in the table.";
    }
  } else {
    text += "the compiler's cost model.";
  }
  return "<p class=\"soft\">" + EscapeHtml(text) + "</p>\n";
}

}  // namespace

std::vector<ReportedLayer> MergeLayers(const ReportInput& input) {
  std::vector<ReportedLayer> layers;
  if (input.plan && !input.plan->layers.empty()) {
    layers = input.plan->layers;
  } else if (input.compile && !input.compile->layers.empty()) {
    layers = input.compile->layers;
  } else if (input.profile) {
    return input.profile->layers;
  }
  if (!input.profile || input.profile->layers.size() != layers.size()) return layers;
  const auto& measured = input.profile->layers;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].name != measured[i].name) return layers;
  }
  for (size_t i = 0; i < layers.size(); ++i) {
    layers[i].instructions = measured[i].instructions;
    layers[i].profiled_cycles = measured[i].profiled_cycles;
  }
  return layers;
}

std::string LayersSection(const ReportInput& input) {
  std::string html = MissingNote(input, {"profile.json"});
  const std::vector<ReportedLayer> layers = MergeLayers(input);
  if (layers.empty()) return html;
  const Measure cycles = [](const ReportedLayer& layer) { return Cycles(layer).value_or(0); };
  const Measure bytes = [](const ReportedLayer& layer) { return layer.weight_bytes; };
  const Measure macs = [](const ReportedLayer& layer) { return layer.effective_macs; };
  const Measure instructions = [](const ReportedLayer& layer) {
    return layer.instructions.value_or(0);
  };
  html += CyclesNote(input);
  html += "<div class=\"pair\">\n" +
          HeaviestBars("Where the cycles go (estimated)", layers, cycles) +
          HeaviestBars("Where the weight bytes go", layers, bytes) + "</div>\n";
  std::vector<std::vector<TableCell>> rows;
  for (size_t i = 0; i < layers.size(); ++i) {
    const ReportedLayer& layer = layers[i];
    const std::optional<int64_t> ran = layer.instructions;
    rows.push_back(
        {std::to_string(i + 1) + "  " + layer.name, layer.kernel.empty() ? layer.op : layer.kernel,
         Codec(layer), layer.sparsity > 0 ? FormatPercent(layer.sparsity, 1) : "–",
         Counted(layer.weight_bytes, Highest(layers, bytes)), GroupDigits(layer.macs),
         Counted(layer.effective_macs, Highest(layers, macs)),
         Counted(ran, Highest(layers, instructions)),
         Counted(Cycles(layer), Highest(layers, cycles)),
         ran && layer.macs > 0
             ? FormatFixed(static_cast<double>(*ran) / static_cast<double>(layer.macs), 2)
             : "–"});
  }
  auto total = [&](const Measure& measure) {
    const int64_t sum = Sum(layers, measure);
    return sum > 0 ? GroupDigits(sum) : std::string("–");
  };
  rows.push_back({"all layers", "", "", "", total(bytes),
                  total([](const ReportedLayer& layer) { return layer.macs; }), total(macs),
                  total(instructions), total(cycles), ""});
  html += DrawTable({{"layer"},
                     {"kernel"},
                     {"codec"},
                     {"sparsity", true},
                     {"weight bytes", true},
                     {"MAC", true},
                     {"effective MAC", true},
                     {"instructions", true},
                     {"cycles, est.", true},
                     {"instr./MAC", true}},
                    rows);
  return html;
}

}  // namespace tinyformer
