// The generated folders compile without warnings and compute the same bytes whatever the code and
// the kernels.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/check.h"
#include "base/file.h"
#include "compiler/compile.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/passes/pipeline.h"
#include "compiler/plan/example_graph.h"
#include "compiler/quantize/calibrate.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/quantize_graph.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWarnings = " -O1 -Wall -Wextra -Werror ";

// A C99 program that prints the output bytes for the input of the self-test's generator.
constexpr const char* kPrinter = R"(
#include <stdio.h>
#include "model.h"
int main(void) {
  static int8_t in[TF_MODEL_INPUT_BYTES], out[TF_MODEL_OUTPUT_BYTES];
  uint32_t state = 1;
  for (int i = 0; i < TF_MODEL_INPUT_BYTES; ++i) {
    state = state * 1664525u + 1013904223u;
    in[i] = (int8_t)(state >> 24);
  }
  model_init();
  if (model_invoke(0, out) != 1 || model_invoke(in, out) != 0) return 1;
  for (int i = 0; i < TF_MODEL_OUTPUT_BYTES; ++i) printf("%d ", out[i]);
  return 0;
}
)";

SelfTest GeneratedInput(const Graph& graph) {
  SelfTest test;
  uint32_t state = 1;
  for (int64_t i = 0; i < ElementCount(graph.value(graph.inputs[0]).shape); ++i) {
    state = state * 1664525u + 1013904223u;
    test.input.push_back(static_cast<int8_t>(state >> 24));
  }
  test.expected.resize(static_cast<size_t>(ElementCount(graph.value(graph.outputs[0]).shape)));
  return test;
}

class GeneratedCode : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root_); }
  void TearDown() override { fs::remove_all(root_); }

  std::string Emit(const std::string& folder, const Graph& graph, CodecRequest request,
                   const SelfTest& test, const std::string& prefix = "model") {
    return EmitPlan(folder, graph, MakePlan(graph, request), test, prefix);
  }

  std::string EmitPlan(const std::string& folder, const Graph& graph, const Plan& plan,
                       const SelfTest& test, const std::string& prefix = "model") {
    const char* source = std::getenv("TINYFORMER_SOURCE_DIR");
    EmitOptions options;
    options.prefix = prefix;
    options.engine_directory = std::string(source ? source : ".") + "/engine";
    WriteSourceTree(EmitFirmware(graph, plan, test, options), root_ + "/" + folder);
    return root_ + "/" + folder;
  }

  // Objects of the folder's sources (without selftest and main unless asked) in the folder.
  static void CompileFolder(const std::string& folder, const std::string& flags) {
    std::string script = "cd '" + folder + "' && for f in *.cc $(find engine -name '*.cc'); do " +
                         "g++ -std=c++17" + kWarnings + flags +
                         " -I. -Iengine/include -c $f -o $(echo $f | tr / _).o || exit 1; done";
    ASSERT_EQ(std::system(script.c_str()), 0) << folder;
  }

  static std::string Output(const std::string& command) {
    std::string text;
    FILE* pipe = ::popen(command.c_str(), "r");
    TF_CHECK(pipe != nullptr);
    for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
    EXPECT_EQ(::pclose(pipe), 0) << command;
    return text;
  }

  // What the model prints for the generated input.
  static std::string Print(const std::string& folder) {
    WriteFileAtomic(folder + "/print.c", kPrinter);
    return Output("cd '" + folder + "' && gcc -std=c99 -pedantic" + kWarnings +
                  "-c print.c -o print.o && g++ *.o -o print && ./print");
  }

  const std::string root_ = ::testing::TempDir() + "tf_generated_" + std::to_string(::getpid());
};

TEST_F(GeneratedCode, EveryCodeAndEveryKernelGivesTheSameBytes) {
  const Graph graph = TinyTransformer(3, 0.55);
  const SelfTest test = GeneratedInput(graph);
  const std::string reference = Emit("reference", graph, CodecRequest::kDense, test);
  CompileFolder(reference, "-DTINYFORMER_ENGINE_REF");
  std::string expected;
  for (int byte : EvaluateQuantized(graph, test.input)) expected += std::to_string(byte) + " ";
  EXPECT_EQ(Print(reference), expected);
  for (CodecRequest request :
       {CodecRequest::kDense, CodecRequest::kRunLength, CodecRequest::kBitmap}) {
    const std::string folder =
        Emit("code" + std::to_string(static_cast<int>(request)), graph, request, test);
    CompileFolder(folder, "");
    EXPECT_EQ(Print(folder), expected) << folder;
  }
}

