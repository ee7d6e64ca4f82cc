#include "search/genome.h"

#include <set>
#include <utility>

namespace tinyformer {
namespace {

constexpr int kVersion = 1;

[[noreturn]] void FailValue(const std::string& where, const std::string& expected,
                            const std::string& found) {
  throw Error("genome/value", where, expected, found, "correct this value in the genome file");
}

void RequireRange(const std::string& where, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high) {
    FailValue(where, "a whole number from " + std::to_string(low) + " to " + std::to_string(high),
              std::to_string(value));
  }
}

void RequireChoice(const std::string& where, const std::string& value,
                   const std::set<std::string>& choices) {
  if (choices.count(value) != 0) return;
  std::string list;
  for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
  FailValue(where, "one of " + list, value);
}

void RequireKnownKeys(const Json& object, const std::set<std::string>& known,
                      const std::string& where) {
  if (!object.is_object()) FailValue(where, "an object", JsonTypeName(object));
  for (const auto& [key, unused] : object.items()) {
    if (known.count(key) != 0) continue;
    std::string list;
    for (const std::string& k : known) list += (list.empty() ? "" : ", ") + k;
    FailValue(where, "only the keys " + list, "key '" + key + "'");
  }
}

PrunePolicy ParsePolicy(const Json& json, const std::string& where) {
  PrunePolicy policy;
  policy.sparsity = OptionalKey<double>(json, "sparsity", where, "a number", 0.0);
  policy.block = OptionalKey<int>(json, "block", where, "2 or 4", 4);
  if (!(policy.sparsity >= 0 && policy.sparsity <= 0.95)) {
    FailValue(where + ".sparsity", "a number from 0 to 0.95", Json(policy.sparsity).dump());
  }
  if (policy.block != 2 && policy.block != 4)
    FailValue(where + ".block", "2 or 4", std::to_string(policy.block));
  return policy;
}

void AddPolicy(Json& json, const PrunePolicy& policy) {
  json["sparsity"] = policy.sparsity;
  json["block"] = policy.block;
}

const Json& RequireMember(const Json& json, const std::string& key, const std::string& where,
                          bool list) {
  if (!json.is_object() || !json.contains(key))
    FailJsonKey(where, key, list ? "a list" : "an object", "no such key");
  const Json& member = json.at(key);
  if (list ? !member.is_array() : !member.is_object()) {
    FailJsonKey(where, key, list ? "a list" : "an object", JsonTypeName(member));
  }
  return member;
}

DotGene ParseDot(const Json& json, const std::string& where) {
  RequireKnownKeys(json, {"dim", "downsample", "residuals", "mobilenets", "transformers"}, where);
  DotGene dot;
  dot.dim = RequireKey<int>(json, "dim", where, "a whole number");
  RequireRange(where + ".dim", dot.dim, 4, 1024);
  const Json& down = RequireMember(json, "downsample", where, false);
  RequireKnownKeys(down, {"kind", "sparsity", "block"}, where + ".downsample");
  dot.downsample.kind = RequireKey<std::string>(down, "kind", where + ".downsample", "a text");
  RequireChoice(where + ".downsample.kind", dot.downsample.kind,
                {"conv_maxpool", "conv_stride2", "inverted_residual"});
  dot.downsample.prune = ParsePolicy(down, where + ".downsample");
  if (json.contains("residuals")) {
    for (const Json& entry : RequireMember(json, "residuals", where, true)) {
      std::string at = where + ".residuals[" + std::to_string(dot.residuals.size()) + "]";
      RequireKnownKeys(entry, {"sparsity", "block"}, at);
      dot.residuals.push_back({ParsePolicy(entry, at)});
    }
  }
  for (const Json& entry : RequireMember(json, "mobilenets", where, true)) {
    std::string at = where + ".mobilenets[" + std::to_string(dot.mobilenets.size()) + "]";
    RequireKnownKeys(entry, {"expansion", "sparsity", "block"}, at);
    MobileNetGene gene;
    gene.expansion = RequireKey<int>(entry, "expansion", at, "a whole number");
    RequireRange(at + ".expansion", gene.expansion, 1, 8);
    gene.prune = ParsePolicy(entry, at);
    dot.mobilenets.push_back(gene);
  }
  for (const Json& entry : RequireMember(json, "transformers", where, true)) {
    std::string at = where + ".transformers[" + std::to_string(dot.transformers.size()) + "]";
    RequireKnownKeys(entry, {"convs", "heads", "mlp_ratio", "residual", "sparsity", "block"}, at);
    TransformerGene gene;
    gene.heads = RequireKey<int>(entry, "heads", at, "a whole number");
    RequireRange(at + ".heads", gene.heads, 1, 16);
    if (dot.dim % gene.heads != 0) {
      FailValue(at + ".heads", "a divisor of the DoT's dim " + std::to_string(dot.dim),
                std::to_string(gene.heads));
    }
    gene.mlp_ratio = RequireKey<int>(entry, "mlp_ratio", at, "a whole number");
    RequireRange(at + ".mlp_ratio", gene.mlp_ratio, 1, 8);
    gene.residual = OptionalKey<bool>(entry, "residual", at, "true or false", false);
    gene.convs = OptionalKey<bool>(entry, "convs", at, "true or false", true);
    if (gene.residual && !gene.convs)
      FailValue(at + ".residual", "false where convs is false", "true");
    gene.prune = ParsePolicy(entry, at);
    dot.transformers.push_back(gene);
  }
  return dot;
}

// Appends layers in execution order; knows the running resolution.
class LayerLister {
 public:
  LayerLister(int height, int width, int channels)
      : height_(height), width_(width), channels_(channels) {}

