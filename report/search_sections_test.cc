#include "report/search_sections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/testing_error.h"
#include "report/build_report.h"
#include "report/sample_report.h"
#include "report/sample_search.h"
#include "report/sections.h"
#include "report/testing_text.h"

namespace tinyformer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string BuildFolder() { return std::getenv("TINYFORMER_BINARY_DIR"); }

ReportInput Sample(const std::string& name = "sample") {
  const std::string folder = BuildFolder() + "/report-search-sample-" + std::to_string(name.size());
  std::filesystem::remove_all(folder);
  WriteSampleOutput(folder, name);
  ReportInput input = ReadReportInput(folder);
  input.search = SampleSearch(name);
  return input;
}

// Everything of a search, and nothing that is no number.
std::string AllOf(const ReportedSearch& search) {
  ReportInput input;
  input.search = search;
  const std::string html = BuildReport(input);
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  EXPECT_THAT(html, Not(HasSubstr("inf\"")));
  EXPECT_THAT(html, Not(HasSubstr(">inf")));
  return html;
}

TEST(SearchReport, HasEverySectionAndTheNetworks) {
  const std::string html = BuildReport(Sample());
  for (const char* id : {"search", "pareto", "network", "evolution", "choices", "checks", "space",
                         "accuracy", "layers", "provenance"}) {
    EXPECT_THAT(html, HasSubstr(std::string("<section id=\"") + id + "\"")) << id;
    EXPECT_THAT(html, HasSubstr(std::string("href=\"#") + id + "\"")) << id;
  }
  EXPECT_THAT(html, HasSubstr("\n[supernet]\nstem = [0]\n</pre>"));
  // To look at it: the page stays in the build folder.
  WriteFileAtomic(BuildFolder() + "/sample_search_report.html", html);
}

TEST(SearchReport, SaysWhereTheAccuracyOfTheSearchComesFrom) {
  EXPECT_THAT(ProvenanceSection(Sample()), HasSubstr("trial final 0 of out/search.db"));
}

TEST(SearchReport, NeedsNothingFromOutsideAndEscapesNames) {
  const std::string html = BuildReport(Sample("<script>alert('x')</script>\"&"));
  for (const char* part : {"http:", "https:", "<script", "<link", "<img", "@import", "url("})
    EXPECT_THAT(html, Not(HasSubstr(part))) << part;
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
}

// The sample with few trials, parts and bins: its drawings can be read as text.
ReportedSearch SmallSearch() {
  ReportedSearch search = SampleSearch("a < b");
  std::erase_if(search.trials, [&](const ReportedTrial& trial) {
    return trial.number > 2 && trial.number != *search.winner;
  });
  search.parts = {search.parts[1], search.parts[6], search.parts[8]};
  search.candidate_choices.resize(3);
  search.checks.ranks.resize(3);
  search.checks.random.resize(3);
  search.analysis->bin_parameters = 750'000;
  search.analysis->all_bins = {1, 7, 4, 2};
  search.analysis->fitting_bins = {1, 6, 1, 0};
  return search;
}

TEST(SearchReport, EqualsItsGoldenFile) {
  const ReportedSearch search = SmallSearch();
  const std::string sections = SearchSection(search) + ParetoSection(search) +
                               EvolutionSection(search) + ArchitectureSection(search, {}) +
                               ChoicesSection(search) + ChecksSection(search) +
                               SpaceSection(search);
  const std::string file =
      std::string(std::getenv("TINYFORMER_SOURCE_DIR")) + "/report/testdata/search_sections.html";
  WriteFileAtomic(BuildFolder() + "/search_sections.html", sections);
  EXPECT_TRUE(sections == ReadFile(file))
      << "look at sample_search_report.html in the build folder, then copy search_sections.html "
         "from there to "
      << file;
}