TEST_F(GeneratedCode, StripsOfAnyHeightGiveTheSameBytes) {
  const Graph graph = TinyTransformer(5, 0.5);
  const std::vector<StripChain> chains = FindStripChains(graph);
  ASSERT_FALSE(chains.empty());
  std::vector<Kernel> kernels;
  for (const Node& node : graph.nodes) {
    kernels.push_back(SmallestKernel(ListKernels(graph, node, CodecRequest::kAuto)));
  }
  SelfTest test = GeneratedInput(graph);
  test.expected = EvaluateQuantized(graph, test.input);
  std::string expected;
  for (int byte : test.expected) expected += std::to_string(byte) + " ";
  for (int rows : {1, 3}) {
    std::vector<StripSchedule> strips;
    for (const StripChain& chain : chains) {
      strips.push_back(MakeStripSchedule(graph, kernels, chain, rows));
    }
    const std::string folder =
        EmitPlan("strips" + std::to_string(rows), graph, MakePlan(graph, kernels, strips), test);
    CompileFolder(folder, rows == 1 ? "-DTINYFORMER_ENGINE_REF" : "");
    EXPECT_EQ(Print(folder), expected) << folder;
  }
}

TEST_F(GeneratedCode, TwoModelsLiveInOneProgramAndTheSelfTestsTellRightFromWrong) {
  const Graph graph = TinyTransformer(4, 0.5);
  SelfTest test = GeneratedInput(graph);
  test.expected = EvaluateQuantized(graph, test.input);
  const std::string right = Emit("right", graph, CodecRequest::kAuto, test, "right");
  test.expected[3] = static_cast<int8_t>(test.expected[3] ^ 1);
  const std::string wrong = Emit("wrong", graph, CodecRequest::kRunLength, test, "wrong");
  CompileFolder(right, "");
  CompileFolder(wrong, "");
  WriteFileAtomic(root_ + "/both.c",
                  "#include \"right/right.h\"\n#include \"wrong/wrong.h\"\n"
                  "#include \"right/selftest.h\"\n#include \"wrong/selftest.h\"\n"
                  "int main(void) { return right_selftest() == 0 && wrong_selftest() == 1 && "
                  "right_selftest() == 0 ? 0 : 1; }\n");
  EXPECT_EQ(
      std::system(("cd '" + root_ + "' && ar rc right.a right/*.o && ar rc wrong.a wrong/*.o" +
                   " && gcc -std=c99" + kWarnings +
                   "-I. -c both.c && g++ both.o right.a wrong.a -o both && ./both")
                      .c_str()),
      0);
}

// From a float network to a folder that CMake builds and whose self-test passes: nothing in between
// is made up.
TEST_F(GeneratedCode, AFloatNetworkBecomesAFolderThatPassesItsSelfTest) {
  const Graph network = SmallTinyFormer(2);
  const CalibrationImages images = {8, [&](int64_t index, float* input) {
                                      const auto image =
                                          RandomInput(network, static_cast<uint64_t>(index));
                                      std::copy(image.begin(), image.end(), input);
                                    }};
  const Graph graph = QuantizeGraph(Lower(Calibrate(network, images)));
  const char* source = std::getenv("TINYFORMER_SOURCE_DIR");
  CompileOptions options;
  options.target = {"stm32f746", 1048576, 327680, 8192, ""};
  options.engine_directory = std::string(source ? source : ".") + "/engine";
  const CompileResult result = Compile(graph, options);
  ASSERT_TRUE(result.fit.ok) << result.fit.why;
  WriteSourceTree(result.tree, root_ + "/model");
  EXPECT_EQ(std::system(("cd '" + root_ + "/model' && cmake -B build/cmake > log 2>&1 && " +
                         "cmake --build build/cmake >> log 2>&1 && build/cmake/model_selftest")
                            .c_str()),
            0)
      << ReadFile(root_ + "/model/log");
}

TEST_F(GeneratedCode, TheOtherOperatorsCompileAndRun) {
  ExampleGraph g("other", 6, 0.5);
  const ValueId image = g.Input({1, 8, 8, 4});
  const ValueId pooled = g.AveragePool("average", g.Conv2d("conv", image, 8, 2));
  const ValueId turned = g.Transpose("turn", g.Reshape("flat", pooled, {1, 4, 8}), {0, 2, 1});
  const ValueId back = g.Reshape("back", turned, {1, 32});
  const Graph graph = g.Finish(g.Softmax("softmax", g.Linear("head", back, 10)));
  const std::string folder = Emit("other", graph, CodecRequest::kAuto, GeneratedInput(graph));
  CompileFolder(folder, "");
  std::string expected;
  for (int byte : EvaluateQuantized(graph, GeneratedInput(graph).input)) {
    expected += std::to_string(byte) + " ";
  }
  EXPECT_EQ(Print(folder), expected);
}

}  // namespace
}  // namespace tinyformer
