#include "compiler/cost/cost.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/check.h"
#include "compiler/cost/cycle_table.h"
#include "compiler/cost/layer_table.h"
#include "compiler/plan/example_graph.h"

namespace tinyformer {
namespace {

const LayerCost& Layer(const std::vector<LayerCost>& costs, const std::string& name) {
  return *std::find_if(costs.begin(), costs.end(),
                       [&](const LayerCost& cost) { return cost.name == name; });
}

TEST(Estimate, ReferencePointAHasItsDenseMacs) {
  const Graph graph = ReferenceShapes(1, 0);
  const Plan plan = MakePlan(graph, CodecRequest::kDense);
  const ResourceUse use = EstimateUse(graph, plan, 8192);
  // SPEC section 2 states 122.2 M for A.
  EXPECT_NEAR(static_cast<double>(use.macs), 122.2e6, 0.1e6);
  EXPECT_EQ(use.effective_macs, use.macs);
  EXPECT_EQ(use.sram_peak_bytes, plan.arena_bytes + 8192);
}

TEST(Estimate, ModuleMacsAreTheEquations) {
  const Graph graph = ReferenceShapes(1, 0);
  const auto costs = EstimateLayers(graph, MakePlan(graph, CodecRequest::kDense));
  EXPECT_EQ(Layer(costs, "dot1.down").macs, 32 * 32 * 9 * 3 * 44);
  EXPECT_EQ(Layer(costs, "dot1.mb1.depthwise").macs, 256 * 9 * 4 * 44);
  EXPECT_EQ(Layer(costs, "dot2.tr1.attention").macs, 2 * 64 * 64 * 192);
  EXPECT_EQ(Layer(costs, "last").macs, 192 * 768);
  EXPECT_EQ(Layer(costs, "dot1.pool").macs, 0);
}

TEST(Estimate, WeightBytesAreTheCodedBytesAndTheParameters) {
  const Graph graph = TinyTransformer(2, 0.6);
  const Plan plan = MakePlan(graph, CodecRequest::kRunLength);
  const auto costs = EstimateLayers(graph, plan);
  for (size_t i = 0; i < costs.size(); ++i) {
    const Kernel& kernel = plan.layers[i].kernel;
    if (!kernel.has_weights) continue;
    const Node& node = graph.nodes[static_cast<size_t>(plan.layers[i].node)];
    const int64_t channels = graph.value(node.inputs[1]).shape[0];
    EXPECT_EQ(costs[i].weight_bytes, kernel.codec.bytes + 8 * channels) << node.name;
  }
}

TEST(Estimate, SparsityLowersWorkAndBytesTogether) {
  const Graph dense = ReferenceShapes(1, 0), sparse = ReferenceShapes(1, 0.6);
  const ResourceUse a = EstimateUse(dense, MakePlan(dense, CodecRequest::kAuto), 0);
  const ResourceUse b = EstimateUse(sparse, MakePlan(sparse, CodecRequest::kAuto), 0);
  EXPECT_LT(b.flash_bytes, a.flash_bytes);
  EXPECT_LT(b.effective_macs, a.effective_macs);
  EXPECT_LT(b.cycles, a.cycles);
  EXPECT_EQ(b.macs, a.macs);
}

TEST(CycleTable, IsSortedAndCoversEveryKernelOfThePlan) {
  for (size_t i = 1; i < CycleTable().size(); ++i) {
    EXPECT_LT(std::string(CycleTable()[i - 1].line), CycleTable()[i].line);
  }
  for (const KernelCycles& line : CycleTable()) {
    const std::string name = line.line;
    EXPECT_GT(CodeBytes({name.substr(0, name.find(' '))}), 0) << name;
  }
  EXPECT_EQ(CodeBytes({"add_s8", "add_s8"}), CodeBytes({"add_s8"}));
  EXPECT_THROW(CyclesOf("fft_s8"), CheckFailure);
}

TEST(LayerTable, HasOneAlignedLineALayer) {
  ExampleGraph g("chain", 1, 0.5);
  const Graph graph = g.Finish(g.Linear("second", g.Linear("first", g.Input({1, 4, 8}), 8), 2));
  Plan plan = MakePlan(graph, CodecRequest::kBitmap);
  const std::string table = LayerTable(graph, plan);
  std::vector<std::string> lines;
  for (size_t at = 0; at < table.size();) {
    const size_t end = table.find('\n', at);
    lines.push_back(table.substr(at, end - at));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 4u);
  for (const std::string& line : lines) EXPECT_EQ(line.size(), lines[0].size());
  EXPECT_EQ(lines[1].substr(0, 46), "1   first   linear    linear_s8_bitmap4  bitma");
  EXPECT_NE(lines[1].find("  3.1%  "), std::string::npos);  // break-even 1 / 32
}

TEST(MemoryTable, NamesStrategiesBoundAndPeak) {
  ExampleGraph g("chain", 1, 0);
  const ValueId norm = g.Layernorm("norm", g.Input({1, 4, 8}));
  const ValueId pooled = g.MaxPool("pool", g.Reshape("image", norm, {1, 2, 2, 8}));
  const Graph graph = g.Finish(g.Softmax("softmax", g.Add("add", pooled, pooled)));
  EXPECT_EQ(MemoryTable(graph, MakePlan(graph, CodecRequest::kDense)),
            "arena bytes\n"
            "  head_tail           40  chosen\n"
            "  greedy_by_size      40\n"
            "  greedy_by_lifetime  40\n"
            "  greedy_by_breadth   40\n"
            "  lower bound         40  most bytes alive\n"
            "  gap                  0\n"
            "alive at the peak, layer 2 'pool'\n"
            "  norm.y  32\n"
            "  pool.y   8\n");
}

TEST(WithThousands, GroupsDigits) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1234567), "1,234,567");
  EXPECT_EQ(WithThousands(-1000), "-1,000");
}

}  // namespace
}  // namespace tinyformer
