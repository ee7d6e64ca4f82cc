#include "compiler/emit/emit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "compiler/emit/engine_files.h"
#include "compiler/emit/plan_json.h"
#include "compiler/plan/example_graph.h"

namespace tinyformer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string SourceDirectory() {
  const char* directory = std::getenv("TINYFORMER_SOURCE_DIR");
  return directory ? directory : ".";
}

std::string ErrorText(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Graph Chain() {
  ExampleGraph g("chain", 5, 0.5);
  const ValueId first = g.Linear("first", g.Input({1, 2, 8}), 8);
  return g.Finish(g.Linear("second", g.Add("sum", first, first), 2));
}

SelfTest ZeroTest(const Graph& graph) {
  SelfTest test;
  test.input.resize(static_cast<size_t>(ElementCount(graph.value(graph.inputs[0]).shape)));
  test.expected.resize(static_cast<size_t>(ElementCount(graph.value(graph.outputs[0]).shape)));
  return test;
}

EmitOptions Options(const std::string& prefix = "model") {
  EmitOptions options;
  options.prefix = prefix;
  options.target = "stm32f746";
  options.engine_directory = SourceDirectory() + "/engine";
  return options;
}

TEST(EmitFirmware, TheSameGraphGivesTheSameBytes) {
  const Graph graph = TinyTransformer(1, 0.5);
  const auto emit = [&] {
    return EmitFirmware(graph, MakePlan(graph, CodecRequest::kAuto), ZeroTest(graph), Options());
  };
  EXPECT_EQ(emit(), emit());
  EXPECT_EQ(Fingerprint(emit()), Fingerprint(emit()));
  EXPECT_NE(Fingerprint(SourceTree{{"a", "bc"}}), Fingerprint(SourceTree{{"ab", "c"}}));
}

TEST(EmitFirmware, NamesNoFolderOfThisMachine) {
  const Graph graph = TinyTransformer(1, 0.5);
  for (const auto& [path, bytes] :
       EmitFirmware(graph, MakePlan(graph, CodecRequest::kAuto), ZeroTest(graph), Options())) {
    EXPECT_THAT(bytes, Not(HasSubstr(SourceDirectory() + "/"))) << path;
  }
}

void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string golden = SourceDirectory() + "/compiler/emit/testdata/" + name + ".golden";
  if (std::getenv("TINYFORMER_UPDATE_GOLDEN")) WriteFileAtomic(golden, text);
  EXPECT_EQ(text, ReadFile(golden)) << golden;
}

// To accept a change on purpose: run these tests with TINYFORMER_UPDATE_GOLDEN=1. The models are
// chosen so that the texts do not depend on how much scratch a kernel asks for.
TEST(EmitFirmware, ATinyModelsTextIsAsKept) {
  ExampleGraph g("tiny", 5, 0);
  const ValueId norm = g.Layernorm("norm", g.Input({1, 2, 4}));
  const Graph graph = g.Finish(g.Softmax("softmax", g.Add("twice", norm, norm)));
  SourceTree tree =
      EmitFirmware(graph, MakePlan(graph, CodecRequest::kAuto), ZeroTest(graph), Options());
  for (const char* file : {"model.h", "model.cc", "weights.h", "selftest.cc", "CMakeLists.txt"}) {
    ExpectGolden(std::string("tiny_") + file, tree[file]);
  }
}

TEST(EmitFirmware, ASparseModelsWeightsAreAsKept) {
  const Graph graph = Chain();
  SourceTree tree =
      EmitFirmware(graph, MakePlan(graph, CodecRequest::kRunLength), ZeroTest(graph), Options());
  ExpectGolden("chain_weights.cc", tree["weights.cc"]);
}

TEST(EmitFirmware, CopiesOnlyTheKernelsThatAreUsed) {
  const Graph graph = Chain();
  const SourceTree tree =
      EmitFirmware(graph, MakePlan(graph, CodecRequest::kDense), ZeroTest(graph), Options());
  EXPECT_TRUE(tree.count("engine/ref/linear_s8.cc"));
  EXPECT_TRUE(tree.count("engine/include/tinyformer/engine/requantize.h"));
  EXPECT_FALSE(tree.count("engine/ref/layernorm_s8.cc"));
  EXPECT_FALSE(tree.count("engine/ref/softmax_s8.cc"));
}

TEST(EmitFirmware, TakesTheBoardsFiles) {
  const Graph graph = Chain();
  EmitOptions options = Options();
  options.board_directory = SourceDirectory() + "/boards/stm32f746";
  const SourceTree tree =
      EmitFirmware(graph, MakePlan(graph, CodecRequest::kDense), ZeroTest(graph), options);
  EXPECT_EQ(tree.at("board/board.ld"), ReadFile(options.board_directory + "/board.ld"));
  EXPECT_THAT(tree.at("board/toolchain.cmake"), HasSubstr("-mcpu=cortex-m7"));
}

