#include "search/next_trials.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/check.h"
#include "base/error.h"
#include "search/evolution.h"
#include "search/refusals.h"

namespace tinyformer {
namespace {

// TestSupernet of Alg. 2: a supernet is passed over when more than half of so many paths take too
// much RAM.
constexpr int kTestedPaths = 100;
// Draws for each network that fits.
constexpr int kDrawsPerPath = 50;

std::string Text(const Point& point) {
  std::string text;
  for (int index : point) text += " " + std::to_string(index);
  return text;
}

Point PointOf(const EndedTrial& trial) {
  return RequireKey<Point>(trial.payload, "point", trial.kind + " " + std::to_string(trial.number),
                           "a list of indices");
}

int64_t GenerationOf(const EndedTrial& trial) {
  return RequireKey<int64_t>(trial.payload, "generation",
                             trial.kind + " " + std::to_string(trial.number), "a whole number");
}

double ResultOf(const EndedTrial& trial, const char* key) {
  return RequireKey<double>(trial.result, key, trial.kind + " " + std::to_string(trial.number),
                            "a number");
}
double ValueOf(const EndedTrial& trial) {
  return ResultOf(trial, trial.kind == kSupernet ? "score" : "accuracy");
}
double DenseAccuracy(const EndedTrial& trial) { return ResultOf(trial, "accuracy_dense"); }

// Whether it gave a network that keeps the limits: other masks than those that it was priced with
// can take some bytes more.
bool Counts(const EndedTrial& trial) {
  return !trial.result.is_null() && trial.result.value("fits", true);
}

Objectives ObjectivesOf(const SearchSettings& settings, const EndedTrial& trial) {
  if (!Counts(trial)) return {};
  if (trial.kind == kSupernet) return {ValueOf(trial)};
  const std::string where = trial.kind + " " + std::to_string(trial.number);
  return MakeObjectives(settings.objectives, ValueOf(trial),
                        ParseUse(RequireKey<Json>(trial.result, "use", where, "an object"), where));
}

class Planner {
 public:
  Planner(const SearchSettings& settings, const PriceFunction& price,
          const std::vector<EndedTrial>& ended)
      : settings_(settings), price_(price) {
    for (const EndedTrial& trial : ended) ended_[trial.kind][trial.number] = &trial;
  }

  std::vector<PlannedTrial> Next() const {
    if (ended_.count(kAnalysis) == 0) return {{kAnalysis, 0, {{"samples", kAnalysedNetworks}}}};
    // A small space may be used up before the budget is: then a stage ends early.
    std::vector<PlannedTrial> next = Supernets(StageOf(kSupernet, settings_.budget.supernets));
    if (next.empty()) next = Candidates();
    if (!next.empty()) return next;
    if (ended_.count(kFinal) == 0) return Last();
    Best(kFinal);  // for its error
    return {};
  }

 private:
  using Trials = std::map<int64_t, const EndedTrial*>;  // by number

  // How far a stage is: what is tried, and where its next generation begins.
  struct Stage {
    std::vector<TriedPoint> tried;
    int64_t first = 0, count = 0, generation = 0;
  };

  const Trials& Ended(const std::string& kind) const {
    static const Trials none;
    const auto found = ended_.find(kind);
    return found == ended_.end() ? none : found->second;
  }

  // kind  that of the stage's first trials; a screened candidate that was stopped early has no
  //       objectives
  Stage StageOf(const std::string& kind, int64_t budget) const {
    Stage stage;
    const Trials& results = Ended(kind == kScreening ? kCandidate : kind);
    for (const auto& [number, trial] : Ended(kind)) {
      const auto result = results.find(number);
      stage.tried.push_back({PointOf(*trial), result == results.end()
                                                  ? Objectives()
                                                  : ObjectivesOf(settings_, *result->second)});
      stage.generation = GenerationOf(*trial) + 1;
    }
    stage.first = static_cast<int64_t>(stage.tried.size());
    stage.count = std::min(settings_.budget.generation, budget - stage.first);
    return stage;
  }

