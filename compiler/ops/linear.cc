// MatMul and Gemm (ONNX), linear (lowered).
#include <algorithm>

#include "compiler/ops/activation_range.h"
#include "compiler/ops/gemm.h"
#include "compiler/ops/op_list.h"

namespace tinyformer {
namespace {

[[noreturn]] void FailInner(const OpSite& site) {
  FailNode(site, "import/inner-dimension", "operands whose inner dimensions are equal",
           ToString(site.shape(0)) + " and " + ToString(site.shape(1)),
           "export the model again: the operands do not multiply");
}

Shape BatchOf(const Shape& s) { return Shape(s.begin(), s.end() - 2); }

std::vector<Shape> InferMatMul(const OpSite& site) {
  for (size_t i = 0; i < 2; ++i) {
    if (site.shape(i).size() < 2) RequireRank(site, i, 2);
  }
  const Shape &a = site.shape(0), &b = site.shape(1);
  if (a.back() != b[b.size() - 2]) FailInner(site);
  Shape out = BroadcastShapes(site, BatchOf(a), BatchOf(b));
  out.push_back(a[a.size() - 2]);
  out.push_back(b.back());
  return {out};
}

void EvaluateMatMul(const OpSite&, const std::vector<const Tensor*>& in,
                    const std::vector<Tensor*>& out) {
  const Shape &a = in[0]->shape, &b = in[1]->shape, &c = out[0]->shape;
  const int64_t m = c[c.size() - 2], n = c.back(), k = a.back();
  const Shape batch = BatchOf(c);
  const int64_t count = ElementCount(batch);
  // The offset of matrix i in an operand whose leading dimensions may broadcast.
  auto offset = [&](const Shape& s, int64_t i) {
    int64_t index = 0, stride = s[s.size() - 1] * s[s.size() - 2];
    for (size_t d = 0; d < batch.size(); ++d) {
      int64_t extent = batch[batch.size() - 1 - d], position = i % extent;
      i /= extent;
      if (d + 2 >= s.size()) continue;
      int64_t own = s[s.size() - 3 - d];
      index += (own == 1 ? 0 : position) * stride;
      stride *= own;
    }
    return index;
  };
  std::fill(out[0]->data.begin(), out[0]->data.end(), 0.0f);
  for (int64_t i = 0; i < count; ++i) {
    Gemm(m, n, k, in[0]->data.data() + offset(a, i), k, in[1]->data.data() + offset(b, i), n,
         out[0]->data.data() + i * m * n, n);
  }
}

std::vector<Shape> InferGemm(const OpSite& site) {
  RequireRank(site, 0, 2);
  RequireRank(site, 1, 2);
  if (site.node.Int("transA", 0) != 0) {
    FailNode(site, "import/attribute", "transA 0", "transA 1",
             "transpose the operand before this node");
  }
  const Shape &a = site.shape(0), &b = site.shape(1);
  bool transposed = site.node.Int("transB", 0) != 0;
  if (a[1] != (transposed ? b[1] : b[0])) FailInner(site);
  Shape out = {a[0], transposed ? b[0] : b[1]};
  if (site.has_input(2) && BroadcastShapes(site, out, site.shape(2)) != out) {
    FailNode(site, "import/bias-shape", "a bias that broadcasts to " + ToString(out),
             "shape " + ToString(site.shape(2)), "give one bias per output");
  }
  return {out};
}

// b^T, [columns][rows].
std::vector<float> Transposed(const std::vector<float>& b, int64_t rows, int64_t columns) {
  std::vector<float> t(b.size());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      t[static_cast<size_t>(c * rows + r)] = b[static_cast<size_t>(r * columns + c)];
    }
  }
  return t;
}

void EvaluateGemm(const OpSite& site, const std::vector<const Tensor*>& in,
                  const std::vector<Tensor*>& out) {
  const int64_t m = out[0]->shape[0], n = out[0]->shape[1], k = in[0]->shape[1];
  const auto alpha = static_cast<float>(site.node.Float("alpha", 1.0));
  const auto beta = static_cast<float>(site.node.Float("beta", 1.0));
  std::vector<float>& y = out[0]->data;
  std::fill(y.begin(), y.end(), 0.0f);
  if (site.node.Int("transB", 0) != 0) {
    Gemm(m, n, k, in[0]->data.data(), k, Transposed(in[1]->data, n, k).data(), n, y.data(), n);
  } else {
    Gemm(m, n, k, in[0]->data.data(), k, in[1]->data.data(), n, y.data(), n);
  }
  for (float& v : y) v *= alpha;
  if (in.size() < 3 || !in[2]) return;
  const Shape& c = in[2]->shape;
  int64_t columns = c.empty() ? 1 : c.back(), rows = c.size() == 2 ? c[0] : 1;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      int64_t index = (rows == 1 ? 0 : i) * columns + (columns == 1 ? 0 : j);
      y[static_cast<size_t>(i * n + j)] += beta * in[2]->data[static_cast<size_t>(index)];
    }
  }
}

std::vector<Shape> InferLinear(const OpSite& site) {
  RequireRank(site, 1, 2);
  const Shape &x = site.shape(0), &w = site.shape(1);
  if (x.empty() || x.back() != w[1]) FailInner(site);
  if (site.shape(2) != Shape{w[0]}) {
    FailNode(site, "import/bias-shape", "a bias of shape " + ToString({w[0]}),
             "shape " + ToString(site.shape(2)), "give one bias per output");
  }
  Shape out = x;
  out.back() = w[0];
  return {out};
}

void EvaluateLinear(const OpSite& site, const std::vector<const Tensor*>& in,
                    const std::vector<Tensor*>& out) {
  const int64_t n = in[1]->shape[0], k = in[1]->shape[1];
  const int64_t rows = ElementCount(in[0]->shape) / k;
  float* y = out[0]->data.data();
  for (int64_t r = 0; r < rows; ++r) std::copy_n(in[2]->data.data(), n, y + r * n);
  Gemm(rows, n, k, in[0]->data.data(), k, Transposed(in[1]->data, n, k).data(), n, y, n);
  ClampToActivation(site.node, out[0]->data);
}

}  // namespace

const OpDef kMatMul = {
    "MatMul",
    OpDef::Level::kOnnx,
    2,
    2,
    "two dimensions or more; a constant right operand, or the two products of attention",
    QuantizeRule::kOwnScale,
    InferMatMul,
    EvaluateMatMul};
const OpDef kGemm = {"Gemm",
                     OpDef::Level::kOnnx,
                     2,
                     3,
                     "transA 0, any transB, alpha, beta; constant weights",
                     QuantizeRule::kOwnScale,
                     InferGemm,
                     EvaluateGemm};
const OpDef kLinear = {"linear",
                       OpDef::Level::kLowered,
                       3,
                       -1,
                       "x [..,K], weight [O,K], bias [O]; act_min, act_max",
                       QuantizeRule::kOwnScale,
                       InferLinear,
                       EvaluateLinear};

}  // namespace tinyformer
