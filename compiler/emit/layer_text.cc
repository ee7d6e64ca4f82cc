#include "compiler/emit/layer_text.h"

#include <cstdio>
#include <map>

#include "base/check.h"
#include "compiler/emit/initializer.h"
#include "compiler/emit/strip_text.h"
#include "compiler/ops/engine_shapes.h"

namespace tinyformer {
namespace {

// The engine's scratch function for a kernel and what it takes of the layer's parameters.
std::string ScratchCall(const Node& node, const Kernel& kernel, const std::string& layer) {
  if (node.op == "depthwise_conv2d") {
    return "depthwise_conv2d_s8_scratch_bytes(" + layer + ".shape)";
  }
  const bool sparse = kernel.codec.codec != Codec::kDense;
  return node.op + (sparse ? "_s8_sparse" : "_s8") + "_scratch_bytes(" + layer + ")";
}

// Everything that the text of one layer is made from.
class LayerWriter {
 public:
  LayerWriter(const Graph& graph, const Plan& plan, size_t index)
      : graph_(graph),
        plan_(plan),
        layer_(plan.layers.at(index)),
        node_(graph.nodes.at(static_cast<size_t>(layer_.node))),
        name_("layer" + std::to_string(index + 1)),
        index_(index) {}

  LayerText Run();

 private:
  using Writer = void (LayerWriter::*)();

  const Value& Input(size_t i) const { return graph_.value(node_.inputs.at(i)); }
  const Value& Output() const { return graph_.value(node_.outputs.at(0)); }
  int64_t Need(const std::string& key) const {
    TF_CHECK(node_.Has(key), "node", node_.name, "has no attribute", key);
    return node_.Int(key, 0);
  }
  static int64_t ZeroPoint(const Value& value) {
    TF_CHECK(value.quantization.has_value(), value.name, "has no quantization");
    return value.quantization->zero_point;
  }

  std::string AddConstant(const std::string& suffix, DType type, const std::string& what,
                          const std::string& bytes) {
    ConstantArray array{name_ + "_" + suffix, type, "Layer " + std::to_string(index_ + 1) + ", ",
                        bytes};
    array.comment += PlainName(node_.name) + ": " + what;
    text_.constants.push_back(array);
    return array.name;
  }
  std::string Operand(size_t i, const std::string& suffix, DType type, const std::string& what) {
    const Value& value = Input(i);
    TF_CHECK(value.is_constant() && value.type == type, "node", node_.name, "operand", value.name,
             "is", DTypeName(value.type));
    return AddConstant(suffix, type, what, *value.data);
  }

  Initializer Multiplied(const std::string& multiplier) const {
    Initializer fields;
    fields.Add("multiplier", multiplier).Add("shift", Need("shift"));
    return Clamped(fields, "zero_point");
  }
  Initializer Clamped(Initializer fields, const std::string& zero_point) const {
    const int64_t low = Need("min"), high = Need("max");
    TF_CHECK(-128 <= low && low <= high && high <= 127, node_.name, "min", low, "max", high);
    return fields.Add(zero_point, ZeroPoint(Output())).Add("min", low).Add("max", high);
  }
  // multiplier, shift, y_zero_point, min, max
  Initializer Scaled(Initializer fields) const {
    fields.Add("multiplier", Need("multiplier")).Add("shift", Need("shift"));
    return Clamped(fields, "y_zero_point");
  }

  // weights (or {index, values, records}), bias, output: the tail of every layer with weights.
  Initializer Weighted(Initializer fields);

  std::string Pointer(ValueId id, bool written) const;
  void Call(const std::vector<size_t>& operands);
  void Parameters(const std::string& type, const Initializer& fields) {
    text_.parameters = "constexpr engine::" + type + " " + name_ + " = " + fields.Braced() + ";\n";
  }

  static Initializer ConvShapeFields(const engine::Conv2dShape& shape);
  static Initializer PoolShapeFields(const engine::Pool2dShape& shape);

  void Add();
  void Attention();
  void AttentionPool();
  void AveragePool();
  void Convolution();
  void Layernorm();
  void Linear();
  void MaxPool();
  void Requantize();
  void Softmax();
  void Transpose();
  std::string Comment() const;

