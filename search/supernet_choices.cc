#include "search/supernet_choices.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace tinyformer {
namespace {

constexpr int kVersion = 1;

std::string Label(const DownsampleGene& gene) { return gene.kind; }
std::string Label(const MobileNetGene& gene) { return std::to_string(gene.expansion); }
std::string Label(const std::string& pooling) { return pooling; }
std::string Label(const TransformerGene& gene) {
  return std::to_string(gene.mlp_ratio) + (gene.residual ? "-residual" : "") +
         (gene.convs ? "" : "-without-convs");
}

// Shows every choice module to visit(name, the gene that holds its choice, its candidates), in
// order; G is Genome or const Genome. The pooling's gene is its text.
template <typename G, typename Visit>
void VisitModules(const SupernetChoices& choices, G& genome, const Visit& visit) {
  std::vector<DownsampleGene> downs;
  for (const std::string& kind : choices.downsample) downs.push_back({kind, {}});
  std::vector<MobileNetGene> mobilenets;
  for (int expansion : choices.expansion) mobilenets.push_back({expansion, {}});
  for (size_t d = 0; d < genome.dots.size(); ++d) {
    auto& dot = genome.dots[d];
    const std::string prefix = "dot" + std::to_string(d + 1);
    visit(prefix + ".down", dot.downsample, downs);
    for (size_t m = 0; m < dot.mobilenets.size(); ++m)
      visit(prefix + ".mb" + std::to_string(m + 1), dot.mobilenets[m], mobilenets);
    for (size_t t = 0; t < dot.transformers.size(); ++t) {
      std::vector<TransformerGene> transformers;
      for (int ratio : choices.mlp_ratio)
        for (bool residual : choices.residual)
          transformers.push_back({dot.transformers[t].heads, ratio, residual, {}});
      visit(prefix + ".tr" + std::to_string(t + 1), dot.transformers[t], transformers);
    }
  }
  visit(std::string("pool"), genome.pooling, choices.pooling);
}

// The network around the choice modules.
Genome Frame(const SupernetChoices& choices) {
  Genome genome;
  genome.height = choices.task.height;
  genome.width = choices.task.width;
  genome.channels = choices.task.channels;
  genome.classes = choices.task.classes;
  genome.stem = choices.supernet.stem;
  genome.last_linear = choices.supernet.last_linear;
  for (const SupernetDot& dot : choices.supernet.dots) {
    DotGene gene;
    gene.dim = dot.dim;
    gene.mobilenets.resize(static_cast<size_t>(dot.mobilenets));
    gene.transformers.resize(static_cast<size_t>(dot.transformers));
    for (TransformerGene& transformer : gene.transformers) transformer.heads = dot.heads;
    genome.dots.push_back(std::move(gene));
  }
  return genome;
}

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

[[noreturn]] void FailPath(const std::string& where, const std::string& expected,
                           const std::string& found) {
  throw Error("supernet/not-a-path", where, expected, found,
              "take a genome of this supernet's paths, or train it from fresh weights");
}

void RequireEqual(const std::string& where, int64_t expected, int64_t found) {
  if (expected != found) FailPath(where, std::to_string(expected), std::to_string(found));
}

// Reads lists whose values are all different and in their range.
class ChoicesReader {
 public:
  explicit ChoicesReader(std::string name) : name_(std::move(name)) {}

  [[noreturn]] void Fail(const std::string& key, const std::string& expected,
                         const std::string& found) const {
    throw Error("supernet/value", name_ + ": " + key, expected, found,
                "correct this value in the file");
  }

  int Number(const Json& json, const std::string& at, const std::string& key, int low,
             int high) const {
    const int value = RequireKey<int>(json, key, name_ + ": " + at, "a whole number");
    CheckRange(at + "." + key, value, low, high);
    return value;
  }

  template <typename T, typename Check>
  std::vector<T> List(const Json& json, const std::string& key, const char* expected,
                      const Check& check) const {
    const auto values = RequireKey<std::vector<T>>(json, key, name_ + ": paths", expected);
    const std::string at = "paths." + key;
    if (values.empty()) Fail(at, expected, "an empty list");
    for (size_t i = 0; i < values.size(); ++i) {
      check(at, values[i]);
      if (std::count(values.begin(), values.end(), values[i]) > 1)
        Fail(at, "every value once", Json(values[i]).dump() + " a second time");
    }
    return values;
  }

  std::vector<int> Numbers(const Json& json, const std::string& key, int low, int high) const {
    return List<int>(json, key, "a list of whole numbers",
                     [&](const std::string& at, int value) { CheckRange(at, value, low, high); });
  }

