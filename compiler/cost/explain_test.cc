#include "compiler/cost/explain.h"

#include <gtest/gtest.h>

#include "compiler/plan/example_graph.h"

namespace tinyformer {
namespace {

Graph OneLayer(double sparsity) {
  ExampleGraph g("one", 1, sparsity);
  return g.Finish(g.Linear("layer", g.Input({1, 64, 192}), 96));
}

TEST(ListAlternatives, HasEveryKernelAndMarksTheChosenOne) {
  const Graph graph = OneLayer(0.6);
  const Plan plan = MakePlan(graph, CodecRequest::kAuto);
  const auto alternatives = ListAlternatives(graph, plan.layers[0], CodecRequest::kAuto);
  EXPECT_EQ(alternatives.size(), 5u);
  EXPECT_EQ(alternatives[0].kernel.name, "linear_s8");
  int chosen = 0;
  for (const Alternative& a : alternatives) {
    chosen += a.chosen ? 1 : 0;
    EXPECT_EQ(a.chosen, a.kernel.name == plan.layers[0].kernel.name);
  }
  EXPECT_EQ(chosen, 1);
}

TEST(ListAlternatives, ACodeIsFasterExactlyFromItsBreakEvenSparsity) {
  for (double sparsity : {0.05, 0.3, 0.5, 0.7, 0.9}) {
    const Graph graph = OneLayer(sparsity);
    const Plan plan = MakePlan(graph, CodecRequest::kDense);
    const auto alternatives = ListAlternatives(graph, plan.layers[0], CodecRequest::kAuto);
    for (const Alternative& a : alternatives) {
      if (a.kernel.codec.codec == Codec::kDense) continue;
      const double stored = static_cast<double>(a.kernel.codec.effective_weights) /
                            static_cast<double>(a.kernel.codec.dense_bytes);
      if (std::abs(1 - stored - a.cycle_break_even_sparsity) < 0.01) continue;  // on the edge
      EXPECT_EQ(1 - stored > a.cycle_break_even_sparsity,
                a.cost.cycles < alternatives[0].cost.cycles)
          << a.kernel.name << " at " << sparsity << ", break-even at "
          << a.cycle_break_even_sparsity;
    }
  }
}

TEST(AlternativesTable, HasOneLineAKernel) {
  const Graph graph = OneLayer(0.6);
  const std::string table =
      AlternativesTable(graph, MakePlan(graph, CodecRequest::kAuto), CodecRequest::kAuto);
  EXPECT_EQ(
      table.find("kernels of each layer (* chosen); break-even: the sparsity from which a code "
                 "takes fewer bytes, or cycles, than dense\nid  layer  kernel "),
      0u);
  EXPECT_NE(table.find("\n1   layer  linear_s8  "), std::string::npos);
  EXPECT_NE(table.find("\n           linear_s8_bitmap4  *  "), std::string::npos);
}

TEST(TensorTable, SaysWhereEachTensorLies) {
  const Graph graph = OneLayer(0.6);
  const ArenaSpace space = {{{{"dtcm", 65536, true}}}};
  const Plan plan = MakePlan(
      graph, {ListKernels(graph, graph.nodes[0], CodecRequest::kDense).front()}, {}, space);
  EXPECT_EQ(plan.tensors.size(), 1u);
  const std::string table = TensorTable(plan);
  EXPECT_NE(table.find("\nscratch of layer  dtcm          0  "), std::string::npos) << table;
}

}  // namespace
}  // namespace tinyformer
