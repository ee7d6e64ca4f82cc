#include "train/network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "train/modules/fused_attention.h"
#include "train/modules/relu6.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

at::Tensor RandomTensor(const Shape& shape, const std::string& purpose) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  Rng rng(1, purpose);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    tensor.data_ptr<float>()[i] = static_cast<float>(rng.Normal());
  }
  return tensor;
}

/// Largest difference over the largest magnitude.
double RelativeError(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() / b.abs().max().item<double>();
}

TEST(FusedAttention, EqualsPlainAttentionInValueAndGradient) {
  // Sums of up to 256 float products: 256 * 2^-24 = 1.5e-5 relative is the worst case of the
  // arithmetic.
  for (const auto& [tokens, dim, heads] : std::vector<std::array<int64_t, 3>>{{256, 44, 4},
                                                                              {64, 192, 4},
                                                                              {64, 192, 1},
                                                                              {1, 4, 2},
                                                                              {5, 6, 3},
                                                                              {17, 34, 2},
                                                                              {33, 40, 1}}) {
    const at::Tensor qkv = RandomTensor({3, tokens, 3 * dim}, "qkv").set_requires_grad(true);
    const at::Tensor dy = RandomTensor({3, tokens, dim}, "gradient");
    const at::Tensor fused = FusedAttention(qkv, heads);
    fused.backward(dy);
    const at::Tensor fused_gradient = qkv.grad().clone();
    qkv.mutable_grad().reset();
    const at::Tensor plain = PlainAttention(qkv, heads);
    plain.backward(dy);
    EXPECT_LT(RelativeError(fused, plain), 1.5e-5) << tokens << " tokens, dim " << dim;
    EXPECT_LT(RelativeError(fused_gradient, qkv.grad()), 3e-5) << tokens << " tokens, dim " << dim;
  }
}

TEST(FusedAttention, StaysFiniteForScoresThatOverflowExp) {
  const at::Tensor qkv = RandomTensor({1, 20, 24}, "qkv") * 100;
  EXPECT_TRUE(at::isfinite(FusedAttention(qkv, 2)).all().item<bool>());
  EXPECT_LT(RelativeError(FusedAttention(qkv, 2), PlainAttention(qkv, 2)), 1e-3);
}

TEST(FusedAttention, HasTheSameBitsForEveryThreadCount) {
  const at::Tensor qkv = RandomTensor({4, 64, 36}, "qkv");
  at::set_num_threads(1);
  const at::Tensor one = FusedAttention(qkv, 4);
  at::set_num_threads(3);
  const at::Tensor three = FusedAttention(qkv, 4);
  at::set_num_threads(1);
  EXPECT_TRUE(at::equal(one, three));
}

TEST(Relu6, EqualsClampBitForBitInValueAndGradient) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const bool channels_last : {false, true}) {
      at::Tensor values = RandomTensor({2, 5, 7, 3}, "values") * 6;
      const std::vector<float> edges = {0.0f,    -0.0f,  6.0f,     6.03125f, 5.96875f,
                                        -1e-30f, 1e-30f, INFINITY, -INFINITY};
      std::copy(edges.begin(), edges.end(), values.data_ptr<float>());
      const auto format =
          channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
      const at::Tensor x = values.contiguous(format).to(type).set_requires_grad(true);
      const at::Tensor dy = RandomTensor({2, 5, 7, 3}, "gradient").to(type);
      const at::Tensor fast = Relu6(x);
      fast.backward(dy);
      const at::Tensor gradient = x.grad().clone();
      x.mutable_grad().reset();
      const at::Tensor plain = at::clamp(x, 0, 6);
      plain.backward(dy);
      EXPECT_TRUE(at::equal(fast, plain)) << type << channels_last;
      EXPECT_TRUE(at::equal(gradient, x.grad())) << type << channels_last;
    }
  }
}

Genome WithDownsample(const std::string& kind, const std::string& pooling) {
  Genome genome = SmallGenome();
  for (DotGene& dot : genome.dots) dot.downsample.kind = kind;
  genome.pooling = pooling;
  genome.stem = 4;
  return genome;
}

