// Add and Mul (ONNX), add, mul and requantize (lowered).
#include "compiler/ops/activation_range.h"
#include "compiler/ops/op_list.h"

namespace tinyformer {
namespace {

std::vector<Shape> InferBroadcast(const OpSite& site) {
  return {BroadcastShapes(site, site.shape(0), site.shape(1))};
}

std::vector<Shape> InferEqual(const OpSite& site) {
  if (site.shape(0) != site.shape(1)) {
    FailNode(site, "import/broadcast", "two operands of one shape",
             ToString(site.shape(0)) + " and " + ToString(site.shape(1)),
             "expand one operand before this node");
  }
  return {site.shape(0)};
}

// Index into an operand of shape `from` for element `i` of shape `to`.
size_t BroadcastIndex(const Shape& from, const Shape& to, size_t i) {
  size_t index = 0, stride = 1;
  for (size_t d = 0; d < to.size(); ++d) {
    auto extent = static_cast<size_t>(to[to.size() - 1 - d]);
    size_t position = i % extent;
    i /= extent;
    if (d >= from.size()) continue;
    auto own = static_cast<size_t>(from[from.size() - 1 - d]);
    index += (own == 1 ? 0 : position) * stride;
    stride *= own;
  }
  return index;
}

template <typename F>
void Combine(const std::vector<const Tensor*>& in, Tensor& out, F f) {
  const Tensor &a = *in[0], &b = *in[1];
  if (a.shape == b.shape) {
    for (size_t i = 0; i < out.data.size(); ++i) out.data[i] = f(a.data[i], b.data[i]);
    return;
  }
  for (size_t i = 0; i < out.data.size(); ++i) {
    out.data[i] = f(a.data[BroadcastIndex(a.shape, out.shape, i)],
                    b.data[BroadcastIndex(b.shape, out.shape, i)]);
  }
}

void EvaluateAdd(const OpSite& site, const std::vector<const Tensor*>& in,
                 const std::vector<Tensor*>& out) {
  Combine(in, *out[0], [](float a, float b) { return a + b; });
  ClampToActivation(site.node, out[0]->data);
}

void EvaluateMul(const OpSite& site, const std::vector<const Tensor*>& in,
                 const std::vector<Tensor*>& out) {
  Combine(in, *out[0], [](float a, float b) { return a * b; });
  ClampToActivation(site.node, out[0]->data);
}

std::vector<Shape> InferSame(const OpSite& site) { return {site.shape(0)}; }

void EvaluateClamp(const OpSite& site, const std::vector<const Tensor*>& in,
                   const std::vector<Tensor*>& out) {
  out[0]->data = in[0]->data;
  ClampToActivation(site.node, out[0]->data);
}

}  // namespace

const OpDef kAdd = {
    "Add",
    OpDef::Level::kOnnx,
    2,
    2,
    "two activations of one shape, or a constant after Conv, MatMul or Gemm, or on the input",
    QuantizeRule::kOwnScale,
    InferBroadcast,
    EvaluateAdd};
const OpDef kMul = {
    "Mul",
    OpDef::Level::kOnnx,
    2,
    2,
    "a constant factor on attention scores, after Conv, MatMul or Gemm, or on the input",
    QuantizeRule::kOwnScale,
    InferBroadcast,
    EvaluateMul};
const OpDef kLoweredAdd = {"add",
                           OpDef::Level::kLowered,
                           2,
                           -1,
                           "a, b of one shape; act_min, act_max",
                           QuantizeRule::kOwnScale,
                           InferEqual,
                           EvaluateAdd};
const OpDef kLoweredMul = {"mul",
                           OpDef::Level::kLowered,
                           2,
                           -1,
                           "a, b of one shape; act_min, act_max",
                           QuantizeRule::kOwnScale,
                           InferEqual,
                           EvaluateMul};

const OpDef kRequantize = {"requantize",
                           OpDef::Level::kLowered,
                           1,
                           -1,
                           "x; another scale, act_min, act_max",
                           QuantizeRule::kOwnScale,
                           InferSame,
                           EvaluateClamp};

}  // namespace tinyformer
