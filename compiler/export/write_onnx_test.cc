#include "compiler/export/write_onnx.h"

#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <set>

#include "base/error.h"
#include "base/rng.h"
#include "compiler/import/read_onnx.h"
#include "compiler/ops/evaluate.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/calibrate.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/quantize_graph.h"

namespace tinyformer {
namespace {

Graph Annotated(uint64_t seed) {
  Graph g = SmallTinyFormer(seed);
  CalibrationImages images{4, [&g](int64_t index, float* input) {
                             auto image = RandomInput(g, static_cast<uint64_t>(index));
                             std::copy(image.begin(), image.end(), input);
                           }};
  CalibrationOptions options;
  options.method = CalibrationMethod::kMinMax;
  return Calibrate(g, images, options);
}

onnx::ModelProto Parsed(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

TEST(WriteOnnx, TheOnnxCheckerAccepts) {
  const onnx::ShapeInferenceOptions strict{true, 1, false};
  for (const Graph& g : {SmallTinyFormer(1), Annotated(1)}) {
    onnx::ModelProto model = Parsed(WriteOnnx(g));
    EXPECT_NO_THROW(onnx::checker::check_model(model));
    EXPECT_NO_THROW(
        onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), strict));
  }
}

TEST(WriteOnnx, FloatGraphsComeBackTheSame) {
  Graph g = SmallTinyFormer(2);
  EXPECT_EQ(Fingerprint(ParseOnnx(WriteOnnx(g), "m.onnx")),
            Fingerprint(ParseOnnx(WriteOnnx(Graph(g)), "m.onnx")));
  EXPECT_EQ(Print(ParseOnnx(WriteOnnx(g), "m.onnx")), Print(g));
}

TEST(WriteOnnx, AnnotatedGraphsComeBackTheSame) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Graph g = Annotated(seed);
    Graph back = ParseOnnx(WriteOnnx(g), "m.onnx");
    EXPECT_EQ(Print(back), Print(g)) << "seed " << seed;
    EXPECT_TRUE(IsQuantizedModel(back));
    EXPECT_EQ(WriteOnnx(back), WriteOnnx(g)) << "seed " << seed;
  }
}

TEST(WriteOnnx, TheFileAndTheGraphCompileToTheSameIntegers) {
  Graph g = Annotated(3);
  Graph a = QuantizeGraph(Lower(g)), b = QuantizeGraph(Lower(ParseOnnx(WriteOnnx(g), "m.onnx")));
  auto input = QuantizeInput(a, RandomInput(g, 77));
  EXPECT_EQ(EvaluateQuantized(a, input), EvaluateQuantized(b, input));
}

TEST(WriteOnnx, WeightsAreSymmetricWithZeroPointZero) {
  onnx::ModelProto model = Parsed(WriteOnnx(Annotated(0)));
  int weights = 0;
  for (const auto& tensor : model.graph().initializer()) {
    if (tensor.data_type() != onnx::TensorProto::INT8 || tensor.dims_size() < 2) continue;
    ++weights;
    for (char c : tensor.raw_data()) EXPECT_NE(static_cast<int8_t>(c), -128) << tensor.name();
  }
  EXPECT_EQ(weights, 17);
  for (const auto& tensor : model.graph().initializer()) {
    const std::string suffix = "weight_zero_point";
    if (tensor.name().size() < suffix.size() ||
        tensor.name().substr(tensor.name().size() - suffix.size()) != suffix)
      continue;
    EXPECT_EQ(tensor.raw_data(), std::string(tensor.raw_data().size(), '\0')) << tensor.name();
  }
}

// What a damaged file may cause is an Error that names something, or a graph that compiles: never a
// CheckFailure or a crash.
TEST(WriteOnnx, DamagedFilesAreErrorsOrModels) {
  const std::string bytes = WriteOnnx(Annotated(1));
  int errors = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed, "damage");
    std::string damaged = bytes;
    for (uint64_t i = 0; i <= rng.Below(4); ++i) {
      damaged[rng.Below(damaged.size())] = static_cast<char>(rng.Below(256));
    }
    try {
      QuantizeGraph(Lower(ParseOnnx(damaged, "m.onnx")));
    } catch (const Error&) {
      ++errors;
    } catch (const std::exception& other) {
      ADD_FAILURE() << "seed " << seed << ": " << other.what();
    }
  }
  EXPECT_GT(errors, 40);
}

TEST(WriteOnnx, NodeNamesAreUnique) {
  const onnx::ModelProto model = Parsed(WriteOnnx(Annotated(0)));
  std::set<std::string> names;
  for (const auto& node : model.graph().node()) {
    EXPECT_TRUE(names.insert(node.name()).second) << node.name();
  }
}

TEST(WriteOnnx, SoftmaxResultsAreNeverQuantized) {
  onnx::ModelProto model = Parsed(WriteOnnx(Annotated(0)));
  for (const auto& node : model.graph().node()) {
    if (node.op_type() != "Softmax") continue;
    for (const auto& reader : model.graph().node()) {
      for (const std::string& input : reader.input()) {
        if (input == node.output(0)) {
          EXPECT_EQ(reader.op_type(), "MatMul");
        }
      }
    }
  }
}

}  // namespace
}  // namespace tinyformer
