#include "train/modules/transformer.h"

#include "train/modules/fused_attention.h"
#include "train/torch_compat.h"

namespace tinyformer {

TransformerModule::TransformerModule(const LayerFactory& factory, const std::string& name,
                                     const TransformerGene& gene)
    : in_(gene.convs ? std::optional<Convs>({{factory, name + ".conv_in", Activation::kRelu},
                                             {factory, name + ".proj_in", Activation::kRelu}})
                     : std::nullopt),
      ln1_(factory, name + ".ln1"),
      q_(factory, name + ".q"),
      k_(factory, name + ".k"),
      v_(factory, name + ".v"),
      out_(factory, name + ".out"),
      ln2_(factory, name + ".ln2"),
      mlp1_(factory, name + ".mlp1"),
      mlp2_(factory, name + ".mlp2"),
      back_(gene.convs ? std::optional<Convs>({{factory, name + ".proj_out", Activation::kRelu},
                                               {factory, name + ".conv_out", Activation::kNone}})
                       : std::nullopt),
      heads_(gene.heads),
      residual_(gene.residual) {}

at::Tensor TransformerModule::Convs::Forward(const at::Tensor& x, const ForwardMode& mode) const {
  return second.Forward(first.Forward(x, mode), mode);
}

at::Tensor TransformerModule::Encode(const at::Tensor& tokens, const ForwardMode& mode) const {
  // One product for q, k and v: three narrow ones leave the processor waiting.
  const at::Tensor weight = at::cat({q_.weight(), k_.weight(), v_.weight()});
  const at::Tensor bias = at::cat({q_.bias(), k_.bias(), v_.bias()});
  at::Tensor qkv = at::linear(mode.Activation(ln1_.Forward(tokens)), mode.Weight(weight), bias);
  if (mode.int8) {  // each of the three has its own grid
    std::vector<at::Tensor> parts = qkv.chunk(3, 2);
    for (at::Tensor& part : parts) part = mode.Activation(part);
    qkv = at::cat(parts, 2);
  }
  const at::Tensor attended = mode.Activation(FusedAttention(qkv, heads_));
  const at::Tensor x = mode.Activation(tokens + mode.Activation(out_.Forward(attended, mode)));
  const at::Tensor hidden =
      mode.Activation(at::relu(mlp1_.Forward(mode.Activation(ln2_.Forward(x)), mode)));
  return mode.Activation(x + mode.Activation(mlp2_.Forward(hidden, mode)));
}

at::Tensor TransformerModule::Forward(const at::Tensor& x, const ForwardMode& mode) const {
  const at::Tensor map = in_ ? in_->Forward(x, mode) : x;
  const at::Tensor tokens = Encode(map.permute({0, 2, 3, 1}).flatten(1, 2).to(at::kFloat), mode);
  const at::Tensor encoded =
      tokens.reshape({map.size(0), map.size(2), map.size(3), map.size(1)}).permute({0, 3, 1, 2});
  if (!back_) return encoded;
  const at::Tensor y = back_->Forward(encoded, mode);
  return residual_ ? mode.Activation(x + y) : y;
}

}  // namespace tinyformer
