#include "compiler/plan/access.h"

namespace tinyformer {

AccessedBytes EstimateAccesses(const Graph& graph, const Node& node, const Kernel& kernel) {
  const Shape& x = graph.value(node.inputs.at(0)).shape;
  const Shape& y = graph.value(node.outputs.at(0)).shape;
  AccessedBytes accesses;
  accesses.input = ElementCount(x);
  accesses.output = ElementCount(y);
  const int64_t tokens = accesses.output / y.back();
  if (node.op == "linear" || node.op == "conv2d") {
    const int64_t weights = ElementCount(graph.value(node.inputs.at(1)).shape);
    accesses.input = tokens * (weights / y.back());
    // Two bytes of each token for every weight that is multiplied.
    accesses.scratch = 2 * tokens * kernel.codec.effective_weights;
  } else if (node.op == "depthwise_conv2d") {
    const int64_t taps = ElementCount(graph.value(node.inputs.at(1)).shape) / y.back();
    (kernel.scratch_bytes > 0 ? accesses.scratch : accesses.input) += accesses.output * taps;
  } else if (node.op == "attention") {
    const int64_t length = x.at(1);
    // A quarter of a key and of a value, and four bytes of scores and exponentials, for each pair.
    accesses.scratch = length * length * (x.at(2) / 2 + 4 * node.Int("heads", 1));
  } else if (node.Has("kernel")) {
    int64_t window = 1;
    for (int64_t side : node.Ints("kernel", {})) window *= side;
    accesses.input = accesses.output * window;
  }
  return accesses;
}

}  // namespace tinyformer
