#include "search/optuna_export.h"

#include <gtest/gtest.h>

#include "search/testing_search.h"

namespace tinyformer {
namespace {

// Two generations of a search whose results are made up, the candidates of the second one screened.
SearchRecord Record() {
  SearchRecord record;
  record.settings = SmallSearch(2, 8);
  record.settings.objectives = ParseObjectives("accuracy,flash");
  record.settings.budget.early_stop = 50;
  record.settings.budget.candidate_epochs = 2;
  std::vector<EndedTrial> ended = {{kAnalysis, 0, nullptr, nullptr}};
  for (;;) {
    const std::vector<PlannedTrial> next = NextTrials(record.settings, PaperPrice, ended);
    const bool is_second = !next.empty() && next[0].kind == kScreening && next[0].number > 0;
    for (const PlannedTrial& planned : next) {
      Trial trial;
      trial.id = static_cast<int64_t>(record.trials.size()) + 1;
      trial.kind = planned.kind;
      trial.number = planned.number;
      trial.payload = planned.payload;
      trial.state = is_second ? TrialState::kWaiting : TrialState::kComplete;
      if (!is_second) trial.result = MadeUpResult(planned.kind, planned.payload);
      record.trials.push_back(trial);
      ended.push_back({planned.kind, planned.number, planned.payload, trial.result});
    }
    if (is_second) return record;
  }
}

std::vector<Metric> Metrics(int64_t) {
  return {{"compressed/validation_accuracy", 1, 0.75},
          {"train_loss", 1, 2.5},
          {"validation_accuracy", 1, 0.25},
          {"validation_accuracy", 2, 0.5}};
}

int CountOf(const OptunaStudy& study, OptunaState state) {
  int count = 0;
  for (const OptunaTrial& trial : study.trials) count += trial.state == state;
  return count;
}

TEST(OptunaExport, HasOneStudyOfSupernetsAndOneOfCandidates) {
  const SearchRecord record = Record();
  const std::vector<OptunaStudy> studies = MakeOptunaStudies(record, Metrics);
  ASSERT_EQ(studies.size(), 2U);
  const OptunaStudy &supernets = studies[0], &candidates = studies[1];
  EXPECT_EQ(supernets.name, "supernets");
  EXPECT_EQ(CountOf(supernets, OptunaState::kComplete), 6);
  EXPECT_EQ(supernets.trials[0].curve, (std::vector<std::pair<int64_t, double>>{{1, 2.5}}));

  EXPECT_EQ(candidates.name, "candidates");
  ASSERT_EQ(candidates.objectives.size(), 2U);
  EXPECT_TRUE(candidates.objectives[0].is_maximized);
  EXPECT_EQ(candidates.objectives[1].name, "flash");
  EXPECT_FALSE(candidates.objectives[1].is_maximized);
  // Half of the first generation was stopped early; the second one waits.
  EXPECT_EQ(CountOf(candidates, OptunaState::kComplete), 2);
  EXPECT_EQ(CountOf(candidates, OptunaState::kPruned), 2);
  EXPECT_EQ(CountOf(candidates, OptunaState::kWaiting), 4);
  for (const OptunaTrial& trial : candidates.trials) {
    EXPECT_FALSE(trial.params.empty());
    if (trial.state != OptunaState::kComplete) continue;
    ASSERT_EQ(trial.values.size(), 2U);
    EXPECT_EQ(trial.values[1], trial.attributes.at("flash_bytes").get<double>());
    EXPECT_EQ(trial.curve,
              (std::vector<std::pair<int64_t, double>>{{1, 0.25}, {2, 0.5}, {3, 0.75}}));
  }
}

TEST(OptunaExport, StudiesOfOneJournalAreNumbered) {
  const std::string text = OptunaJournal(MakeOptunaStudies(Record(), Metrics));
  EXPECT_NE(text.find("\"study_name\":\"supernets\""), std::string::npos);
  EXPECT_LT(text.find("\"study_id\":0"), text.find("\"study_name\":\"candidates\""));
  EXPECT_GT(text.find("\"study_id\":1"), text.find("\"study_name\":\"candidates\""));
}

}  // namespace
}  // namespace tinyformer
