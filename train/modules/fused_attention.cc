#include "train/modules/fused_attention.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "base/check.h"
#include "train/modules/each_cpu.h"
#include "train/torch_compat.h"

#define TF_INLINE inline __attribute__((always_inline))

namespace tinyformer {
namespace {

constexpr int kLanes = 16, kRows = 8;
typedef float Vec __attribute__((vector_size(64)));
typedef int32_t IntVec __attribute__((vector_size(64)));

TF_INLINE Vec Load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
TF_INLINE void Store(float* p, const Vec& v) { std::memcpy(p, &v, sizeof v); }

/// e^x for x <= 0, relative error below 2^-22: x = n ln 2 + r, |r| <= ln 2 / 2, Taylor polynomial
/// of degree 6 in r. Below -87 the result is e^-87 (1.6e-38): nothing against the row's own largest
/// term, 1.
TF_INLINE Vec Exp(Vec x) {
  const Vec low = Vec{} - 87.0f;
  x = x > low ? x : low;
  const float round = 12582912.0f;  // 1.5 * 2^23: adding it leaves the integer in the low bits
  const Vec shifted = x * 1.44269504f + round;
  const Vec n = shifted - round;
  const Vec r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Vec p = r * (1.0f / 720) + (1.0f / 120);
  p = p * r + (1.0f / 24);
  p = p * r + (1.0f / 6);
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  IntVec bits, power;
  std::memcpy(&bits, &p, sizeof bits);
  std::memcpy(&power, &shifted, sizeof power);
  bits += power << 23;
  std::memcpy(&p, &bits, sizeof p);
  return p;
}

struct HeadShape {
  int64_t tokens, head_dim, token_stride;  // token_stride: floats from one token's q to the next
  int64_t padded_tokens() const { return (tokens + kLanes - 1) / kLanes * kLanes; }
  int64_t padded_rows() const { return (tokens + kRows - 1) / kRows * kRows; }
  int64_t padded_dim() const { return (head_dim + kLanes - 1) / kLanes * kLanes; }
};

/// One thread's working memory: zero where nothing is written, so padding lanes add nothing.
struct Scratch {
  explicit Scratch(const HeadShape& s)
      : q(Zeros(s.padded_rows() * s.padded_dim())),
        k(Zeros(s.padded_tokens() * s.padded_dim())),
        v(Zeros(s.padded_tokens() * s.padded_dim())),
        dy(Zeros(s.padded_rows() * s.padded_dim())),
        dk(Zeros(s.padded_tokens() * s.padded_dim())),
        dv(Zeros(s.padded_tokens() * s.padded_dim())),
        kt(Zeros(s.head_dim * s.padded_tokens())),
        vt(Zeros(s.head_dim * s.padded_tokens())),
        p(Zeros(kRows * s.padded_tokens())),
        ds(Zeros(kRows * s.padded_tokens())) {}
  static std::vector<float> Zeros(int64_t n) {
    return std::vector<float>(static_cast<size_t>(n), 0.0f);
  }
  std::vector<float> q, k, v, dy, dk, dv;  // [token][padded_dim]
  std::vector<float> kt, vt;               // [head_dim][padded_tokens]
  std::vector<float> p, ds;                // [kRows][padded_tokens]
};

TF_INLINE void PackRows(const HeadShape& s, const float* from, int64_t stride, float factor,
                        float* rows) {
  const int64_t dp = s.padded_dim();
  for (int64_t t = 0; t < s.tokens; ++t) {
    for (int64_t c = 0; c < s.head_dim; ++c) rows[t * dp + c] = from[t * stride + c] * factor;
  }
}

TF_INLINE void PackColumns(const HeadShape& s, const float* from, int64_t stride, float* columns) {
  const int64_t tp = s.padded_tokens();
  for (int64_t t = 0; t < s.tokens; ++t) {
    for (int64_t c = 0; c < s.head_dim; ++c) columns[c * tp + t] = from[t * stride + c];
  }
}

/// out[r][j] = sum_c rows[r][c] * columns[c][j] for kRows rows and all tokens j.
TF_INLINE void RowsTimesColumns(const HeadShape& s, const float* rows, const float* columns,
                                float* out) {
  const int64_t tp = s.padded_tokens(), dp = s.padded_dim();
  for (int64_t j = 0; j < tp; j += kLanes) {
    Vec sum[kRows] = {};
    for (int64_t c = 0; c < s.head_dim; ++c) {
      const Vec column = Load(columns + c * tp + j);
      for (int r = 0; r < kRows; ++r) sum[r] += rows[r * dp + c] * column;
    }
    for (int r = 0; r < kRows; ++r) Store(out + r * tp + j, sum[r]);
  }
}

/// out[r][c] = sum_j weights[r][j] * rows[j][c] for kRows rows.
TF_INLINE void WeightedRows(const HeadShape& s, const float* weights, const float* rows,
                            float* out) {
  const int64_t tp = s.padded_tokens(), dp = s.padded_dim();
  for (int64_t c = 0; c < dp; c += kLanes) {
    Vec sum[kRows] = {};
    for (int64_t j = 0; j < s.tokens; ++j) {
      const Vec row = Load(rows + j * dp + c);
      for (int r = 0; r < kRows; ++r) sum[r] += weights[r * tp + j] * row;
    }
    for (int r = 0; r < kRows; ++r) Store(out + r * dp + c, sum[r]);
  }
}

/// sums[j][c] += sum_r weights[r][j] * rows[r][c] over kRows rows.
TF_INLINE void AddOuterProducts(const HeadShape& s, const float* weights, const float* rows,
                                float* sums) {
  const int64_t tp = s.padded_tokens(), dp = s.padded_dim();
  for (int64_t c = 0; c < dp; c += kLanes) {
    Vec row[kRows];
    for (int r = 0; r < kRows; ++r) row[r] = Load(rows + r * dp + c);
    for (int64_t j = 0; j < s.tokens; ++j) {
      Vec even = Load(sums + j * dp + c), odd = {};
      for (int r = 0; r < kRows; r += 2) {
        even += weights[r * tp + j] * row[r];
        odd += weights[(r + 1) * tp + j] * row[r + 1];
      }
      Store(sums + j * dp + c, even + odd);
    }
  }
}

TF_INLINE float Sum(const Vec& v) {
  float lanes[kLanes], sum = 0;
  std::memcpy(lanes, &v, sizeof v);
  for (float lane : lanes) sum += lane;
  return sum;
}

TF_INLINE float Max(const Vec& v) {
  float lanes[kLanes];
  std::memcpy(lanes, &v, sizeof v);
  float max = lanes[0];
  for (float lane : lanes) max = lane > max ? lane : max;
  return max;
}

/// One (image, head): q, k, v point at its first token; y has y_stride floats from token to token;
/// lse [tokens].
TF_EACH_CPU void ForwardHead(const HeadShape& s, const float* q, const float* k, const float* v,
                             float* y, int64_t y_stride, float* lse, Scratch* scratch) {
  const int64_t tp = s.padded_tokens(), dp = s.padded_dim();
  PackRows(s, q, s.token_stride, 1.0f / std::sqrt(static_cast<float>(s.head_dim)),
           scratch->q.data());
  PackColumns(s, k, s.token_stride, scratch->kt.data());
  PackRows(s, v, s.token_stride, 1.0f, scratch->v.data());
  float* p = scratch->p.data();
  float out[kRows * 1024];
  for (int64_t t = 0; t < s.tokens; t += kRows) {
    RowsTimesColumns(s, scratch->q.data() + t * dp, scratch->kt.data(), p);
    float inverse[kRows];
    for (int r = 0; r < kRows; ++r) {
      float* row = p + r * tp;
      for (int64_t j = s.tokens; j < tp; ++j) row[j] = -1e30f;
      Vec largest = Load(row);
      for (int64_t j = kLanes; j < tp; j += kLanes) {
        const Vec x = Load(row + j);
        largest = x > largest ? x : largest;
      }
      const float max = Max(largest);
      Vec sums = {};
      for (int64_t j = 0; j < tp; j += kLanes) {
        const Vec e = Exp(Load(row + j) - max);
        sums += e;
        Store(row + j, e);
      }
      const float sum = Sum(sums);
      inverse[r] = 1.0f / sum;
      if (t + r < s.tokens) lse[t + r] = max + std::log(sum);
    }
    WeightedRows(s, p, scratch->v.data(), out);
    for (int r = 0; r < kRows && t + r < s.tokens; ++r) {
      for (int64_t c = 0; c < s.head_dim; ++c)
        y[(t + r) * y_stride + c] = out[r * dp + c] * inverse[r];
    }
  }
}

/// The gradient of ForwardHead: dq, dk, dv have the layout of q, k, v; y and dy that of the output.
TF_EACH_CPU void BackwardHead(const HeadShape& s, const float* q, const float* k, const float* v,
                              const float* y, const float* dy, int64_t y_stride, const float* lse,
                              float* dq, float* dk, float* dv, Scratch* scratch) {
  const int64_t tp = s.padded_tokens(), dp = s.padded_dim();
  const float scale = 1.0f / std::sqrt(static_cast<float>(s.head_dim));
  PackRows(s, q, s.token_stride, scale, scratch->q.data());
  PackRows(s, k, s.token_stride, 1.0f, scratch->k.data());
  PackColumns(s, k, s.token_stride, scratch->kt.data());
  PackColumns(s, v, s.token_stride, scratch->vt.data());
  PackRows(s, dy, y_stride, 1.0f, scratch->dy.data());
  std::fill(scratch->dk.begin(), scratch->dk.end(), 0.0f);
  std::fill(scratch->dv.begin(), scratch->dv.end(), 0.0f);
  float* p = scratch->p.data();
  float* ds = scratch->ds.data();
  float out[kRows * 1024];
  for (int64_t t = 0; t < s.tokens; t += kRows) {
    const float* q_rows = scratch->q.data() + t * dp;
    const float* dy_rows = scratch->dy.data() + t * dp;
    RowsTimesColumns(s, q_rows, scratch->kt.data(), p);
    RowsTimesColumns(s, dy_rows, scratch->vt.data(), ds);
    for (int r = 0; r < kRows; ++r) {
      float* p_row = p + r * tp;
      float* ds_row = ds + r * tp;
      if (t + r >= s.tokens) {  // a row of padding must not reach dk and dv
        std::fill(p_row, p_row + tp, 0.0f);
        std::fill(ds_row, ds_row + tp, 0.0f);
        continue;
      }
      float dot = 0;  // sum_j p_j dp_j = dy . y
      for (int64_t c = 0; c < s.head_dim; ++c)
        dot += dy_rows[r * dp + c] * y[(t + r) * y_stride + c];
      for (int64_t j = 0; j < tp; j += kLanes) {
        const Vec e = Exp(Load(p_row + j) - lse[t + r]);
        Store(p_row + j, e);
        Store(ds_row + j, e * (Load(ds_row + j) - dot));
      }
    }
    WeightedRows(s, ds, scratch->k.data(), out);
    for (int r = 0; r < kRows && t + r < s.tokens; ++r) {
      for (int64_t c = 0; c < s.head_dim; ++c)
        dq[(t + r) * s.token_stride + c] = out[r * dp + c] * scale;
    }
    AddOuterProducts(s, ds, q_rows, scratch->dk.data());
    AddOuterProducts(s, p, dy_rows, scratch->dv.data());
  }
  for (int64_t t = 0; t < s.tokens; ++t) {
    for (int64_t c = 0; c < s.head_dim; ++c) {
      dk[t * s.token_stride + c] = scratch->dk[static_cast<size_t>(t * dp + c)];
      dv[t * s.token_stride + c] = scratch->dv[static_cast<size_t>(t * dp + c)];
    }
  }
}

/// Calls body(image, head, scratch) for all pairs, spread over torch's threads.
template <typename Body>
void ForEachHead(int64_t images, int64_t heads, const HeadShape& shape, const Body& body) {
  at::parallel_for(0, images * heads, 1, [&](int64_t begin, int64_t end) {
    Scratch scratch(shape);
    for (int64_t i = begin; i < end; ++i) body(i / heads, i % heads, &scratch);
  });
}

class FusedAttentionFunction : public torch::autograd::Function<FusedAttentionFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& qkv,
                            int64_t heads) {
    const int64_t images = qkv.size(0), tokens = qkv.size(1), dim = qkv.size(2) / 3;
    const HeadShape shape{tokens, dim / heads, 3 * dim};
    at::Tensor y = at::empty({images, tokens, dim}, qkv.options());
    at::Tensor lse = at::empty({images, heads, tokens}, qkv.options());
    const float* in = qkv.data_ptr<float>();
    float* out = y.data_ptr<float>();
    float* sums = lse.data_ptr<float>();
    ForEachHead(images, heads, shape, [&](int64_t n, int64_t h, Scratch* scratch) {
      const float* q = in + n * tokens * 3 * dim + h * shape.head_dim;
      ForwardHead(shape, q, q + dim, q + 2 * dim, out + n * tokens * dim + h * shape.head_dim, dim,
                  sums + (n * heads + h) * tokens, scratch);
    });
    context->save_for_backward({qkv, y, lse});
    context->saved_data["heads"] = heads;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const int64_t heads = context->saved_data["heads"].toInt();
    const at::Tensor &qkv = saved[0], &y = saved[1], &lse = saved[2];
    const at::Tensor dy = gradients[0].to(at::kFloat).contiguous();
    const int64_t images = qkv.size(0), tokens = qkv.size(1), dim = qkv.size(2) / 3;
    const HeadShape shape{tokens, dim / heads, 3 * dim};
    at::Tensor dqkv = at::empty_like(qkv);
    const float *in = qkv.data_ptr<float>(), *out = y.data_ptr<float>(),
                *dout = dy.data_ptr<float>();
    const float* sums = lse.data_ptr<float>();
    float* din = dqkv.data_ptr<float>();
    ForEachHead(images, heads, shape, [&](int64_t n, int64_t h, Scratch* scratch) {
      const int64_t i = n * tokens * 3 * dim + h * shape.head_dim,
                    o = n * tokens * dim + h * shape.head_dim;
      BackwardHead(shape, in + i, in + i + dim, in + i + 2 * dim, out + o, dout + o, dim,
                   sums + (n * heads + h) * tokens, din + i, din + i + dim, din + i + 2 * dim,
                   scratch);
    });
    return {dqkv, at::Tensor()};
  }
};

}  // namespace

at::Tensor PlainAttention(const at::Tensor& qkv, int64_t heads) {
  const int64_t images = qkv.size(0), tokens = qkv.size(1), dim = qkv.size(2) / 3;
  const at::Tensor split =
      qkv.reshape({images, tokens, 3, heads, dim / heads}).permute({2, 0, 3, 1, 4});
  const double scale = 1.0 / std::sqrt(static_cast<double>(dim / heads));
  const at::Tensor scores = at::matmul(split[0] * scale, split[1].transpose(-1, -2));
  return at::matmul(at::softmax(scores, -1), split[2])
      .transpose(1, 2)
      .reshape({images, tokens, dim});
}

at::Tensor FusedAttention(const at::Tensor& qkv, int64_t heads) {
  TF_CHECK(qkv.dim() == 3 && qkv.size(2) % (3 * heads) == 0, "heads", heads);
  FloatScope no_autocast;
  const at::Tensor input = qkv.to(at::kFloat).contiguous();
  if (!input.device().is_cpu() || input.size(2) / 3 / heads > 1024)
    return PlainAttention(input, heads);
  return FusedAttentionFunction::apply(input, heads);
}

}  // namespace tinyformer