  void Conv(const std::string& name, int out, int kernel, int stride, const PrunePolicy& prune) {
    Halve(stride);
    bool image = first_;
    first_ = false;
    Add({name, LayerSpec::Kind::kConv, channels_, out, kernel, stride, image ? 0 : prune.sparsity,
         prune.block, int64_t{1} * kernel * kernel * channels_ * out, 0},
        channels_);
    channels_ = out;
  }

  void Depthwise(const std::string& name, int stride, const PrunePolicy& prune) {
    Halve(stride);
    Add({name, LayerSpec::Kind::kDepthwise, channels_, channels_, 3, stride, prune.sparsity, 3,
         int64_t{9} * channels_, 0},
        3);
  }

  void Linear(const std::string& name, int in, int out, const PrunePolicy& prune, bool per_token,
              int pixels = 1) {
    LayerSpec layer{name,        LayerSpec::Kind::kLinear, in, out,   1, 1, prune.sparsity,
                    prune.block, int64_t{1} * in * out,    0,  pixels};
    if (in / pixels % layer.block != 0) layer.sparsity = 0;
    layer.macs = layer.weights * (per_token ? height_ * width_ : 1);
    layers_.push_back(layer);
  }

  void Norm(const std::string& name) {
    layers_.push_back({name, LayerSpec::Kind::kLayerNorm, channels_, channels_, 1, 1, 0, 4,
                       int64_t{2} * channels_, 0});
  }

  void InvertedResidual(const std::string& prefix, int out, int expansion, int stride,
                        const PrunePolicy& prune) {
    Conv(prefix + ".expand", channels_ * expansion, 1, 1, prune);
    Depthwise(prefix + ".depthwise", stride, prune);
    Conv(prefix + ".project", out, 1, 1, prune);
  }

  void Halve(int factor) {
    height_ = (height_ + factor - 1) / factor;
    width_ = (width_ + factor - 1) / factor;
  }

  int channels() const { return channels_; }
  int height() const { return height_; }
  int width() const { return width_; }
  std::vector<LayerSpec> Take() { return std::move(layers_); }

 private:
  void Add(LayerSpec layer, int inner) {
    if (inner % layer.block != 0) layer.sparsity = 0;
    layer.macs = layer.weights * height_ * width_;
    layers_.push_back(std::move(layer));
  }