  std::vector<std::string> Words(const Json& json, const std::string& key,
                                 const std::vector<std::string>& known) const {
    return List<std::string>(json, key, "a list of texts",
                             [&](const std::string& at, const std::string& value) {
                               if (std::count(known.begin(), known.end(), value) == 0)
                                 Fail(at, "one of " + Join(known), value);
                             });
  }

  std::vector<bool> Flags(const Json& json, const std::string& key) const {
    return List<bool>(json, key, "a list of true and false", [](const std::string&, bool) {});
  }

  void CheckRange(const std::string& at, int value, int low, int high) const {
    if (value >= low && value <= high) return;
    Fail(at, "a whole number from " + std::to_string(low) + " to " + std::to_string(high),
         std::to_string(value));
  }

 private:
  std::string name_;
};

}  // namespace

SupernetChoices MakeChoices(const SearchSpace& space, const SupernetConfig& supernet,
                            const ImageTask& task) {
  return {task,           supernet,     space.downsample, space.expansion, space.mlp_ratio,
          space.residual, space.pooling};
}

SupernetChoices ParseChoices(const Json& json, const std::string& name) {
  const auto format = RequireKey<std::string>(json, "format", name, "\"tinyformer-supernet\"");
  const auto version = RequireKey<int>(json, "version", name, "a whole number");
  if (format != "tinyformer-supernet" || version != kVersion) {
    throw Error("supernet/version", name,
                "format tinyformer-supernet, version " + std::to_string(kVersion),
                "format " + format + ", version " + std::to_string(version),
                "write the file with this program's version");
  }
  const ChoicesReader read(name);
  SupernetChoices choices;
  const auto input = RequireKey<std::vector<int>>(json, "input", name, "[height, width, channels]");
  if (input.size() != 3) read.Fail("input", "[height, width, channels]", Json(input).dump());
  choices.task = {input[0], input[1], input[2],
                  RequireKey<int>(json, "classes", name, "a whole number")};

  const Json supernet = RequireKey<Json>(json, "supernet", name, "an object");
  choices.supernet.stem = read.Number(supernet, "supernet", "stem", 0, 256);
  choices.supernet.last_linear = read.Number(supernet, "supernet", "last_linear", 4, 4096);
  const Json dots = RequireKey<Json>(supernet, "dots", name + ": supernet", "a list");
  if (!dots.is_array() || dots.empty() || dots.size() > 4) {
    read.Fail("supernet.dots", "a list of 1 to 4 objects",
              dots.is_array() ? std::to_string(dots.size()) + " of them" : JsonTypeName(dots));
  }
  for (const Json& dot : dots) {
    const std::string at = "supernet.dots[" + std::to_string(choices.supernet.dots.size()) + "]";
    SupernetDot one{read.Number(dot, at, "dim", 4, 1024), read.Number(dot, at, "mobilenets", 0, 8),
                    read.Number(dot, at, "transformers", 0, 8),
                    read.Number(dot, at, "heads", 1, 16)};
    if (one.transformers > 0 && one.dim % one.heads != 0) {
      read.Fail(at + ".heads", "a divisor of the DoT's dim " + std::to_string(one.dim),
                std::to_string(one.heads));
    }
    choices.supernet.dots.push_back(one);
  }

  const Json paths = RequireKey<Json>(json, "paths", name, "an object");
  choices.downsample =
      read.Words(paths, "downsample", {"conv_maxpool", "conv_stride2", "inverted_residual"});
  choices.expansion = read.Numbers(paths, "expansion", 1, 8);
  choices.mlp_ratio = read.Numbers(paths, "mlp_ratio", 1, 8);
  choices.residual = read.Flags(paths, "residual");
  choices.pooling = read.Words(paths, "pooling", {"seqpool", "average", "global"});

  const bool average = std::count(choices.pooling.begin(), choices.pooling.end(), "average") > 0;
  const int halvings = 1 << (choices.supernet.dots.size() + (average ? 1 : 0));
  read.CheckRange("input height", input[0], 8, 512);
  read.CheckRange("input width", input[1], 8, 512);
  read.CheckRange("input channels", input[2], 1, 16);
  read.CheckRange("classes", choices.task.classes, 2, 4096);
  if (input[0] % halvings != 0 || input[1] % halvings != 0) {
    read.Fail("input",
              "height and width that divide by " + std::to_string(halvings) +
                  ", the supernet's downsampling",
              std::to_string(input[0]) + " x " + std::to_string(input[1]));
  }
  return choices;
}

