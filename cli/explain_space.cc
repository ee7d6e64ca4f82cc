#include "cli/explain_space.h"

#include <cstdio>

#include "base/file.h"
#include "base/progress.h"
#include "base/writable_file.h"
#include "cli/candidate_prices.h"
#include "cli/text_table.h"
#include "compiler/cost/cycle_table.h"
#include "compiler/cost/layer_table.h"
#include "data/dataset.h"
#include "report/format.h"
#include "report/search_sections.h"
#include "search/adjust_space.h"
#include "search/analysis.h"
#include "search/read_space.h"
#include "sim/board.h"

namespace tinyformer {
namespace {

// "1.01e+19", "288"
std::string Count(double count) {
  char text[32];
  std::snprintf(text, sizeof text, count < 1e6 ? "%.0f" : "%.2e", count);
  return text;
}

std::string Percent(int64_t part, int64_t whole) {
  return whole == 0 ? "0 %"
                    : FormatPercent(static_cast<double>(part) / static_cast<double>(whole), 1);
}

std::string Limits(const SearchLimits& limits) {
  return "flash " + WithThousands(limits.flash_bytes) + " B, RAM " +
         WithThousands(limits.ram_bytes) + " B" +
         (limits.cycles == 0 ? "" : ", " + WithThousands(limits.cycles) + " cycles");
}

std::string Use(const ResourceUse& use) {
  return "flash " + WithThousands(use.flash_bytes) + " B, RAM " +
         WithThousands(use.sram_peak_bytes) + " B, " + WithThousands(use.cycles) + " cycles";
}

std::vector<std::string> Row(const std::string& name, const Quartiles& quartiles) {
  std::vector<std::string> row = {name};
  for (int64_t value : quartiles) row.push_back(WithThousands(value));
  return row;
}

// "flash 700, alone 690; RAM 12, alone 2": how many exceed the limit, and how many no other one
std::string Refusals(const SpaceAnalysis& a) {
  const auto one = [](const std::string& name, const SpaceAnalysis::Refusals& refusals) {
    return name + " " + WithThousands(refusals.all) + ", alone " + WithThousands(refusals.alone);
  };
  return one("flash", a.flash) + "; " + one("RAM", a.ram) +
         (a.limits.cycles == 0 ? "" : "; " + one("latency", a.latency));
}

std::string Shares(const SpaceAnalysis& a) {
  return "acceptance " + Percent(a.accepted, a.fitting) + ", within the band " +
         Percent(a.samples - a.below_band - a.above_band, a.samples);
}

std::string AnalysisText(const SpaceAnalysis& a) {
  const auto line = [](const std::string& name, const std::string& text) {
    return name + std::string(12 - name.size(), ' ') + text + "\n";
  };
  const int64_t within = a.samples - a.below_band - a.above_band;
  return TextTable({{"", "min", "1/4", "median", "3/4", "max"},
                    Row("parameters", a.parameters),
                    Row("flash, B", a.flash_bytes),
                    Row("RAM, B", a.ram_bytes),
                    Row("est. cycles", a.cycles)}) +
         "\n" + line("limits", Limits(a.limits)) +
         line("fit", WithThousands(a.fitting) + " of " + WithThousands(a.samples) + " (" +
                         Percent(a.fitting, a.samples) + ")") +
         line("refused by", Refusals(a)) +
         line("band", WithThousands(a.band.low) + " to " + WithThousands(a.band.high) +
                          " parameters: " + WithThousands(within) + " of " +
                          WithThousands(a.samples) + " within (" + Percent(within, a.samples) +
                          "), " + WithThousands(a.below_band) + " below, " +
                          WithThousands(a.above_band) + " above") +
         line("acceptance", WithThousands(a.accepted) + " of " + WithThousands(a.fitting) +
                                " that fit are within (" + Percent(a.accepted, a.fitting) + ")") +
         line("space", a.Accepted() ? "accepted: both shares are at least 90 %"
                                    : "rejected: both shares should be at least 90 %. Nothing "
                                      "is wrong with its networks that fit; --adjust bisection "
                                      "looks for other dims");
}

ImageTask TaskOf(const std::string& data) {
  if (data.empty()) return {};
  const DatasetInfo info = OpenDataset(data).info;
  return {info.height, info.width, info.channels, static_cast<int>(info.class_names.size())};
}

class Explanation {
 public:
  Explanation(const ExplainRequest& request, const Board& board)
      : request_(request),
        space_(FindSpace(request.space)),
        task_(TaskOf(request.data)),
        limits_(CandidateLimits(board, request.limit)),
        most_(CandidateLimits(board, "")),
        cycles_known_(CycleTableKnows(board.cpu)),
        price_(CandidatePrices(board, limits_)) {
    RequireImagesFit(space_, task_, request.data.empty() ? "32 x 32 images" : request.data);
  }

  Answer Run() {
    const std::vector<PricedCandidate> samples = SampleWithProgress();
    const SpaceAnalysis analysis = AnalyseSpace(samples, limits_);
    Describe(analysis);
    if (!request_.plot.empty()) {
      WriteFileAtomic(
          request_.plot,
          StandaloneSvg(DrawHistogram(
              ParameterHistogram(space_.name, ParseReportedSpace(ToJson(analysis), space_.name)),
              720, 360)));
    }
    if (analysis.fitting == 0) {
      const PricedCandidate nearest =
          FindNearest(space_, samples, limits_, task_, price_, kNearestSteps, request_.seed);
      if (Fits(nearest.use, limits_)) {
        answer_.text += "None of the samples fits, but the search would find networks that do: " +
                        Use(nearest.use) + "\n";
        AddNearest(nearest);
      } else {
        Refuse(analysis, nearest);
      }
    }
    if (!request_.adjust.empty() && answer_.status == kExitOk) Adjust(analysis);
    return std::move(answer_);
  }