  std::vector<LayerSpec> layers_;
  int height_, width_, channels_;
  bool first_ = true;
};

void ListTransformer(LayerLister& list, const std::string& prefix, int dim,
                     const TransformerGene& gene) {
  const PrunePolicy& prune = gene.prune;
  if (gene.convs) {
    list.Conv(prefix + ".conv_in", dim, 3, 1, prune);
    list.Conv(prefix + ".proj_in", dim, 1, 1, prune);
  }
  list.Norm(prefix + ".ln1");
  for (const char* part : {".q", ".k", ".v", ".out"})
    list.Linear(prefix + part, dim, dim, prune, true);
  list.Norm(prefix + ".ln2");
  list.Linear(prefix + ".mlp1", dim, dim * gene.mlp_ratio, prune, true);
  list.Linear(prefix + ".mlp2", dim * gene.mlp_ratio, dim, prune, true);
  if (gene.convs) {
    list.Conv(prefix + ".proj_out", dim, 1, 1, prune);
    list.Conv(prefix + ".conv_out", dim, 3, 1, prune);
  }
}

}  // namespace

std::vector<LayerSpec> ListLayers(const Genome& genome) {
  LayerLister list(genome.height, genome.width, genome.channels);
  if (genome.stem > 0) list.Conv("stem.conv", genome.stem, 3, 1, {});
  for (size_t d = 0; d < genome.dots.size(); ++d) {
    const DotGene& dot = genome.dots[d];
    std::string prefix = "dot" + std::to_string(d + 1);
    const PrunePolicy& down = dot.downsample.prune;
    if (dot.downsample.kind == "inverted_residual") {
      list.InvertedResidual(prefix + ".down", dot.dim, 2, 2, down);
    } else if (dot.downsample.kind == "conv_stride2") {
      list.Conv(prefix + ".down.conv", dot.dim, 3, 2, down);
    } else {
      list.Conv(prefix + ".down.conv", dot.dim, 3, 1, down);
      list.Halve(2);
    }
    for (size_t r = 0; r < dot.residuals.size(); ++r) {
      for (const char* part : {".conv1", ".conv2"}) {
        list.Conv(prefix + ".res" + std::to_string(r + 1) + part, dot.dim, 3, 1,
                  dot.residuals[r].prune);
      }
    }
    for (size_t m = 0; m < dot.mobilenets.size(); ++m) {
      list.InvertedResidual(prefix + ".mb" + std::to_string(m + 1), dot.dim,
                            dot.mobilenets[m].expansion, 1, dot.mobilenets[m].prune);
    }
    for (size_t t = 0; t < dot.transformers.size(); ++t) {
      ListTransformer(list, prefix + ".tr" + std::to_string(t + 1), dot.dim, dot.transformers[t]);
    }
  }
  const int features = list.channels();
  if (genome.pooling == "seqpool") list.Linear("pool.score", features, 1, {}, true);
  const int pixels = genome.pooling == "average" ? (list.height() / 2) * (list.width() / 2) : 1;
  list.Linear("last", features * pixels, genome.last_linear, genome.last_prune, false, pixels);
  list.Linear("head", genome.last_linear, genome.classes, {}, false);
  return list.Take();
}

