#include "compiler/plan/strips.h"

#include <gtest/gtest.h>

#include "compiler/plan/example_graph.h"
#include "compiler/plan/plan.h"

namespace tinyformer {
namespace {

std::vector<Kernel> DenseKernels(const Graph& graph) {
  std::vector<Kernel> kernels;
  for (const Node& node : graph.nodes) {
    kernels.push_back(ListKernels(graph, node, CodecRequest::kDense).front());
  }
  return kernels;
}

TEST(FindStripChains, NamesInvertedResidualsAndPooledConvolutions) {
  const Graph graph = ReferenceShapes(1, 0.5);
  std::string found;
  for (const StripChain& chain : FindStripChains(graph)) {
    found += graph.nodes[static_cast<size_t>(chain.first)].name + " .. " +
             graph.nodes[static_cast<size_t>(chain.last)].name + "\n";
  }
  EXPECT_EQ(found,
            "dot1.down .. dot1.pool\n"
            "dot1.mb1.expand .. dot1.mb1.project\n"
            "dot2.down .. dot2.pool\n"
            "dot2.mb1.expand .. dot2.mb1.project\n");
}

TEST(FindStripChains, LeavesATensorThatIsReadTwiceWhole) {
  ExampleGraph g("two", 1, 0.5);
  const ValueId x = g.Input({1, 8, 8, 4});
  const ValueId expand = g.Linear("expand", x, 8);
  const ValueId depthwise = g.Depthwise("depthwise", expand);
  const Graph graph = g.Finish(g.Add("sum", depthwise, expand));
  EXPECT_TRUE(FindStripChains(graph).empty());
}

TEST(MakeStripSchedule, CountsTheRowsThatAreInMemory) {
  ExampleGraph g("chain", 1, 0);
  const ValueId expand = g.Linear("expand", g.Input({1, 16, 16, 44}), 176);
  const Graph graph = g.Finish(g.Linear("project", g.Depthwise("depthwise", expand), 44));
  const StripChain chain = FindStripChains(graph).at(0);
  const StripSchedule strips = MakeStripSchedule(graph, DenseKernels(graph), chain, 4);
  EXPECT_EQ(strips.window_bytes, (4 + 2) * 16 * 176);  // the output lies in the same place
  EXPECT_EQ(strips.output_bytes, 0);
  // Four tokens of int16 before the projection.
  EXPECT_EQ(strips.scratch_bytes, 4 * 2 * 176);
}

TEST(MakeStripSchedule, GivesAPoolingsOutputNoMemoryOfItsOwn) {
  ExampleGraph g("chain", 1, 0);
  const Graph graph = g.Finish(
      g.Linear("head", g.MaxPool("pool", g.Conv2d("conv", g.Input({1, 8, 8, 3}), 8, 1)), 2));
  const StripChain chain = FindStripChains(graph).at(0);
  EXPECT_TRUE(chain.has_consumer());
  const StripSchedule strips = MakeStripSchedule(graph, DenseKernels(graph), chain, 1);
  EXPECT_EQ(strips.window_bytes, 2 * 8 * 8);
  EXPECT_EQ(strips.output_bytes, 4 * 8);
}

TEST(MakePlan, KeepsOnlyTheRowsOfAChainInMemory) {
  const Graph graph = ReferenceShapes(1, 0.5);
  const std::vector<Kernel> kernels = DenseKernels(graph);
  std::vector<StripSchedule> strips;
  for (const StripChain& chain : FindStripChains(graph)) {
    strips.push_back(MakeStripSchedule(graph, kernels, chain, 2));
  }
  const Plan plan = MakePlan(graph, kernels, strips);
  EXPECT_LT(plan.arena_bytes, MakePlan(graph, kernels).arena_bytes);
  for (const LayerPlan& layer : plan.layers) {
    if (layer.strips < 0) continue;
    const StripSchedule& schedule = plan.strips[static_cast<size_t>(layer.strips)];
    EXPECT_LE(schedule.chain.first, layer.node);
    EXPECT_LE(layer.node, schedule.chain.last);
    const ValueId output = graph.nodes[static_cast<size_t>(layer.node)].outputs[0];
    const bool between = layer.node < schedule.chain.last;
    EXPECT_EQ(plan.locations[static_cast<size_t>(output)].kind == Location::Kind::kStrip, between);
  }
  // The chain's input lives until its output is whole.
  for (const TensorPlan& tensor : plan.tensors) {
    if (tensor.name != "dot1.pool") continue;
    EXPECT_GE(tensor.last_layer, 4);
  }
}

}  // namespace
}  // namespace tinyformer
