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