Genome ParseGenome(const Json& json, const std::string& name) {
  std::string format = RequireKey<std::string>(json, "format", name, "\"tinyformer-genome\"");
  int version = RequireKey<int>(json, "version", name, "a whole number");
  if (format != "tinyformer-genome" || version != kVersion) {
    throw Error("genome/version", name,
                "format tinyformer-genome, version " + std::to_string(kVersion),
                "format " + format + ", version " + std::to_string(version),
                "write the genome with this program's version");
  }
  RequireKnownKeys(
      json,
      {"format", "version", "name", "input", "classes", "stem", "dots", "pooling", "last_linear"},
      name);
  Genome genome;
  genome.name = OptionalKey<std::string>(json, "name", name, "a text", genome.name);
  auto input = RequireKey<std::vector<int>>(json, "input", name, "[height, width, channels]");
  if (input.size() != 3)
    FailValue(name + ": input", "[height, width, channels]", json["input"].dump());
  genome.height = input[0];
  genome.width = input[1];
  genome.channels = input[2];
  genome.classes = RequireKey<int>(json, "classes", name, "a whole number");
  genome.stem = OptionalKey<int>(json, "stem", name, "a whole number", 0);
  genome.pooling = RequireKey<std::string>(json, "pooling", name, "a text");
  const Json& dots = RequireMember(json, "dots", name, true);
  for (size_t i = 0; i < dots.size(); ++i)
    genome.dots.push_back(ParseDot(dots[i], name + ": dots[" + std::to_string(i) + "]"));
  const Json& last = RequireMember(json, "last_linear", name, false);
  RequireKnownKeys(last, {"width", "sparsity", "block"}, name + ": last_linear");
  genome.last_linear = RequireKey<int>(last, "width", name + ": last_linear", "a whole number");
  genome.last_prune = ParsePolicy(last, name + ": last_linear");

  RequireRange(name + ": input height", genome.height, 8, 512);
  RequireRange(name + ": input width", genome.width, 8, 512);
  RequireRange(name + ": input channels", genome.channels, 1, 16);
  RequireRange(name + ": classes", genome.classes, 2, 4096);
  RequireRange(name + ": stem", genome.stem, 0, 256);
  RequireRange(name + ": last_linear.width", genome.last_linear, 4, 4096);
  RequireRange(name + ": number of dots", static_cast<int64_t>(genome.dots.size()), 1, 4);
  RequireChoice(name + ": pooling", genome.pooling, {"seqpool", "average", "global"});
  int halvings = 1 << (genome.dots.size() + (genome.pooling == "average" ? 1 : 0));
  if (genome.height % halvings != 0 || genome.width % halvings != 0) {
    FailValue(name + ": input",
              "height and width that divide by " + std::to_string(halvings) +
                  ", the network's downsampling",
              std::to_string(genome.height) + " x " + std::to_string(genome.width));
  }
  return genome;
}

Json ToJson(const Genome& genome) {
  Json json = {{"format", "tinyformer-genome"},
               {"version", kVersion},
               {"name", genome.name},
               {"input", {genome.height, genome.width, genome.channels}},
               {"classes", genome.classes},
               {"stem", genome.stem},
               {"dots", Json::array()},
               {"pooling", genome.pooling},
               {"last_linear", {{"width", genome.last_linear}}}};
  AddPolicy(json["last_linear"], genome.last_prune);
  for (const DotGene& dot : genome.dots) {
    Json entry = {{"dim", dot.dim},
                  {"downsample", {{"kind", dot.downsample.kind}}},
                  {"mobilenets", Json::array()},
                  {"transformers", Json::array()}};
    AddPolicy(entry["downsample"], dot.downsample.prune);
    for (const ResidualGene& gene : dot.residuals) {
      Json module;
      AddPolicy(module, gene.prune);
      entry["residuals"].push_back(module);
    }
    for (const MobileNetGene& gene : dot.mobilenets) {
      Json module = {{"expansion", gene.expansion}};
      AddPolicy(module, gene.prune);
      entry["mobilenets"].push_back(module);
    }
    for (const TransformerGene& gene : dot.transformers) {
      Json module = {
          {"heads", gene.heads}, {"mlp_ratio", gene.mlp_ratio}, {"residual", gene.residual}};
      if (!gene.convs) module["convs"] = false;
      AddPolicy(module, gene.prune);
      entry["transformers"].push_back(module);
    }
    json["dots"].push_back(entry);
  }
  return json;
}

Genome ReferencePointA() {
  Genome genome;
  genome.name = "tinyformer-a";
  genome.dots.resize(2);
  DotGene& first = genome.dots[0];
  first.dim = 44;
  first.mobilenets = {{4, {0.5, 2}}};
  first.transformers = {{4, 2, false, {0.7, 4}}};
  DotGene& second = genome.dots[1];
  second.dim = 192;
  second.mobilenets = {{2, {0.7, 4}}};
  second.transformers = {{4, 2, false, {0.5, 4}}};
  genome.last_linear = 768;
  genome.last_prune = {0.6, 2};
  return genome;
}

}  // namespace tinyformer
