#include "train/modules/pooling.h"

#include "train/torch_compat.h"

namespace tinyformer {

Pooling::Pooling(const LayerFactory& factory, const std::string& name, const std::string& kind)
    : average_(kind == "average") {
  if (kind == "seqpool") score_.emplace(factory, name + ".score");
}

at::Tensor Pooling::Forward(const at::Tensor& x) const {
  const at::Tensor map = x.to(at::kFloat);
  if (average_) return at::avg_pool2d(map, {2, 2}, {2, 2}).flatten(1);
  if (!score_) return map.mean({2, 3});
  const at::Tensor tokens = map.permute({0, 2, 3, 1}).flatten(1, 2);  // [n, h * w, dim]
  const at::Tensor weights = at::softmax(score_->Forward(tokens).to(at::kFloat), 1);
  return (tokens * weights).sum(1);
}

}  // namespace tinyformer
