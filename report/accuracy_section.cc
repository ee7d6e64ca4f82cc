#include <algorithm>
#include <cmath>
#include <optional>

#include "report/format.h"
#include "report/plots.h"
#include "report/sections.h"
#include "report/table.h"

namespace tinyformer {
namespace {

constexpr size_t kMostDrawnClasses = 100;

bool Contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// The finished weights' accuracy; without them the last epoch's, of the averaged weights where
// there are both. metrics may be nullptr.
std::optional<double> OnValidation(const std::optional<FinishedWeights>& weights,
                                   const ReportedMetrics* metrics) {
  if (weights && weights->validation_accuracy) return weights->validation_accuracy;
  if (metrics == nullptr) return std::nullopt;
  const MetricSeries* found = nullptr;
  for (const MetricSeries& series : metrics->series) {
    if (!Contains(series.name, "accuracy") || !Contains(series.name, "val")) continue;
    if (found == nullptr || Contains(series.name, "ema")) found = &series;
  }
  return found == nullptr ? std::nullopt : std::optional<double>(found->y.back());
}

std::string Readable(std::string name) {
  if (name == "lr") return "learning rate";
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

void AddRow(std::vector<std::vector<TableCell>>& rows, const std::string& model, double accuracy,
            const std::string& images, int64_t n, const std::string& loss) {
  rows.push_back({model, FormatPercent(accuracy, 2),
                  n > 0 ? "± " + FormatFixed(WilsonHalfWidth(accuracy, n) * 100, 2) : "–", images,
                  loss});
}

std::string PointsApart(double from, double to) {
  const double points = (to - from) * 100;
  return (points < 0 ? "−" : "+") + FormatFixed(std::abs(points), 2) + " points";
}

std::string AccuracyTable(const ReportInput& input) {
  std::vector<std::vector<TableCell>> rows;
  const std::string none = "–";
  const std::optional<double> dense =
      OnValidation(input.trained, input.training ? &*input.training : nullptr);
  const std::optional<double> pruned = OnValidation(
      input.compressed, input.compressions.empty() ? nullptr : &input.compressions.back());
  const std::string source = "validation images";
  if (dense) AddRow(rows, "float, dense", *dense, source, 0, none);
  if (pruned)
    AddRow(rows, "float, pruned", *pruned, source, 0, dense ? PointsApart(*dense, *pruned) : none);
  if (input.run) {
    const ReportedRun& run = *input.run;
    const std::string images =
        ImagesOf(run) + " of " + (run.on.empty() ? "the run" : "the run on the " + run.on);
    if (run.accuracy_float) {
      AddRow(rows, "float, dense", *run.accuracy_float, images, run.images, none);
    }
    if (run.accuracy_pruned) {
      AddRow(rows, "float, pruned", *run.accuracy_pruned, images, run.images,
             run.accuracy_float ? PointsApart(*run.accuracy_float, *run.accuracy_pruned) : none);
    }
    if (run.accuracy) {
      AddRow(rows, "int8", *run.accuracy, images, run.images,
             run.accuracy_pruned ? PointsApart(*run.accuracy_pruned, *run.accuracy) : none);
    }
  }
  if (rows.empty()) return "";
  const bool both =
      (dense && pruned) || (input.run && input.run->accuracy_float && input.run->accuracy_pruned);
  return DrawTable({{"model"},
                    {"accuracy", true},
                    {"95 % interval", true},
                    {"measured on"},
                    {"against the row above, same images", true}},
                   rows) +
         (both ? "<p class=\"soft\">Pruning and fine-tuning train the network further, so that "
                 "pruned can be the higher one.</p>\n"
               : "");
}

std::string Exactness(const ReportedRun& run) {
  std::string html = "<p class=\"soft\">";
  if (run.bit_exact) {
    html += *run.bit_exact ? "The firmware's outputs equal the host build's, byte for byte, on " +
                                 GroupDigits(run.images) + " images. "
                           : "The firmware's outputs differ from the host build's. ";
  }
  if (run.instructions_min && run.instructions_max) {
    html +=
        *run.instructions_min == *run.instructions_max
            ? "Every image took exactly " + GroupDigits(*run.instructions_min) + " instructions."
            : "Instructions an image: " + GroupDigits(*run.instructions_min) + " to " +
                  GroupDigits(*run.instructions_max) + ".";
  }
  return html + "</p>\n";
}

// The class pairs that are mixed up most, most frequent first.
std::string MixedUp(const ReportedRun& run) {
  struct Pair {
    size_t truth, answer;
    int64_t count;
  };
  std::vector<Pair> pairs;
  for (size_t t = 0; t < run.confusion.size(); ++t) {
    for (size_t p = 0; p < run.confusion.size(); ++p) {
      if (t != p && run.confusion[t][p] > 0) pairs.push_back({t, p, run.confusion[t][p]});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.count > b.count; });
  auto name = [&](size_t i) {
    return i < run.class_names.size() ? run.class_names[i] : std::to_string(i);
  };
  std::vector<std::vector<TableCell>> rows;
  for (size_t i = 0; i < pairs.size() && i < 10; ++i) {
    rows.push_back({name(pairs[i].truth), name(pairs[i].answer), GroupDigits(pairs[i].count)});
  }
  if (rows.empty()) return "";
  return "<div><h3>Mixed up most</h3>\n" +
         DrawTable({{"image shows"}, {"model said"}, {"images", true}}, rows) + "</div>\n";
}

// Lines whose name has one of the words and that have the fewest points, as one chart in two sizes;
// empty when no line has.
std::string Chart(const ReportedMetrics& metrics, const std::string& title,
                  const std::vector<const char*>& words, bool percent, size_t fewest_points = 1) {
  LineChart chart{title, metrics.x_name, {}, percent};
  for (const MetricSeries& series : metrics.series) {
    const bool wanted = std::any_of(words.begin(), words.end(),
                                    [&](const char* word) { return Contains(series.name, word); });
    const bool all_zero =
        std::all_of(series.y.begin(), series.y.end(), [](double y) { return y == 0; });
    if (wanted && !all_zero && series.x.size() >= fewest_points)
      chart.lines.push_back({Readable(series.name), series.x, series.y});
  }
  if (chart.lines.empty()) return "";
  return "<div><h3>" + EscapeHtml(title) + "</h3>\n" +
         Responsive(DrawLineChart(chart, 540, 260), DrawLineChart(chart, 356, 230)) + "</div>\n";
}

std::string Curves(const std::string& title, const ReportedMetrics& metrics) {
  const std::string pair =
      Chart(metrics, title + ": accuracy", {"accuracy"}, true) +
      Chart(metrics, title + ": loss", {"loss"}, false) +
      Chart(metrics, title + ": sparsity", {"sparsity"}, true) +
      Chart(metrics, title + ": learning rate", {"learning_rate", "lr"}, false, 2);
  return pair.empty() ? "" : "<div class=\"pair\">\n" + pair + "</div>\n";
}

}  // namespace

std::string AccuracySection(const ReportInput& input) {
  std::string html = AccuracyTable(input) + MissingNote(input, {"run.json"});
  if (!input.run) return html;
  html += Exactness(*CountedRun(input));
  const auto& counts = input.run->confusion;
  if (counts.empty()) {
    return html +
           "<div class=\"missing\">Not measured: the confusion matrix (run.json has no "
           "<code>confusion</code>).</div>\n";
  }
  // Cells of more would be too small to be seen.
  if (counts.size() > kMostDrawnClasses) return html + MixedUp(*input.run);
  html +=
      "<h3>Confusion matrix</h3>\n<p class=\"soft\">Rows: what the image shows. Columns: what the "
      "model said. Colour: share of the row; wrong answers are drawn stronger than their share, "
      "so that they can be seen.</p>\n";
  html += "<div class=\"sided\">\n" +
          Responsive(DrawConfusionMatrix(counts, input.run->class_names, 640),
                     DrawConfusionMatrix(counts, input.run->class_names, 356)) +
          MixedUp(*input.run) + "</div>\n";
  return html;
}

std::string TrainingSection(const ReportInput& input) {
  std::string html;
  if (input.training) html += Curves("Dense training", *input.training);
  for (size_t i = 0; i < input.compressions.size(); ++i) {
    const std::string round = i == 0 ? "" : ", round " + std::to_string(i + 1);
    html += Curves("Pruning and fine-tuning" + round, input.compressions[i]);
  }
  html += MissingNote(input, {"run/metrics.jsonl", "run/compressed/metrics.jsonl"});
  if (!input.genome_json.empty()) {
    html += "<details><summary>Genome</summary><pre>" + EscapeHtml(input.genome_json) +
            "</pre></details>\n";
  }
  return html;
}

}  // namespace tinyformer
