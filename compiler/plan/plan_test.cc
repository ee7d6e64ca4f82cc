#include "compiler/plan/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "compiler/plan/example_graph.h"
#include "tinyformer/engine/linear_s8_sparse.h"

namespace tinyformer {
namespace {

std::string ErrorText(const Graph& graph) {
  try {
    MakePlan(graph, CodecRequest::kAuto);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Follows the plan layer by layer with one owner a byte: what a layer reads must still hold what
// was written.
void ExpectValuesSurvive(const Graph& graph, const Plan& plan, const std::string& context) {
  std::vector<ValueId> owner(static_cast<size_t>(plan.arena_bytes), kNoValue);
  std::map<ValueId, ValueId> written_as;  // reshapes share their input's bytes
  const auto origin = [&](ValueId id) {
    while (written_as.count(id)) id = written_as[id];
    return id;
  };
  for (const Node& node : graph.nodes) {
    if (node.op == "reshape") written_as[node.outputs[0]] = node.inputs[0];
  }
  // Rows of strips come and go: EmitFirmware's test runs them.
  const auto range = [&](ValueId id, auto&& visit) {
    const Location& location = plan.locations[static_cast<size_t>(id)];
    if (location.kind != Location::Kind::kArena) return;
    for (int64_t i = 0; i < ElementCount(graph.value(id).shape); ++i) {
      visit(owner.at(static_cast<size_t>(location.offset + i)));
    }
  };
  for (const LayerPlan& layer : plan.layers) {
    const Node& node = graph.nodes[static_cast<size_t>(layer.node)];
    for (ValueId in : node.inputs) {
      range(in, [&](ValueId& byte) { ASSERT_EQ(byte, origin(in)) << context << " " << node.name; });
    }
    for (int64_t i = 0; i < layer.kernel.scratch_bytes; ++i) {
      owner.at(static_cast<size_t>(layer.scratch_offset + i)) = kNoValue;
    }
    for (ValueId in : node.inputs) {
      range(in, [&](ValueId& byte) {
        ASSERT_EQ(byte, origin(in)) << context << " scratch of " << node.name;
      });
    }
    for (ValueId out : node.outputs) range(out, [&](ValueId& byte) { byte = origin(out); });
  }
}

TEST(MakePlan, EveryValueSurvivesUntilItsLastReader) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Graph graph = TinyTransformer(seed, 0.1 * static_cast<double>(seed));
    ExpectValuesSurvive(graph, MakePlan(graph, CodecRequest::kAuto),
                        "seed " + std::to_string(seed));
  }
}

// Random stacks of residual blocks, norms, pools and reshapes.
Graph RandomGraph(uint64_t seed) {
  Rng rng(seed, "plan");
  ExampleGraph g("random", seed, 0.5);
  ValueId x = g.Input({1, 8, 8, 4});
  std::vector<ValueId> same = {x};  // values of the current shape
  const uint64_t nodes = 3 + rng.Below(12);
  for (uint64_t i = 0; i < nodes; ++i) {
    const std::string name = std::to_string(i) + "n";
    const ValueId other = same[rng.Below(same.size())];
    switch (rng.Below(5)) {
      case 0:
        x = g.Add(name, x, other);
        break;
      case 1:
        x = g.Linear(name, other, 4);
        break;
      case 2:
        x = g.Conv2d(name, x, 4, 1);
        break;
      case 3:
        x = g.Layernorm(name, x);
        break;
      default:
        x = g.Reshape(name, g.Reshape(name + "flat", x, {1, 64, 4}), {1, 8, 8, 4});
    }
    same.push_back(x);
  }
  return g.Finish(g.Linear("head", x, 2));
}

TEST(MakePlan, RandomGraphsKeepTheirValues) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Graph graph = RandomGraph(seed);
    const Plan plan = MakePlan(graph, CodecRequest::kRunLength);
    ExpectValuesSurvive(graph, plan, "seed " + std::to_string(seed));
    EXPECT_GE(plan.arena_bytes, plan.arena_lower_bound_bytes);
    for (const StrategyBytes& strategy : plan.strategies) {
      EXPECT_GE(strategy.bytes, plan.arena_bytes) << strategy.name << " seed " << seed;
    }
  }
}

TEST(MakePlan, ReferencePointANeedsItsWidestTensorOnce) {
  const Graph graph = ReferenceShapes(1, 0.5);
  const Plan plan = MakePlan(graph, CodecRequest::kAuto);
  // The projection of the first inverted residual: residual, expanded tensor (which the depthwise
  // layer has overwritten) and output, 256 * 44 * (1 + 4 + 1) bytes, and the kernel's scratch.
  const LayerPlan& layer = plan.layers[static_cast<size_t>(PeakLayer(plan))];
  const Node& peak = graph.nodes[static_cast<size_t>(layer.node)];
  EXPECT_EQ(peak.name, "dot1.mb1.project");
  EXPECT_EQ(plan.arena_lower_bound_bytes, 256 * 44 * 6 + AlignArena(layer.kernel.scratch_bytes));
  EXPECT_EQ(plan.arena_bytes, plan.arena_lower_bound_bytes);
}

