#include "search/network.h"

#include <utility>

namespace tinyformer {
namespace {

constexpr auto kNone = ActivationKind::kNone, kRelu = ActivationKind::kRelu,
               kRelu6 = ActivationKind::kRelu6;

class Walk {
 public:
  Walk(const Genome& genome, const std::map<std::string, LayerSpec>& layers, NetworkWriter& writer)
      : genome_(genome), layers_(layers), writer_(writer) {}

  ValueId Run() {
    ValueId x = writer_.Image();
    if (genome_.stem > 0) x = Conv("stem.conv", kRelu, x);
    for (size_t d = 0; d < genome_.dots.size(); ++d)
      x = Dot("dot" + std::to_string(d + 1), genome_.dots[d], x);
    x = writer_.Linear(layers_.at("last"), kRelu, writer_.Pool(genome_.pooling, x));
    return writer_.Linear(layers_.at("head"), kNone, x);
  }

 private:
  ValueId Conv(const std::string& name, ActivationKind activation, ValueId x) {
    return writer_.Conv(layers_.at(name), activation, x);
  }
  ValueId TokenLinear(const std::string& name, ActivationKind activation, ValueId x) {
    return writer_.TokenLinear(layers_.at(name), activation, x);
  }

  ValueId Dot(const std::string& name, const DotGene& gene, ValueId x) {
    x = Downsample(name + ".down", gene.downsample.kind, x);
    for (size_t i = 0; i < gene.residuals.size(); ++i) {
      const std::string at = name + ".res" + std::to_string(i + 1);
      x = writer_.Add(at + ".add", x, Conv(at + ".conv2", kRelu, Conv(at + ".conv1", kRelu, x)));
    }
    for (size_t i = 0; i < gene.mobilenets.size(); ++i) {
      const std::string at = name + ".mb" + std::to_string(i + 1);
      x = writer_.Add(at + ".add", x, InvertedResidual(at, x));
    }
    for (size_t i = 0; i < gene.transformers.size(); ++i)
      x = Transformer(name + ".tr" + std::to_string(i + 1), gene.transformers[i], x);
    return x;
  }

  ValueId Downsample(const std::string& name, const std::string& kind, ValueId x) {
    if (kind == "inverted_residual") return InvertedResidual(name, x);
    x = Conv(name + ".conv", kRelu, x);
    return kind == "conv_stride2" ? x : writer_.MaxPool(name + ".pool", x);
  }

  ValueId InvertedResidual(const std::string& name, ValueId x) {
    x = Conv(name + ".expand", kRelu6, x);
    x = Conv(name + ".depthwise", kRelu6, x);
    return Conv(name + ".project", kNone, x);
  }

  ValueId Transformer(const std::string& name, const TransformerGene& gene, ValueId x) {
    const ValueId map =
        gene.convs ? Conv(name + ".proj_in", kRelu, Conv(name + ".conv_in", kRelu, x)) : x;
    ValueId tokens = writer_.ToTokens(name, map);
    const ValueId mixed = writer_.Attention(name, gene.heads, LayerNorm(name + ".ln1", tokens));
    tokens = writer_.Add(name + ".add1", tokens, TokenLinear(name + ".out", kNone, mixed));
    const ValueId hidden = TokenLinear(name + ".mlp1", kRelu, LayerNorm(name + ".ln2", tokens));
    tokens = writer_.Add(name + ".add2", tokens, TokenLinear(name + ".mlp2", kNone, hidden));
    ValueId y = writer_.ToMap(name + ".map", tokens, map);
    if (!gene.convs) return y;
    y = Conv(name + ".conv_out", kNone, Conv(name + ".proj_out", kRelu, y));
    return gene.residual ? writer_.Add(name + ".add", x, y) : y;
  }

  ValueId LayerNorm(const std::string& name, ValueId tokens) {
    return writer_.LayerNorm(layers_.at(name), tokens);
  }

  const Genome& genome_;
  const std::map<std::string, LayerSpec>& layers_;
  NetworkWriter& writer_;
};

}  // namespace

std::map<std::string, LayerSpec> LayersByName(const Genome& genome) {
  std::map<std::string, LayerSpec> layers;
  for (LayerSpec& layer : ListLayers(genome)) {
    std::string name = layer.name;
    layers.emplace(std::move(name), std::move(layer));
  }
  return layers;
}

ValueId WriteNetwork(const Genome& genome, const std::map<std::string, LayerSpec>& layers,
                     NetworkWriter& writer) {
  return Walk(genome, layers, writer).Run();
}

}  // namespace tinyformer