  const Graph& graph_;
  const Plan& plan_;
  const LayerPlan& layer_;
  const Node& node_;
  std::string name_;
  size_t index_;
  LayerText text_;
};

Initializer LayerWriter::Weighted(Initializer fields) {
  const CodecChoice& codec = layer_.kernel.codec;
  const Value& weight = Input(1);
  const auto* data = reinterpret_cast<const int8_t*>(weight.data->data());
  const auto elements = static_cast<int64_t>(weight.data->size());
  if (codec.codec == Codec::kDense) {
    fields.Add("weights", AddConstant("weights", DType::kInt8, "weights " + ToString(weight.shape),
                                      *weight.data));
  } else {
    const std::string bytes =
        Encode(codec.codec, {data, static_cast<size_t>(elements)}, codec.block);
    const StreamLayout streams = ToStreams(codec.codec, bytes, elements, codec.block);
    const bool run_length = codec.codec == Codec::kRunLength;
    Initializer weights;
    weights
        .Add("index",
             AddConstant("index", DType::kUint8,
                         run_length ? "distances in blocks" : "one bit a block", streams.index))
        .Add("values", AddConstant("values", DType::kInt8,
                                   "stored blocks of " + std::to_string(codec.block) +
                                       " of weights " + ToString(weight.shape),
                                   streams.values))
        .Add("records", static_cast<int64_t>(streams.values.size()) / codec.block);
    fields.Group("weights", weights);
  }
  fields.Add("bias", Operand(2, "bias", DType::kInt32, "bias, input zero point folded in"));
  return fields.Group("output",
                      Multiplied(Operand(3, "multiplier", DType::kInt32, "multipliers, Q0.31")));
}

// "in", "out", or a place in the arena.
std::string LayerWriter::Pointer(ValueId id, bool written) const {
  const Location& location = plan_.locations.at(static_cast<size_t>(id));
  switch (location.kind) {
    case Location::Kind::kInput:
      TF_CHECK(!written, node_.name, "writes the input");
      return "in";
    case Location::Kind::kOutput:
      return "out";
    case Location::Kind::kArena:
    case Location::Kind::kStrip:
      return ArenaPointer(plan_, location.offset);
    default:
      TF_CHECK(false, node_.name, "operand", graph_.value(id).name, "lies nowhere");
      return "";
  }
}

void LayerWriter::Call(const std::vector<size_t>& operands) {
  if (layer_.strips >= 0) {
    text_.call = StripCall(graph_, plan_, index_, Pointer(node_.inputs.at(0), false),
                           Pointer(node_.outputs.at(0), true));
    return;
  }
  std::string call = "engine::";
  call += layer_.kernel.name + "(" + name_;
  for (size_t i : operands) call += ", " + Pointer(node_.inputs.at(i), false);
  call += ", " + Pointer(node_.outputs.at(0), true);
  if (layer_.kernel.scratch_bytes > 0) {
    call += ", " + ArenaPointer(plan_, layer_.scratch_offset);
  }
  text_.call = call + ");\n";
}

Initializer LayerWriter::ConvShapeFields(const engine::Conv2dShape& s) {
  return Initializer()
      .Add("in_h", s.in_h)
      .Add("in_w", s.in_w)
      .Add("in_channels", s.in_channels)
      .Add("out_h", s.out_h)
      .Add("out_w", s.out_w)
      .Add("out_channels", s.out_channels)
      .Add("kernel_h", s.kernel_h)
      .Add("kernel_w", s.kernel_w)
      .Add("stride_h", s.stride_h)
      .Add("stride_w", s.stride_w)
      .Add("pad_top", s.pad_top)
      .Add("pad_left", s.pad_left)
      .Add("dilation_h", s.dilation_h)
      .Add("dilation_w", s.dilation_w)
      .Add("groups", s.groups);
}

Initializer LayerWriter::PoolShapeFields(const engine::Pool2dShape& s) {
  return Initializer()
      .Add("in_h", s.in_h)
      .Add("in_w", s.in_w)
      .Add("channels", s.channels)
      .Add("out_h", s.out_h)
      .Add("out_w", s.out_w)
      .Add("kernel_h", s.kernel_h)
      .Add("kernel_w", s.kernel_w)
      .Add("stride_h", s.stride_h)
      .Add("stride_w", s.stride_w)
      .Add("pad_top", s.pad_top)
      .Add("pad_left", s.pad_left);
}

void LayerWriter::Add() {
  Initializer fields;
  fields.Add("elements", ElementCount(Output().shape))
      .Add("a_zero_point", ZeroPoint(Input(0)))
      .Add("a_multiplier", Need("a_multiplier"))
      .Add("b_zero_point", ZeroPoint(Input(1)))
      .Add("b_multiplier", Need("b_multiplier"))
      .Add("shift", Need("shift"));
  Parameters("AddS8", Clamped(fields, "y_zero_point"));
  Call({0, 1});
}

void LayerWriter::Attention() {
  const Shape& q = Input(0).shape;
  Initializer fields;
  fields.Add("tokens", q.at(1))
      .Add("channels", q.at(2))
      .Add("heads", Need("heads"))
      .Add("q_zero_point", ZeroPoint(Input(0)))
      .Add("k_zero_point", ZeroPoint(Input(1)))
      .Add("v_zero_point", ZeroPoint(Input(2)))
      .Add("score_multiplier", Need("score_multiplier"))
      .Add("score_shift", Need("score_shift"))
      .Add("score_zero_point", Need("score_zero_point"))
      .Add("exp_table", Operand(3, "exp", DType::kInt16, "exponentials of score differences"));
  Parameters("AttentionS8", Scaled(fields));
  Call({0, 1, 2});
}

void LayerWriter::AttentionPool() {
  const Shape& x = Input(1).shape;
  Initializer fields;
  fields.Add("tokens", x.at(1))
      .Add("channels", x.at(2))
      .Add("x_zero_point", ZeroPoint(Input(1)))
      .Add("exp_table", Operand(2, "exp", DType::kInt16, "exponentials of logit differences"));
  Parameters("AttentionPoolS8", Scaled(fields));
  Call({0, 1});
}

void LayerWriter::AveragePool() {
  const bool borders = node_.inputs.size() > 1 && node_.inputs[1] != kNoValue;
  Initializer fields;
  fields.Group("shape", PoolShapeFields(PoolShape(graph_, node_)))
      .Add("x_zero_point", ZeroPoint(Input(0)))
      .Add("multiplier", Need("multiplier"))
      .Add("border_multiplier", borders ? Operand(1, "border", DType::kInt32,
                                                  "multipliers by number of pixels inside, Q0.31")
                                        : "nullptr")
      .Add("shift", Need("shift"));
  Parameters("AveragePool2dS8", Clamped(fields, "y_zero_point"));
  Call({0});
}

void LayerWriter::Convolution() {
  const bool depthwise = node_.op == "depthwise_conv2d";
  const bool sparse = layer_.kernel.codec.codec != Codec::kDense;
  Initializer fields;
  fields.Group("shape", ConvShapeFields(ConvShape(graph_, node_)))
      .Add("x_zero_point", ZeroPoint(Input(0)));
  const std::string type = depthwise ? "DepthwiseConv2dS8" : "Conv2dS8";
  Parameters(sparse ? type + "Sparse" : type, Weighted(fields));
  Call({0});
}

void LayerWriter::Layernorm() {
  Initializer fields;
  fields.Add("rows", TokenCount(Input(0)))
      .Add("channels", Input(0).shape.back())
      .Add("epsilon", std::to_string(Need("epsilon_q")) + "u")
      .Add("norm_bits", Need("norm_bits"))
      .Add("gamma", Operand(1, "gamma", DType::kInt16, "gamma"))
      .Add("beta", Operand(2, "beta", DType::kInt32, "beta"));
  Parameters("LayernormS8", Scaled(fields));
  Call({0});
}

void LayerWriter::Linear() {
  const Shape& weight = Input(1).shape;
  Initializer fields;
  fields.Add("tokens", TokenCount(Input(0))).Add("in", weight.at(1)).Add("out", weight.at(0));
  const bool sparse = layer_.kernel.codec.codec != Codec::kDense;
  Parameters(sparse ? "LinearS8Sparse" : "LinearS8", Weighted(fields));
  Call({0});
}

void LayerWriter::MaxPool() {
  Parameters("Pool2dShape", PoolShapeFields(PoolShape(graph_, node_)));
  Call({0});
}

void LayerWriter::Requantize() {
  Initializer fields;
  fields.Add("elements", ElementCount(Output().shape)).Add("x_zero_point", ZeroPoint(Input(0)));
  Parameters("RequantizeS8", Scaled(fields));
  Call({0});
}

void LayerWriter::Softmax() {
  Initializer fields;
  fields.Add("rows", TokenCount(Input(0)))
      .Add("columns", Input(0).shape.back())
      .Add("exp_table", Operand(1, "exp", DType::kInt16, "exponentials of logit differences"));
  Parameters("SoftmaxS8", Scaled(fields));
  Call({0});
}

void LayerWriter::Transpose() {
  const Shape& x = Input(0).shape;
  const std::vector<int64_t> perm = node_.Ints("perm", {});
  TF_CHECK(x.size() <= 4 && perm.size() == x.size(), node_.name, "rank", x.size());
  const int64_t lead = 4 - static_cast<int64_t>(x.size());
  Initializer shape, permutation;
  for (int64_t axis = 0; axis < 4; ++axis) {
    const std::string key = std::to_string(axis);
    const bool leading = axis < lead;
    shape.Add(key, leading ? 1 : x[static_cast<size_t>(axis - lead)]);
    permutation.Add(key, leading ? axis : perm[static_cast<size_t>(axis - lead)] + lead);
  }
  Parameters("TransposeS8", Initializer().Group("shape", shape).Group("perm", permutation));
  Call({0});
}

std::string LayerWriter::Comment() const {
  const Kernel& kernel = layer_.kernel;
  std::string text =
      "// Layer " + std::to_string(index_ + 1) + ": " + PlainName(node_.name) + "\n// ";
  text += node_.op + " " + ToString(Input(0).shape) + " -> " + ToString(Output().shape);
  if (kernel.has_weights) {
    char sparsity[64];
    if (kernel.codec.codec == Codec::kDense) {
      std::snprintf(sparsity, sizeof sparsity, ", dense");
    } else {
      std::snprintf(sparsity, sizeof sparsity, ", %s, blocks of %d, %.1f%% zero",
                    CodecName(kernel.codec.codec), kernel.codec.block, kernel.codec.sparsity * 100);
    }
    text += sparsity;
    text += ", " + std::to_string(kernel.codec.bytes) + " bytes";
  }
  return text + "\n";
}

LayerText LayerWriter::Run() {
  static const std::map<std::string, Writer> writers = {
      {"add", &LayerWriter::Add},
      {"attention", &LayerWriter::Attention},
      {"attention_pool", &LayerWriter::AttentionPool},
      {"average_pool2d", &LayerWriter::AveragePool},
      {"conv2d", &LayerWriter::Convolution},
      {"depthwise_conv2d", &LayerWriter::Convolution},
      {"layernorm", &LayerWriter::Layernorm},
      {"linear", &LayerWriter::Linear},
      {"max_pool2d", &LayerWriter::MaxPool},
      {"requantize", &LayerWriter::Requantize},
      {"softmax", &LayerWriter::Softmax},
      {"transpose", &LayerWriter::Transpose},
  };
  const auto writer = writers.find(node_.op);
  TF_CHECK(writer != writers.end(), "no emission for", node_.op);
  text_.comment = Comment();
  (this->*writer->second)();
  if (layer_.kernel.scratch_bytes > 0) {
    // Kernels of another version than the plan's must not build.
    const bool strips = layer_.strips >= 0;
    const int64_t planned = strips ? plan_.strips[static_cast<size_t>(layer_.strips)].scratch_bytes
                                   : layer_.kernel.scratch_bytes;
    const std::string whole = strips ? LargestStripPart(graph_, plan_, index_) : name_;
    text_.parameters += "static_assert(engine::" + ScratchCall(node_, layer_.kernel, whole) +
                        " <= " + std::to_string(planned) +
                        ",\n              \"scratch as planned\");\n";
  }
  return text_;
}

}  // namespace

std::string ArenaPointer(const Plan& plan, int64_t offset) {
  const size_t block = plan.space.BlockOf(offset);
  return (block == 0 ? "arena + " : "arena" + std::to_string(block) + " + ") +
         std::to_string(offset - plan.space.BlockStart(block));
}

LayerText EmitLayer(const Graph& graph, const Plan& plan, size_t index) {
  return LayerWriter(graph, plan, index).Run();
}

}  // namespace tinyformer
