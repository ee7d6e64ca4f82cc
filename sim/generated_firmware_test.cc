// The compiler's firmware folders in the emulator: the same bytes as on the host, the RAM that was
// planned, one count.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "compiler/emit/emit.h"
#include "compiler/plan/example_graph.h"
#include "sim/profile.h"
#include "sim/run.h"
#include "sim/sim_test_files.h"

namespace tinyformer {
namespace {

// A folder with the compiled graph; the self-test's expected output plays no part here.
class CompiledGraph {
 public:
  CompiledGraph(const Graph& graph, CodecRequest codec, const std::string& board = "stm32f746",
                const std::string& prefix = "model")
      : CompiledGraph(graph, MakePlan(graph, codec), board, prefix) {}
  CompiledGraph(const Graph& graph, Plan plan, const std::string& board,
                const std::string& prefix = "model")
      : plan_(std::move(plan)), board_(FindBoard(board)) {
    SelfTest test;
    test.input.resize(static_cast<size_t>(ElementCount(graph.value(graph.inputs[0]).shape)));
    test.expected.resize(static_cast<size_t>(ElementCount(graph.value(graph.outputs[0]).shape)));
    EmitOptions options;
    options.target = board_.name;
    options.prefix = prefix;
    options.board_directory = board_.directory;
    options.engine_directory = SourceDirectory() + "/engine";
    WriteSourceTree(EmitFirmware(graph, plan_, test, options), folder_.File("fw"));
    firmware_ = ReadFirmware(folder_.File("fw"));
  }

  std::vector<int8_t> Images(int count, uint64_t seed) const {
    Rng rng(seed, "images");
    std::vector<int8_t> images(static_cast<size_t>(count * firmware_.input_bytes));
    for (int8_t& value : images) value = static_cast<int8_t>(rng.Below(256));
    return images;
  }

  const Firmware& firmware() const { return firmware_; }
  const Board& board() const { return board_; }
  const Plan& plan() const { return plan_; }

 private:
  Plan plan_;
  Board board_;
  TemporaryFolder folder_;
  Firmware firmware_;
};

class EveryCodec : public ::testing::TestWithParam<CodecRequest> {};

TEST_P(EveryCodec, EmulatorAndHostAgreeAndEveryImageCostsTheSame) {
  CompiledGraph compiled(TinyTransformer(7, 0.5), GetParam());
  std::vector<int8_t> images = compiled.Images(6, 3);
  RunResult emulated = RunOnEmulator(compiled.firmware(), compiled.board(), images, {});
  EXPECT_EQ(emulated.outputs, RunOnHost(compiled.firmware(), images, {}).outputs);
  EXPECT_EQ(emulated.instructions_min, emulated.instructions_max);
  EXPECT_LE(emulated.arena_touched_bytes, static_cast<uint64_t>(compiled.plan().arena_bytes));
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodec,
                         ::testing::Values(CodecRequest::kAuto, CodecRequest::kRunLength));

TEST(GeneratedFirmware, APrefixMayEndInMain) {
  CompiledGraph compiled(TinyTransformer(7, 0.5), CodecRequest::kDense, "stm32f746", "domain");
  std::vector<int8_t> images = compiled.Images(1, 3);
  EXPECT_EQ(RunOnEmulator(compiled.firmware(), compiled.board(), images, {}).outputs,
            RunOnHost(compiled.firmware(), images, {}).outputs);
}

TEST(GeneratedFirmware, AnArenaInTwoBlocksOfRamGivesTheHostsBytes) {
  ExampleGraph g("wide", 1, 0);
  const ValueId wide = g.Linear("widen", g.Input({1, 48, 48, 3}), 64);
  const Graph graph = g.Finish(g.Linear("head", g.Linear("narrow", wide, 8), 4));
  std::vector<Kernel> kernels;
  for (const Node& node : graph.nodes) {
    kernels.push_back(ListKernels(graph, node, CodecRequest::kDense).front());
  }
  const ArenaSpace space = {{{{"dtcm", 122368, true}}, {{"axi", 524288, false}}}};
  CompiledGraph compiled(graph, MakePlan(graph, kernels, {}, space), "stm32h743");
  EXPECT_EQ(compiled.plan().block_bytes[1], 48 * 48 * 64);
  EXPECT_GT(compiled.plan().block_bytes[0], 0);
  const std::vector<int8_t> images = compiled.Images(2, 3);
  const RunResult run = RunOnEmulator(compiled.firmware(), compiled.board(), images, {});
  EXPECT_EQ(run.outputs, RunOnHost(compiled.firmware(), images, {}).outputs);
  EXPECT_EQ(run.arena_touched_bytes, static_cast<uint64_t>(compiled.plan().arena_bytes));
  EXPECT_EQ(run.size.arena_bytes, static_cast<uint64_t>(compiled.plan().arena_bytes));
}

TEST(GeneratedFirmware, EveryBoardComputesTheHostsBytes) {
  std::vector<int8_t> expected;
  for (const std::string& board : BoardNames()) {
    SCOPED_TRACE(board);
    CompiledGraph compiled(TinyTransformer(7, 0.5), CodecRequest::kAuto, board);
    std::vector<int8_t> images = compiled.Images(2, 3);
    if (expected.empty()) expected = RunOnHost(compiled.firmware(), images, {}).outputs;
    RunOptions options;
    options.mode = EmulationMode::kCycles;
    options.layers = true;
    RunResult run = RunOnEmulator(compiled.firmware(), compiled.board(), images, options);
    EXPECT_EQ(run.outputs, expected);
    EXPECT_EQ(run.instructions_min, run.instructions_max);
    EXPECT_EQ(run.arena_touched_bytes, static_cast<uint64_t>(compiled.plan().arena_bytes));
    EXPECT_EQ(run.layers.size(), compiled.firmware().layers.size() + 1);
    for (const LayerRun& layer : run.layers) EXPECT_GT(layer.cost.cycles, 0u);
  }
}

TEST(GeneratedFirmware, TheProfileAddsUpToTheWholeRun) {
  CompiledGraph compiled(TinyTransformer(7, 0.5), CodecRequest::kAuto);
  Profile profile = ProfileFirmware(compiled.firmware(), compiled.board());
  uint64_t sum = 0;
  for (const LayerProfile& layer : profile.layers) sum += layer.instructions;
  EXPECT_EQ(profile.layers.size(), compiled.firmware().layers.size());
  EXPECT_LE(sum, profile.instructions);
  EXPECT_GE(sum + 100, profile.instructions);  // the call and the return
}

}  // namespace
}  // namespace tinyformer
