// The layers with weights: convolution with batch norm, linear, layer norm.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "base/shape.h"
#include "search/genome.h"
#include "train/modules/fake_quantize.h"
#include "train/modules/parameters.h"

namespace tinyformer {

constexpr double kBatchNormEpsilon = 1e-5;
constexpr double kLayerNormEpsilon = 1e-5;

/// How one forward pass works. batch_statistics: batch norm takes the batch's and moves the running
/// ones by momentum (1: replaces them). int8: weights and activations are rounded where the
/// compiled program rounds them; only the scores inside attention are not.
struct ForwardMode {
  bool batch_statistics = false;
  double momentum = 0.1;
  bool int8 = false;

  at::Tensor Weight(const at::Tensor& w) const { return int8 ? FakeQuantizedWeight(w) : w; }
  at::Tensor Activation(const at::Tensor& x) const { return int8 ? FakeQuantizedActivation(x) : x; }
};

enum class Activation { kNone, kRelu, kRelu6 };

/// What a module needs to make its layers: where to look up their sizes, where to put their
/// tensors, what to draw from; or where to find tensors that are there already.
///
/// Draws  every layer has its own stream Rng(seed, "init " + layer name): a layer starts the same
///        in every genome that has it.
class LayerFactory {
 public:
  LayerFactory(const std::vector<LayerSpec>& layers, uint64_t seed, Parameters* parameters)
      : layers_(layers), seed_(seed), parameters_(parameters) {}
  /// Takes the tensors of these names instead of making any.
  LayerFactory(const std::vector<LayerSpec>& layers, FindTensor find, Parameters* parameters)
      : layers_(layers), find_(std::move(find)), parameters_(parameters) {}

  /// The spec by that name.
  /// Errors (bug)  there is none
  const LayerSpec& Spec(const std::string& name) const;
  /// Adds a float32 tensor filled with value.
  at::Tensor Add(const std::string& name, const Shape& shape, Parameter::Role role,
                 float value) const;
  /// Adds <layer>.weight, its elements drawn one after the other from the layer's stream.
  at::Tensor AddWeight(const std::string& layer, const Shape& shape,
                       const std::function<double(Rng*)>& draw) const;

 private:
  const std::vector<LayerSpec>& layers_;
  uint64_t seed_ = 0;
  FindTensor find_;
  Parameters* parameters_;
};

/// Convolution without bias, batch norm, activation. Padding kernel / 2.
///
/// Shapes  x [n, in, h, w] -> [n, out, h / stride, w / stride]; weight [out, in or 1 (depthwise),
///         kernel, kernel]
/// Init    normal, variance 2 / (fan out) (He et al. 2015), gamma 1, beta 0
class ConvBn {
 public:
  ConvBn(const LayerFactory& factory, const std::string& name, Activation activation);
  at::Tensor Forward(const at::Tensor& x, const ForwardMode& mode) const;

 private:
  at::Tensor weight_, gamma_, beta_, mean_, variance_;
  int64_t stride_, padding_, groups_;
  Activation activation_;
};

/// y = x w^T + b over the last dimension. Init: normal of deviation 0.02, cut at two deviations;
/// bias 0.
class Linear {
 public:
  Linear(const LayerFactory& factory, const std::string& name);
  /// Its output is not rounded yet: an activation may follow.
  at::Tensor Forward(const at::Tensor& x, const ForwardMode& mode) const;
  const at::Tensor& weight() const { return weight_; }
  const at::Tensor& bias() const { return bias_; }

 private:
  at::Tensor weight_, bias_;
};

/// Layer norm over the last dimension, in float32 whatever the input's type.
class LayerNorm {
 public:
  LayerNorm(const LayerFactory& factory, const std::string& name);
  at::Tensor Forward(const at::Tensor& x) const;

 private:
  at::Tensor gamma_, beta_;
};

}  // namespace tinyformer