TEST(EmitFirmware, AHostileNameStaysInsideItsComment) {
  ExampleGraph g("m\n#include <evil>", 1, 0);
  const Graph graph = g.Finish(g.Linear("*/ int evil;\n\\", g.Input({1, 1, 4}), 2));
  const SourceTree tree =
      EmitFirmware(graph, MakePlan(graph, CodecRequest::kDense), ZeroTest(graph), Options());
  EXPECT_THAT(tree.at("model.cc"), Not(HasSubstr("evil;")));
  EXPECT_THAT(tree.at("model.cc"), Not(HasSubstr("<evil>")));
  EXPECT_THAT(tree.at("model.cc"), HasSubstr("// Layer 1: _/_int_evil___"));
}

TEST(EmitFirmware, RefusesPrefixesThatAreNoNames) {
  for (const char* prefix :
       {"", "Model", "9", "a-b", "while", "selftest", "string", "stdint", "all", "test"}) {
    EXPECT_EQ(
        ErrorText([&] { CheckPrefix(prefix); }),
        std::string("error[emit/prefix] --prefix\n  expected: a lower-case C identifier of at "
                    "most 40 characters that is not a word of C++, a file of the folder, a header "
                    "of C or a "
                    "target of CMake\n"
                    "  found:    '") +
            prefix + "'\n  fix:      choose a name such as 'model' or 'person_detector'");
  }
  CheckPrefix("person_detector2");
}

TEST(EngineFiles, SaysWhereItLooked) {
  EXPECT_EQ(ErrorText([] { EngineFiles("/no/engine", {"linear_s8.h"}); }),
            "error[emit/engine-missing] /no/engine\n"
            "  expected: the engine's sources, with include/tinyformer/engine/linear_s8.h\n"
            "  found:    no such folder\n"
            "  fix:      set TINYFORMER_ENGINE_DIR to the engine folder of this version's sources");
}

TEST(PlanJson, HasTheKeysThatOthersRead) {
  const Graph graph = TinyTransformer(1, 0.5);
  const Plan plan = MakePlan(graph, CodecRequest::kAuto);
  const Json json = PlanJson(graph, plan, Options());
  EXPECT_EQ(json["format"], "tinyformer-plan");
  EXPECT_EQ(json["layers"].size(), plan.layers.size());
  EXPECT_EQ(json["layers"][0]["id"], 1);
  EXPECT_EQ(json["memory_timeline"].size(), plan.layers.size());
  EXPECT_EQ(json["input"]["shape"], Json({1, 8, 8, 3}));
  int64_t highest = 0;
  for (const Json& tensor : json["tensors"]) {
    highest = std::max(highest, tensor["offset"].get<int64_t>() + tensor["bytes"].get<int64_t>());
    EXPECT_LT(tensor["last_layer"].get<size_t>(), plan.layers.size());
  }
  EXPECT_LE(highest, json["arena_bytes"].get<int64_t>());
}

class WriteSourceTreeTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(root_); }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string Path(const std::string& name) const { return root_ + "/" + name; }

  const std::string root_ = ::testing::TempDir() + "tf_emit_" + std::to_string(::getpid());
};

TEST_F(WriteSourceTreeTest, ReplacesOurOwnFolderWhole) {
  const std::string plan = R"({"format": "tinyformer-plan"})";
  WriteSourceTree({{"plan.json", plan}, {"old.cc", "x"}, {"engine/a.h", "y"}}, Path("fw"));
  WriteFileAtomic(Path("fw/build/object"), "z");
  WriteSourceTree({{"plan.json", plan}, {"new.cc", "x"}}, Path("fw/"));
  EXPECT_EQ(ReadFile(Path("fw/new.cc")), "x");
  EXPECT_FALSE(std::filesystem::exists(Path("fw/old.cc")));
  EXPECT_FALSE(std::filesystem::exists(Path("fw/build")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_), {}), 1);
}

TEST_F(WriteSourceTreeTest, RefusesAFolderThatIsNotOurs) {
  WriteFileAtomic(Path("home/thesis.tex"), "x");
  EXPECT_EQ(ErrorText([&] {
              WriteSourceTree({{"plan.json", "{}"}}, Path("home"));
            }),
            "error[emit/not-ours] " + Path("home") +
                "\n  expected: a new folder, or one that compile wrote before\n"
                "  found:    a folder without a plan.json of ours\n"
                "  fix:      choose another folder for -o, or remove this one yourself");
  EXPECT_EQ(ReadFile(Path("home/thesis.tex")), "x");
  EXPECT_EQ(ErrorText([&] { WriteSourceTree({}, Path("home/thesis.tex")); }),
            "error[emit/not-ours] " + Path("home/thesis.tex") +
                "\n  expected: a new folder, or one that compile wrote before\n"
                "  found:    a file\n"
                "  fix:      choose another folder for -o, or remove this one yourself");
}

