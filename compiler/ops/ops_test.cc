#include <gtest/gtest.h>

#include <chrono>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/ops_for_tests.h"

namespace tinyformer {
namespace {

TEST(OpTable, IsSortedAndComplete) {
  OpDef::Level level = OpDef::Level::kOnnx;
  std::string before;
  for (const OpDef* op : AllOps()) {
    if (op->level != level) before.clear();
    level = op->level;
    EXPECT_LT(before, op->name);
    before = op->name;
    EXPECT_NE(op->infer, nullptr) << op->name;
    EXPECT_NE(op->evaluate, nullptr) << op->name;
    EXPECT_EQ(FindOp(op->name), op);
  }
  EXPECT_EQ(ListOps().size(), AllOps().size() + 9);
  EXPECT_EQ(
      ListOps()[0].dump(),
      R"({"name":"Add","level":"onnx","opsets":"11..20","accepts":"two activations of one shape, or a )"
      R"(constant after Conv, MatMul or Gemm, or on the input","quantize":"own scale"})");
}

TEST(Operands, MissingOnesAreCounted) {
  Graph g = InputGraph({1, 3, 4});
  EXPECT_EQ(ErrorText([&] { Append(g, "Add", {g.inputs[0]}); }),
            "error[import/operands] node 'Add_node' (Add, opset 17)\n"
            "  expected: 2 operands\n  found:    1 operands\n"
            "  fix:      export the model again: the file breaks the operator's definition");
}

TEST(Evaluator, SimulatesTheQuantizedGrid) {
  Graph g = InputGraph({1, 3});
  ValueId y = Append(g, "Relu", {g.inputs[0]});
  g.value(y).quantization = Quantization::PerTensor(0.5f, -128);
  EvaluateOptions simulate;
  simulate.simulate_quantization = true;
  EXPECT_EQ(FloatEvaluator(g, simulate).Run({-1.0f, 0.6f, 1000.0f}),
            (std::vector<float>{0.0f, 0.5f, 127.5f}));
}

// As many multiply-accumulates as reference point A, in its kinds of layers: the calibrator runs
// this per image.
TEST(Evaluator, RunsAHundredMillionMacInReasonableTime) {
  Rng rng(1);
  Graph g = InputGraph({1, 64, 32, 32});
  ValueId w = g.AddConstant("w", {192, 64, 3, 3}, RandomFloats(rng, 192 * 64 * 9));
  Append(g, "Conv", {g.inputs[0], w}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  auto x = RandomFloats(rng, 64 * 32 * 32);
  FloatEvaluator evaluator(g);
  evaluator.Run(x);
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    auto start = std::chrono::steady_clock::now();
    evaluator.Run(x);
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  RecordProperty("seconds_for_113_million_mac", std::to_string(best));
  std::printf("113 M MAC in %.4f s\n", best);
  EXPECT_LT(best, 30.0) << "even without vector instructions";
}

}  // namespace
}  // namespace tinyformer
