#include <algorithm>
#include <cmath>

#include "report/format.h"
#include "report/search_plots.h"
#include "report/search_sections.h"
#include "report/table.h"

namespace tinyformer {
namespace {

constexpr size_t kMostAxes = 8;    // that are drawn; all are in the table
constexpr int64_t kFewTrials = 8;  // fewer: chance, folded away

using Choices = std::vector<ReportedChoice>;

// The choices of one axis stand together.
std::vector<Choices> ByAxis(const Choices& choices) {
  std::vector<Choices> axes;
  for (const ReportedChoice& choice : choices) {
    if (axes.empty() || axes.back().front().axis != choice.axis) axes.emplace_back();
    axes.back().push_back(choice);
  }
  return axes;
}

// How much of the results' variance the axis would explain alone: between its values, weighted by
// how many chose each.
double Explained(const Choices& axis) {
  double sum = 0;
  for (const ReportedChoice& choice : axis)
    sum += static_cast<double>(choice.count) * choice.difference * choice.difference;
  return sum;
}

std::string Drawings(const Choices& choices) {
  std::vector<Choices> axes = ByAxis(choices);
  std::erase_if(axes, [](const Choices& axis) { return axis.size() < 2; });
  if (axes.empty()) return "";
  std::stable_sort(axes.begin(), axes.end(),
                   [](const Choices& a, const Choices& b) { return Explained(a) > Explained(b); });
  axes.resize(std::min(axes.size(), kMostAxes));
  double longest = 0;
  std::vector<Choices> halves(2);
  size_t rows = 0, taken = 0;
  for (const Choices& axis : axes) rows += axis.size() + 1;
  for (const Choices& axis : axes) {
    Choices& half = halves[2 * taken >= rows ? 1 : 0];
    half.insert(half.end(), axis.begin(), axis.end());
    taken += axis.size() + 1;
    for (const ReportedChoice& choice : axis)
      longest = std::max(longest, std::abs(choice.difference));
  }
  std::string html = "<div class=\"pair\">\n";
  for (const Choices& half : halves) {
    if (half.empty()) continue;
    const double span = longest > 0 ? longest : 1;
    html += "<div>" + Responsive(DrawChoices(half, span, 530), DrawChoices(half, span, 356)) +
            "</div>\n";
  }
  return html + "</div>\n";
}

std::string Table(const Choices& choices) {
  std::vector<std::vector<TableCell>> rows;
  for (const ReportedChoice& choice : choices) {
    const double points = choice.difference * 100;
    rows.push_back({choice.axis, choice.value, GroupDigits(choice.count),
                    FormatPercent(choice.mean, 2),
                    (points < 0 ? "−" : "+") + FormatFixed(std::abs(points), 2),
                    choice.error > 0 ? "± " + FormatFixed(choice.error * 100, 2) : "–"});
  }
  return DrawTable({{"axis"},
                    {"value"},
                    {"trials", true},
                    {"mean accuracy", true},
                    {"difference, points", true},
                    {"standard error", true}},
                   rows);
}

std::string Group(const std::string& title, const Choices& choices) {
  const std::string drawings = Drawings(choices);
  if (drawings.empty()) return "";
  return "<h3>" + title + "</h3>\n" + drawings + "<details><summary>All choices of all axes" +
         "</summary>\n" + Table(choices) + "</details>\n";
}

// Trials whose choices can be compared.
int64_t JudgedTrials(const ReportedSearch& search, const char* kind) {
  const std::vector<const ReportedTrial*> trials = TrialsOf(search, kind);
  return std::count_if(trials.begin(), trials.end(), [](const ReportedTrial* trial) {
    return trial->outcome == TrialOutcome::kComplete && trial->value;
  });
}

constexpr const char* kHowToRead =
    "<p>Mean accuracy of the trials that made a choice, less the mean of all trials that had it to "
    "make, in points; × is how many made it, the thin line the standard error of their mean. The "
    "axes whose values differ most come first, weighted by how many made each choice; a choice "
    "that one trial made is pale.</p>\n<p class=\"soft\">These are marginal means over what the "
    "search happened to try, not a controlled experiment: later generations resemble the best of "
    "earlier ones, choices that were made together share their effects, and among many axes some "
    "differ by chance. A difference smaller than its standard error says nothing.</p>\n";

}  // namespace

std::string ChoicesSection(const ReportedSearch& search) {
  std::string open, folded, counts;
  const auto add = [&](const char* kind, const std::string& title, const Choices& choices) {
    const std::string group = Group(title, choices);
    const int64_t trials = JudgedTrials(search, kind);
    (trials < kFewTrials ? folded : open) += group;
    if (group.empty() || trials >= kFewTrials) return;
    counts += (counts.empty() ? "" : " and ") + std::to_string(trials) + " " + kind +
              (trials == 1 ? "" : "s");
  };
  add("candidate", "Of candidates: int8 accuracy", search.candidate_choices);
  add("supernet", "Of supernets: mean accuracy of their sparse paths", search.supernet_choices);
  if (open.empty() && folded.empty()) {
    return "<div class=\"missing\">Too few trials have ended: no choice can be compared with "
           "another.</div>\n";
  }
  std::string html = open.empty() ? "" : kHowToRead + open;
  if (folded.empty()) return html;
  return html + "<p>From <b>only " + counts + "</b> nearly all differences are chance: they say " +
         "nothing of the choices.</p>\n<details><summary>The differences all the same</summary>\n" +
         (open.empty() ? kHowToRead : "") + folded + "</details>\n";
}

}  // namespace tinyformer
