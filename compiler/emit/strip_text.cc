#include "compiler/emit/strip_text.h"

#include <algorithm>

#include "base/check.h"
#include "compiler/emit/initializer.h"
#include "compiler/emit/layer_text.h"

namespace tinyformer {
namespace {

const StripSchedule& ScheduleOf(const Plan& plan, size_t index) {
  return plan.strips.at(static_cast<size_t>(plan.layers.at(index).strips));
}

enum class Part { kProducer, kWindow, kConsumer };

Part PartOf(const Plan& plan, size_t index) {
  const StripChain& chain = ScheduleOf(plan, index).chain;
  const int node = plan.layers.at(index).node;
  if (node == chain.producer()) return Part::kProducer;
  return node == chain.window() ? Part::kWindow : Part::kConsumer;
}

const Node& NodeOf(const Graph& graph, const Plan& plan, size_t index) {
  return graph.nodes.at(static_cast<size_t>(plan.layers.at(index).node));
}

std::string LayerName(size_t index) { return "layer" + std::to_string(index + 1); }

// Bytes of a row of an image.
std::string RowBytes(const Graph& graph, ValueId id) {
  const Shape& shape = graph.value(id).shape;
  return std::to_string(shape.at(2) * shape.at(3));
}

// The layer's parameters for `rows` rows of its output from row `first` on.
std::string PartText(const Graph& graph, const Plan& plan, size_t index, const std::string& first,
                     const std::string& rows) {
  const Node& node = NodeOf(graph, plan, index);
  const std::string layer = LayerName(index);
  if (PartOf(plan, index) == Part::kWindow) {
    return "engine::strip_window(" + layer + ", " + rows + ")";
  }
  if (node.op == "conv2d") {
    return "engine::strip_rows(" + layer + ", " + first + ", " + rows + ")";
  }
  const int64_t columns = graph.value(node.inputs.at(0)).shape.at(2);
  return "engine::strip_tokens(" + layer + ", " + std::to_string(columns) + " * " + rows + ")";
}

bool IsLast(const Plan& plan, size_t index) {
  return ScheduleOf(plan, index).chain.last == plan.layers[index].node;
}

}  // namespace

std::string StripParameters(const Graph& graph, const Plan& plan, size_t index) {
  if (plan.layers[index].strips < 0 || PartOf(plan, index) != Part::kProducer) return "";
  const engine::StripShape s = StripShapeOf(graph, ScheduleOf(plan, index));
  const int layers = ScheduleOf(plan, index).chain.last - plan.layers[index].node;
  return "\n// Layers " + std::to_string(index + 1) + " to " +
         std::to_string(static_cast<int>(index) + 1 + layers) +
         " run by strips of rows.\nconstexpr engine::StripShape strips" +
         std::to_string(index + 1) + " = " +
         Initializer()
             .Add("in_h", s.in_h)
             .Add("out_h", s.out_h)
             .Add("window_h", s.window_h)
             .Add("stride_h", s.stride_h)
             .Add("pad_top", s.pad_top)
             .Add("row_bytes", s.row_bytes)
             .Add("rows", s.rows)
             .Add("padding", s.padding)
             .Braced() +
         ";\n";
}

std::string LargestStripPart(const Graph& graph, const Plan& plan, size_t index) {
  const engine::StripShape s = StripShapeOf(graph, ScheduleOf(plan, index));
  const int32_t made = std::min(engine::strip_window_rows(s, s.rows), s.in_h);
  const int32_t rows = PartOf(plan, index) == Part::kProducer ? made : s.rows;
  return PartText(graph, plan, index, "0", std::to_string(rows));
}

std::string StripCall(const Graph& graph, const Plan& plan, size_t index, const std::string& input,
                      const std::string& output) {
  const LayerPlan& layer = plan.layers[index];
  const Node& node = NodeOf(graph, plan, index);
  const Part part = PartOf(plan, index);
  const std::string name = LayerName(index);
  std::string x = input, y = output, first = "strip.first()", rows = "strip.rows()", call;
  if (part == Part::kProducer) {
    call = "if (strip.made_rows() > 0)\n      ";
    first = "strip.made_first()";
    rows = "strip.made_rows()";
    const std::string start =
        node.op == "conv2d" ? "engine::strip_start(" + name + ".shape, " + first + ")" : first;
    x += " + " + start + " * " + RowBytes(graph, node.inputs.at(0));
    y = "strip.made()";
  }
  if (part == Part::kWindow) x = "strip.window()";
  if (part != Part::kProducer && IsLast(plan, index)) {
    y += " + " + first + " * " + RowBytes(graph, node.outputs.at(0));
  }
  call += "engine::" + layer.kernel.name + "(" + PartText(graph, plan, index, first, rows) + ", " +
          x + ", " + y;
  if (layer.kernel.scratch_bytes > 0) call += ", " + ArenaPointer(plan, layer.scratch_offset);
  return call + ");\n";
}

std::string StripLoopBegin(const Graph& graph, const Plan& plan, size_t index) {
  if (plan.layers[index].strips < 0 || PartOf(plan, index) != Part::kProducer) return "";
  const ValueId made = NodeOf(graph, plan, index).outputs.at(0);
  const std::string rows = ArenaPointer(plan, plan.locations.at(static_cast<size_t>(made)).offset);
  return "  for (engine::Strips strip(strips" + std::to_string(index + 1) + ", " + rows +
         "); strip.more(); strip.next()) {\n";
}

std::string StripLoopEnd(const Plan& plan, size_t index) {
  return plan.layers[index].strips >= 0 && IsLast(plan, index) ? "  }\n" : "";
}

}  // namespace tinyformer