TEST(SearchReport, JudgesTheNetworkByTheSearchsLimits) {
  ReportInput input = Sample();
  input.compile->flash_bytes = 39'884;
  input.compile->ram_peak_bytes = 20'000;
  input.compile->cycles_estimate = 900'000;
  input.search->flash_limit_bytes = 45'000;
  input.search->ram_limit_bytes = input.compile->ram_limit_bytes;
  std::string html = BuildReport(input);
  EXPECT_THAT(html, HasSubstr("88.6 % of 45,000 B, the search&#39;s limit<"));
  EXPECT_THAT(html, HasSubstr("6.1 % of 327,680 B<"));
  EXPECT_THAT(html, Not(HasSubstr("cycles, the search")));
  EXPECT_THAT(html, HasSubstr("class=\"badge yes\">fits<"));
  EXPECT_THAT(FlashSection(input), HasSubstr("39,884 B of 45,000 B"));
  EXPECT_THAT(FlashSection(input), HasSubstr("free 5,116 B"));

  input.search->cycles_limit = 1'000'000;
  html = BuildReport(input);
  EXPECT_THAT(
      html, HasSubstr("90.0 % of 1,000,000 cycles, the search&#39;s limit (compiler&#39;s model)"));
  EXPECT_EQ(FitOf(input), Fit::kFits);
  input.compile->cycles_estimate = 1'000'001;
  EXPECT_EQ(FitOf(input), Fit::kAboveSearchLimits);
  EXPECT_THAT(BuildReport(input), HasSubstr("class=\"badge no\">above the search&#39;s limits<"));
  input.search->cycles_limit = 0;
  EXPECT_EQ(FitOf(input), Fit::kFits);
  input.search->flash_limit_bytes = 39'883;
  EXPECT_EQ(FitOf(input), Fit::kAboveSearchLimits);
  input.search->flash_limit_bytes = 39'884;
  EXPECT_EQ(FitOf(input), Fit::kFits);
  input.search->ram_limit_bytes = 19'999;
  EXPECT_EQ(FitOf(input), Fit::kAboveSearchLimits);
  input.compile->fits = false;
  EXPECT_EQ(FitOf(input), Fit::kTooLarge);
  input.search.reset();
  input.compile->fits = true;
  EXPECT_EQ(FitOf(input), Fit::kFits);
}

TEST(SearchReport, JudgesANetworkWithoutFirmwareByItsTrial) {
  ReportInput input;
  input.search = SampleSearch();
  EXPECT_EQ(FitOf(input), Fit::kFits);
  EXPECT_THAT(SummaryTiles(input), HasSubstr(" of 980,000 B<"));
  for (ReportedTrial& trial : input.search->trials) trial.fits = false;
  EXPECT_EQ(FitOf(input), Fit::kAboveSearchLimits);
  input.search->trials.clear();
  EXPECT_EQ(FitOf(input), Fit::kNotMeasured);
}

TEST(SearchSection, ShowsWorkInOneForm) {
  ReportedSearch search = SampleSearch();
  for (ReportedTrial& trial : search.trials) {
    if (trial.kind == "final") trial.finished_ms = trial.started_ms + 27'000;
    if (trial.kind == "analysis") trial.finished_ms = trial.started_ms + 100;
  }
  const std::string html = SearchSection(search);
  EXPECT_THAT(html, HasSubstr(">0:00:27<"));
  EXPECT_THAT(html, Not(HasSubstr(" s</td>")));
}

TEST(ChoicesSection, FoldsAwayWhatIsFromFewTrials) {
  ReportedSearch search = SampleSearch();  // 8 supernets, more candidates
  EXPECT_THAT(ChoicesSection(search), Not(HasSubstr("nearly all differences are chance")));
  const auto keep = [&](const std::string& kind, int count) {
    std::erase_if(search.trials, [&](const ReportedTrial& trial) {
      return trial.kind == kind && trial.outcome == TrialOutcome::kComplete && count-- <= 0;
    });
  };
  keep("supernet", 7);
  std::string html = ChoicesSection(search);
  const std::string warning = "<p>From <b>only 7 supernets</b> nearly all differences are chance";
  EXPECT_LT(html.find("Of candidates"), html.find(warning));
  EXPECT_LT(html.find(warning + ": they say nothing of the choices.</p>\n<details><summary>"),
            html.find("Of supernets"));
  EXPECT_EQ(Count(html, "marginal means"), 1);
  keep("candidate", 1);
  html = ChoicesSection(search);
  EXPECT_EQ(html.rfind("<p>From <b>only 1 candidate and 7 supernets</b>", 0), 0u) << html;
  EXPECT_LT(html.find("<details>"), html.find("marginal means"));
}