 private:
  std::vector<PricedCandidate> Sample(const SearchSpace& space) {
    return SampleSpace(space, task_, price_, request_.samples, request_.seed);
  }

  std::vector<PricedCandidate> SampleWithProgress() {
    Progress progress("price", request_.samples, "networks");
    const PriceFunction price = [&, done = int64_t{0}](const Genome& genome) mutable {
      progress.Update(++done);
      return price_(genome);
    };
    return SampleSpace(space_, task_, price, request_.samples, request_.seed);
  }

  void Describe(const SpaceAnalysis& analysis) {
    const double supernets = CountPoints(SupernetAxes(space_)), networks = CountNetworks(space_);
    answer_.json = {
        {"space", space_.name},    {"target", request_.target},
        {"seed", request_.seed},   {"supernets", supernets},
        {"networks", networks},    {"input", {task_.height, task_.width, task_.channels}},
        {"classes", task_.classes}};
    answer_.json.update(ToJson(analysis));
    answer_.text = "space " + space_.name + ": " + Count(supernets) + " supernets, " +
                   Count(networks) + " networks; " + WithThousands(request_.samples) +
                   " random ones priced for " + request_.target + ", " +
                   std::to_string(task_.height) + " x " + std::to_string(task_.width) + " x " +
                   std::to_string(task_.channels) + " to " + std::to_string(task_.classes) +
                   " classes\n\n" + AnalysisText(analysis) +
                   (cycles_known_ ? "" : "\nest. cycles are a Cortex-M7's\n");
  }

  void AddNearest(const PricedCandidate& nearest) {
    const Genome genome = MakeGenome(space_, MakeSupernet(space_, nearest.candidate.supernet),
                                     nearest.candidate.path, task_);
    answer_.json["nearest"] = {{"genome", ToJson(genome)},
                               {"flash_bytes", nearest.use.flash_bytes},
                               {"ram_peak_bytes", nearest.use.sram_peak_bytes},
                               {"cycles_estimate", nearest.use.cycles}};
  }

  void Refuse(const SpaceAnalysis& analysis, const PricedCandidate& nearest) {
    std::string raise;
    const auto add = [&raise](const std::string& name, int64_t use, int64_t limit,
                              const std::string& unit) {
      if (limit != 0 && use > limit)
        raise += (raise.empty() ? "" : ",") + name + "=" + std::to_string(use) + unit;
    };
    add("flash", nearest.use.flash_bytes, limits_.flash_bytes, "");
    add("ram", nearest.use.sram_peak_bytes, limits_.ram_bytes, "");
    add("latency", nearest.use.cycles, limits_.cycles, "cycles");
    const Error error("search/nothing-fits", "space '" + space_.name + "' on " + request_.target,
                      "networks within " + Limits(limits_),
                      "none of " + WithThousands(analysis.samples) + ": refused by " +
                          Refusals(analysis) + "; the nearest takes " + Use(nearest.use),
                      (Fits(nearest.use, most_) ? "allow that one with --limit " + raise +
                                                      " (a search wants room for many), or "
                                                : "") +
                          "take a smaller space or a larger target");
    AddNearest(nearest);
    answer_.json["error"] = ErrorJson(error)["error"];
    answer_.text += std::string("\n") + error.what() + "\n";
    answer_.status = kExitDoesNotFit;
  }

  void Adjust(const SpaceAnalysis& analysis) {
    if (analysis.Accepted()) {
      answer_.text += "\nnothing to adjust: the space is accepted\n";
      return;
    }
    const bool by_paper = request_.adjust == "paper";
    Progress progress("adjust", by_paper ? 1 : kMostAnalyses, "spaces");
    auto analyse = [&, done = int64_t{0}](const SearchSpace& space) mutable {
      const SpaceAnalysis found = AnalyseSpace(Sample(space), limits_);
      progress.Update(++done);
      return found;
    };
    AnalysedSpace adjusted;
    if (by_paper) {
      adjusted.space = AdjustByPaper(space_, analysis);
      adjusted.analysis = analyse(adjusted.space);
    } else {
      adjusted = AdjustByBisection(space_, analyse);
    }
    const std::string changes = DescribeChanges(space_, adjusted.space);
    answer_.json["adjusted"] = {{"rule", request_.adjust},
                                {"changes", changes},
                                {"space_text", SpaceText(adjusted.space)},
                                {"analysis", ToJson(adjusted.analysis)}};
    answer_.text += "\nadjusted by " + request_.adjust + "\n" +
                    (changes.empty() ? "no other dims are better\n" : changes) +
                    Shares(adjusted.analysis) +
                    (adjusted.analysis.Accepted() ? ": accepted" : ": rejected") +
                    "; as a file:\n\n" + SpaceText(adjusted.space);
  }

  const ExplainRequest& request_;
  SearchSpace space_;
  ImageTask task_;
  SearchLimits limits_;
  SearchLimits most_;  // the target's own
  bool cycles_known_;  // of this board's core
  PriceFunction price_;
  Answer answer_;
};

}  // namespace

Answer ExplainSpace(const ExplainRequest& request, const CommandLine& line) {
  if (!request.plot.empty()) RequireWritableFile(request.plot);
  const Board board = FindBoard(request.target);
  Answer answer = Explanation(request, board).Run();
  answer.json["provenance"] =
      ToJson(MakeProvenance(line, Checksum(SpaceText(FindSpace(request.space))), board.title, ""));
  return answer;
}

}  // namespace tinyformer
