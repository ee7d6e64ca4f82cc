#include "train/modules/layers.h"

#include <cmath>

#include "base/check.h"
#include "train/modules/relu6.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

/// A standard normal, drawn again until it lies in [-2, 2].
double TruncatedNormal(Rng* rng) {
  double x = rng->Normal();
  while (std::abs(x) > 2) x = rng->Normal();
  return x;
}

}  // namespace

const LayerSpec& LayerFactory::Spec(const std::string& name) const {
  for (const LayerSpec& layer : layers_) {
    if (layer.name == name) return layer;
  }
  TF_CHECK(false, "no layer", name);
  __builtin_unreachable();
}

at::Tensor LayerFactory::Add(const std::string& name, const Shape& shape, Parameter::Role role,
                             float value) const {
  at::Tensor tensor = find_ ? find_(name, shape) : at::full(shape, value, at::kFloat);
  TF_CHECK(tensor.sizes() == at::IntArrayRef(shape), name, ToString(shape));
  if (!find_ && role != Parameter::Role::kStatistic) tensor.set_requires_grad(true);
  parameters_->push_back({name, tensor, role});
  return tensor;
}

at::Tensor LayerFactory::AddWeight(const std::string& layer, const Shape& shape,
                                   const std::function<double(Rng*)>& draw) const {
  const at::Tensor weight = Add(layer + ".weight", shape, Parameter::Role::kWeight, 0);
  if (find_) return weight;
  Rng rng(seed_, "init " + layer);
  float* values = weight.data_ptr<float>();
  for (int64_t i = 0; i < weight.numel(); ++i) values[i] = static_cast<float>(draw(&rng));
  return weight;
}

ConvBn::ConvBn(const LayerFactory& factory, const std::string& name, Activation activation)
    : activation_(activation) {
  const LayerSpec& spec = factory.Spec(name);
  const bool depthwise = spec.kind == LayerSpec::Kind::kDepthwise;
  stride_ = spec.stride;
  padding_ = spec.kernel / 2;
  groups_ = depthwise ? spec.out : 1;
  const double fan_out =
      static_cast<double>(spec.kernel) * spec.kernel * (depthwise ? 1 : spec.out);
  weight_ = factory.AddWeight(name, {spec.out, depthwise ? 1 : spec.in, spec.kernel, spec.kernel},
                              [&](Rng* rng) { return rng->Normal() * std::sqrt(2 / fan_out); });
  gamma_ = factory.Add(name + ".bn.weight", {spec.out}, Parameter::Role::kPlain, 1);
  beta_ = factory.Add(name + ".bn.bias", {spec.out}, Parameter::Role::kPlain, 0);
  mean_ = factory.Add(name + ".bn.running_mean", {spec.out}, Parameter::Role::kStatistic, 0);
  variance_ = factory.Add(name + ".bn.running_var", {spec.out}, Parameter::Role::kStatistic, 1);
}

at::Tensor ConvBn::Forward(const at::Tensor& x, const ForwardMode& mode) const {
  at::Tensor y = at::conv2d(x, mode.Weight(weight_), {}, stride_, padding_, 1, groups_);
  y = at::batch_norm(y, gamma_, beta_, mean_, variance_, mode.batch_statistics, mode.momentum,
                     kBatchNormEpsilon, true);
  if (activation_ == Activation::kRelu) y = at::relu(y);
  if (activation_ == Activation::kRelu6) y = Relu6(y);
  return mode.Activation(y);
}

Linear::Linear(const LayerFactory& factory, const std::string& name) {
  const LayerSpec& spec = factory.Spec(name);
  weight_ = factory.AddWeight(name, {spec.out, spec.in},
                              [](Rng* rng) { return 0.02 * TruncatedNormal(rng); });
  bias_ = factory.Add(name + ".bias", {spec.out}, Parameter::Role::kPlain, 0);
}

at::Tensor Linear::Forward(const at::Tensor& x, const ForwardMode& mode) const {
  return at::linear(x, mode.Weight(weight_), bias_);
}

LayerNorm::LayerNorm(const LayerFactory& factory, const std::string& name) {
  const LayerSpec& spec = factory.Spec(name);
  gamma_ = factory.Add(name + ".weight", {spec.out}, Parameter::Role::kPlain, 1);
  beta_ = factory.Add(name + ".bias", {spec.out}, Parameter::Role::kPlain, 0);
}

at::Tensor LayerNorm::Forward(const at::Tensor& x) const {
  return at::layer_norm(x.to(at::kFloat), gamma_.sizes(), gamma_, beta_, kLayerNormEpsilon);
}

}  // namespace tinyformer