TEST(ChecksSection, SaysThatFewPathsSayNothing) {
  ReportedSearch search = SampleSearch();
  const auto with_paths = [&](size_t count) {
    search.checks.ranks.resize(count, {"path", 0.5, 0.5});
    return ChecksSection(search);
  };
  EXPECT_THAT(with_paths(10), Not(HasSubstr("So few")));
  EXPECT_THAT(with_paths(5), HasSubstr("So few paths say little."));
  EXPECT_THAT(with_paths(4), HasSubstr("So few paths say nothing."));
  EXPECT_THAT(with_paths(2), HasSubstr("over 2 paths"));
  EXPECT_THAT(with_paths(2), HasSubstr("So few paths say nothing."));
}

TEST(SpaceSection, SaysInPlainWordsWhatRejectedMeans) {
  ReportedSearch search = SampleSearch();
  ReportedSpace& space = *search.analysis;
  space.space_accepted = true;
  EXPECT_THAT(SpaceSection(search), Not(HasSubstr("Rejected means")));
  EXPECT_THAT(SpaceSection(search), HasSubstr("Alg. 1 of the TinyFormer paper"));
  space.space_accepted = false;
  space.bin_parameters = 100;
  space.band_low = 100;
  space.band_high = 200;
  const auto with_bins = [&](std::vector<int64_t> bins) {
    space.all_bins = std::move(bins);
    return SpaceSection(search);
  };
  EXPECT_THAT(with_bins({6, 5, 0}),
              HasSubstr("Rejected means here: most of these networks are smaller than the flash "
                        "limit could hold: part of it stays unused. Nothing is wrong with them."));
  EXPECT_THAT(with_bins({0, 5, 6}), HasSubstr("most of these networks are so large"));
  EXPECT_THAT(with_bins({2, 9, 1}), HasSubstr("most of the others are smaller"));
  EXPECT_THAT(with_bins({1, 9, 2}), HasSubstr("most of the others are so large"));
}

TEST(SearchReport, WithoutTheNetworksFilesShowsTheSearchAlone) {
  const std::string html = AllOf(SampleSearch());
  EXPECT_THAT(html, HasSubstr("Its firmware is not in this folder"));
  EXPECT_THAT(html, Not(HasSubstr("id=\"layers\"")));
  EXPECT_THAT(html, HasSubstr("validation images, by which it was chosen"));
}

TEST(SearchReport, SaysWhatASearchThatHasJustBegunLacks) {
  ReportedSearch search = SampleSearch();
  search.trials = {};
  search.winner.reset();
  search.analysis.reset();
  search.over = false;
  search.parts = {};
  search.candidate_choices = search.supernet_choices = {};
  search.checks = {};
  const std::string html = AllOf(search);
  EXPECT_THAT(html, HasSubstr("It goes on: no candidate has ended well yet."));
  EXPECT_THAT(html, HasSubstr("there is nothing to compare"));
  EXPECT_THAT(html, HasSubstr("No trial has ended yet."));
  EXPECT_THAT(html, HasSubstr("there is no network to draw"));
  EXPECT_THAT(html, HasSubstr("no choice can be compared with another"));
  EXPECT_THAT(html, HasSubstr("No network has been trained alone yet"));
  EXPECT_THAT(html, Not(HasSubstr("id=\"space\"")));
}

TEST(SearchReport, LeavesChecksOutThatWereNotAskedFor) {
  ReportedSearch search = SampleSearch();
  search.checks = {};
  std::erase_if(search.trials, [](const ReportedTrial& trial) { return trial.kind == "alone"; });
  search.stages.back().planned = 0;
  EXPECT_EQ(ChecksSection(search), "");
  EXPECT_THAT(AllOf(search), Not(HasSubstr("id=\"checks\"")));
}

TEST(SearchReport, SaysWhyTrialsFailedWhenAllDid) {
  ReportedSearch search = SampleSearch();
  search.winner.reset();
  search.parts = {};
  search.over = false;
  for (ReportedTrial& trial : search.trials) {
    trial.outcome = TrialOutcome::kFailed;
    trial.value.reset();
    trial.error = "train/not-finite, loss: no number";
  }
  ReportInput input;
  input.search = search;
  const std::string html = BuildReport(input);
  EXPECT_THAT(html, HasSubstr("<li>supernet 0: train/not-finite, loss: no number</li>"));
  EXPECT_THAT(html, HasSubstr("It stands still: no trial waits or runs."));
  EXPECT_THAT(html, HasSubstr("class=\"cross\""));
  EXPECT_THAT(html, HasSubstr("there is nothing to compare"));
}

