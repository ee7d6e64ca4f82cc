#include "cli/search_report.h"

#include <gtest/gtest.h>

#include <map>

#include "base/testing_error.h"
#include "search/analysis.h"
#include "search/rank_correlation.h"
#include "search/testing_samples.h"
#include "search/testing_search.h"

namespace tinyformer {
namespace {

SearchSettings Settings() {
  SearchSettings settings = SmallSearch(6, 12);
  settings.objectives = ParseObjectives("accuracy,flash");
  settings.budget.early_stop = 50;
  settings.budget.check_ranks = 5;
  settings.budget.check_random = 4;
  return settings;
}

Json ResultOf(const SearchSettings& settings, const PlannedTrial& trial) {
  if (trial.kind != kAnalysis) return MadeUpResult(trial.kind, trial.payload);
  return ToJson(AnalyseSpace(PaperSamples(settings.space, 50), settings.limits));
}

// A search whose trials all ended, `most` generations of it; candidate 2 failed if it was made.
SearchRecord MakeRecord(const SearchSettings& settings, int most = 100) {
  SearchRecord record;
  record.store = "out/search.db";
  record.settings = settings;
  std::vector<PlannedTrial> planned;
  while (most-- > 0 && !(planned = NextTrials(settings, PaperPrice, record.ended)).empty()) {
    for (const PlannedTrial& plan : planned) {
      Trial trial;
      trial.kind = plan.kind;
      trial.number = plan.number;
      trial.payload = plan.payload;
      const bool fails = plan.kind == kScreening && plan.number == 2;
      trial.state = fails ? TrialState::kFailed : TrialState::kComplete;
      if (fails) {
        trial.error = ToJson(Error("train/not-finite", "loss", "a number", "none", "lower --lr"));
      } else {
        trial.result = ResultOf(settings, plan);
      }
      record.trials.push_back(trial);
      record.ended.push_back({trial.kind, trial.number, trial.payload, trial.result});
    }
  }
  return record;
}

std::map<TrialOutcome, int> Outcomes(const ReportedSearch& search, const char* kind) {
  std::map<TrialOutcome, int> outcomes;
  for (const ReportedTrial* trial : TrialsOf(search, kind)) ++outcomes[trial->outcome];
  return outcomes;
}

TEST(SearchReport, HasWhatTheRecordHas) {
  const SearchRecord record = MakeRecord(Settings());
  const ReportedSearch search = ReportSearch(record);
  EXPECT_EQ(search.trials.size(), record.trials.size());
  EXPECT_TRUE(search.over);
  EXPECT_EQ(search.objectives, "accuracy, flash");
  EXPECT_EQ(search.analysis->samples, 50);
  EXPECT_EQ(search.winner, FindBestNetwork(record).candidate->number);
  EXPECT_EQ(*WinnerOf(search)->value,
            FindBestNetwork(record).candidate->result.at("accuracy").get<double>());
  EXPECT_EQ(search.parts.front().name, "dot1.down");
  EXPECT_EQ(search.parts.back().name, "head");
  size_t front = 0;
  for (const ReportedTrial& trial : search.trials) front += trial.on_front;
  EXPECT_EQ(front, ParetoFront(record.settings, record.ended).size());
}

TEST(SearchReport, TellsStoppedCandidatesFromFailedOnes) {
  const ReportedSearch search = ReportSearch(MakeRecord(Settings()));
  std::map<TrialOutcome, int> screened = Outcomes(search, kScreening);
  // Of four in each of three generations two are stopped; the failed one is one of those.
  EXPECT_EQ(screened[TrialOutcome::kFailed], 1);
  EXPECT_EQ(screened[TrialOutcome::kStopped], 5);
  EXPECT_EQ(screened[TrialOutcome::kComplete], 6);
  EXPECT_EQ(TrialsOf(search, kScreening)[2]->error, "train/not-finite, loss: none");
}

TEST(SearchReport, StopsNobodyWhoseGenerationIsNotJudgedYet) {
  // The analysis, two generations of supernets, one that is screened.
  const ReportedSearch search = ReportSearch(MakeRecord(Settings(), 4));
  EXPECT_EQ(Outcomes(search, kScreening)[TrialOutcome::kStopped], 0);
  EXPECT_FALSE(search.over);
  EXPECT_FALSE(search.winner.has_value());
  EXPECT_TRUE(search.parts.empty());
  EXPECT_FALSE(search.supernet_choices.empty());
  EXPECT_TRUE(search.candidate_choices.empty());
}

TEST(SearchReport, CorrelatesScoresOfPathsWithTrainingAlone) {
  SearchRecord record = MakeRecord(Settings());
  for (EndedTrial& trial : record.ended) {
    if (trial.kind == kAlone && trial.payload.at("origin") == "path")
      trial.payload["score"] = 0.1 * static_cast<double>(trial.number);
  }
  const ReportedChecks checks = ReportSearch(record).checks;
  ASSERT_EQ(checks.ranks.size(), 5u);
  EXPECT_EQ(checks.random.size(), 4u);
  EXPECT_TRUE(checks.winner.has_value());
  std::vector<double> scores, accuracies;
  for (const ReportedRank& rank : checks.ranks) {
    scores.push_back(rank.score);
    accuracies.push_back(rank.accuracy);
  }
  EXPECT_EQ(checks.kendall_tau, KendallTau(scores, accuracies));
  EXPECT_NE(checks.kendall_tau, 0);
  EXPECT_EQ(checks.spearman_rho, SpearmanRho(scores, accuracies));
}

TEST(SearchReport, LeavesResultsOutThatAreNoNumbers) {
  SearchRecord record = MakeRecord(Settings());
  for (Trial& trial : record.trials) {
    if (trial.kind == kSupernet) trial.result["score"] = nullptr;
  }
  const ReportedSearch search = ReportSearch(record);
  for (const ReportedTrial* trial : TrialsOf(search, kSupernet)) EXPECT_FALSE(trial->value);
  EXPECT_TRUE(search.supernet_choices.empty());
}

TEST(SearchReport, SaysWhichTrialHasAPayloadThatIsNotOurs) {
  SearchRecord record = MakeRecord(Settings());
  for (Trial& trial : record.trials) {
    if (trial.kind == kSupernet && trial.number == 1) trial.payload.erase("point");
  }
  EXPECT_EQ(ErrorText([&] { ReportSearch(record); }),
            "error[json/key] supernet 1: key 'point'\n"
            "  expected: a list of indices\n"
            "  found:    no such key\n"
            "  fix:      correct this key in the file");
}

}  // namespace
}  // namespace tinyformer
