#include <algorithm>

#include "report/format.h"
#include "report/search_plots.h"
#include "report/search_sections.h"
#include "report/sections.h"
#include "report/table.h"

namespace tinyformer {
namespace {

bool BelongsTo(const ReportedLayer& layer, const ReportedPart& part) {
  return layer.name == part.name || layer.name.starts_with(part.name + ".");
}

// What the firmware says of a part; nothing measured when it has none of its layers.
PartUse UseOf(const ReportedPart& part, const std::vector<ReportedLayer>& layers) {
  PartUse use;
  for (const ReportedPartLayer& layer : part.layers) use.weights += layer.weights;
  double zeros = 0, weights = 0;
  for (const ReportedLayer& layer : layers) {
    if (!BelongsTo(layer, part)) continue;
    use.weight_bytes = use.weight_bytes.value_or(0) + layer.weight_bytes;
    const std::optional<int64_t> cycles =
        layer.profiled_cycles ? layer.profiled_cycles : layer.planned_cycles;
    if (cycles) use.cycles = use.cycles.value_or(0) + *cycles;
    for (const ReportedPartLayer& own : part.layers) {
      if (own.name != layer.name) continue;
      zeros += layer.sparsity * static_cast<double>(own.weights);
      weights += static_cast<double>(own.weights);
    }
  }
  if (weights > 0) use.sparsity = zeros / weights;
  return use;
}

std::string ShapeText(const std::vector<int>& shape) {
  std::string text;
  for (int side : shape) text += (text.empty() ? "" : " × ") + std::to_string(side);
  return text;
}

std::string PartsTable(const ReportedSearch& search, const std::vector<PartUse>& uses) {
  int64_t most_bytes = 1, all_bytes = 0, all_weights = 0, all_cycles = 0;
  for (const PartUse& use : uses) {
    most_bytes = std::max(most_bytes, use.weight_bytes.value_or(0));
    all_bytes += use.weight_bytes.value_or(0);
    all_weights += use.weights;
    all_cycles += use.cycles.value_or(0);
  }
  std::vector<std::vector<TableCell>> rows;
  auto number = [](std::optional<int64_t> value) { return value ? GroupDigits(*value) : "–"; };
  for (size_t i = 0; i < uses.size(); ++i) {
    const ReportedPart& part = search.parts[i];
    const PartUse& use = uses[i];
    const bool dense = part.block == 0;
    rows.push_back(
        {part.name, part.kind, part.choice, ShapeText(part.output), GroupDigits(use.weights),
         dense ? "dense" : FormatPercent(part.sparsity, 0),
         use.sparsity && !dense ? TableCell(FormatPercent(*use.sparsity, 1), *use.sparsity)
                                : TableCell("–"),
         dense ? "–" : std::to_string(part.block),
         use.weight_bytes
             ? TableCell(GroupDigits(*use.weight_bytes),
                         static_cast<double>(*use.weight_bytes) / static_cast<double>(most_bytes))
             : TableCell("–"),
         number(use.cycles)});
  }
  rows.push_back({"all parts", "", "", "", GroupDigits(all_weights), "", "", "",
                  all_bytes > 0 ? GroupDigits(all_bytes) : "–",
                  all_cycles > 0 ? GroupDigits(all_cycles) : "–"});
  return DrawTable({{"part"},
                    {"kind"},
                    {"choice"},
                    {"output"},
                    {"weights, dense", true},
                    {"sparsity asked", true},
                    {"blocks that are zero", true},
                    {"block", true},
                    {"bytes in flash", true},
                    {"cycles, est.", true}},
                   rows);
}

}  // namespace

std::string ArchitectureSection(const ReportedSearch& search, const ReportInput& input) {
  if (search.parts.empty()) {
    return "<div class=\"missing\">No candidate has ended well yet: there is no network to "
           "draw.</div>\n";
  }
  const std::vector<ReportedLayer> layers = MergeLayers(input);
  std::vector<PartUse> uses;
  for (const ReportedPart& part : search.parts) uses.push_back(UseOf(part, layers));
  const ReportedTrial* winner = WinnerOf(search);
  std::string html = "<p class=\"soft\">";
  if (winner != nullptr) {
    html += "Candidate " + std::to_string(winner->number) +
            (CompressedOf(search) != nullptr ? ", the winner. " : ", the best so far. ");
  }
  html += layers.empty()
              ? "Its firmware is not in this folder: sparsities are those that were asked for; "
                "bytes and cycles are not known here."
              : "Sparsity is the share of weights in blocks that are zero in the firmware; bytes "
                "are weights with their sparse codes, biases and tables.";
  return html + "</p>\n" +
         Responsive(DrawArchitecture(search, uses, 1110), DrawArchitecture(search, uses, 356)) +
         "<details><summary>Numbers of every part</summary>\n" + PartsTable(search, uses) +
         "</details>\n";
}

}  // namespace tinyformer