  std::vector<PlannedTrial> Supernets(const Stage& stage) const {
    if (stage.count <= 0) return {};
    const std::vector<Axis> axes = SupernetAxes(settings_.space);
    Rng rng(settings_.seed, "supernets", static_cast<uint64_t>(stage.first));
    std::vector<PlannedTrial> planned;
    Refusals refused;
    int64_t above_ram = 0, few_paths = 0;
    const auto accepts = [&](const Point& p) {
      const bool passes = PassesTest(p, &refused);
      const bool suits = passes && !Paths(p, &refused).empty();
      above_ram += !passes;
      few_paths += passes && !suits;
      return suits;
    };
    for (const Point& point :
         NextGeneration(axes, stage.tried, static_cast<size_t>(stage.count), accepts, {}, rng)) {
      const int64_t number = stage.first + static_cast<int64_t>(planned.size());
      planned.push_back({kSupernet,
                         number,
                         {{"generation", stage.generation},
                          {"point", point},
                          {"paths", Paths(point, &refused)}}});
    }
    if (planned.empty() && stage.tried.empty()) {
      FailNothingFits("supernet",
                      "of " + std::to_string(above_ram + few_paths) + " drawn " +
                          std::to_string(above_ram) +
                          " have more than half of their paths above the RAM limit, " +
                          std::to_string(few_paths) + " fewer than " +
                          std::to_string(settings_.budget.paths) + " paths within all limits; ",
                      refused);
    }
    return planned;
  }

  std::vector<PlannedTrial> Candidates() const {
    const char* first = settings_.budget.early_stop > 0 ? kScreening : kCandidate;
    const Stage stage = StageOf(first, settings_.budget.candidates);
    if (first == kScreening && stage.generation > 0) {
      std::vector<PlannedTrial> survivors = Survivors(stage.generation - 1);
      if (!survivors.empty()) return survivors;
    }
    return NewCandidates(first, stage);
  }

  std::vector<PlannedTrial> NewCandidates(const char* kind, const Stage& stage) const {
    if (stage.count <= 0) return {};
    const EndedTrial& best = ChosenSupernet();
    const SupernetConfig supernet = MakeSupernet(settings_.space, PointOf(best));
    const std::vector<Axis> axes = PathAxes(settings_.space, supernet);
    Rng rng(settings_.seed, "candidates", static_cast<uint64_t>(stage.first));
    std::vector<PlannedTrial> planned;
    Refusals refused;
    const auto accepts = [&](const Point& p) {
      return refused.Admits(price_(Network(supernet, p)), settings_.limits);
    };
    for (const Point& point :
         NextGeneration(axes, stage.tried, static_cast<size_t>(stage.count), accepts, {}, rng)) {
      const int64_t number = stage.first + static_cast<int64_t>(planned.size());
      Json payload = Priced(Network(supernet, point));
      payload.update(
          {{"generation", stage.generation}, {"supernet", best.number}, {"point", point}});
      planned.push_back({kind, number, std::move(payload)});
    }
    if (planned.empty() && stage.tried.empty()) {
      FailNothingFits("path of supernet " + std::to_string(best.number), "", refused);
    }
    return planned;
  }

  // The better ones of a generation that is screened; none when they are planned already.
  std::vector<PlannedTrial> Survivors(int64_t generation) const {
    for (const auto& [number, trial] : Ended(kCandidate)) {
      if (GenerationOf(*trial) == generation) return {};
    }
    std::vector<const EndedTrial*> screened;
    std::vector<Objectives> objectives;
    int64_t count = 0;
    for (const auto& [number, trial] : Ended(kScreening)) {
      if (GenerationOf(*trial) != generation) continue;
      ++count;
      if (trial->result.is_null()) continue;
      screened.push_back(trial);
      objectives.push_back(MakeObjectives(settings_.objectives, DenseAccuracy(*trial),
                                          ParseUse(trial->payload.at("use"), "use")));
    }
    const std::vector<int> ranks = ParetoRanks(objectives);
    std::vector<size_t> order(screened.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::make_pair(ranks[a], -objectives[a][0]) <
             std::make_pair(ranks[b], -objectives[b][0]);
    });
    const auto kept = static_cast<size_t>(KeptOfGeneration(count, settings_.budget));
    order.resize(std::min(order.size(), kept));
    std::sort(order.begin(), order.end());
    std::vector<PlannedTrial> planned;
    for (size_t i : order) {
      planned.push_back({kCandidate, screened[i]->number, screened[i]->payload});
    }
    return planned;
  }

