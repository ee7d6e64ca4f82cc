// What every store does, whatever database holds it.
#include "search/store/testing/store_cases.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/rng.h"
#include "search/store/heartbeat.h"

namespace tinyformer {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreTest);

namespace {

TEST_P(StoreTest, AStudyIsMadeOnceAndFoundAgain) {
  Json settings = {{"seed", 1}, {"space", {{"expansion", {1, 2}}}}};
  Study made = store_->OpenStudy("cifar", settings, "data-1");
  Study found = Again()->OpenStudy("cifar", settings, "data-1");
  EXPECT_EQ(found.id, made.id);
  EXPECT_EQ(found.settings, settings);
  EXPECT_EQ(found.fingerprint, "data-1");
  ASSERT_EQ(store_->Studies().size(), 1u);
  EXPECT_EQ(store_->Studies()[0].name, "cifar");
}

TEST_P(StoreTest, TheOrderOfSettingsDoesNotMatter) {
  int64_t id = store_->OpenStudy("cifar", {{"a", 1}, {"b", 2}}, "f").id;
  EXPECT_EQ(store_->OpenStudy("cifar", {{"b", 2}, {"a", 1}}, "f").id, id);
}

TEST_P(StoreTest, OtherSettingsAreRefusedByTheFirstKeyThatDiffers) {
  store_->OpenStudy("cifar", {{"seed", 1}, {"space", {{"expansion", {1, 2}}}}}, "data-1");
  EXPECT_EQ(
      ErrorText([&] {
        store_->OpenStudy("cifar", {{"seed", 1}, {"space", {{"expansion", {1, 4}}}}}, "data-1");
      }),
      "error[store/other-settings] study 'cifar' in " + store_->name() +
          "\n  expected: space.expansion = [1,2], as when the study was made"
          "\n  found:    space.expansion = [1,4]"
          "\n  fix:      go on with the settings that it was made with (tinyformer search --worker "
          "does), or take another store");
}

TEST_P(StoreTest, MissingSettingsAndOtherFingerprintsAreNamed) {
  store_->OpenStudy("cifar", {{"seed", 1}}, "data-1");
  std::string added = ErrorText([&] {
    store_->OpenStudy("cifar", {{"seed", 1}, {"limit", 5}}, "data-1");
  });
  EXPECT_NE(added.find("limit = nothing, as when"), std::string::npos) << added;
  std::string other = ErrorText([&] { store_->OpenStudy("cifar", {{"seed", 1}}, "data-2"); });
  EXPECT_NE(other.find("found:    fingerprint = data-2"), std::string::npos) << other;
}

TEST_P(StoreTest, NamesThatADatabaseMightCutAreRefused) {
  EXPECT_EQ(ErrorText([&] { store_->OpenStudy(std::string("a\0b", 3), {}, "f"); }),
            "error[store/name] the study's name\n  expected: 1 to 500 bytes of printable UTF-8"
            "\n  found:    control characters\n  fix:      use another name");
  EXPECT_NE(ErrorText([&] { store_->OpenStudy("a\xff", {}, "f"); }).find("not UTF-8"),
            std::string::npos);
  EXPECT_NE(ErrorText([&] { store_->OpenStudy("", {}, "f"); }).find("nothing"), std::string::npos);
  EXPECT_NE(ErrorText([&] { store_->OpenStudy(std::string(501, 'a'), {}, "f"); }).find("501 bytes"),
            std::string::npos);
}

TEST_P(StoreTest, TrialsAreListedByKindThenNumberAsTheyWereAdded) {
  int64_t study = store_->OpenStudy("cifar", {}, "f").id;
  Json payload = {{"b", 0.1}, {"a", {1, 2}}, {"text", "Gr\xc3\xbc\xc3\x9f \"x\""}};
  store_->AddTrials(study, {{"supernet", 0, {}}, {"candidate", 7, payload}, {"candidate", 2, {}}});
  auto trials = store_->Trials(study);
  ASSERT_EQ(trials.size(), 3u);
  EXPECT_EQ(trials[0].number, 2);
  EXPECT_EQ(trials[1].payload.dump(), payload.dump());
  EXPECT_EQ(trials[1].state, TrialState::kWaiting);
  EXPECT_EQ(trials[2].kind, "supernet");
  EXPECT_EQ(store_->Trials(study, {.kinds = {"supernet"}}).size(), 1u);
  EXPECT_EQ(store_->Trials(study, {.states = {TrialState::kComplete}}).size(), 0u);
  EXPECT_EQ(store_->Trials(study, {.kinds = {"candidate"}, .first = 3, .end = 8}).size(), 1u);
}

TEST_P(StoreTest, AddingTheSameTrialsAgainChangesNothing) {
  int64_t study = MakeStudy(3);
  Claim(study);
  MakeStudy(4);
  auto trials = store_->Trials(study);
  ASSERT_EQ(trials.size(), 4u);
  EXPECT_EQ(trials[0].state, TrialState::kRunning);
}

TEST_P(StoreTest, TwoWritersThatDisagreeAreTold) {
  int64_t study = MakeStudy(2);
  EXPECT_EQ(ErrorText([&] {
              store_->AddTrials(study, {{"candidate", 9, {}}, {"candidate", 1, {{"genome", 5}}}});
            }),
            "error[store/other-payload] trial 'candidate 1' in " + store_->name() +
                "\n  expected: genome = 1, as it is there\n  found:    genome = 5"
                "\n  fix:      let workers of one study be of the same version: two of them "
                "disagree");
  EXPECT_EQ(store_->Trials(study).size(), 2u) << "all or none";
}

TEST_P(StoreTest, TheLowestNumberIsClaimedFirst) {
  int64_t study = MakeStudy(0);
  store_->AddTrials(study, {{"candidate", 5, {}}, {"candidate", 3, {}}, {"supernet", 1, {}}});
  EXPECT_EQ(Claim(study)->trial.number, 3);
  EXPECT_EQ(Claim(study)->trial.number, 5);
  EXPECT_FALSE(Claim(study).has_value()) << "no other kind";
}

TEST_P(StoreTest, AClaimedTrialIsCompletedByItsHolder) {
  int64_t study = MakeStudy(1);
  auto claimed = Claim(study);
  EXPECT_EQ(claimed->trial.state, TrialState::kRunning);
  EXPECT_EQ(claimed->trial.worker, "w1");
  EXPECT_EQ(claimed->trial.lease_until_ms, claimed->trial.started_ms + 60'000);
  EXPECT_TRUE(store_->Renew(claimed->lease));
  EXPECT_TRUE(store_->Complete(claimed->lease, {{"accuracy", 0.5}}));
  EXPECT_TRUE(store_->Complete(claimed->lease, {{"accuracy", 0.5}})) << "idempotent";
  EXPECT_FALSE(store_->Complete(claimed->lease, {{"accuracy", 0.6}}));
  EXPECT_FALSE(store_->Renew(claimed->lease));
  Trial trial = store_->Trials(study)[0];
  EXPECT_EQ(trial.state, TrialState::kComplete);
  EXPECT_EQ(trial.result, Json({{"accuracy", 0.5}}));
  EXPECT_GE(trial.finished_ms, trial.started_ms);
}

TEST_P(StoreTest, AResultWithoutANumberIsTheSameResultAgain) {
  int64_t study = MakeStudy(1);
  auto claimed = Claim(study);
  Json result = {{"loss", std::nan("")}};
  EXPECT_TRUE(store_->Complete(claimed->lease, result));
  EXPECT_TRUE(store_->Complete(claimed->lease, result));
}

TEST_P(StoreTest, AnExpiredLeaseIsTakenOverAndItsHolderTold) {
  int64_t study = MakeStudy(1);
  auto old = Claim(study, 0);
  auto taken = Again()->Claim(study, {.worker = "w2", .kinds = {"candidate"}});
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->trial.number, 0);
  EXPECT_EQ(taken->trial.losses, 1);
  EXPECT_FALSE(store_->Renew(old->lease));
  EXPECT_FALSE(store_->Complete(old->lease, {}));
  EXPECT_FALSE(store_->Fail(old->lease, {}));
  EXPECT_FALSE(store_->Release(old->lease));
  EXPECT_FALSE(store_->AddMetrics(old->lease, {{"loss", 0, 1}}));
  EXPECT_FALSE(store_->PutArtifact(old->lease, "weights", "x"));
  EXPECT_TRUE(store_->Complete(taken->lease, {}));
  EXPECT_TRUE(store_->Metrics(taken->trial.id).empty());
  EXPECT_TRUE(store_->Artifacts(taken->trial.id).empty());
}

TEST_P(StoreTest, AnExpiredLeaseThatNobodyTookIsStillGood) {
  int64_t study = MakeStudy(1);
  auto claimed = Claim(study, 0);
  EXPECT_TRUE(store_->Renew(claimed->lease, 60'000));
  EXPECT_FALSE(Claim(study).has_value());
}

TEST_P(StoreTest, ATrialThatEndsItsWorkersIsGivenUp) {
  int64_t study = MakeStudy(2);
  auto claim = [&] {
    return store_->Claim(study, {"w1", {"candidate"}, /*lease_ms=*/0, /*most_losses=*/2});
  };
  EXPECT_EQ(claim()->trial.number, 0);
  EXPECT_EQ(claim()->trial.number, 0);
  EXPECT_EQ(claim()->trial.number, 1);
  Trial trial = store_->Trials(study)[0];
  EXPECT_EQ(trial.state, TrialState::kFailed);
  EXPECT_EQ(
      trial.error.dump(),
      R"({"code":"store/workers-vanished","where":"candidate 0","expected":"a worker that ends it",)"
      R"("found":"2 workers that vanished, the last was w1",)"
      R"("fix":"see what ended them, memory for example, then have it made again"})");
}

TEST_P(StoreTest, AFailedTrialIsTriedAgainThenGivenUpThenRetriedOnRequest) {
  int64_t study = MakeStudy(1);
  Json error = {{"message", "loss is NaN"}};
  auto first = Claim(study);
  EXPECT_TRUE(store_->Fail(first->lease, error, 2));
  EXPECT_TRUE(store_->Fail(first->lease, error, 2)) << "said twice, counted once";
  auto second = Claim(study);
  EXPECT_EQ(second->trial.failures, 1);
  EXPECT_TRUE(store_->Fail(second->lease, error, 2));
  EXPECT_FALSE(Claim(study).has_value());
  Trial trial = store_->Trials(study)[0];
  EXPECT_EQ(trial.state, TrialState::kFailed);
  EXPECT_EQ(trial.error, error);
  EXPECT_GT(trial.finished_ms, 0);
  EXPECT_EQ(store_->RetryFailed(study, {"supernet"}), 0);
  EXPECT_EQ(store_->RetryFailed(study), 1);
  EXPECT_EQ(Claim(study)->trial.failures, 0);
}

TEST_P(StoreTest, AReleasedTrialWaitsAndNothingIsCounted) {
  int64_t study = MakeStudy(1);
  auto claimed = Claim(study);
  EXPECT_TRUE(store_->Release(claimed->lease));
  EXPECT_TRUE(store_->Release(claimed->lease));
  auto again = Claim(study);
  EXPECT_EQ(again->trial.failures + again->trial.losses, 0);
  EXPECT_FALSE(store_->Release(claimed->lease)) << "another's by now";
}

TEST_P(StoreTest, MetricsAreKeptWithAllTheirBitsAndOverwritten) {
  int64_t study = MakeStudy(1);
  Lease lease = Claim(study)->lease;
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(store_->AddMetrics(lease, {{"loss", 2, 9}, {"loss", 1, 0.1}, {"accuracy", 1, 1}}));
  EXPECT_TRUE(store_->AddMetrics(lease, {{"loss", 2, -infinity}, {"loss", 3, std::nan("")}}));
  auto metrics = store_->Metrics(lease.trial);
  ASSERT_EQ(metrics.size(), 4u);
  EXPECT_EQ(metrics[0].name, "accuracy");
  EXPECT_EQ(metrics[0].value, 1);
  EXPECT_EQ(metrics[1].value, 0.1);
  EXPECT_EQ(metrics[2].value, -infinity);
  EXPECT_TRUE(std::isnan(metrics[3].value));
}

TEST_P(StoreTest, ArtifactsAreReadAsTheyWereOrNotAtAll) {
  int64_t study = MakeStudy(1);
  Lease lease = Claim(study)->lease;
  const std::string folder = folder_ / "study";
  const std::string bytes("\0\xff\\x'\n", 6);
  WriteFileAtomic(folder + "/run/weights", "abc");
  EXPECT_TRUE(store_->PutArtifact(lease, "genome", "{}"));
  EXPECT_TRUE(store_->PutArtifact(lease, "genome", bytes));
  EXPECT_TRUE(store_->PutArtifactFile(lease, "weights", folder, "run/weights"));
  auto artifacts = store_->Artifacts(lease.trial);
  ASSERT_EQ(artifacts.size(), 2u);
  EXPECT_EQ(artifacts[0].size_bytes, 6);
  EXPECT_EQ(artifacts[1].path, "run/weights");
  EXPECT_EQ(store_->ReadArtifact(lease.trial, "genome", folder), bytes);
  EXPECT_EQ(store_->ReadArtifact(lease.trial, "weights", folder), "abc");
  WriteFileAtomic(folder + "/run/weights", "abd");
  const std::string where = " of trial 1 in " + store_->name();
  EXPECT_EQ(ErrorText([&] { store_->ReadArtifact(lease.trial, "weights", folder); }),
            "error[store/artifact-checksum] artifact 'weights'" + where +
                "\n  expected: bytes with the checksum " + Checksum("abc") +
                "\n  found:    " + Checksum("abd") +
                "\n  fix:      remove the trial's files and run it again, or use a copy");
  EXPECT_EQ(ErrorText([&] { store_->ReadArtifact(lease.trial, "plan", folder); }),
            "error[store/artifact-missing] artifact 'plan'" + where +
                "\n  expected: an artifact of this name\n  found:    none"
                "\n  fix:      look at the table artifacts: which names has this trial?");
}

TEST_P(StoreTest, WhatHappensIsNotedInOrder) {
  int64_t study = MakeStudy(2);
  auto lost = Claim(study, 0);
  auto claimed = Claim(study);
  store_->AddEvent(study, "w1", "epoch", {{"epoch", 3}}, claimed->trial.id);
  store_->Complete(claimed->lease, {});
  std::string kinds;
  for (const Event& event : store_->Events(study)) kinds += event.kind + " ";
  EXPECT_EQ(kinds, "added claimed lost claimed epoch complete ");
  auto later = store_->Events(study, store_->Events(study)[3].id, 1);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].detail, Json({{"epoch", 3}}));
  EXPECT_EQ(later[0].worker, "w1");
  EXPECT_EQ(later[0].trial, claimed->trial.id);
  EXPECT_GT(later[0].at_ms, 1'600'000'000'000);
}

TEST_P(StoreTest, StudiesDoNotMix) {
  int64_t study = MakeStudy(1);
  int64_t other = store_->OpenStudy("other", {}, "f").id;
  EXPECT_FALSE(Claim(other).has_value());
  EXPECT_TRUE(store_->Trials(other).empty());
  EXPECT_TRUE(Claim(study).has_value());
  EXPECT_TRUE(store_->Events(other).empty());
}

// What a worker does until nothing is left. Some trials end it the first time.
void Work(const std::string& url, int64_t study, const std::string& worker) {
  auto store = OpenStore(url);
  for (;;) {
    auto claimed = store->Claim(
        study, {.worker = worker, .kinds = {"candidate"}, .lease_ms = 300, .most_losses = 1000});
    if (!claimed) {
      auto left = store->Trials(study, {.states = {TrialState::kWaiting, TrialState::kRunning}});
      if (left.empty()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      continue;
    }
    const int64_t number = claimed->trial.number;
    if (number % 40 == 7 && claimed->trial.losses == 0) ::raise(SIGKILL);
    store->AddMetrics(claimed->lease, {{"loss", 0, 1.0 / static_cast<double>(number + 1)}});
    store->Complete(claimed->lease, {{"twice", 2 * number}});
  }
}

pid_t StartWorker(const std::string& url, int64_t study, int index) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    Work(url, study, "w" + std::to_string(index));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
  ::_exit(0);
}

TEST_P(StoreTest, EveryTrialIsDoneOnceByManyWorkersOfWhomSomeAreKilled) {
  constexpr int64_t kTrials = 200;
  const int64_t study = MakeStudy(kTrials);
  store_.reset();  // no connection crosses fork
  Rng rng(1, "kills");
  std::set<pid_t> workers;
  int started = 0;
  while (started < 8) workers.insert(StartWorker(url_, study, started++));
  for (int kills = 0; !workers.empty();) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, kills < 8 ? WNOHANG : 0);
    if (ended > 0 && workers.erase(ended) > 0) {
      EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
      if (WIFSIGNALED(status)) workers.insert(StartWorker(url_, study, started++));
    } else if (kills < 8 && !workers.empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(rng.Below(40)));
      ::kill(*std::next(workers.begin(), static_cast<long>(rng.Below(workers.size()))), SIGKILL);
      ++kills;
    }
  }
  store_ = OpenStore(url_);
  std::map<int64_t, int> completions;
  for (const Event& event : store_->Events(study)) {
    if (event.kind == "complete") ++completions[event.trial];
  }
  int64_t losses = 0;
  for (const Trial& trial : store_->Trials(study)) {
    EXPECT_EQ(trial.state, TrialState::kComplete) << trial.number;
    EXPECT_EQ(trial.result, Json({{"twice", 2 * trial.number}}));
    EXPECT_EQ(completions[trial.id], 1) << trial.number;
    losses += trial.losses;
  }
  EXPECT_EQ(completions.size(), static_cast<size_t>(kTrials));
  EXPECT_GE(losses, kTrials / 40);
}

