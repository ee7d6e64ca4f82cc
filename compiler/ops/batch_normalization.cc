// BatchNormalization (ONNX); folded into the convolution before it, or a depthwise convolution by
// itself.
#include <cmath>

#include "compiler/ops/op_list.h"

namespace tinyformer {
namespace {

std::vector<Shape> Infer(const OpSite& site) {
  if (site.node.Int("training_mode", 0) != 0) {
    FailNode(site, "import/attribute", "training_mode 0", "training_mode 1",
             "export the model in evaluation mode (model.eval())");
  }
  if (site.shape(0).size() < 2) RequireRank(site, 0, 4);
  for (size_t i = 1; i < 5; ++i) {
    if (site.shape(i) != Shape{site.shape(0)[1]}) {
      FailNode(site, "import/channels",
               "one parameter per channel, shape " + ToString({site.shape(0)[1]}),
               "operand '" + site.input(i).name + "' of shape " + ToString(site.shape(i)),
               "export the model again: the parameters do not match their input");
    }
  }
  return {site.shape(0)};
}

void Evaluate(const OpSite& site, const std::vector<const Tensor*>& in,
              const std::vector<Tensor*>& out) {
  const double epsilon = site.node.Float("epsilon", 1e-5);
  const Shape& x = in[0]->shape;
  const auto channels = static_cast<size_t>(x[1]);
  const size_t inner = in[0]->data.size() / static_cast<size_t>(x[0]) / channels;
  for (size_t i = 0; i < in[0]->data.size(); ++i) {
    size_t c = i / inner % channels;
    double factor = in[1]->data[c] / std::sqrt(in[4]->data[c] + epsilon);
    out[0]->data[i] =
        static_cast<float>((in[0]->data[i] - in[3]->data[c]) * factor + in[2]->data[c]);
  }
}

}  // namespace

const OpDef kBatchNormalization = {"BatchNormalization",
                                   OpDef::Level::kOnnx,
                                   5,
                                   5,
                                   "evaluation mode; constant parameters",
                                   QuantizeRule::kOwnScale,
                                   Infer,
                                   Evaluate};

}  // namespace tinyformer
