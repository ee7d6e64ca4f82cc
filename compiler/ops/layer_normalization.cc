// LayerNormalization (ONNX) and layernorm (lowered), over the last axis.
#include <cmath>

#include "compiler/ops/activation_range.h"
#include "compiler/ops/op_list.h"

namespace tinyformer {
namespace {

std::vector<Shape> Infer(const OpSite& site) {
  const Shape& x = site.shape(0);
  if (x.empty()) RequireRank(site, 0, 3);
  int64_t axis = site.node.Int("axis", -1);
  int last = static_cast<int>(x.size()) - 1;
  if (NormalizeAxis(site, axis, x.size()) != last) {
    FailNode(site, "import/layernorm-axis",
             "axis -1 or " + std::to_string(last) + " for input " + ToString(x),
             "axis " + std::to_string(axis), "normalise over the last axis only");
  }
  for (size_t i = 1; i < 3; ++i) {
    if (site.has_input(i) && site.shape(i) != Shape{x.back()}) {
      FailNode(site, "import/channels", "one parameter per channel, shape " + ToString({x.back()}),
               "operand '" + site.input(i).name + "' of shape " + ToString(site.shape(i)),
               "export the model again: the parameters do not match their input");
    }
  }
  return {x};
}

void Evaluate(const OpSite& site, const std::vector<const Tensor*>& in,
              const std::vector<Tensor*>& out) {
  const double epsilon = site.node.Float("epsilon", 1e-5);
  const auto width = static_cast<size_t>(in[0]->shape.back());
  for (size_t start = 0; start < in[0]->data.size(); start += width) {
    const float* x = in[0]->data.data() + start;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < width; ++i) sum += x[i];
    double mean = sum / static_cast<double>(width);
    for (size_t i = 0; i < width; ++i) squares += (x[i] - mean) * (x[i] - mean);
    double inverse = 1.0 / std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (size_t i = 0; i < width; ++i) {
      double y = (x[i] - mean) * inverse * in[1]->data[i];
      if (in.size() > 2 && in[2]) y += in[2]->data[i];
      out[0]->data[start + i] = static_cast<float>(y);
    }
  }
  ClampToActivation(site.node, out[0]->data);
}

}  // namespace

const OpDef kLayerNormalization = {"LayerNormalization",
                                   OpDef::Level::kOnnx,
                                   2,
                                   3,
                                   "last axis; constant scale and bias",
                                   QuantizeRule::kOwnScale,
                                   Infer,
                                   Evaluate,
                                   17};
const OpDef kLayernorm = {"layernorm",
                          OpDef::Level::kLowered,
                          3,
                          -1,
                          "x [..,C], gamma [C], beta [C]; epsilon, act_min, act_max",
                          QuantizeRule::kOwnScale,
                          Infer,
                          Evaluate};

}  // namespace tinyformer
