#include "search/network_parts.h"

#include <utility>

namespace tinyformer {
namespace {

std::string DownsamplingChoice(const std::string& kind) {
  if (kind == "conv_maxpool") return "conv 3x3, max pooling";
  if (kind == "conv_stride2") return "conv 3x3, stride 2";
  return "inverted residual, stride 2";
}

std::string PoolingChoice(const std::string& kind) {
  if (kind == "seqpool") return "by attention (SeqPool)";
  return kind == "average" ? "average, 2x2" : "mean of the whole image";
}

std::string TransformerChoice(const TransformerGene& gene) {
  return std::to_string(gene.heads) +
         (gene.heads == 1 ? " head, MLP ratio " : " heads, MLP ratio ") +
         std::to_string(gene.mlp_ratio) + (gene.residual ? ", residual" : "") +
         (gene.convs ? "" : ", no convolutions");
}

class PartLister {
 public:
  explicit PartLister(const Genome& genome)
      : genome_(genome), height_(genome.height), width_(genome.width) {}

  std::vector<NetworkPart> List() {
    if (genome_.stem > 0) AddMap("stem", "stem", "conv 3x3", genome_.stem, {});
    for (size_t d = 0; d < genome_.dots.size(); ++d)
      AddDot("dot" + std::to_string(d + 1), genome_.dots[d]);
    const int channels = genome_.dots.back().dim;
    const int pixels = genome_.pooling == "average" ? (height_ / 2) * (width_ / 2) : 1;
    Add("pool", "pooling", PoolingChoice(genome_.pooling), {channels * pixels}, {});
    Add("last", "linear", std::to_string(genome_.last_linear) + " wide, ReLU",
        {genome_.last_linear}, genome_.last_prune);
    Add("head", "classifier", "linear", {genome_.classes}, {});
    for (const LayerSpec& layer : ListLayers(genome_)) {
      for (NetworkPart& part : parts_) {
        if (layer.name == part.name || layer.name.starts_with(part.name + "."))
          part.layers.push_back(layer);
      }
    }
    return std::move(parts_);
  }

 private:
  void AddDot(const std::string& name, const DotGene& dot) {
    height_ = (height_ + 1) / 2;
    width_ = (width_ + 1) / 2;
    AddMap(name + ".down", "downsampling", DownsamplingChoice(dot.downsample.kind), dot.dim,
           dot.downsample.prune);
    for (size_t i = 0; i < dot.residuals.size(); ++i) {
      AddMap(name + ".res" + std::to_string(i + 1), "residual", "two conv 3x3", dot.dim,
             dot.residuals[i].prune);
      parts_.back().residual = true;
    }
    for (size_t i = 0; i < dot.mobilenets.size(); ++i) {
      const MobileNetGene& gene = dot.mobilenets[i];
      AddMap(name + ".mb" + std::to_string(i + 1), "inverted residual",
             "expansion " + std::to_string(gene.expansion), dot.dim, gene.prune);
      parts_.back().residual = true;
    }
    for (size_t i = 0; i < dot.transformers.size(); ++i) {
      const TransformerGene& gene = dot.transformers[i];
      AddMap(name + ".tr" + std::to_string(i + 1), "transformer", TransformerChoice(gene), dot.dim,
             gene.prune);
      parts_.back().residual = gene.residual;
    }
  }

  void AddMap(const std::string& name, const std::string& kind, const std::string& choice,
              int channels, const PrunePolicy& prune) {
    Add(name, kind, choice, {height_, width_, channels}, prune);
  }

  void Add(const std::string& name, const std::string& kind, const std::string& choice,
           std::vector<int> output, const PrunePolicy& prune) {
    parts_.push_back({name, kind, choice, std::move(output), prune, false, {}});
  }

  const Genome& genome_;
  int height_, width_;
  std::vector<NetworkPart> parts_;
};

}  // namespace

std::vector<NetworkPart> ListParts(const Genome& genome) { return PartLister(genome).List(); }

}  // namespace tinyformer
