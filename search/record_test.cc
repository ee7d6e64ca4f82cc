#include "search/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/interrupt.h"
#include "base/testing_error.h"
#include "search/testing_search.h"
#include "search/worker.h"

namespace tinyformer {
namespace {

std::string FreshStore() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string folder = std::string("record_") + test->name();
  std::filesystem::remove_all(folder);
  return folder + "/search.db";
}

// A search of six candidates that made-up results answer, until `most` trials have ended.
void Search(const std::string& url, int most, const char* failing = "", int checks = 0) {
  SearchSettings settings = SmallSearch(2, 6);
  settings.budget.check_ranks = settings.budget.check_random = checks;
  const std::unique_ptr<Store> store = OpenStore(url);
  const Study study = store->OpenStudy(kSearchStudy, ToJson(settings), "data");
  WorkerOptions options;
  options.name = "w";
  options.attempts = 1;
  int made = 0;
  try {
    RunWorker(
        store.get(), study, settings, PaperPrice,
        [&](const Trial& trial, const Lease&) -> Json {
          if (made++ == most) throw Interrupted();
          if (trial.kind == failing) throw Error("a/code", "w", "e", "f", "x");
          return MadeUpResult(trial.kind, trial.payload);
        },
        options);
  } catch (const Interrupted&) {
  } catch (const Error&) {
    EXPECT_STRNE(failing, "");
  }
}

SearchRecord Read(const std::string& url) {
  StoreOptions options;
  options.access = StoreAccess::kRead;
  return ReadSearchRecord(OpenStore(url, options).get());
}

TEST(SearchRecord, HoldsTheWholeSearch) {
  const std::string url = FreshStore();
  Search(url, 100);
  const SearchRecord record = Read(url);
  EXPECT_EQ(record.settings, SmallSearch(2, 6));
  EXPECT_EQ(record.ended.size(), record.trials.size());
  const BestNetwork best = FindBestNetwork(record);
  ASSERT_NE(best.candidate, nullptr);
  ASSERT_NE(best.compressed, nullptr);
  const Json json = ToJson(record);
  EXPECT_EQ(json.at("over"), true);
  EXPECT_EQ(json.at("feasible"), 6);
  EXPECT_EQ(json.at("stages").at(kCandidate),
            Json({{"complete", 6}, {"failed", 0}, {"running", 0}, {"waiting", 0}}));
  EXPECT_EQ(json.at("best").at("number"), best.candidate->number);
  EXPECT_EQ(json.at("best").at("genome"), best.candidate->payload.at("genome"));
  EXPECT_EQ(json.at("best").at("accuracy"), best.compressed->result.at("accuracy"));
  EXPECT_EQ(json.at("all").size(), record.trials.size());
}

TEST(SearchRecord, ABetterCandidateOfARetryIsNotTheOneThatWasCompressed) {
  const std::string url = FreshStore();
  Search(url, 100);
  SearchRecord record = Read(url);
  const int64_t number = FindBestNetwork(record).candidate->number;
  const auto other = std::find_if(record.ended.begin(), record.ended.end(), [&](const auto& trial) {
    return trial.kind == kCandidate && trial.number != number;
  });
  other->result["accuracy"] = 2;
  EXPECT_EQ(FindBestNetwork(record).candidate->number, number);
  std::erase_if(record.ended, [](const EndedTrial& trial) { return trial.kind == kFinal; });
  EXPECT_EQ(FindBestNetwork(record).candidate->number, other->number);
}

TEST(SearchRecord, ChecksComeFromNetworksThatWereTrainedAlone) {
  const std::string url = FreshStore();
  Search(url, 100, "", 2);
  const SearchRecord record = Read(url);
  std::map<std::string, std::vector<double>> by_origin;
  for (const Trial& trial : record.trials) {
    if (trial.kind == kAlone)
      by_origin[trial.payload["origin"]].push_back(trial.result["accuracy"]);
  }
  const SearchChecks checks = FindChecks(record);
  ASSERT_EQ(checks.paths.size(), 2U);
  EXPECT_EQ(checks.paths[1].accuracy, by_origin["path"][1]);
  EXPECT_EQ(checks.random, by_origin["random"]);
  ASSERT_EQ(checks.random.size(), 2U);
  EXPECT_DOUBLE_EQ(checks.random_median, (checks.random[0] + checks.random[1]) / 2);
  EXPECT_EQ(checks.winner, by_origin["winner"].at(0));
  const Json json = SummaryJson(record).at("checks");
  EXPECT_EQ(json.at("winner"), *checks.winner);
  EXPECT_EQ(json.at("random_median"), checks.random_median);
  EXPECT_EQ(json.at("paths"), 2);
  EXPECT_EQ(json.at("kendall_tau"), checks.kendall_tau);
}

TEST(SearchRecord, IsReadBeforeTheFirstTrialHasEnded) {
  const std::string url = FreshStore();
  Search(url, 0);
  const SearchRecord record = Read(url);
  EXPECT_FALSE(record.trials.empty());
  EXPECT_TRUE(record.ended.empty());
  EXPECT_EQ(FindBestNetwork(record).candidate, nullptr);
  EXPECT_EQ(SummaryJson(record).at("best"), nullptr);
  EXPECT_EQ(SummaryJson(record).at("over"), false);
}

TEST(SearchRecord, HasNoBestNetworkWhenAllCandidatesFailed) {
  const std::string url = FreshStore();
  Search(url, 100, kCandidate);
  const SearchRecord record = Read(url);
  EXPECT_EQ(FindBestNetwork(record).candidate, nullptr);
  EXPECT_EQ(SummaryJson(record).at("feasible"), 0);
}

TEST(SearchRecord, AStoreWithoutASearchIsSaid) {
  const std::string url = FreshStore();
  const std::unique_ptr<Store> store = OpenStore(url);
  EXPECT_EQ(ErrorText([&] { ReadSearchRecord(store.get()); }),
            "error[search/no-study] " + url +
                "\n"
                "  expected: a search\n"
                "  found:    no search in this store\n"
                "  fix:      begin one: tinyformer search --data D --target B -o out/");
}

}  // namespace
}  // namespace tinyformer
