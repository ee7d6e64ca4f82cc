// attention and attention_pool (lowered): softmax-weighted sums that never hold all scores.
#include <algorithm>
#include <cmath>

#include "compiler/ops/op_list.h"

namespace tinyformer {
namespace {

std::vector<Shape> InferAttention(const OpSite& site) {
  for (size_t i = 0; i < 3; ++i) RequireRank(site, i, 3);
  const Shape& q = site.shape(0);
  int64_t heads = site.node.Int("heads", 0);
  if (site.shape(1) != q || site.shape(2) != q || heads < 1 || q[2] % heads != 0) {
    FailNode(site, "import/attention", "q, k, v of one shape whose width the heads divide",
             ToString(q) + ", " + ToString(site.shape(1)) + ", " + ToString(site.shape(2)) +
                 " with " + std::to_string(heads) + " heads",
             "use self-attention with equal widths");
  }
  return {q};
}

void EvaluateAttention(const OpSite& site, const std::vector<const Tensor*>& in,
                       const std::vector<Tensor*>& out) {
  const auto tokens = static_cast<size_t>(in[0]->shape[1]),
             width = static_cast<size_t>(in[0]->shape[2]);
  const auto heads = static_cast<size_t>(site.node.Int("heads", 1)), head_width = width / heads;
  const auto scale = static_cast<float>(site.node.Float("scale", 1.0));
  std::vector<float> row(tokens);
  std::fill(out[0]->data.begin(), out[0]->data.end(), 0.0f);
  for (size_t h = 0; h < heads; ++h) {
    for (size_t t = 0; t < tokens; ++t) {
      const float* q = in[0]->data.data() + t * width + h * head_width;
      for (size_t s = 0; s < tokens; ++s) {
        const float* k = in[1]->data.data() + s * width + h * head_width;
        float dot = 0;
        for (size_t j = 0; j < head_width; ++j) dot += q[j] * k[j];
        row[s] = dot * scale;
      }
      float largest = *std::max_element(row.begin(), row.end()), sum = 0;
      for (float& r : row) sum += r = std::exp(r - largest);
      float* y = out[0]->data.data() + t * width + h * head_width;
      for (size_t s = 0; s < tokens; ++s) {
        const float* v = in[2]->data.data() + s * width + h * head_width;
        for (size_t j = 0; j < head_width; ++j) y[j] += row[s] / sum * v[j];
      }
    }
  }
}

std::vector<Shape> InferPool(const OpSite& site) {
  RequireRank(site, 0, 3);
  RequireRank(site, 1, 3);
  const Shape &logits = site.shape(0), &x = site.shape(1);
  if (logits != Shape{x[0], x[1], 1}) {
    FailNode(site, "import/attention", "one logit per token, shape " + ToString({x[0], x[1], 1}),
             "shape " + ToString(logits), "score each token once");
  }
  return {{x[0], x[2]}};
}

void EvaluatePool(const OpSite&, const std::vector<const Tensor*>& in,
                  const std::vector<Tensor*>& out) {
  std::vector<float> weights = in[0]->data;
  const auto width = static_cast<size_t>(in[1]->shape[2]);
  float largest = *std::max_element(weights.begin(), weights.end()), sum = 0;
  for (float& w : weights) sum += w = std::exp(w - largest);
  std::fill(out[0]->data.begin(), out[0]->data.end(), 0.0f);
  for (size_t t = 0; t < weights.size(); ++t) {
    for (size_t c = 0; c < width; ++c)
      out[0]->data[c] += weights[t] / sum * in[1]->data[t * width + c];
  }
}

}  // namespace

const OpDef kAttention = {"attention",
                          OpDef::Level::kLowered,
                          3,
                          -1,
                          "q, k, v [1,T,d]; heads, scale, score_scale, score_zero_point",
                          QuantizeRule::kOwnScale,
                          InferAttention,
                          EvaluateAttention};
const OpDef kAttentionPool = {"attention_pool",
                              OpDef::Level::kLowered,
                              2,
                              -1,
                              "logits [1,T,1], x [1,T,d]",
                              QuantizeRule::kOwnScale,
                              InferPool,
                              EvaluatePool};

}  // namespace tinyformer
