#include <algorithm>

#include "report/format.h"
#include "report/plots.h"
#include "report/sections.h"
#include "report/table.h"

namespace tinyformer {
namespace {

std::string PeakTensors(const ReportedPlan& plan, size_t peak) {
  std::vector<TensorLife> alive;
  for (const TensorLife& tensor : plan.tensors) {
    const auto at = static_cast<int64_t>(peak);
    if (tensor.first_layer <= at && at <= tensor.last_layer) alive.push_back(tensor);
  }
  std::stable_sort(alive.begin(), alive.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  std::vector<std::vector<TableCell>> rows;
  for (const TensorLife& tensor : alive) {
    rows.push_back(
        {tensor.name, GroupDigits(tensor.bytes),
         GroupDigits(tensor.offset) + " to " + GroupDigits(tensor.offset + tensor.bytes),
         std::to_string(tensor.first_layer + 1) + " to " + std::to_string(tensor.last_layer + 1)});
  }
  return DrawTable({{"tensor"}, {"bytes", true}, {"arena offsets", true}, {"layers", true}}, rows);
}

std::string LowerBound(const ReportedPlan& plan) {
  const int64_t gap = plan.arena_bytes - plan.arena_lower_bound_bytes;
  std::string text = "The arena has " + FormatBytes(plan.arena_bytes);
  if (!plan.strategy.empty()) text += " (strategy: " + plan.strategy + ")";
  text += ". No placement can need less than the most bytes that are live at once, " +
          FormatBytes(plan.arena_lower_bound_bytes) + ": the gap is " + FormatBytes(gap) + ".";
  for (size_t i = 0; i < plan.strategies.size(); ++i) {
    text += (i == 0 ? " Tried: " : ", ") + plan.strategies[i].first + " " +
            FormatBytes(plan.strategies[i].second);
  }
  if (!plan.strategies.empty()) text += ".";
  return "<p>" + EscapeHtml(text) + "</p>\n";
}

struct FlashPart {
  const char* name;
  int64_t bytes;
  const char* colour;
};

}  // namespace

std::string MemorySection(const ReportInput& input) {
  std::string html = MissingNote(input, {"firmware/plan.json"});
  if (!input.plan) return html;
  const ReportedPlan& plan = *input.plan;
  html += LowerBound(plan);
  html += Responsive(DrawMemoryMap(plan, 1110, 440), DrawMemoryMap(plan, 356, 380));
  if (!plan.live_bytes.empty()) {
    const size_t peak = PeakLayer(plan);
    html += "<div class=\"pair\">\n<div><h3>Live at the peak: layer " + std::to_string(peak + 1) +
            ", " + EscapeHtml(plan.layers[peak].name) + "</h3>\n" + PeakTensors(plan, peak) +
            "</div>\n";
  } else {
    html += "<div class=\"pair\">\n";
  }
  if (input.compile) {
    const ReportedCompile& compile = *input.compile;
    std::vector<std::vector<TableCell>> rows = {
        {"arena (tensors)", GroupDigits(compile.arena_bytes), "planned"},
        {"stack", GroupDigits(compile.stack_bytes), "reserved"},
        {"all RAM", GroupDigits(compile.ram_peak_bytes),
         "limit " + FormatBytes(LimitsOf(input).ram_bytes)}};
    const ReportedRun* counted = CountedRun(input);
    if (counted != nullptr && counted->stack_peak_bytes) {
      rows.push_back({"stack, measured", GroupDigits(*counted->stack_peak_bytes), "emulator"});
    }
    if (counted != nullptr && counted->ram_touched_bytes) {
      rows.push_back({"RAM touched", GroupDigits(*counted->ram_touched_bytes), "emulator"});
    }
    html += "<div><h3>All RAM</h3>\n" + DrawTable({{"part"}, {"bytes", true}, {"source"}}, rows) +
            "</div>\n";
  }
  html += "</div>\n";
  return html;
}

std::string FlashSection(const ReportInput& input) {
  std::string html = MissingNote(input, {"compile.json"});
  if (!input.compile) return html;
  const ReportedCompile& compile = *input.compile;
  std::vector<FlashPart> parts = {{"weights", compile.weight_bytes, "--c0"},
                                  {"code", compile.code_bytes, "--c2"}};
  if (compile.table_bytes) parts.push_back({"tables", *compile.table_bytes, "--c3"});
  if (compile.data_bytes) parts.push_back({"initial data", *compile.data_bytes, "--c4"});
  if (compile.harness_bytes)
    parts.push_back({"emulator's harness, not in a product", *compile.harness_bytes, "--c1"});
  int64_t known = 0;
  for (const FlashPart& part : parts) known += part.bytes;
  if (compile.flash_bytes > known) {
    const bool apart = compile.table_bytes && compile.data_bytes;
    parts.push_back({apart ? "alignment" : "tables and data, not told apart",
                     compile.flash_bytes - known, "--c5"});
  }
  const int64_t limit = LimitsOf(input).flash_bytes;
  const int64_t whole = std::max({limit, compile.flash_bytes, int64_t{1}});
  std::string stack, keys;
  for (const FlashPart& part : parts) {
    const double share = static_cast<double>(part.bytes) / static_cast<double>(whole);
    stack += "<i style=\"width:" + FormatFixed(share * 100, 2) + "%;background:var(" + part.colour +
             ")\" title=\"" + part.name + ": " + FormatBytes(part.bytes) + "\"></i>";
    keys += std::string("<span><b style=\"background:var(") + part.colour + ")\"></b>" + part.name +
            " " + FormatBytes(part.bytes) + "</span>";
  }
  if (limit > compile.flash_bytes) {
    keys += "<span><b style=\"background:var(--edge)\"></b>free " +
            FormatBytes(limit - compile.flash_bytes) + "</span>";
  }
  html += "<p>" + FormatBytes(compile.flash_bytes) + " of " + FormatBytes(limit) +
          ", the whole ELF: vectors, code, weights, tables and initial values.</p>\n<div "
          "class=\"stack\">" +
          stack + "</div>\n<div class=\"keys\">" + keys + "</div>\n";
  return html;
}

}  // namespace tinyformer
