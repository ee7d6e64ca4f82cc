#include "search/check_trials.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing_error.h"
#include "search/record.h"
#include "search/testing_search.h"
#include "search/worker.h"

namespace tinyformer {
namespace {

// A search at its end: all kinds of trials.
class CheckTrialsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    settings_ = SmallSearch(2, 4);
    settings_.budget.early_stop = 50;
    settings_.budget.check_ranks = settings_.budget.check_random = 1;
    std::filesystem::remove_all("check_trials");
    const std::unique_ptr<Store> store = OpenStore("check_trials/search.db");
    const Study study = store->OpenStudy(kSearchStudy, ToJson(settings_), "data");
    WorkerOptions options;
    options.name = "w";
    RunWorker(
        store.get(), study, settings_, PaperPrice,
        [](const Trial& trial, const Lease&) { return MadeUpResult(trial.kind, trial.payload); },
        options);
    trials_ = store->Trials(study.id);
  }

  static Trial& Find(std::vector<Trial>& trials, const std::string& kind) {
    for (Trial& trial : trials) {
      if (trial.kind == kind) return trial;
    }
    ADD_FAILURE() << kind;
    return trials[0];
  }

  // What is said after a change to the first trial of the kind.
  template <typename F>
  std::string Said(const std::string& kind, F&& change) const {
    std::vector<Trial> trials = trials_;
    change(Find(trials, kind));
    return ErrorText([&] { CheckTrials(settings_, trials, "s.db"); });
  }

  static SearchSettings settings_;
  static std::vector<Trial> trials_;
};

SearchSettings CheckTrialsTest::settings_;
std::vector<Trial> CheckTrialsTest::trials_;

TEST_F(CheckTrialsTest, WhatASearchWroteIsTaken) {
  EXPECT_EQ(ErrorText([] { CheckTrials(settings_, trials_, "s.db"); }), "");
}

TEST_F(CheckTrialsTest, ChangedPointsAreRefused) {
  EXPECT_EQ(Said(kSupernet, [](Trial& t) { t.payload["point"] = {99}; }),
            "error[store/contents] s.db: supernet 0, payload: key 'point'\n"
            "  expected: an index on each of 10 axes\n"
            "  found:    [99]\n"
            "  fix:      go on from a copy: another program has changed it");
}

TEST_F(CheckTrialsTest, EverythingThatIsReadIsChecked) {
  struct Change {
    const char* kind;
    const char* pointer;  // of {"payload", "result"}
    Json value;
  };
  const std::vector<Change> changes = {
      {kAnalysis, "/payload", nullptr},
      {kAnalysis, "/payload/samples", -1},
      {kAnalysis, "/result", 5},
      {kSupernet, "/payload/generation", "x"},
      {kSupernet, "/payload/paths", 1},
      {kSupernet, "/payload/paths/0/0", 1000},
      {kSupernet, "/result", Json::array()},
      {kSupernet, "/result/score", nullptr},
      {kSupernet, "/result/accuracies", Json::array()},
      {kScreening, "/payload/supernet", 77},
      {kScreening, "/payload/point", Json::array()},
      {kScreening, "/result/accuracy_dense", "good"},
      {kCandidate, "/payload/genome", nullptr},
      {kCandidate, "/payload/use", nullptr},
      {kCandidate, "/payload/use/flash_bytes", 1.5},
      {kCandidate, "/result/accuracy", Json::object()},
      {kCandidate, "/result/fits", "yes"},
      {kCandidate, "/result/use", "small"},
      {kFinal, "/payload/candidate", 99},
      {kFinal, "/result/use/cycles_estimate", Json::object()},
      {kAlone, "/payload/origin", 1},
      {kAlone, "/payload/score", nullptr},
  };
  for (const Change& change : changes) {
    const std::string said = Said(change.kind, [&](Trial& trial) {
      Json both = {{"payload", trial.payload}, {"result", trial.result}};
      both[Json::json_pointer(change.pointer)] = change.value;
      trial.payload = both["payload"];
      trial.result = both["result"];
    });
    EXPECT_EQ(said.find(std::string("error[store/contents] s.db: ") + change.kind + " "), 0U)
        << change.kind << change.pointer << ": " << said;
  }
}

TEST_F(CheckTrialsTest, ErrorsAndKindsAreOurs) {
  const auto fails = [](const Json& error) {
    return [error](Trial& trial) {
      trial.state = TrialState::kFailed;
      trial.error = error;
    };
  };
  EXPECT_EQ(Said(kFinal, fails(ToJson(Error("a/b", "w", "e", "f", "x")))), "");
  EXPECT_NE(Said(kFinal, fails(nullptr)), "");
  EXPECT_NE(Said(kFinal, fails({{"code", 5}})), "");
  EXPECT_NE(Said(kFinal, [](Trial& trial) { trial.kind = "other"; }), "");
}

}  // namespace
}  // namespace tinyformer
