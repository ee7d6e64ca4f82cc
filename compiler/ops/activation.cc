// Relu and Clip (ONNX); the lowered level has them as act_min and act_max of the producer.
#include <algorithm>
#include <limits>

#include "compiler/ops/op_list.h"

namespace tinyformer {
namespace {

std::vector<Shape> InferSame(const OpSite& site) { return {site.shape(0)}; }

std::vector<Shape> InferClip(const OpSite& site) {
  for (size_t i = 1; i < 3; ++i) {
    if (site.has_input(i) && ElementCount(site.shape(i)) != 1) {
      FailNode(site, "import/clip-bound", "a bound that is one number",
               "operand '" + site.input(i).name + "' of shape " + ToString(site.shape(i)),
               "clip with scalar bounds");
    }
  }
  return {site.shape(0)};
}

void EvaluateRelu(const OpSite&, const std::vector<const Tensor*>& in,
                  const std::vector<Tensor*>& out) {
  for (size_t i = 0; i < in[0]->data.size(); ++i) out[0]->data[i] = std::max(in[0]->data[i], 0.0f);
}

void EvaluateClip(const OpSite&, const std::vector<const Tensor*>& in,
                  const std::vector<Tensor*>& out) {
  float low = in.size() > 1 && in[1] ? in[1]->data[0] : -std::numeric_limits<float>::infinity();
  float high = in.size() > 2 && in[2] ? in[2]->data[0] : std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < in[0]->data.size(); ++i) {
    out[0]->data[i] = std::min(std::max(in[0]->data[i], low), high);
  }
}

}  // namespace

const OpDef kRelu = {"Relu",      OpDef::Level::kOnnx,     1,         1,
                     "any shape", QuantizeRule::kOwnScale, InferSame, EvaluateRelu};
const OpDef kClip = {
    "Clip",    OpDef::Level::kOnnx, 1, 3, "any shape; constant bounds", QuantizeRule::kOwnScale,
    InferClip, EvaluateClip};

}  // namespace tinyformer
