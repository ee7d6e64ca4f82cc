#include "compiler/ir/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"

namespace tinyformer {
namespace {

using ::testing::HasSubstr;

// x [1,4] -> Relu -> y
Graph ReluGraph() {
  Graph g;
  g.name = "relu";
  ValueId x = g.AddValue({"x", DType::kFloat32, {1, 4}, std::nullopt, std::nullopt});
  g.inputs = {x};
  g.outputs = {g.AddNode({"y", "Relu", {x}, {}, {}}, {1, 4})};
  return g;
}

std::string CheckText(const Graph& g) {
  try {
    Verify(g, "SomePass");
  } catch (const CheckFailure& failure) {
    return failure.what();
  }
  return "";
}

TEST(Graph, PrintsOneLineANode) {
  Graph g = ReluGraph();
  g.value(g.outputs[0]).quantization = Quantization::PerTensor(0.5f, -3);
  EXPECT_EQ(Print(g),
            "graph relu\n  input %x: float32 [1, 4]\n"
            "  %y = Relu(%x) : float32 [1, 4] q(0.5, zero point -3)\n  output %y\n");
}

TEST(Graph, ConstantsKeepTheirElements) {
  Graph g;
  ValueId c = g.AddTypedConstant<int64_t>("shape", DType::kInt64, {2}, {3, -1});
  EXPECT_EQ(g.value(c).Elements<int64_t>(), (std::vector<int64_t>{3, -1}));
  EXPECT_THROW(g.value(c).Elements<float>(), CheckFailure);
}

TEST(Graph, RealElementsDequantizeAlongTheAxis) {
  Graph g;
  ValueId c = g.AddTypedConstant<int8_t>("w", DType::kInt8, {2, 2}, {1, -2, 3, -4});
  g.value(c).quantization = Quantization{{0.5f, 2.0f}, 0, 0};
  EXPECT_EQ(RealElements(g.value(c)), (std::vector<float>{0.5f, -1.0f, 6.0f, -8.0f}));
}

TEST(Graph, FingerprintSeesEveryConstantByte) {
  Graph g = ReluGraph(), h = g;
  g.AddConstant("c", {1}, {1.0f});
  h.AddConstant("c", {1}, {1.0000001f});
  EXPECT_EQ(Fingerprint(g), Fingerprint(Graph(g)));
  EXPECT_NE(Fingerprint(g), Fingerprint(h));
}

TEST(Graph, CompactDropsWhatNothingReads) {
  Graph g = ReluGraph();
  g.AddConstant("unused", {1}, {1.0f});
  ValueId dead = g.AddNode({"dead", "Relu", {g.inputs[0]}, {}, {}}, {1, 4});
  g.AddNode({"dead2", "Relu", {dead}, {}, {}}, {1, 4});
  Graph small = Compact(g);
  EXPECT_EQ(Print(small), Print(ReluGraph()));
  EXPECT_EQ(small.values.size(), 2u);
  Verify(small, "Compact");
}

TEST(Graph, NamesStayUnique) {
  Graph g = ReluGraph();
  EXPECT_EQ(g.UniqueValueName("x"), "x_2");
  EXPECT_EQ(g.UniqueValueName("z"), "z");
}

TEST(Verify, AcceptsAGoodGraph) { EXPECT_EQ(CheckText(ReluGraph()), ""); }

TEST(Verify, NamesThePassThatReadsTooEarly) {
  Graph g = ReluGraph();
  g.nodes[0].inputs[0] = g.outputs[0];
  EXPECT_THAT(CheckText(g), HasSubstr("after SomePass y reads y before it is made"));
}

TEST(Verify, RefusesTwoProducers) {
  Graph g = ReluGraph();
  g.nodes.push_back(g.nodes[0]);
  EXPECT_THAT(CheckText(g), HasSubstr("y makes y a second time"));
}

TEST(Verify, RefusesAWrongShape) {
  Graph g = ReluGraph();
  g.value(g.outputs[0]).shape = {4, 1};
  EXPECT_THAT(CheckText(g), HasSubstr("y has shape [4, 1] but Relu gives [1, 4]"));
}

TEST(Verify, RefusesShortConstants) {
  Graph g = ReluGraph();
  g.value(g.AddConstant("c", {2}, {1.0f, 2.0f})).data->pop_back();
  EXPECT_THAT(CheckText(g), HasSubstr("constant c holds bytes 7"));
}

TEST(Verify, RefusesTwoValuesOfOneName) {
  Graph g = ReluGraph();
  g.AddConstant("x", {1}, {1.0f});
  EXPECT_THAT(CheckText(g), HasSubstr("two values are called x"));
}

TEST(Verify, RefusesUnknownOperators) {
  Graph g = ReluGraph();
  g.nodes[0].op = "Einsum";
  EXPECT_THAT(CheckText(g), HasSubstr("y has no operator Einsum"));
}

}  // namespace
}  // namespace tinyformer
