// The transformer choice module: convolutions around a pre-norm encoder.
#pragma once

#include <optional>

#include "train/modules/layers.h"

namespace tinyformer {

/// conv3x3 -> conv1x1 -> [+ attention(LN), + mlp(LN)] over the h * w tokens -> conv1x1 -> conv3x3
/// (no activation), plus the module's input when residual is true; or the encoder alone where the
/// gene has no convs. No positional encoding: the convolutions carry position.
///
/// Shapes  x [n, dim, h, w] -> the same
/// Layers  <name>.{conv_in,proj_in,ln1,q,k,v,out,ln2,mlp1,mlp2,proj_out,conv_out}, without convs
///         only <name>.{ln1,q,k,v,out,ln2,mlp1,mlp2}
/// Source  paper III-B1; SPEC section 2
class TransformerModule {
 public:
  TransformerModule(const LayerFactory& factory, const std::string& name,
                    const TransformerGene& gene);
  at::Tensor Forward(const at::Tensor& x, const ForwardMode& mode) const;

 private:
  at::Tensor Encode(const at::Tensor& tokens, const ForwardMode& mode) const;

  /// The convolutions on one side of the encoder.
  struct Convs {
    ConvBn first, second;
    at::Tensor Forward(const at::Tensor& x, const ForwardMode& mode) const;
  };

  std::optional<Convs> in_;
  LayerNorm ln1_;
  Linear q_, k_, v_, out_;
  LayerNorm ln2_;
  Linear mlp1_, mlp2_;
  std::optional<Convs> back_;
  int64_t heads_;
  bool residual_;
};

}  // namespace tinyformer