TEST_P(StoreTest, ManyWhoOpenANewStoreAtOnceAllGetIt) {
  const std::string url = GetParam().make_url(folder_);
  std::vector<std::thread> threads;
  std::vector<std::string> errors(8);
  for (size_t i = 0; i < errors.size(); ++i) {
    threads.emplace_back(
        [&, i] { errors[i] = ErrorText([&] { OpenStore(url)->OpenStudy("cifar", {}, "f"); }); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& error : errors) EXPECT_EQ(error, "");
  EXPECT_EQ(OpenStore(url)->Studies().size(), 1u);
}

// Waits until it is so, for ten seconds at most.
template <typename Condition>
bool Becomes(Condition&& is_so) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!is_so() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return is_so();
}

TEST_P(StoreTest, AHeartbeatRenewsTheLeaseWhileItsWorkerUsesTheStore) {
  const int64_t study = MakeStudy(1);
  const ClaimedTrial claimed = *Claim(study);
  Heartbeat heartbeat(*store_, claimed.lease, 60'000, /*interval_ms=*/1);
  int64_t step = 0;
  EXPECT_TRUE(Becomes([&] {
    EXPECT_TRUE(store_->AddMetrics(claimed.lease, {{"loss", step++, 0.5}}));
    return store_->Trials(study)[0].lease_until_ms > claimed.trial.lease_until_ms;
  }));
  EXPECT_EQ(store_->Metrics(claimed.lease.trial).size(), static_cast<size_t>(step));
}

}  // namespace
}  // namespace tinyformer