  // The compression stage, and the checks: none of them waits for another.
  std::vector<PlannedTrial> Last() const {
    const EndedTrial& winner = Best(kCandidate);
    std::vector<PlannedTrial> planned = {{kFinal, 0, {{"candidate", winner.number}}}};
    const auto add = [&](const char* origin, Json payload) {
      payload["origin"] = origin;
      planned.push_back({kAlone, static_cast<int64_t>(planned.size()) - 1, std::move(payload)});
    };
    const EndedTrial& best = ChosenSupernet();
    const SupernetConfig supernet = MakeSupernet(settings_.space, PointOf(best));
    const size_t paths = std::min<size_t>(best.payload.at("paths").size(),
                                          static_cast<size_t>(settings_.budget.check_ranks));
    for (size_t i = 0; i < paths; ++i) {
      Json payload = Priced(Network(supernet, best.payload.at("paths")[i].get<Point>()));
      payload["score"] = best.result.at("accuracies").at(i);
      add("path", std::move(payload));
    }
    if (settings_.budget.check_random == 0) return planned;
    for (const Genome& genome : RandomNetworks()) add("random", Priced(genome));
    add("winner", {{"candidate", winner.number},
                   {"genome", winner.payload.at("genome")},
                   {"use", winner.payload.at("use")}});
    return planned;
  }

  // Networks of the whole space that keep the limits.
  std::vector<Genome> RandomNetworks() const {
    const auto count = static_cast<size_t>(settings_.budget.check_random);
    const std::vector<Axis> axes = SupernetAxes(settings_.space);
    Rng rng(settings_.seed, "random networks");
    std::vector<Genome> networks;
    for (size_t draw = 0; draw < kDrawsPerPath * count && networks.size() < count; ++draw) {
      const SupernetConfig supernet = MakeSupernet(settings_.space, RandomPoint(axes, rng));
      Genome genome = Network(supernet, RandomPoint(PathAxes(settings_.space, supernet), rng));
      if (Fits(price_(genome), settings_.limits)) networks.push_back(std::move(genome));
    }
    return networks;
  }

  Json Priced(const Genome& genome) const {
    return {{"genome", ToJson(genome)}, {"use", ToJson(price_(genome))}};
  }

  // Source  TinyFormer Alg. 2, TestSupernet; III-B3
  bool PassesTest(const Point& point, Refusals* refused) const {
    const SupernetConfig supernet = MakeSupernet(settings_.space, point);
    const std::vector<Axis> axes = PathAxes(settings_.space, supernet);
    Rng rng(settings_.seed, "test of supernet" + Text(point));
    int too_large = 0;
    for (int i = 0; i < kTestedPaths; ++i) {
      const ResourceUse use = price_(Network(supernet, RandomPoint(axes, rng)));
      refused->Admits(use, settings_.limits);
      too_large += use.sram_peak_bytes > settings_.limits.ram_bytes;
    }
    return 2 * too_large <= kTestedPaths;
  }

  // The paths by which a supernet is judged; empty when too few fit.
  std::vector<Point> Paths(const Point& point, Refusals* refused) const {
    const SupernetConfig supernet = MakeSupernet(settings_.space, point);
    const std::vector<Axis> axes = PathAxes(settings_.space, supernet);
    const auto count = static_cast<size_t>(settings_.budget.paths);
    Rng rng(settings_.seed, "paths of supernet" + Text(point));
    std::vector<Point> paths;
    for (size_t draw = 0; draw < kDrawsPerPath * count && paths.size() < count; ++draw) {
      Point path = RandomPoint(axes, rng);
      if (refused->Admits(price_(Network(supernet, path)), settings_.limits)) {
        paths.push_back(std::move(path));
      }
    }
    if (paths.size() < count) paths.clear();
    return paths;
  }

  Genome Network(const SupernetConfig& supernet, const Point& path) const {
    return MakeGenome(settings_.space, supernet, path, settings_.task);
  }

  // That of the candidates: the best one when the first of them were drawn. A better one that ends
  // later, after a retry, changes nothing.
  const EndedTrial& ChosenSupernet() const {
    for (const char* kind : {kScreening, kCandidate}) {
      if (Ended(kind).empty()) continue;
      const EndedTrial& first = *Ended(kind).begin()->second;
      const auto number = RequireKey<int64_t>(
          first.payload, "supernet", kind + (" " + std::to_string(first.number)), "a whole number");
      const auto found = Ended(kSupernet).find(number);
      TF_CHECK(found != Ended(kSupernet).end(), number);
      return *found->second;
    }
    return Best(kSupernet);
  }

