// Softmax (ONNX) and softmax (lowered), over the last axis.
#include <algorithm>
#include <cmath>

#include "compiler/ops/op_list.h"

namespace tinyformer {
namespace {

std::vector<Shape> Infer(const OpSite& site) {
  const Shape& x = site.shape(0);
  if (x.empty()) RequireRank(site, 0, 2);
  int64_t axis = site.node.Int("axis", -1);
  int last = static_cast<int>(x.size()) - 1;
  if (NormalizeAxis(site, axis, x.size()) != last) {
    FailNode(site, "import/softmax-axis",
             "axis -1 or " + std::to_string(last) + " for input " + ToString(x),
             "axis " + std::to_string(axis), "transpose before Softmax, or export with axis=-1");
  }
  return {x};
}

void Evaluate(const OpSite&, const std::vector<const Tensor*>& in,
              const std::vector<Tensor*>& out) {
  const auto width = static_cast<size_t>(in[0]->shape.back());
  for (size_t start = 0; start < in[0]->data.size(); start += width) {
    const float* x = in[0]->data.data() + start;
    float* y = out[0]->data.data() + start;
    float largest = *std::max_element(x, x + width), sum = 0;
    for (size_t i = 0; i < width; ++i) sum += y[i] = std::exp(x[i] - largest);
    for (size_t i = 0; i < width; ++i) y[i] /= sum;
  }
}

}  // namespace

const OpDef kSoftmax = {"Softmax",   OpDef::Level::kOnnx,         1,     1,
                        "last axis", QuantizeRule::kNotQuantized, Infer, Evaluate};
const OpDef kLoweredSoftmax = {"softmax",   OpDef::Level::kLowered,  1,     -1,
                               "last axis", QuantizeRule::kOwnScale, Infer, Evaluate};

}  // namespace tinyformer
