#include "search/supernet.h"

#include <algorithm>

#include "base/check.h"

namespace tinyformer {
namespace {

using IdleAt = std::optional<std::vector<int>>;

// Indices of the values for which `idle` holds.
template <typename T, typename Test>
std::vector<int> IndicesOf(const std::vector<T>& values, Test&& idle) {
  std::vector<int> indices;
  for (size_t i = 0; i < values.size(); ++i)
    if (idle(values[i])) indices.push_back(static_cast<int>(i));
  return indices;
}

// Shows every choice of a supernet to visit(name, values, chosen, idle_at), in order: `chosen` is
// the member of `config` that holds it. Axes and decoding are both made of this.
template <typename Visit>
void VisitSupernet(const SearchSpace& space, SupernetConfig& config, Visit&& visit) {
  config.dots.resize(space.dots.size());
  visit("stem", space.stem, config.stem, IdleAt());
  for (size_t d = 0; d < config.dots.size(); ++d) {
    const DotSpace& values = space.dots[d];
    SupernetDot& dot = config.dots[d];
    const std::string prefix = "dot" + std::to_string(d + 1);
    visit(prefix + ".dim", values.dims, dot.dim, IdleAt());
    visit(prefix + ".mobilenets", values.mobilenets, dot.mobilenets, IdleAt());
    visit(prefix + ".transformers", values.transformers, dot.transformers, IdleAt());
    visit(prefix + ".heads", values.heads, dot.heads,
          IndicesOf(values.transformers, [](int count) { return count == 0; }));
  }
  visit("last_linear", space.last_linear, config.last_linear, IdleAt());
}

template <typename Visit>
void VisitPruning(const SearchSpace& space, const std::string& module, PrunePolicy& policy,
                  const IdleAt& idle_at, Visit&& visit) {
  visit(module + ".sparsity", space.sparsity, policy.sparsity, idle_at);
  visit(module + ".block", space.block, policy.block,
        IndicesOf(space.sparsity, [](double sparsity) { return sparsity == 0; }));
}

// The same for the choices of a path; `genome` has the supernet's modules already.
template <typename Visit>
void VisitPath(const SearchSpace& space, Genome& genome, Visit&& visit) {
  for (size_t d = 0; d < genome.dots.size(); ++d) {
    DotGene& dot = genome.dots[d];
    const std::string prefix = "dot" + std::to_string(d + 1);
    IdleAt on_image;
    if (d == 0 && genome.stem == 0) {
      on_image = IndicesOf(space.downsample,
                           [](const std::string& kind) { return kind != "inverted_residual"; });
    }
    visit(prefix + ".down.kind", space.downsample, dot.downsample.kind, IdleAt());
    VisitPruning(space, prefix + ".down", dot.downsample.prune, on_image, visit);
    for (size_t m = 0; m < dot.mobilenets.size(); ++m) {
      MobileNetGene& gene = dot.mobilenets[m];
      const std::string module = prefix + ".mb" + std::to_string(m + 1);
      visit(module + ".expansion", space.expansion, gene.expansion, IdleAt());
      VisitPruning(space, module, gene.prune, IdleAt(), visit);
    }
    for (size_t t = 0; t < dot.transformers.size(); ++t) {
      TransformerGene& gene = dot.transformers[t];
      const std::string module = prefix + ".tr" + std::to_string(t + 1);
      visit(module + ".mlp_ratio", space.mlp_ratio, gene.mlp_ratio, IdleAt());
      visit(module + ".residual", space.residual, gene.residual, IdleAt());
      VisitPruning(space, module, gene.prune, IdleAt(), visit);
    }
  }
  visit("pooling", space.pooling, genome.pooling, IdleAt());
  VisitPruning(space, "last", genome.last_prune, IdleAt(), visit);
}

struct CollectAxes {
  std::vector<Axis> axes;

  template <typename T>
  void operator()(const std::string& name, const std::vector<T>& values, T&, IdleAt idle_at) {
    axes.push_back({name, {values.begin(), values.end()}, std::move(idle_at)});
  }
};

// Which axes are idle, one axis after the other.
class IdleState {
 public:
  bool Enter(const IdleAt& idle_at) {
    idle_ = idle_at && (idle_ || std::count(idle_at->begin(), idle_at->end(), index_) > 0);
    return idle_;
  }
  void Leave(int index) { index_ = index; }