Json ToJson(const SupernetChoices& choices) {
  const ImageTask& task = choices.task;
  Json dots = Json::array();
  for (const SupernetDot& dot : choices.supernet.dots) {
    dots.push_back({{"dim", dot.dim},
                    {"mobilenets", dot.mobilenets},
                    {"transformers", dot.transformers},
                    {"heads", dot.heads}});
  }
  return {{"format", "tinyformer-supernet"},
          {"version", kVersion},
          {"input", {task.height, task.width, task.channels}},
          {"classes", task.classes},
          {"supernet",
           {{"stem", choices.supernet.stem},
            {"dots", dots},
            {"last_linear", choices.supernet.last_linear}}},
          {"paths",
           {{"downsample", choices.downsample},
            {"expansion", choices.expansion},
            {"mlp_ratio", choices.mlp_ratio},
            {"residual", choices.residual},
            {"pooling", choices.pooling}}}};
}

std::vector<ChoiceModule> ListModules(const SupernetChoices& choices) {
  std::vector<ChoiceModule> modules;
  const Genome frame = Frame(choices);
  VisitModules(choices, frame, [&](const std::string& name, const auto&, const auto& candidates) {
    ChoiceModule module{name, {}};
    for (const auto& candidate : candidates) module.candidates.push_back(Label(candidate));
    modules.push_back(std::move(module));
  });
  return modules;
}

Genome MakePath(const SupernetChoices& choices, const std::vector<int>& chosen) {
  Genome genome = Frame(choices);
  size_t next = 0;
  VisitModules(choices, genome, [&](const std::string& name, auto& gene, const auto& candidates) {
    TF_CHECK(next < chosen.size(), name, chosen.size());
    const auto index = static_cast<size_t>(chosen[next++]);
    TF_CHECK(index < candidates.size(), name, index);
    gene = candidates[index];
  });
  TF_CHECK(next == chosen.size(), next, chosen.size());
  return genome;
}

void RequirePath(const SupernetChoices& choices, const Genome& genome, const std::string& name) {
  const Genome frame = Frame(choices);
  RequireEqual(name + ": height", frame.height, genome.height);
  RequireEqual(name + ": width", frame.width, genome.width);
  RequireEqual(name + ": channels", frame.channels, genome.channels);
  RequireEqual(name + ": classes", frame.classes, genome.classes);
  RequireEqual(name + ": stem", frame.stem, genome.stem);
  RequireEqual(name + ": last_linear", frame.last_linear, genome.last_linear);
  const auto count = [](const auto& list) { return static_cast<int64_t>(list.size()); };
  RequireEqual(name + ": number of dots", count(frame.dots), count(genome.dots));
  for (size_t d = 0; d < frame.dots.size(); ++d) {
    const std::string at = name + ": dot" + std::to_string(d + 1);
    const DotGene &want = frame.dots[d], &have = genome.dots[d];
    RequireEqual(at + " dim", want.dim, have.dim);
    RequireEqual(at + " residuals", count(want.residuals), count(have.residuals));
    RequireEqual(at + " mobilenets", count(want.mobilenets), count(have.mobilenets));
    RequireEqual(at + " transformers", count(want.transformers), count(have.transformers));
    for (size_t t = 0; t < want.transformers.size(); ++t) {
      RequireEqual(at + ".tr" + std::to_string(t + 1) + " heads", want.transformers[t].heads,
                   have.transformers[t].heads);
    }
  }
  VisitModules(choices, genome,
               [&](const std::string& module, const auto& gene, const auto& candidates) {
                 std::vector<std::string> labels;
                 for (const auto& candidate : candidates) labels.push_back(Label(candidate));
                 const std::string label = Label(gene);
                 if (std::count(labels.begin(), labels.end(), label) == 0) {
                   FailPath(name + ": " + module,
                            (labels.size() == 1 ? "" : "one of ") + Join(labels), label);
                 }
               });
}

Genome DrawPath(const SupernetChoices& choices, PathSampling sampling, uint64_t seed,
                int64_t step) {
  std::vector<int> chosen;
  Rng uniform(seed, "path", static_cast<uint64_t>(step));
  for (const ChoiceModule& module : ListModules(choices)) {
    const auto count = static_cast<int64_t>(module.candidates.size());
    if (sampling == PathSampling::kUniform) {
      chosen.push_back(static_cast<int>(uniform.Below(static_cast<uint64_t>(count))));
      continue;
    }
    std::vector<int> round(static_cast<size_t>(count));
    std::iota(round.begin(), round.end(), 0);
    Rng(seed, "fair path " + module.name, static_cast<uint64_t>(step / count)).Shuffle(round);
    chosen.push_back(round[static_cast<size_t>(step % count)]);
  }
  return MakePath(choices, chosen);
}

std::string SharedName(const Genome& path, const std::string& tensor) {
  const bool last = tensor.starts_with("last.");
  return last ? "last@" + path.pooling + tensor.substr(4) : tensor;
}

}  // namespace tinyformer
