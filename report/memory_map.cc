#include <algorithm>

#include "report/axis.h"
#include "report/format.h"
#include "report/plots.h"
#include "report/svg.h"

namespace tinyformer {
namespace {

constexpr double kLeft = 58, kRight = 10, kTop = 30, kStrip = 54, kGap = 14, kBottom = 34;
constexpr int kColours = 6;  // classes tensor0..tensor5 in the style sheet

// Tensors whose rectangles touch get different colours where six suffice: each takes the first
// colour that no earlier tensor alive at the same time has, starting after the one before it.
std::vector<int> ChooseColours(const std::vector<TensorLife>& tensors) {
  std::vector<int> colours(tensors.size(), 0);
  for (size_t i = 0; i < tensors.size(); ++i) {
    bool taken[kColours] = {};
    for (size_t k = 0; k < i; ++k) {
      const bool together = tensors[k].first_layer <= tensors[i].last_layer + 1 &&
                            tensors[i].first_layer <= tensors[k].last_layer + 1;
      if (together) taken[colours[k]] = true;
    }
    int colour = static_cast<int>(i % kColours);
    for (int step = 0; step < kColours && taken[colour]; ++step) colour = (colour + 1) % kColours;
    colours[i] = colour;
  }
  return colours;
}

}  // namespace

size_t PeakLayer(const ReportedPlan& plan) {
  const auto peak = std::max_element(plan.live_bytes.begin(), plan.live_bytes.end());
  return plan.live_bytes.empty() ? 0 : static_cast<size_t>(peak - plan.live_bytes.begin());
}

std::string DrawMemoryMap(const ReportedPlan& plan, int width, int height) {
  const double layers = std::max<double>(static_cast<double>(plan.layers.size()), 1);
  const double arena = std::max<double>(static_cast<double>(plan.arena_bytes), 1);
  const double map_width = width - kLeft - kRight;
  const double map_height = height - kTop - kStrip - kGap - kBottom;
  const double column = map_width / layers;
  const double floor = kTop + map_height;
  auto px = [&](double layer) { return kLeft + std::clamp(layer, 0.0, layers) * column; };
  auto py = [&](double offset) { return floor - offset / arena * map_height; };
  SvgDrawing svg(width, height, "memory map over time");

  for (double tick : RoundTicks(0, arena / 1024, 5)) {
    svg.Line("grid", kLeft, py(tick * 1024), width - kRight, py(tick * 1024));
    svg.Text("tick", kLeft - 6, py(tick * 1024) + 4, Anchor::kEnd,
             FormatFixed(tick, tick == static_cast<int64_t>(tick) ? 0 : 1) + " KiB");
  }
  const size_t peak = PeakLayer(plan);
  const std::vector<int> colours = ChooseColours(plan.tensors);
  for (size_t i = 0; i < plan.tensors.size(); ++i) {
    const TensorLife& tensor = plan.tensors[i];
    const double x = px(static_cast<double>(tensor.first_layer));
    const double end = px(static_cast<double>(tensor.last_layer) + 1);
    const double y = py(static_cast<double>(tensor.offset + tensor.bytes));
    const double tall = py(static_cast<double>(tensor.offset)) - y;
    svg.Rect("tensor tensor" + std::to_string(colours[i]), x + 0.5, y + 0.5, end - x - 1, tall - 1,
             1,
             tensor.name + ": " + FormatBytes(tensor.bytes) + " at offset " +
                 GroupDigits(tensor.offset) + ", layers " + std::to_string(tensor.first_layer + 1) +
                 " to " + std::to_string(tensor.last_layer + 1));
    if (tall >= 14) {
      const std::string label = FitName(tensor.name, end - x - 8);
      if (!label.empty())
        svg.Text("inside", x + 5, y + std::min(tall / 2 + 4, 14.0), Anchor::kStart, label);
    }
  }
  svg.Line("limit", kLeft, py(arena), width - kRight, py(arena));
  if (!plan.live_bytes.empty()) {
    const double x = px(static_cast<double>(peak)), middle = x + column / 2;
    svg.Rect("peak", x, kTop, column, floor - kTop + kGap + kStrip);
    const Anchor anchor = middle < width * 0.35   ? Anchor::kStart
                          : middle > width * 0.65 ? Anchor::kEnd
                                                  : Anchor::kMiddle;
    svg.Text(
        "peak-text", middle, kTop - 12, anchor,
        "peak " + FormatBytes(plan.live_bytes[peak]) + " in layer " + std::to_string(peak + 1));
    const double strip_floor = floor + kGap + kStrip;
    const auto highest = static_cast<double>(std::max<int64_t>(plan.live_bytes[peak], 1));
    for (size_t layer = 0; layer < plan.live_bytes.size(); ++layer) {
      const auto live = static_cast<double>(plan.live_bytes[layer]);
      const double tall = live / highest * (kStrip - 4);
      const std::string name = layer < plan.layers.size() ? plan.layers[layer].name : "";
      svg.Rect(layer == peak ? "live hot" : "live", px(static_cast<double>(layer)) + 0.5,
               strip_floor - tall, column - 1, tall, 1,
               "layer " + std::to_string(layer + 1) + " " + name + ": " +
                   FormatBytes(plan.live_bytes[layer]) + " live");
    }
    svg.Text("tick", kLeft - 6, strip_floor - kStrip / 2 + 4, Anchor::kEnd, "live");
    svg.Line("axis", kLeft, strip_floor, width - kRight, strip_floor);
    for (double tick : RoundTicks(1, layers, width < 500 ? 5 : 12)) {
      if (tick != static_cast<int64_t>(tick)) continue;
      svg.Text("tick", px(tick - 1) + column / 2, strip_floor + 15, Anchor::kMiddle,
               FormatFixed(tick, 0));
    }
  }
  svg.Text("tick", kLeft + map_width / 2, height - 3, Anchor::kMiddle, "layer, in execution order");
  return svg.Finish();
}

}  // namespace tinyformer
