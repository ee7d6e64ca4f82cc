#include "search/worker.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <new>
#include <set>
#include <thread>

#include "base/check.h"
#include "base/testing_error.h"
#ifdef TF_POSTGRES_BINARIES
#include "search/store/testing/postgres_server.h"
#endif
#include "search/testing_search.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

SearchSettings Settings() {
  SearchSettings settings = SmallSearch(3, 16);
  settings.objectives = ParseObjectives("accuracy,flash");
  return settings;
}

// Every fifth candidate fails.
Json Evaluate(const Trial& trial) {
  std::this_thread::sleep_for(milliseconds(5));
  if (trial.kind == kCandidate && trial.number % 5 == 2) {
    throw Error("train/nan", "loss", "a finite number", "nan", "lower --lr");
  }
  return MadeUpResult(trial.kind, trial.payload);
}

std::string FreshStore(const std::string& what = "") {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string folder = std::string("worker_") + test->name() + what;
  fs::remove_all(folder);
  return folder + "/search.db";
}

// One worker, from opening the store to the end of the search.
void Work(
    const std::string& url, const std::string& name,
    const TrialFunction& make = [](const Trial& t, const Lease&) { return Evaluate(t); }) {
  const std::unique_ptr<Store> store = OpenStore(url);
  const Study study = store->OpenStudy("search", ToJson(Settings()), "data");
  WorkerOptions options;
  options.name = name;
  options.lease_ms = 400;
  options.poll_ms = 20;
  RunWorker(store.get(), study, Settings(), PaperPrice, make, options);
}