 private:
  bool idle_ = false;
  int index_ = -1;  // of the axis before
};

// Writes the point's values; what is idle keeps the value it had.
struct ApplyPoint {
  const Point& point;
  size_t next = 0;
  IdleState state = {};

  template <typename T>
  void operator()(const std::string& name, const std::vector<T>& values, T& chosen,
                  const IdleAt& idle_at) {
    TF_CHECK(next < point.size(), name, next);
    const int index = point[next++];
    TF_CHECK(index >= 0 && index < static_cast<int>(values.size()), name, index);
    if (!state.Enter(idle_at)) chosen = values[static_cast<size_t>(index)];
    state.Leave(index);
  }
};

// The supernet's modules, every choice at its default.
Genome Skeleton(const SupernetConfig& supernet) {
  Genome genome;
  genome.stem = supernet.stem;
  genome.last_linear = supernet.last_linear;
  for (const SupernetDot& dot : supernet.dots) {
    DotGene gene;
    gene.dim = dot.dim;
    gene.mobilenets.resize(static_cast<size_t>(dot.mobilenets));
    gene.transformers.resize(static_cast<size_t>(dot.transformers));
    for (TransformerGene& transformer : gene.transformers) transformer.heads = dot.heads;
    genome.dots.push_back(std::move(gene));
  }
  return genome;
}

}  // namespace

std::vector<Axis> SupernetAxes(const SearchSpace& space) {
  SupernetConfig config;
  CollectAxes collect;
  VisitSupernet(space, config, collect);
  return std::move(collect.axes);
}

SupernetConfig MakeSupernet(const SearchSpace& space, const Point& supernet) {
  SupernetConfig config;
  ApplyPoint apply{supernet};
  VisitSupernet(space, config, apply);
  TF_CHECK(apply.next == supernet.size(), "axes", apply.next, "point", supernet.size());
  return config;
}

std::vector<Axis> PathAxes(const SearchSpace& space, const SupernetConfig& supernet) {
  Genome genome = Skeleton(supernet);
  CollectAxes collect;
  VisitPath(space, genome, collect);
  return std::move(collect.axes);
}

Genome MakeGenome(const SearchSpace& space, const SupernetConfig& supernet, const Point& path,
                  const ImageTask& task) {
  Genome genome = Skeleton(supernet);
  genome.height = task.height;
  genome.width = task.width;
  genome.channels = task.channels;
  genome.classes = task.classes;
  ApplyPoint apply{path};
  VisitPath(space, genome, apply);
  TF_CHECK(apply.next == path.size(), "axes", apply.next, "point", path.size());
  return genome;
}

Candidate RandomCandidate(const SearchSpace& space, Rng& rng) {
  Candidate candidate;
  candidate.supernet = RandomPoint(SupernetAxes(space), rng);
  candidate.path = RandomPoint(PathAxes(space, MakeSupernet(space, candidate.supernet)), rng);
  return candidate;
}

void RequireImagesFit(const SearchSpace& space, const ImageTask& task, const std::string& data) {
  const bool average =
      std::count(space.pooling.begin(), space.pooling.end(), std::string("average")) > 0;
  const int halvings = 1 << (space.dots.size() + (average ? 1 : 0));
  const auto suits = [&](int side) { return side >= 8 && side <= 512 && side % halvings == 0; };
  if (task.channels < 1 || task.channels > 16 || task.classes < 2 || task.classes > 4096) {
    throw Error(
        "space/images", data, "images of 1 to 16 channels in 2 to 4096 classes",
        std::to_string(task.channels) + " channels, " + std::to_string(task.classes) + " classes",
        "take another data set");
  }
  if (suits(task.height) && suits(task.width)) return;
  throw Error("space/images", data,
              "images whose height and width are from 8 to 512 and divide by " +
                  std::to_string(halvings) + ", the downsampling of space " + space.name,
              std::to_string(task.height) + " x " + std::to_string(task.width),
              average
                  ? "take a space with fewer DoTs or without average pooling, or resize the images"
                  : "take a space with fewer DoTs, or resize the images");
}

}  // namespace tinyformer