TEST_F(WriteSourceTreeTest, AFolderThatCannotBePutInPlaceIsAnErrorAndLeavesTheOldOne) {
  const std::string plan = R"({"format": "tinyformer-plan"})";
  WriteSourceTree({{"plan.json", plan}}, Path("fw"));
  // A tree without files makes no folder to rename.
  EXPECT_EQ(ErrorText([&] { WriteSourceTree({}, Path("fw")); }),
            "error[file/write-failed] " + Path("fw") +
                "\n  expected: a place that can be written\n  found:    No such file or directory\n"
                "  fix:      choose a folder that you may write to");
  EXPECT_EQ(ReadFile(Path("fw/plan.json")), plan);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_), {}), 1);
}

TEST_F(WriteSourceTreeTest, KilledAtAnyMomentItLeavesAWholeFolder) {
  const SourceTree tree = {{"plan.json", R"({"format": "tinyformer-plan"})"}, {"engine/a.h", "x"}};
  WriteSourceTree(tree, Path("fw"));
  for (int round = 1; round <= 12; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      while (ErrorText([&] { WriteSourceTree(tree, Path("fw")); }).empty()) continue;
      ::_exit(1);
    }
    bool there = true;  // at every look, of which the last is just before the kill
    for (int look = 0; look < 10'000 * round; ++look)
      there &= ::access(Path("fw").c_str(), F_OK) == 0;
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_TRUE(there) << round;
    for (const auto& [path, bytes] : tree) EXPECT_EQ(ReadFile(Path("fw/" + path)), bytes) << round;
  }
}

TEST_F(WriteSourceTreeTest, APlaceThatCannotBeWrittenIsFoundBeforeTheWork) {
  WriteFileAtomic(Path("file"), "x");
  const auto refused = [](const std::string& folder, const std::string& found) {
    return "error[file/write-failed] " + folder +
           "\n  expected: a place that can be written\n  found:    " + found +
           "\n  fix:      check the path and the disk, then run the same command again";
  };
  const auto error = [](const std::string& folder) {
    return ErrorText([&] { RequireReplaceable(folder); });
  };
  EXPECT_EQ(error(Path("file/fw")), refused(Path("file/fw"), "Not a directory"));
  EXPECT_EQ(error("/proc/fw"), refused("/proc/fw", "No such file or directory"));
  EXPECT_EQ(error(""),
            "error[emit/not-ours] ''\n  expected: a new folder, or one that compile wrote before\n"
            "  found:    an empty name\n"
            "  fix:      choose another folder for -o, or remove this one yourself");
  EXPECT_EQ(error(Path("new/deep/fw")), "");
  EXPECT_EQ(error("fw_in_the_working_folder"), "");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_), {}), 1);
}

TEST_F(WriteSourceTreeTest, ALinkToAFolderStaysALink) {
  std::filesystem::create_directories(Path("real"));
  std::filesystem::create_directory_symlink(Path("real"), Path("link"));
  WriteSourceTree({{"a", "b"}}, Path("link"));
  EXPECT_EQ(ReadFile(Path("real/a")), "b");
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
}

TEST_F(WriteSourceTreeTest, AnEmptyFolderIsFilled) {
  std::filesystem::create_directories(Path("empty"));
  WriteSourceTree({{"a", "b"}}, Path("empty"));
  EXPECT_EQ(ReadFile(Path("empty/a")), "b");
}

TEST(Program, EveryBlockOfRamHasItsArena) {
  ExampleGraph g("chain", 1, 0);
  const Graph graph = g.Finish(
      g.Linear("third", g.Linear("second", g.Linear("first", g.Input({1, 8, 8}), 32), 32), 2));
  std::vector<Kernel> kernels;
  for (const Node& node : graph.nodes) {
    kernels.push_back(ListKernels(graph, node, CodecRequest::kDense).front());
  }
  const ArenaSpace space = {{{{"dtcm", 400, true}}, {{"axi", 4000, false}}}};
  const Plan plan = MakePlan(graph, kernels, {}, space);
  ASSERT_EQ(plan.block_bytes.size(), 2u);
  EXPECT_EQ(plan.block_bytes[0] + plan.block_bytes[1], plan.arena_bytes);
  const std::string source = SourceText(MakeProgram(graph, plan, "model"));
  EXPECT_NE(source.find("int8_t tf_model_arena[" + std::to_string(plan.block_bytes[0]) + "];"),
            std::string::npos);
  EXPECT_NE(source.find("__attribute__((section(\".tf_arena_axi\"), aligned(16)))"),
            std::string::npos);
  EXPECT_NE(source.find("int8_t tf_model_arena1[" + std::to_string(plan.block_bytes[1]) + "];"),
            std::string::npos);
  EXPECT_NE(source.find("int8_t* const arena1 = tf_model_arena1;"), std::string::npos);
  EXPECT_NE(source.find(", arena1 + "), std::string::npos);
}

}  // namespace
}  // namespace tinyformer
