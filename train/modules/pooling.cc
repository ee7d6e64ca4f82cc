#include "train/modules/pooling.h"

#include "train/torch_compat.h"

namespace tinyformer {

Pooling::Pooling(const LayerFactory& factory, const std::string& name, const std::string& kind)
    : average_(kind == "average") {
  if (kind == "seqpool") score_.emplace(factory, name + ".score");
}

at::Tensor Pooling::Forward(const at::Tensor& x, const ForwardMode& mode) const {
  const at::Tensor map = x.to(at::kFloat);
  if (average_) return mode.Activation(at::avg_pool2d(map, {2, 2}, {2, 2}).flatten(1));
  if (!score_) return mode.Activation(map.mean({2, 3}));
  const at::Tensor tokens = map.permute({0, 2, 3, 1}).flatten(1, 2);  // [n, h * w, dim]
  const at::Tensor scores = mode.Activation(score_->Forward(tokens, mode));
  return mode.Activation((tokens * at::softmax(scores.to(at::kFloat), 1)).sum(1));
}

}  // namespace tinyformer
