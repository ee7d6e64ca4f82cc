#include "search/next_trials.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/testing_error.h"
#include "search/testing_search.h"

namespace tinyformer {
namespace {

SearchSettings Settings() { return SmallSearch(5, 12); }

// Every seventh candidate fails, at the latest when it is pruned.
Json Evaluate(const PlannedTrial& trial) {
  if (trial.kind == kScreening && trial.number % 14 == 3) return nullptr;
  if (trial.kind == kCandidate && trial.number % 7 == 3) return nullptr;
  return MadeUpResult(trial.kind, trial.payload);
}

// A whole search; within a generation trials end in an order that `seed` gives.
std::vector<EndedTrial> Search(const SearchSettings& settings, uint64_t seed) {
  std::vector<EndedTrial> ended;
  Rng rng(seed, "order");
  for (;;) {
    std::vector<PlannedTrial> next = NextTrials(settings, PaperPrice, ended);
    if (next.empty()) return ended;
    if (next[0].kind != kFinal) {
      EXPECT_LE(static_cast<int64_t>(next.size()), settings.budget.generation);
    }
    EXPECT_EQ(next, NextTrials(settings, PaperPrice, ended));
    rng.Shuffle(next);
    for (const PlannedTrial& trial : next) {
      ended.push_back({trial.kind, trial.number, trial.payload, Evaluate(trial)});
    }
  }
}

std::set<std::string> Texts(const std::vector<EndedTrial>& trials) {
  std::set<std::string> texts;
  for (const EndedTrial& trial : trials) {
    texts.insert(trial.kind + " " + std::to_string(trial.number) + " " + trial.payload.dump() +
                 trial.result.dump());
  }
  return texts;
}

std::vector<EndedTrial> OfKind(const std::vector<EndedTrial>& trials, const std::string& kind) {
  std::vector<EndedTrial> found;
  for (const EndedTrial& trial : trials) {
    if (trial.kind == kind) found.push_back(trial);
  }
  return found;
}

TEST(NextTrials, ASearchGoesThroughItsStages) {
  const SearchSettings settings = Settings();
  const std::vector<EndedTrial> ended = Search(settings, 1);
  const auto supernets = OfKind(ended, kSupernet), candidates = OfKind(ended, kCandidate),
             final_trials = OfKind(ended, kFinal);
  EXPECT_EQ(ended[0].kind, kAnalysis);
  EXPECT_EQ(OfKind(ended, kAnalysis).size(), 1U);
  EXPECT_TRUE(OfKind(ended, kScreening).empty());
  EXPECT_TRUE(OfKind(ended, kAlone).empty());
  EXPECT_EQ(supernets.size(), 6U);
  EXPECT_EQ(candidates.size(), 12U);
  ASSERT_EQ(final_trials.size(), 1U);
  const int64_t supernet = BestTrial(ended, kSupernet)->number;
  for (const EndedTrial& trial : candidates) {
    EXPECT_EQ(trial.payload["supernet"], supernet);
    EXPECT_TRUE(Fits(ParseUse(trial.payload["use"], "use"), settings.limits));
    EXPECT_EQ(PaperPrice(ParseGenome(trial.payload["genome"], "genome")),
              ParseUse(trial.payload["use"], "use"));
  }
  EXPECT_EQ(final_trials[0].payload["candidate"], BestTrial(ended, kCandidate)->number);
}

TEST(NextTrials, PoorCandidatesAreStoppedEarly) {
  SearchSettings settings = Settings();
  settings.budget.candidates = 24;
  settings.budget.early_stop = 50;
  const std::vector<EndedTrial> ended = Search(settings, 1);
  std::map<int64_t, std::vector<double>> stopped, pruned;  // by generation
  std::set<int64_t> candidates;
  for (const EndedTrial& trial : OfKind(ended, kCandidate)) candidates.insert(trial.number);
  const auto screened = OfKind(ended, kScreening);
  EXPECT_EQ(screened.size(), 24U);
  for (const EndedTrial& trial : screened) {
    const int64_t generation = trial.payload["generation"];
    EXPECT_EQ(generation, trial.number / settings.budget.generation);
    if (trial.result.is_null()) {
      EXPECT_EQ(candidates.count(trial.number), 0U);
      continue;
    }
    (candidates.count(trial.number) != 0 ? pruned : stopped)[generation].push_back(
        trial.result["accuracy_dense"]);
  }
  ASSERT_EQ(pruned.size(), 6U);
  for (auto& [generation, accuracies] : pruned) {
    EXPECT_EQ(accuracies.size(), 2U);
    const std::vector<double>& others = stopped[generation];
    EXPECT_GE(*std::min_element(accuracies.begin(), accuracies.end()),
              *std::max_element(others.begin(), others.end()));
  }
}

TEST(NextTrials, ScreeningThatAllFailsIsSaid) {
  SearchSettings settings = SmallSearch(1, 2);
  settings.budget.supernets = 1;
  settings.budget.early_stop = 50;
  std::vector<EndedTrial> ended;
  const auto end = [&] {
    for (const PlannedTrial& trial : NextTrials(settings, PaperPrice, ended)) {
      const Json failed = nullptr;
      ended.push_back({trial.kind, trial.number, trial.payload,
                       trial.kind == kScreening ? failed : Evaluate(trial)});
    }
  };
  for (int stage = 0; stage < 3; ++stage) end();
  EXPECT_EQ(ErrorText(end),
            "error[search/all-failed] stage 'screening'\n"
            "  expected: a trial that gave a result\n"
            "  found:    2 trials, all failed\n"
            "  fix:      look at their errors with --status, mend the cause, then go on with "
            "--retry");
}

TEST(NextTrials, ChecksOfTheSearchAreTrainedAlone) {
  SearchSettings settings = Settings();
  settings.budget.check_ranks = 3;
  settings.budget.check_random = 4;
  const std::vector<EndedTrial> ended = Search(settings, 1);
  const EndedTrial& supernet = *BestTrial(ended, kSupernet);
  std::map<std::string, int> origins;
  for (const EndedTrial& trial : OfKind(ended, kAlone)) {
    const Genome genome = ParseGenome(trial.payload["genome"], "genome");
    EXPECT_EQ(ParseUse(trial.payload["use"], "use"), PaperPrice(genome));
    EXPECT_TRUE(Fits(PaperPrice(genome), settings.limits));
    const std::string origin = trial.payload["origin"];
    if (origin == "path") {
      const auto i = static_cast<size_t>(origins[origin]);
      EXPECT_EQ(trial.payload["score"], supernet.result["accuracies"][i]);
    }
    if (origin == "winner") {
      EXPECT_EQ(trial.payload["genome"], BestTrial(ended, kCandidate)->payload["genome"]);
    }
    ++origins[origin];
  }
  EXPECT_EQ(origins, (std::map<std::string, int>{{"path", 3}, {"random", 4}, {"winner", 1}}));
}

TEST(NextTrials, EpochsAddUpOverTheTrials) {
  SearchSettings settings = Settings();
  settings.budget.check_random = 4;
  for (const int64_t early_stop : {0, 50}) {
    settings.budget.early_stop = early_stop;
    int64_t epochs = 0;
    for (const EndedTrial& trial : Search(settings, 1))
      epochs += EpochsOf(trial.kind, settings.budget);
    EXPECT_EQ(epochs, AllEpochs(settings.budget));
  }
}

TEST(NextTrials, TheOrderInWhichTrialsEndChangesNothing) {
  const std::set<std::string> first = Texts(Search(Settings(), 1));
  for (uint64_t seed = 2; seed < 6; ++seed) EXPECT_EQ(Texts(Search(Settings(), seed)), first);
  SearchSettings screened = Settings();
  screened.budget.early_stop = 60;
  screened.budget.check_ranks = screened.budget.check_random = 2;
  const std::set<std::string> more = Texts(Search(screened, 1));
  for (uint64_t seed = 2; seed < 6; ++seed) EXPECT_EQ(Texts(Search(screened, seed)), more);
  SearchSettings other = Settings();
  other.seed = 2;
  EXPECT_NE(Texts(Search(other, 1)), first);
}

TEST(NextTrials, EveryPathOfASupernetFitsAndNoPointComesTwice) {
  const SearchSettings settings = Settings();
  const std::vector<EndedTrial> ended = Search(settings, 1);
  std::set<Point> seen;
  for (const EndedTrial& trial : OfKind(ended, kSupernet)) {
    const Point point = trial.payload["point"].get<Point>();
    EXPECT_TRUE(seen.insert(point).second);
    const SupernetConfig supernet = MakeSupernet(settings.space, point);
    EXPECT_EQ(trial.payload["paths"].size(), 5U);
    for (const Json& path : trial.payload["paths"]) {
      const Genome genome = MakeGenome(settings.space, supernet, path.get<Point>(), settings.task);
      EXPECT_TRUE(Fits(PaperPrice(genome), settings.limits));
    }
  }
}

TEST(NextTrials, TheFrontIsWhatNothingDominates) {
  SearchSettings settings = Settings();
  settings.objectives = ParseObjectives("accuracy,flash,cycles");
  const std::vector<EndedTrial> ended = Search(settings, 1);
  const std::vector<EndedTrial> front = ParetoFront(settings, ended);
  ASSERT_FALSE(front.empty());
  const auto objectives = [&](const EndedTrial& trial) {
    return MakeObjectives(settings.objectives, trial.result["accuracy"].get<double>(),
                          ParseUse(trial.result["use"], "use"));
  };
  for (const EndedTrial& a : front) {
    for (const EndedTrial& b : OfKind(ended, kCandidate)) {
      if (!b.result.is_null()) {
        EXPECT_FALSE(Dominates(objectives(b), objectives(a)));
      }
    }
  }
}

TEST(NextTrials, ASmallSpaceEndsAStageEarly) {
  SearchSettings settings = Settings();
  SearchSpace& space = settings.space;
  space.dots[0].dims = {8};
  space.dots[1].dims = {16, 24};
  for (DotSpace& dot : space.dots) {
    dot.heads = {1};
    dot.transformers = {0};
  }
  space.last_linear = {32};
  EXPECT_EQ(OfKind(Search(settings, 1), kSupernet).size(), 2U);
}

TEST(NextTrials, LimitsThatNothingKeepsAreSaid) {
  SearchSettings settings = Settings();
  settings.limits.flash_bytes = 100;
  const std::vector<EndedTrial> analysed = {{kAnalysis, 0, nullptr, nullptr}};
  EXPECT_EQ(
      ErrorText([&] { NextTrials(settings, PaperPrice, analysed); }),
      "error[search/nothing-fits] space 'tiny'\n"
      "  expected: a supernet that keeps the limits: flash 100 B, RAM 60000 B\n"
      "  found:    none: of 72 drawn 48 have more than half of their paths above the RAM limit, "
      "24 fewer than 5 paths within all limits; of 13200 networks flash refuses 13200, RAM 4800; "
      "the nearest takes flash 3475 B, RAM 10240 B, 133798 cycles\n"
      "  fix:      raise what --limit lowered, or take a smaller space or a larger target; "
      "--explain shows what "
      "its networks cost");
}

TEST(NextTrials, AStageWhoseTrialsAllFailedIsSaid) {
  SearchSettings settings = Settings();
  settings.budget.supernets = 2;
  std::vector<EndedTrial> ended = {{kAnalysis, 0, nullptr, nullptr}};
  for (const PlannedTrial& trial : NextTrials(settings, PaperPrice, ended)) {
    ended.push_back({trial.kind, trial.number, trial.payload, nullptr});
  }
  EXPECT_EQ(ErrorText([&] { NextTrials(settings, PaperPrice, ended); }),
            "error[search/all-failed] stage 'supernet'\n"
            "  expected: a trial that gave a result\n"
            "  found:    2 trials, all failed\n"
            "  fix:      look at their errors with --status, mend the cause, then go on with "
            "--retry");
}

// The search up to its candidates, whose result is `make`'s.
template <typename F>
std::vector<EndedTrial> UpToCandidates(const SearchSettings& settings, F&& make) {
  std::vector<EndedTrial> ended;
  for (;;) {
    std::vector<PlannedTrial> next = NextTrials(settings, PaperPrice, ended);
    const std::string kind = next[0].kind;
    for (const PlannedTrial& trial : next) {
      ended.push_back({trial.kind, trial.number, trial.payload,
                       kind == kCandidate ? make(trial) : Evaluate(trial)});
    }
    if (kind == kCandidate) return ended;
  }
}

TEST(NextTrials, CandidatesThatExceedALimitOncePrunedAreCounted) {
  SearchSettings settings = SmallSearch(5, 4);
  const std::vector<EndedTrial> ended = UpToCandidates(settings, [](const PlannedTrial& trial) {
    Json result = MadeUpResult(trial.kind, trial.payload);
    result["fits"] = false;
    return trial.number == 0 ? Json(nullptr) : result;
  });
  EXPECT_EQ(ErrorText([&] { NextTrials(settings, PaperPrice, ended); }),
            "error[search/all-failed] stage 'candidate'\n"
            "  expected: a trial that gave a network within the limits\n"
            "  found:    4 trials, 1 failed, 3 above a limit once pruned\n"
            "  fix:      begin a search with more --candidates, or with a higher --limit");
}

TEST(NextTrials, ASupernetThatEndsWellOnlyLaterChangesNothing) {
  SearchSettings settings = Settings();
  settings.budget.check_ranks = 2;
  for (const int64_t early_stop : {0, 50}) {
    settings.budget.early_stop = early_stop;
    std::vector<EndedTrial> ended = UpToCandidates(settings, Evaluate);
    const int64_t best = BestTrial(ended, kSupernet)->number;
    for (;;) {
      std::vector<EndedTrial> with = ended;
      for (EndedTrial& trial : ended) {
        if (trial.kind == kSupernet && trial.number != best) trial.result = nullptr;
      }
      for (EndedTrial& trial : with) {
        if (trial.kind == kSupernet && trial.number != best) trial.result["score"] = 2;
      }
      const std::vector<PlannedTrial> next = NextTrials(settings, PaperPrice, ended);
      EXPECT_EQ(NextTrials(settings, PaperPrice, with), next);
      if (next.empty()) break;
      for (const PlannedTrial& trial : next)
        ended.push_back({trial.kind, trial.number, trial.payload, Evaluate(trial)});
    }
  }
}

TEST(NextTrials, ACompressionStageWithoutANetworkIsSaid) {
  const SearchSettings settings = SmallSearch(5, 4);
  std::vector<EndedTrial> ended = UpToCandidates(settings, Evaluate);
  const PlannedTrial last = NextTrials(settings, PaperPrice, ended).at(0);
  ASSERT_EQ(last.kind, kFinal);
  ended.push_back({last.kind, last.number, last.payload, nullptr});
  const auto text = [&] { return ErrorText([&] { NextTrials(settings, PaperPrice, ended); }); };
  EXPECT_EQ(text(),
            "error[search/all-failed] stage 'final'\n"
            "  expected: a trial that gave a result\n"
            "  found:    1 trial, all failed\n"
            "  fix:      look at their errors with --status, mend the cause, then go on with "
            "--retry");
  ended.back().result = MadeUpResult(kFinal, last.payload);
  ended.back().result["fits"] = false;
  EXPECT_EQ(text(),
            "error[search/all-failed] stage 'final'\n"
            "  expected: a trial that gave a network within the limits\n"
            "  found:    1 trial, 0 failed, 1 above a limit once pruned\n"
            "  fix:      take the best candidate, which keeps them: --status names it");
}

TEST(NextTrials, ASupernetNoneOfWhosePathsFitsAnyMoreIsSaid) {
  SearchSettings settings = SmallSearch(5, 4);
  std::vector<EndedTrial> ended = UpToCandidates(settings, Evaluate);
  std::erase_if(ended, [](const EndedTrial& trial) { return trial.kind == kCandidate; });
  // Another version's compiler, for one, prices them otherwise.
  const PriceFunction dearer = [](const Genome& genome) {
    ResourceUse use = PaperPrice(genome);
    use.flash_bytes = 200'000;
    use.sram_peak_bytes = use.cycles = 1;
    return use;
  };
  const std::string best = std::to_string(BestTrial(ended, kSupernet)->number);
  EXPECT_EQ(ErrorText([&] { NextTrials(settings, dearer, ended); }),
            "error[search/nothing-fits] space 'tiny'\n"
            "  expected: a path of supernet " +
                best +
                " that keeps the limits: flash 120000 B, RAM 60000 B\n"
                "  found:    none: of 6171 networks flash refuses 6171, RAM 0; the nearest takes "
                "flash 200000 B, RAM 1 B, 1 cycles\n"
                "  fix:      raise what --limit lowered, or take a smaller space or a larger "
                "target; --explain shows "
                "what its networks cost");
}

}  // namespace
}  // namespace tinyformer
