#include "train/modules/transformer.h"

#include "train/modules/fused_attention.h"
#include "train/torch_compat.h"

namespace tinyformer {

TransformerModule::TransformerModule(const LayerFactory& factory, const std::string& name,
                                     const TransformerGene& gene)
    : conv_in_(factory, name + ".conv_in", Activation::kRelu),
      proj_in_(factory, name + ".proj_in", Activation::kRelu),
      ln1_(factory, name + ".ln1"),
      q_(factory, name + ".q"),
      k_(factory, name + ".k"),
      v_(factory, name + ".v"),
      out_(factory, name + ".out"),
      ln2_(factory, name + ".ln2"),
      mlp1_(factory, name + ".mlp1"),
      mlp2_(factory, name + ".mlp2"),
      proj_out_(factory, name + ".proj_out", Activation::kRelu),
      conv_out_(factory, name + ".conv_out", Activation::kNone),
      heads_(gene.heads),
      residual_(gene.residual) {}

at::Tensor TransformerModule::Encode(const at::Tensor& tokens) const {
  // One product for q, k and v: three narrow ones leave the processor waiting.
  const at::Tensor weight = at::cat({q_.weight(), k_.weight(), v_.weight()});
  const at::Tensor bias = at::cat({q_.bias(), k_.bias(), v_.bias()});
  const at::Tensor attended =
      FusedAttention(at::linear(ln1_.Forward(tokens), weight, bias), heads_);
  const at::Tensor x = tokens + out_.Forward(attended);
  return x + mlp2_.Forward(at::relu(mlp1_.Forward(ln2_.Forward(x))));
}

at::Tensor TransformerModule::Forward(const at::Tensor& x, const BatchNormMode& mode) const {
  const at::Tensor map = proj_in_.Forward(conv_in_.Forward(x, mode), mode);
  const at::Tensor tokens = Encode(map.permute({0, 2, 3, 1}).flatten(1, 2).to(at::kFloat));
  const at::Tensor back =
      tokens.reshape({map.size(0), map.size(2), map.size(3), map.size(1)}).permute({0, 3, 1, 2});
  const at::Tensor y = conv_out_.Forward(proj_out_.Forward(back, mode), mode);
  return residual_ ? x + y : y;
}

}  // namespace tinyformer