TEST(MakePlan, InputAndOutputStayWithTheCaller) {
  ExampleGraph g("chain", 1, 0);
  const ValueId x = g.Input({1, 4, 4});
  const Graph graph = g.Finish(g.Linear("only", x, 2));
  const Plan plan = MakePlan(graph, CodecRequest::kAuto);
  EXPECT_EQ(plan.locations[static_cast<size_t>(graph.inputs[0])].kind, Location::Kind::kInput);
  EXPECT_EQ(plan.locations[static_cast<size_t>(graph.outputs[0])].kind, Location::Kind::kOutput);
  ASSERT_EQ(plan.tensors.size(), 1u);
  EXPECT_EQ(plan.tensors[0].name, "scratch of only");
}

TEST(MakePlan, AnAddTakesOverTheOperandThatDies) {
  ExampleGraph g("residual", 1, 0);
  const ValueId a = g.Linear("a", g.Input({1, 4, 4}), 4);
  const ValueId b = g.Linear("b", a, 4);
  const ValueId sum = g.Add("sum", a, b);
  const Graph graph = g.Finish(g.Linear("head", g.Add("again", sum, a), 2));
  const Plan plan = MakePlan(graph, CodecRequest::kAuto);
  // "sum" may not take "a", which "again" still reads; it takes "b", and "again" takes "sum" over.
  EXPECT_EQ(plan.tensors[2].holds, (std::vector<std::string>{"b.y", "sum.y", "again.y"}));
}

// Whether the second of two linear layers, whose output has `out` channels, takes over its input.
bool TakesOver(int64_t tokens, int64_t out, bool read_again) {
  ExampleGraph g("linear", 1, 0);
  const ValueId a = g.Linear("a", g.Input({1, tokens, 8}), 8);
  const ValueId b = g.Linear("b", a, out);
  const Graph graph = g.Finish(g.Linear("head", read_again ? g.Add("again", b, a) : b, 2));
  const Plan plan = MakePlan(graph, CodecRequest::kAuto);
  return plan.locations[static_cast<size_t>(a)].offset ==
             plan.locations[static_cast<size_t>(b)].offset &&
         plan.tensors[0].holds == std::vector<std::string>{"a.y", "b.y"};
}

TEST(MakePlan, ALinearLayerTakesOverAnInputOfItsSizeWhereTheKernelCan) {
  EXPECT_TRUE(TakesOver(8, 8, false));
  EXPECT_TRUE(TakesOver(3, 8, false));
  EXPECT_FALSE(TakesOver(8, 8, true)) << "another layer reads it";
  EXPECT_FALSE(TakesOver(6, 8, false)) << "the last batch goes back over outputs";
}

TEST(MakePlan, RefusesWhatItCannotRun) {
  Graph graph = TinyTransformer(1, 0);
  graph.inputs.push_back(graph.inputs[0]);
  EXPECT_EQ(ErrorText(graph),
            "error[plan/one-input] model 'tiny'\n  expected: one input\n  found:    2 inputs\n"
            "  fix:      export the model with a single input tensor");
  graph.inputs.pop_back();
  graph.outputs.clear();
  EXPECT_EQ(ErrorText(graph),
            "error[plan/one-output] model 'tiny'\n  expected: one output\n  found:    0 outputs\n"
            "  fix:      export the model with a single output tensor");
  ExampleGraph g("empty", 1, 0);
  EXPECT_EQ(ErrorText(g.Finish(g.Reshape("r", g.Input({1, 4}), {4}))),
            "error[plan/no-layers] model 'empty'\n  expected: at least one operator that computes\n"
            "  found:    an output that is the input\n"
            "  fix:      check that the right model was exported");
}

TEST(ListKernels, NamesANodeWithoutKernel) {
  Graph graph = TinyTransformer(1, 0);
  graph.nodes[1].op = "erf";
  EXPECT_EQ(ErrorText(graph),
            "error[plan/no-kernel] node 'dot1.pool' (erf)\n"
            "  expected: an operator with an int8 kernel: add, attention, attention_pool, "
            "average_pool2d, conv2d, depthwise_conv2d, layernorm, linear, max_pool2d, requantize, "
            "reshape, softmax, transpose\n"
            "  found:    erf\n"
            "  fix:      express the node by those operators before export");
}

TEST(ListKernels, ScratchIsWhatTheEngineAsksForTheWholeLayer) {
  ExampleGraph g("scratch", 1, 0.5);
  const Graph graph = g.Finish(g.Linear("layer", g.Input({1, 64, 32}), 48));
  engine::LinearS8Sparse layer{};
  layer.tokens = 64;
  layer.in = 32;
  layer.out = 48;
  const auto kernels = ListKernels(graph, graph.nodes[0], CodecRequest::kRunLength);
  EXPECT_EQ(kernels.back().scratch_bytes, engine::linear_s8_sparse_scratch_bytes(layer));
}

TEST(ListKernels, TheFirstConvolutionIsDenseAndDepthwiseHasBlocksOfThree) {
  const Graph graph = TinyTransformer(1, 0.7);
  const Plan plan = MakePlan(graph, CodecRequest::kRunLength);
  EXPECT_EQ(plan.layers[0].kernel.name, "conv2d_s8");
  EXPECT_EQ(plan.layers[2].kernel.name, "linear_s8_rlc4");
  EXPECT_EQ(plan.layers[3].kernel.name, "depthwise_conv2d_s8_rlc3");
}

}  // namespace
}  // namespace tinyformer
