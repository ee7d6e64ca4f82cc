#include "compiler/ops/engine_shapes.h"

#include "base/check.h"
#include "compiler/ops/op_def.h"
#include "compiler/ops/window.h"

namespace tinyformer {

int32_t Narrow(int64_t value) {
  TF_CHECK(value >= INT32_MIN && value <= INT32_MAX, "value", value);
  return static_cast<int32_t>(value);
}

engine::Conv2dShape ConvShape(const Graph& graph, const Node& node) {
  const Shape& x = graph.value(node.inputs.at(0)).shape;
  const Shape& weight = graph.value(node.inputs.at(1)).shape;
  const Shape& y = graph.value(node.outputs.at(0)).shape;
  TF_CHECK(x.size() == 4 && y.size() == 4 && x[0] == 1, node.name, "input", ToString(x));
  const Window window =
      ReadWindow({graph, node, kGraphOpset}, x[1], x[2], weight.at(1), weight.at(2));
  engine::Conv2dShape shape{};
  shape.in_h = Narrow(x[1]);
  shape.in_w = Narrow(x[2]);
  shape.in_channels = Narrow(x[3]);
  shape.out_h = Narrow(y[1]);
  shape.out_w = Narrow(y[2]);
  shape.out_channels = Narrow(y[3]);
  shape.kernel_h = Narrow(weight.at(1));
  shape.kernel_w = Narrow(weight.at(2));
  shape.stride_h = Narrow(window.strides[0]);
  shape.stride_w = Narrow(window.strides[1]);
  shape.pad_top = Narrow(window.pads[0]);
  shape.pad_left = Narrow(window.pads[1]);
  shape.dilation_h = Narrow(window.dilations[0]);
  shape.dilation_w = Narrow(window.dilations[1]);
  shape.groups = node.op == "depthwise_conv2d" ? shape.in_channels : Narrow(node.Int("group", 1));
  return shape;
}

engine::Pool2dShape PoolShape(const Graph& graph, const Node& node) {
  const Shape& x = graph.value(node.inputs.at(0)).shape;
  const Shape& y = graph.value(node.outputs.at(0)).shape;
  TF_CHECK(x.size() == 4 && y.size() == 4 && x[0] == 1, node.name, "input", ToString(x));
  const auto kernel = node.Ints("kernel", {1, 1});
  const Window window =
      ReadWindow({graph, node, kGraphOpset}, x[1], x[2], kernel.at(0), kernel.at(1));
  engine::Pool2dShape shape{};
  shape.in_h = Narrow(x[1]);
  shape.in_w = Narrow(x[2]);
  shape.channels = Narrow(x[3]);
  shape.out_h = Narrow(y[1]);
  shape.out_w = Narrow(y[2]);
  shape.kernel_h = Narrow(kernel[0]);
  shape.kernel_w = Narrow(kernel[1]);
  shape.stride_h = Narrow(window.strides[0]);
  shape.stride_w = Narrow(window.strides[1]);
  shape.pad_top = Narrow(window.pads[0]);
  shape.pad_left = Narrow(window.pads[1]);
  return shape;
}

}  // namespace tinyformer