// A worker in a process of its own.
pid_t Start(const std::string& url, const std::string& name) {
  const pid_t child = ::fork();
  TF_CHECK(child >= 0, "fork");
  if (child != 0) return child;
  try {
    Work(url, name);
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

// Every trial with its result or failure, and the front.
std::set<std::string> Outcome(const std::string& url) {
  const std::unique_ptr<Store> store = OpenStore(url);
  const std::vector<Trial> trials = store->Trials(store->Studies().at(0).id);
  std::set<std::string> texts;
  for (const Trial& trial : trials) {
    EXPECT_TRUE(trial.state == TrialState::kComplete || trial.state == TrialState::kFailed);
    texts.insert(trial.kind + std::to_string(trial.number) + trial.payload.dump() +
                 trial.result.dump());
  }
  for (const EndedTrial& trial : ParetoFront(Settings(), EndedTrials(trials))) {
    texts.insert("front " + std::to_string(trial.number));
  }
  return texts;
}

std::set<std::string> OfOneWorker() {
  const std::string url = FreshStore("_alone");
  Work(url, "alone");
  return Outcome(url);
}

TEST(Worker, MakesAllStages) {
  const std::string url = FreshStore();
  Work(url, "alone");
  const std::unique_ptr<Store> store = OpenStore(url);
  int complete = 0, failed = 0;
  for (const Trial& trial : store->Trials(store->Studies().at(0).id)) {
    complete += trial.state == TrialState::kComplete;
    failed += trial.state == TrialState::kFailed;
    if (trial.state == TrialState::kFailed) {
      EXPECT_EQ(trial.failures, 2);
      EXPECT_EQ(trial.error.at("code"), "train/nan");
    }
  }
  EXPECT_EQ(complete, 1 + 6 + 13 + 1);
  EXPECT_EQ(failed, 3);
}

TEST(Worker, FourWorkersGiveTheFrontOfOne) {
  const std::string url = FreshStore();
  std::vector<pid_t> workers;
  for (int i = 0; i < 4; ++i) workers.push_back(Start(url, "w" + std::to_string(i)));
  for (pid_t worker : workers) {
    int status = 0;
    ::waitpid(worker, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(Outcome(url), OfOneWorker());
}

TEST(Worker, KilledWorkersLoseNothing) {
  const std::string url = FreshStore();
  Rng rng(3, "kills");
  std::vector<pid_t> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(Start(url, "w" + std::to_string(i)));
  for (int kill = 0; kill < 6; ++kill) {
    std::this_thread::sleep_for(milliseconds(20 + rng.Below(80)));
    const size_t victim = rng.Below(workers.size());
    ::kill(workers[victim], SIGKILL);
    ::waitpid(workers[victim], nullptr, 0);
    workers[victim] = Start(url, "late" + std::to_string(kill));
  }
  for (pid_t worker : workers) {
    int status = 0;
    ::waitpid(worker, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(Outcome(url), OfOneWorker());
}

#ifdef TF_POSTGRES_BINARIES
TEST(Worker, ThreeOnPostgresqlOneKilledOneLateGiveTheFrontOfOneOnSqlite) {
  PostgresServer server;
  const std::string url = server.EmptyDatabase();
  const pid_t first = Start(url, "first"), second = Start(url, "killed");
  std::this_thread::sleep_for(milliseconds(150));
  ::kill(second, SIGKILL);
  ::waitpid(second, nullptr, 0);
  for (const pid_t worker : {first, Start(url, "late")}) {
    int status = 0;
    ::waitpid(worker, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(Outcome(url), OfOneWorker());
}
#endif

TEST(Worker, AnInterruptedTrialWaitsForAnother) {
  const std::string url = FreshStore();
  int made = 0;
  const TrialFunction stops_at_third = [&](const Trial& trial, const Lease&) {
    if (++made == 3) throw Interrupted();
    return Evaluate(trial);
  };
  EXPECT_THROW(Work(url, "first", stops_at_third), Interrupted);
  {
    const std::unique_ptr<Store> store = OpenStore(url);
    for (const Trial& trial : store->Trials(store->Studies().at(0).id)) {
      EXPECT_NE(trial.state, TrialState::kRunning);
      EXPECT_EQ(trial.failures, 0);
    }
  }
  Work(url, "second");
  EXPECT_EQ(Outcome(url), OfOneWorker());
}

TEST(Worker, WhatIsWrongWithTheMachineEndsTheWorkerAndNotTheTrial) {
  const std::string url = FreshStore();
  const Error full("file/write-failed", "model.onnx", "a file that can be written", "disk full",
                   "free some space");
  const TrialFunction faulty = [&](const Trial&, const Lease&) -> Json { throw WorkerFault(full); };
  EXPECT_EQ(ErrorText([&] { Work(url, "first", faulty); }), full.what());
  {
    const std::unique_ptr<Store> store = OpenStore(url);
    for (const Trial& trial : store->Trials(store->Studies().at(0).id)) {
      EXPECT_EQ(trial.state, TrialState::kWaiting);
      EXPECT_EQ(trial.failures, 0);
    }
  }
  Work(url, "second");
  EXPECT_EQ(Outcome(url), OfOneWorker());
}

TEST(Worker, IsToldWhenAnotherHasItsTrial) {
  const std::string url = FreshStore();
  const std::unique_ptr<Store> store = OpenStore(url);
  const Study study = store->OpenStudy("search", ToJson(Settings()), "data");
  std::vector<std::string> late;
  WorkerOptions options;
  options.name = "asleep";
  options.lease_ms = 100;
  options.poll_ms = 5;
  options.too_late = [&](const Trial& trial) { late.push_back(trial.kind); };
  bool slept = false;
  const TrialFunction sleeps_once = [&](const Trial& trial, const Lease& lease) {
    if (!std::exchange(slept, true)) {
      // Its machine slept; another took the trial, and gave it back.
      EXPECT_TRUE(store->Release(lease));
    }
    return Evaluate(trial);
  };
  RunWorker(store.get(), study, Settings(), PaperPrice, sleeps_once, options);
  EXPECT_EQ(late, std::vector<std::string>{kAnalysis});
  EXPECT_EQ(Outcome(url), OfOneWorker());
}

TEST(Worker, AnErrorOfTheStoreIsNotTheTrials) {
  const std::string url = FreshStore();
  const Error busy("store/busy", url, "a lock", "held for minutes", "end the other process");
  const TrialFunction unheard = [&](const Trial&, const Lease&) -> Json { throw busy; };
  EXPECT_EQ(ErrorText([&] { Work(url, "first", unheard); }), busy.what());
  const std::unique_ptr<Store> store = OpenStore(url);
  const Trial trial = store->Trials(store->Studies().at(0).id).at(0);
  EXPECT_EQ(trial.state, TrialState::kWaiting);
  EXPECT_EQ(trial.failures, 0);
}

TEST(Worker, WhatIsNoErrorOfTheTrialGivesItBackAtOnce) {
  const std::string url = FreshStore();
  const TrialFunction broken = [](const Trial&, const Lease&) -> Json { throw std::bad_alloc(); };
  EXPECT_THROW(Work(url, "first", broken), std::bad_alloc);
  const std::unique_ptr<Store> store = OpenStore(url);
  const Trial trial = store->Trials(store->Studies().at(0).id).at(0);
  EXPECT_EQ(trial.state, TrialState::kWaiting);
  EXPECT_EQ(trial.failures, 0);
}

}  // namespace
}  // namespace tinyformer