Genome WithResidualsAndPlainEncoders() {
  Genome genome = SmallGenome();
  genome.dots[0].residuals = {{}, {}};
  genome.dots[1].transformers = {{2, 2, false, {}, false}, {4, 1, false, {}, false}};
  return genome;
}

TEST(Network, HasTheTensorsThatListLayersNames) {
  for (const Genome& genome :
       {ReferencePointA(), SmallGenome(), WithResidualsAndPlainEncoders(),
        WithDownsample("inverted_residual", "average"), WithDownsample("conv_stride2", "global"),
        WithDownsample("conv_maxpool", "seqpool")}) {
    const std::map<std::string, NamedTensor> tensors =
        ExportTensors(Network(genome, 1).parameters());
    size_t expected = 0;
    for (const LayerSpec& layer : ListLayers(genome)) {
      const bool conv =
          layer.kind == LayerSpec::Kind::kConv || layer.kind == LayerSpec::Kind::kDepthwise;
      ASSERT_EQ(tensors.count(layer.name + ".weight"), 1u) << layer.name;
      int64_t weights = ElementCount(tensors.at(layer.name + ".weight").shape);
      if (layer.kind == LayerSpec::Kind::kLayerNorm) weights *= 2;  // gamma and beta
      EXPECT_EQ(weights, layer.weights) << layer.name;
      expected += conv ? 5 : 2;
      EXPECT_EQ(tensors.count(layer.name + (conv ? ".bn.running_var" : ".bias")), 1u) << layer.name;
    }
    EXPECT_EQ(tensors.size(), expected);
  }
}

TEST(Network, MapsImagesToOneLogitPerClass) {
  for (const char* kind : {"conv_maxpool", "conv_stride2", "inverted_residual"}) {
    for (const char* pooling : {"seqpool", "average", "global"}) {
      const Network network(WithDownsample(kind, pooling), 1);
      const at::Tensor logits = network.Forward(RandomTensor({3, 3, 8, 8}, "images"), {});
      EXPECT_EQ(logits.sizes().vec(), (Shape{3, 2})) << kind << ", " << pooling;
      EXPECT_TRUE(at::isfinite(logits).all().item<bool>()) << kind << ", " << pooling;
    }
  }
}

TEST(Network, StartsFromItsSeedAlone) {
  const auto a = ExportTensors(Network(SmallGenome(), 1).parameters()),
             b = ExportTensors(Network(SmallGenome(), 1).parameters());
  const auto other = ExportTensors(Network(SmallGenome(), 2).parameters());
  for (const auto& [name, tensor] : a) EXPECT_EQ(tensor.bytes, b.at(name).bytes) << name;
  EXPECT_NE(a.at("head.weight").bytes, other.at("head.weight").bytes);
}

TEST(Network, CloneSharesNoWeights) {
  const Network network(SmallGenome(), 1);
  const Network copy = network.Clone();
  at::NoGradGuard no_grad;
  const auto before = ExportTensors(network.parameters());
  for (const Parameter& p : copy.parameters()) p.value.fill_(7);
  for (const auto& [name, tensor] : ExportTensors(network.parameters())) {
    EXPECT_EQ(tensor.bytes, before.at(name).bytes) << name;
  }
}

TEST(Network, GivesEveryTrainedTensorAGradient) {
  const Network network(SmallGenome(), 1);
  network.Forward(RandomTensor({4, 3, 8, 8}, "images"), {true}).square().sum().backward();
  for (const Parameter& p : network.parameters()) {
    EXPECT_EQ(p.value.grad().defined(), p.role != Parameter::Role::kStatistic) << p.name;
  }
}

TEST(ImportTensors, NamesTheTensorThatDoesNotFit) {
  const Network network(SmallGenome(), 1);
  auto tensors = ExportTensors(network.parameters());
  tensors["head.bias"] = NamedTensor::Float32({3}, std::vector<float>(3).data());
  try {
    ImportTensors(tensors, "run/model.safetensors", network.parameters());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "error[train/weights] run/model.safetensors\n"
                 "  expected: a float32 tensor 'head.bias' of shape [2]\n"
                 "  found:    F32 [3]\n"
                 "  fix:      use the weights and the genome of one run");
  }
}

}  // namespace
}  // namespace tinyformer