TEST(SearchReport, SurvivesOneTrialOfEachKindAndEqualValues) {
  ReportedSearch search = SampleSearch();
  for (ReportedTrial& trial : search.trials) {
    if (trial.value) trial.value = 0.5;
    if (trial.flash_bytes) trial.flash_bytes = 700'000;
  }
  for (ReportedRank& rank : search.checks.ranks) rank = {"path", 0.5, 0.5};
  for (double& value : search.checks.random) value = 0.5;
  AllOf(search);
  std::string kind;
  std::erase_if(search.trials, [&](const ReportedTrial& trial) {
    const bool again =
        trial.kind == kind || (trial.kind == "candidate" && trial.number != *search.winner);
    if (!again) kind = trial.kind;
    return again;
  });
  search.checks.ranks.resize(1);
  search.checks.random.resize(1);
  EXPECT_THAT(AllOf(search), HasSubstr("It beats 1 of 1."));
}

TEST(ParetoSection, DrawsEveryCandidateThriceAndNamesTheWinner) {
  const ReportedSearch search = SampleSearch();
  const std::string html = ParetoSection(search);
  int drawn = 0;
  for (const ReportedTrial* trial : TrialsOf(search, "candidate"))
    drawn += trial->outcome == TrialOutcome::kComplete;
  EXPECT_EQ(Count(html, "<title>candidate "), 3 * drawn);
  EXPECT_EQ(Count(html, "<title>the winner after the compression stage"), 3);
  EXPECT_EQ(Count(html, ">candidate " + std::to_string(*search.winner) + "</text>"), 3);
  EXPECT_THAT(html, HasSubstr("limit 980,000 B"));
  EXPECT_THAT(html, HasSubstr("limit 307,200 B"));
  EXPECT_THAT(html, HasSubstr("above a limit once it was linked"));
}

TEST(ChecksSection, CountsTheRandomNetworksThatTheWinnerBeats) {
  ReportedSearch search;
  search.checks.random = {0.5, 0.7, 0.9, 0.6};
  search.checks.winner = 0.8;
  const std::string html = ChecksSection(search);
  EXPECT_THAT(html, HasSubstr("the median of 4 random networks <b>65.00 %</b>: 15.00 points more. "
                              "It beats 3 of 4."));
  search.checks.winner = 0.4;
  EXPECT_THAT(ChecksSection(search), HasSubstr("25.00 points less. It beats 0 of 4."));
}

Json SpaceJson() {
  return {{"samples", 10},
          {"fitting", 5},
          {"accepted", 4},
          {"acceptance", 0.8},
          {"band_share", 0.7},
          {"space_accepted", false},
          {"band", {100, 300}},
          {"histogram", {{"bin_parameters", 50}, {"all", {1, 9}}, {"fitting", {0, 5}}}}};
}

TEST(ReportedSpace, IsReadFromWhatExplainPrints) {
  const ReportedSpace space = ParseReportedSpace(SpaceJson(), "analysis 0");
  EXPECT_EQ(space.band_high, 300);
  EXPECT_EQ(space.bin_parameters, 50);
  EXPECT_EQ(space.all_bins, (std::vector<int64_t>{1, 9}));
}

TEST(ReportedSpace, SaysWhatIsWrong) {
  Json json = SpaceJson();
  json["band"] = {300, 100};
  EXPECT_EQ(ErrorText([&] { ParseReportedSpace(json, "analysis 0"); }),
            "error[report/value] analysis 0, key 'band'\n"
            "  expected: [lowest, highest] parameters\n"
            "  found:    [300,100]\n"
            "  fix:      write it again with the command that made it");
  json = SpaceJson();
  json["histogram"]["bin_parameters"] = 0;
  EXPECT_EQ(ErrorText([&] { ParseReportedSpace(json, "analysis 0"); }),
            "error[report/value] analysis 0: histogram\n"
            "  expected: counts of bins wider than 0\n"
            "  found:    {\"bin_parameters\":0,\"all\":[1,9],\"fitting\":[0,5]}\n"
            "  fix:      write it again with the command that made it");
  json = SpaceJson();
  json.erase("fitting");
  EXPECT_EQ(ErrorText([&] { ParseReportedSpace(json, "analysis 0"); }),
            "error[json/key] analysis 0: key 'fitting'\n"
            "  expected: a whole number\n"
            "  found:    no such key\n"
            "  fix:      correct this key in the file");
}

}  // namespace
}  // namespace tinyformer
