#include "search/optuna_journal.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tinyformer {
namespace {

constexpr int64_t kNoon = 1'790'000'000'123;

const std::vector<Axis> kAxes = {
    {"dot0.expansion", {2, 4}}, {"pooling", {"seqpool", "average"}}, {"residual", {true, false}}};

OptunaTrial MakeTrial(TrialState state) {
  Trial trial;
  trial.kind = "candidate";
  trial.number = 7;
  trial.state = state;
  trial.worker = state == TrialState::kWaiting ? "" : "w1";
  trial.started_ms = kNoon;
  trial.finished_ms = state == TrialState::kComplete ? kNoon + 1500 : 0;
  return OptunaTrialOf(trial);
}

TEST(OptunaJournal, IsTheTextThatOptunaReads) {
  OptunaStudy study;
  study.name = "cifar/candidate";
  study.objectives = {{"accuracy", true}, {"flash", false}};
  study.attributes = {{"seed", 1}, {"space", {{"name", "tiny"}}}};
  OptunaTrial complete = MakeTrial(TrialState::kComplete);
  complete.params = OptunaParams(kAxes, {1, 0, 1});
  complete.values = {0.875, 860000};
  complete.curve = {{0, 0.5}, {1, std::nan("")}, {2, 0.75}};
  study.trials = {complete, MakeTrial(TrialState::kWaiting)};
  EXPECT_EQ(
      OptunaJournal({study}),
      R"({"op_code":0,"worker_id":"tinyformer","study_name":"cifar/candidate","directions":[2,1]}
{"op_code":3,"worker_id":"tinyformer","study_id":0,"system_attr":{"study:metric_names":["accuracy","flash"]}}
{"op_code":2,"worker_id":"tinyformer","study_id":0,"user_attr":{"seed":1}}
{"op_code":2,"worker_id":"tinyformer","study_id":0,"user_attr":{"space":{"name":"tiny"}}}
{"op_code":4,"worker_id":"tinyformer","study_id":0,"datetime_start":"2026-09-21T14:13:20.123000+00:00","state":1,"value":null,"values":[0.875,860000.0],"datetime_complete":"2026-09-21T14:13:21.623000+00:00","distributions":{"dot0.expansion":"{\"name\":\"CategoricalDistribution\",\"attributes\":{\"choices\":[2,4]}}","pooling":"{\"name\":\"CategoricalDistribution\",\"attributes\":{\"choices\":[\"seqpool\",\"average\"]}}","residual":"{\"name\":\"CategoricalDistribution\",\"attributes\":{\"choices\":[true,false]}}"},"params":{"dot0.expansion":1,"pooling":0,"residual":1},"user_attrs":{"kind":"candidate","number":7,"worker":"w1"},"system_attrs":{},"intermediate_values":{"0":0.5,"2":0.75}}
{"op_code":4,"worker_id":"tinyformer","study_id":0,"datetime_start":null,"state":4,"value":null,"values":null,"distributions":{},"params":{},"user_attrs":{"kind":"candidate","number":7},"system_attrs":{},"intermediate_values":{}}
)");
}

Json LastLine(const std::string& text) {
  const size_t begin = text.rfind('\n', text.size() - 2) + 1;
  return ParseJson(text.substr(begin), "journal");
}

TEST(OptunaJournal, OneObjectiveIsAValue) {
  OptunaStudy study = {.name = "s", .objectives = {{"accuracy", true}}};
  study.trials = {MakeTrial(TrialState::kComplete)};
  study.trials[0].values = {0.5};
  const Json line = LastLine(OptunaJournal({study}));
  EXPECT_EQ(line["value"], 0.5);
  EXPECT_EQ(line["values"], nullptr);
}

TEST(OptunaJournal, AResultThatIsNoNumberIsAFailure) {
  OptunaStudy study = {.name = "s", .objectives = {{"loss", false}, {"flash", false}}};
  study.trials = {MakeTrial(TrialState::kComplete)};
  study.trials[0].values = {std::nan(""), 1};
  const Json line = LastLine(OptunaJournal({study}));
  EXPECT_EQ(line["state"], 3);
  EXPECT_EQ(line["values"], nullptr);
}

TEST(OptunaJournal, StatesAreOptunas) {
  OptunaStudy study = {.name = "s", .objectives = {{"accuracy", true}}};
  auto state = [&](const OptunaTrial& trial) {
    study.trials = {trial};
    return LastLine(OptunaJournal({study}))["state"].get<int>();
  };
  EXPECT_EQ(state(MakeTrial(TrialState::kRunning)), 0);
  EXPECT_EQ(state(MakeTrial(TrialState::kFailed)), 3);
  EXPECT_EQ(state(MakeTrial(TrialState::kWaiting)), 4);
  OptunaTrial pruned = MakeTrial(TrialState::kRunning);
  pruned.state = OptunaState::kPruned;
  EXPECT_EQ(state(pruned), 2);
}

TEST(OptunaJournal, IdleAxesAreNoParameters) {
  std::vector<Axis> axes = {{"sparsity", {0, 0.5}}, {"block", {2, 4}, std::vector<int>{0}}};
  EXPECT_EQ(OptunaParams(axes, {0, 0}).size(), 1u);
  EXPECT_EQ(OptunaParams(axes, {1, 1}).size(), 2u);
}

}  // namespace
}  // namespace tinyformer
