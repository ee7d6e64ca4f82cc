#include "search/next_trials.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "search/evolution.h"

namespace tinyformer {
namespace {

// TestSupernet of Alg. 2: a supernet is passed over when more than half of so many paths take too
// much RAM.
constexpr int kTestedPaths = 100;
// Draws for each path that fits.
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

double ValueOf(const EndedTrial& trial) {
  return RequireKey<double>(trial.result, trial.kind == kSupernet ? "score" : "accuracy",
                            trial.kind + " " + std::to_string(trial.number), "a number");
}

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
    // A small space may be used up before the budget is: then a stage ends early.
    std::vector<PlannedTrial> next = Supernets(StageOf(kSupernet, settings_.budget.supernets));
    if (next.empty()) next = Candidates(StageOf(kCandidate, settings_.budget.candidates));
    if (!next.empty()) return next;
    if (ended_.count(kFinal) != 0) return {};
    const int64_t best = Best(kCandidate).number;
    return {{kFinal, 0, {{"candidate", best}}}};
  }

 private:
  // How far a stage is: what is tried, and where its next generation begins.
  struct Stage {
    std::vector<TriedPoint> tried;
    int64_t first = 0, count = 0;
  };

  Stage StageOf(const std::string& kind, int64_t budget) const {
    Stage stage;
    const auto found = ended_.find(kind);
    if (found != ended_.end()) {
      for (const auto& [number, trial] : found->second) {
        stage.tried.push_back({PointOf(*trial), ObjectivesOf(settings_, *trial)});
      }
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
    for (const Point& point : NextGeneration(
             axes, stage.tried, static_cast<size_t>(stage.count),
             [&](const Point& p) { return PassesTest(p) && !Paths(p).empty(); }, {}, rng)) {
      const int64_t number = stage.first + static_cast<int64_t>(planned.size());
      planned.push_back({kSupernet, number, {{"point", point}, {"paths", Paths(point)}}});
    }
    if (planned.empty() && stage.tried.empty()) FailNothingFits("supernet");
    return planned;
  }

  std::vector<PlannedTrial> Candidates(const Stage& stage) const {
    if (stage.count <= 0) return {};
    const EndedTrial& best = Best(kSupernet);
    const SupernetConfig supernet = MakeSupernet(settings_.space, PointOf(best));
    const std::vector<Axis> axes = PathAxes(settings_.space, supernet);
    Rng rng(settings_.seed, "candidates", static_cast<uint64_t>(stage.first));
    std::vector<PlannedTrial> planned;
    for (const Point& point : NextGeneration(
             axes, stage.tried, static_cast<size_t>(stage.count),
             [&](const Point& p) { return Fits(price_(Network(supernet, p)), settings_.limits); },
             {}, rng)) {
      const Genome genome = Network(supernet, point);
      const int64_t number = stage.first + static_cast<int64_t>(planned.size());
      planned.push_back({kCandidate,
                         number,
                         {{"supernet", best.number},
                          {"point", point},
                          {"genome", ToJson(genome)},
                          {"use", ToJson(price_(genome))}}});
    }
    if (planned.empty() && stage.tried.empty()) FailNothingFits("candidate");
    return planned;
  }

  // Source  TinyFormer Alg. 2, TestSupernet; III-B3
  bool PassesTest(const Point& point) const {
    const SupernetConfig supernet = MakeSupernet(settings_.space, point);
    const std::vector<Axis> axes = PathAxes(settings_.space, supernet);
    Rng rng(settings_.seed, "test of supernet" + Text(point));
    int too_large = 0;
    for (int i = 0; i < kTestedPaths; ++i) {
      const ResourceUse use = price_(Network(supernet, RandomPoint(axes, rng)));
      too_large += use.sram_peak_bytes > settings_.limits.ram_bytes;
    }
    return 2 * too_large <= kTestedPaths;
  }

  // The paths by which a supernet is judged; empty when too few fit.
  std::vector<Point> Paths(const Point& point) const {
    const SupernetConfig supernet = MakeSupernet(settings_.space, point);
    const std::vector<Axis> axes = PathAxes(settings_.space, supernet);
    const auto count = static_cast<size_t>(settings_.budget.paths);
    Rng rng(settings_.seed, "paths of supernet" + Text(point));
    std::vector<Point> paths;
    for (size_t draw = 0; draw < kDrawsPerPath * count && paths.size() < count; ++draw) {
      Point path = RandomPoint(axes, rng);
      if (Fits(price_(Network(supernet, path)), settings_.limits)) paths.push_back(std::move(path));
    }
    if (paths.size() < count) paths.clear();
    return paths;
  }

  Genome Network(const SupernetConfig& supernet, const Point& path) const {
    return MakeGenome(settings_.space, supernet, path, settings_.task);
  }

  const EndedTrial& Best(const std::string& kind) const {
    std::vector<EndedTrial> trials;
    for (const auto& [number, trial] : ended_.at(kind)) trials.push_back(*trial);
    const EndedTrial* best = BestTrial(trials, kind);
    if (best != nullptr) return *ended_.at(kind).at(best->number);
    throw Error("search/all-failed", "stage '" + kind + "'", "a trial that gave a result",
                std::to_string(trials.size()) + " trials, all failed",
                "look at their errors with --status, mend the cause, then go on with --retry");
  }

  [[noreturn]] void FailNothingFits(const std::string& what) const {
    throw Error("search/nothing-fits", "space '" + settings_.space.name + "'",
                "a " + what + " that keeps the limits of " + settings_.target,
                "none among all that were drawn",
                "see which limit refuses how many with --explain; raise it with --limit, or take "
                "a smaller space");
  }

  const SearchSettings& settings_;
  const PriceFunction& price_;
  std::map<std::string, std::map<int64_t, const EndedTrial*>> ended_;
};

}  // namespace

std::vector<PlannedTrial> NextTrials(const SearchSettings& settings, const PriceFunction& price,
                                     const std::vector<EndedTrial>& ended) {
  return Planner(settings, price, ended).Next();
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