  const EndedTrial& Best(const std::string& kind) const {
    std::vector<EndedTrial> trials;
    for (const auto& [number, trial] : Ended(kind)) trials.push_back(*trial);
    const EndedTrial* best = BestTrial(trials, kind);
    if (best != nullptr) return *Ended(kind).at(best->number);
    const bool screened = trials.empty();  // and none of them came through
    const auto count = screened ? Ended(kScreening).size() : trials.size();
    const auto above = std::count_if(trials.begin(), trials.end(), [](const EndedTrial& trial) {
      return !trial.result.is_null();
    });
    throw Error(
        "search/all-failed", "stage '" + (screened ? kScreening : kind) + "'",
        above == 0 ? "a trial that gave a result" : "a trial that gave a network within the limits",
        std::to_string(count) + (count == 1 ? " trial, " : " trials, ") +
            (above == 0 ? "all" : std::to_string(count - static_cast<size_t>(above))) + " failed" +
            (above == 0 ? "" : ", " + std::to_string(above) + " above a limit once pruned"),
        above == 0 ? "look at their errors with --status, mend the cause, then go on with --retry"
        : kind == kFinal ? "take the best candidate, which keeps them: --status names it"
                         : "begin a search with more --candidates, or with a higher --limit");
  }

  [[noreturn]] void FailNothingFits(const std::string& what, const std::string& supernets,
                                    const Refusals& refused) const {
    throw Error("search/nothing-fits", "space '" + settings_.space.name + "'",
                "a " + what + " that keeps the limits: " + LimitsText(settings_.limits),
                "none: " + supernets + refused.Text(),
                "raise what --limit lowered, or take a smaller space or a larger target; --explain "
                "shows what its "
                "networks cost");
  }

  const SearchSettings& settings_;
  const PriceFunction& price_;
  std::map<std::string, Trials> ended_;
};

}  // namespace

std::vector<PlannedTrial> NextTrials(const SearchSettings& settings, const PriceFunction& price,
                                     const std::vector<EndedTrial>& ended) {
  return Planner(settings, price, ended).Next();
}

int64_t EpochsOf(const std::string& kind, const SearchBudget& budget) {
  const int64_t both = budget.candidate_epochs + budget.prune_epochs;
  if (kind == kSupernet) return budget.supernet_epochs;
  if (kind == kScreening) return budget.candidate_epochs;
  if (kind == kCandidate) return budget.early_stop > 0 ? budget.prune_epochs : both;
  if (kind == kFinal) return budget.final_epochs;
  return kind == kAlone ? both : 0;
}

int64_t AllEpochs(const SearchBudget& budget) {
  return budget.supernets * EpochsOf(kSupernet, budget) +
         (budget.early_stop > 0 ? budget.candidates * EpochsOf(kScreening, budget) : 0) +
         KeptCandidates(budget) * EpochsOf(kCandidate, budget) + EpochsOf(kFinal, budget) +
         CountAloneTrials(budget) * EpochsOf(kAlone, budget);
}

const EndedTrial* BestTrial(const std::vector<EndedTrial>& ended, const std::string& kind) {
  const EndedTrial* best = nullptr;
  for (const EndedTrial& trial : ended) {
    if (trial.kind != kind || !Counts(trial)) continue;
    const bool better = best == nullptr || ValueOf(trial) > ValueOf(*best) ||
                        (ValueOf(trial) == ValueOf(*best) && trial.number < best->number);
    if (better) best = &trial;
  }
  return best;
}

std::vector<EndedTrial> ParetoFront(const SearchSettings& settings,
                                    const std::vector<EndedTrial>& ended) {
  std::vector<EndedTrial> candidates;
  std::vector<Objectives> objectives;
  for (const EndedTrial& trial : ended) {
    if (trial.kind != kCandidate || !Counts(trial)) continue;
    candidates.push_back(trial);
    objectives.push_back(ObjectivesOf(settings, trial));
  }
  const std::vector<int> ranks = ParetoRanks(objectives);
  std::vector<EndedTrial> front;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (ranks[i] == 0) front.push_back(candidates[i]);
  }
  std::sort(front.begin(), front.end(),
            [](const EndedTrial& a, const EndedTrial& b) { return a.number < b.number; });
  return front;
}

}  // namespace tinyformer
