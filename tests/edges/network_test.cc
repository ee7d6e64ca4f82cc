// Random networks from floats to firmware: the emulator, the host's firmware and the compiler's own
// arithmetic give the same bytes.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/temporary_folder.h"
#include "compiler/compile.h"
#include "compiler/export/write_onnx.h"
#include "compiler/import/read_onnx.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/calibrate.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/layers_for_tests.h"
#include "compiler/quantize/quantize_graph.h"
#include "sim/run.h"
#include "tests/edges/random_network.h"

namespace tinyformer {
namespace {

constexpr int kImages = 3;

int Setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : otherwise;
}

Graph Annotated(const Graph& network) {
  const CalibrationImages images = {4, [&](int64_t index, float* input) {
                                      const auto image =
                                          RandomInput(network, static_cast<uint64_t>(index));
                                      std::copy(image.begin(), image.end(), input);
                                    }};
  CalibrationOptions options;
  options.method = CalibrationMethod::kMinMax;
  return Calibrate(network, images, options);
}

// Random bytes, then the two ends of the range.
std::vector<int8_t> Images(int64_t bytes, uint64_t seed) {
  Rng rng(seed, "images");
  std::vector<int8_t> images(static_cast<size_t>(kImages * bytes), 127);
  for (int64_t i = 0; i < bytes; ++i) {
    images[static_cast<size_t>(i)] = static_cast<int8_t>(rng.Below(256));
    images[static_cast<size_t>(bytes + i)] = -128;
  }
  return images;
}

CompileOptions OptionsFor(uint64_t seed, const Board& board) {
  constexpr CodecRequest kCodecs[] = {CodecRequest::kAuto, CodecRequest::kRunLength,
                                      CodecRequest::kBitmap};
  constexpr Optimize kOptimize[] = {Optimize::kBalanced, Optimize::kSpeed, Optimize::kSize,
                                    Optimize::kRam};
  CompileOptions options;
  options.target = {board.name, static_cast<int64_t>(board.FlashBytes()),
                    static_cast<int64_t>(board.RamBytes()), board.stack_bytes, board.directory};
  options.codec = kCodecs[seed % 3];
  options.optimize = kOptimize[seed % 4];
  return options;
}

TEST(RandomNetworks, CompileAndEveryLayerIsRight) {
  const Board board = FindBoard("stm32f746");
  const int networks = Setting("TINYFORMER_EDGES_GRAPHS", 150);
  for (uint64_t seed = 1; seed <= static_cast<uint64_t>(networks); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Graph annotated = Annotated(edges::RandomNetwork(seed, 12));
    ExpectLayersWithinOneLsb(annotated, seed % 4);
    const Graph graph = QuantizeGraph(Lower(annotated));
    const Graph read = QuantizeGraph(Lower(ParseOnnx(WriteOnnx(annotated), "random.onnx")));
    const std::vector<int8_t> input = SelfTestInput(graph);
    QuantizedEvaluator fast(graph);
    QuantizedEvaluator reference(graph, EngineKernels::kReference);
    const std::vector<int8_t> expected = reference.Run(input);
    EXPECT_EQ(fast.Run(input), expected);
    EXPECT_EQ(EvaluateQuantized(read, input), expected) << "through an ONNX file";
    const CompileResult compiled = Compile(graph, OptionsFor(seed, board));
    EXPECT_TRUE(compiled.fit.ok) << compiled.fit.why;
  }
}

// Every chain that can run by strips does, in strips of any height.
Plan StripPlan(const Graph& graph, const CompileOptions& options, uint64_t seed) {
  const std::vector<Kernel> kernels =
      ChooseKernels(graph, options.codec, options.optimize, options.target.flash_bytes);
  Rng rng(seed, "strips");
  std::vector<StripSchedule> strips;
  for (const StripChain& chain : FindStripChains(graph)) {
    const Node& window = graph.nodes[static_cast<size_t>(chain.window())];
    const auto rows = static_cast<uint64_t>(graph.value(window.outputs[0]).shape[1]);
    const int height = 1 + static_cast<int>(rng.Below(rows));
    strips.push_back(MakeStripSchedule(graph, kernels, chain, height));
  }
  return MakePlan(graph, kernels, strips);
}

SourceTree StripTree(const Graph& graph, const Plan& plan, const Board& board) {
  SelfTest test;
  test.input = SelfTestInput(graph);
  test.expected = EvaluateQuantized(graph, test.input);
  EmitOptions options;
  options.target = board.name;
  options.board_directory = board.directory;
  return EmitFirmware(graph, plan, test, options);
}

class RandomNetworkTest : public ::testing::TestWithParam<int> {};

TEST_P(RandomNetworkTest, EmulatorHostAndCompilerGiveTheSameBytes) {
  const auto seed = static_cast<uint64_t>(GetParam());
  const Graph graph = QuantizeGraph(
      Lower(Annotated(edges::RandomNetwork(seed, Setting("TINYFORMER_EDGES_LAYERS", 40)))));
  const std::vector<std::string> boards = BoardNames();
  const Board board = FindBoard(boards[seed % boards.size()]);
  const CompileOptions options = OptionsFor(seed, board);
  CompileResult compiled = Compile(graph, options);
  ASSERT_TRUE(compiled.fit.ok) << compiled.fit.why;
  if (options.optimize == Optimize::kRam) {
    compiled.plan = StripPlan(graph, options, seed);
    compiled.tree = StripTree(graph, compiled.plan, board);
  }
  TemporaryFolder folder;
  WriteSourceTree(compiled.tree, folder.File("fw"));
  const Firmware firmware = ReadFirmware(folder.File("fw"));
  const std::vector<int8_t> images = Images(firmware.input_bytes, seed);
  std::vector<int8_t> expected;
  for (int i = 0; i < kImages; ++i) {
    const auto* image = images.data() + i * firmware.input_bytes;
    const std::vector<int8_t> y =
        EvaluateQuantized(graph, std::vector<int8_t>(image, image + firmware.input_bytes));
    expected.insert(expected.end(), y.begin(), y.end());
  }
  EXPECT_EQ(RunOnHost(firmware, images, {}).outputs, expected);
  const RunResult emulated = RunOnEmulator(firmware, board, images, {});
  EXPECT_EQ(emulated.outputs, expected);
  EXPECT_EQ(emulated.instructions_min, emulated.instructions_max);
  EXPECT_LE(emulated.arena_touched_bytes, static_cast<uint64_t>(compiled.plan.arena_bytes));
}

// TINYFORMER_EDGES_FIRST and TINYFORMER_EDGES_NETWORKS choose others, and more.
INSTANTIATE_TEST_SUITE_P(Seeds, RandomNetworkTest,
                         ::testing::Range(Setting("TINYFORMER_EDGES_FIRST", 1),
                                          Setting("TINYFORMER_EDGES_FIRST", 1) +
                                              Setting("TINYFORMER_EDGES_NETWORKS", 3)),
                         [](const auto& at) { return std::to_string(at.param); });

}  // namespace
}  // namespace tinyformer
