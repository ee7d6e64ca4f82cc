// Models that compile refuses, and what is left in the output folder then.
#include <gtest/gtest.h>

#include "compiler/cost/layer_table.h"
#include "tests/command_line.h"
#include "tests/int8_models.h"

namespace tinyformer {
namespace {

class CompileErrors : public ::testing::Test {
 protected:
  void ExpectRefused(std::vector<std::string> arguments, const std::string& text) const {
    arguments.insert(arguments.begin(), "compile");
    at_.ExpectRefused(arguments, text);
    EXPECT_FALSE(at_.Exists("firmware"));
  }
  void WriteSmallModel() const { at_.Write("m.onnx", Int8Onnx(SmallNetwork())); }

  const CommandLineTest at_;
};

TEST_F(CompileErrors, FilesThatAreNotModels) {
  ExpectRefused({"m.onnx", "-o", "firmware"}, ErrorText("file/missing", "m.onnx", "a file",
                                                        "nothing at this path", "check the path"));
  ExpectRefused({".", "-o", "firmware"},
                ErrorText("file/is-directory", ".", "a file", "a folder", "name a file inside it"));
  at_.Write("m.onnx", "");
  ExpectRefused({"m.onnx", "-o", "firmware"},
                ErrorText("import/not-onnx", "m.onnx", "an ONNX model", "an empty file",
                          "export the model again"));
  at_.Write("m.onnx", Int8Onnx(SmallNetwork()).substr(0, 1000));
  ExpectRefused(
      {"m.onnx", "-o", "firmware"},
      ErrorText("import/not-onnx", "m.onnx", "an ONNX model",
                "1000 bytes that are not a whole protobuf message",
                "check that the file is an .onnx file and that it was copied completely"));
}

TEST_F(CompileErrors, AFileThatNoModelOfABoardCanBe) {
  at_.Write("m.onnx", "");
  std::filesystem::resize_file(at_.Path("m.onnx"), (uint64_t{256} << 20) + 1);  // sparse: no bytes
  ExpectRefused({"m.onnx", "-o", "firmware"},
                ErrorText("file/too-large", "m.onnx", "at most 268435456 bytes", "more than that",
                          "check that this is the file you meant"));
}

TEST_F(CompileErrors, WordsThatOptionsDoNotKnow) {
  WriteSmallModel();
  ExpectRefused({"m.onnx", "-o", "firmware", "--target", "toaster"},
                ErrorText("board/unknown", "target 'toaster'",
                          "one of: cortex-m4, stm32f746, stm32h743", "no board of that name",
                          "choose one of these, or add a folder (boards/README.md)"));
  ExpectRefused(
      {"m.onnx", "-o", "firmware", "--codec", "zip"},
      ErrorText("compile/codec", "--codec", "auto, dense, rlc or bitmap", "'zip'",
                "choose one of them; auto takes for each layer what --optimize asks for"));
  ExpectRefused(
      {"m.onnx", "-o", "firmware", "--optimize", "luck"},
      ErrorText("compile/optimize", "--optimize", "balanced, speed, size or ram", "'luck'",
                "choose one of them; balanced weighs bytes and cycles equally"));
  // Before the model is read, so before a long calibration.
  ExpectRefused({"nothing.onnx", "-o", "firmware", "--prefix", "9x"},
                ErrorText("emit/prefix", "--prefix",
                          "a lower-case C identifier of at most 40 characters that is not a word "
                          "of C++, a file of the folder, a header of C or a target of CMake",
                          "'9x'", "choose a name such as 'model' or 'person_detector'"));
}

TEST_F(CompileErrors, FloatModelsNeedImages) {
  at_.Write("m.onnx", WriteOnnx(SmallNetwork()));
  ExpectRefused({"m.onnx", "-o", "firmware"},
                ErrorText("compile/float-model", "m.onnx",
                          "an int8 model with QuantizeLinear nodes, or --calibrate",
                          "tensor 'image' is float32",
                          "add --calibrate folder:DIR (or cifar10:DIR, ...) with images like those "
                          "that the model was trained on"));
  ExpectRefused({"m.onnx", "-o", "firmware", "--calibrate", "synthetic"},
                ErrorText("data/image-shape", "data set 'synthetic'",
                          "8x8x3 images, as the model takes them", "32x32x3",
                          "use the data that the model was made for, or folder:DIR, which is "
                          "resized"));
  ExpectRefused(
      {"m.onnx", "-o", "firmware", "--calibrate", "folder:photos"},
      ErrorText("data/missing", "photos", "a folder with train/<class>/*.png, *.jpg or *.jpeg",
                "nothing at this path", "put the images of each class into train/<class>"));
}

// As TensorFlow's converter writes it, and as no one should: ten channels of 8 x 3 pixels.
TEST_F(CompileErrors, AnInputThatLooksChannelsLastIsWarnedOfUnlessItIs) {
  NetworkBuilder last(1, {1, 10, 8, 3});
  last.x = last.Node1("Transpose", {last.x}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
  last.x = last.Conv(last.x, 4, 3);
  at_.Write("last.onnx", Int8Onnx(last.Build()));
  const Ended ended = at_.Run({"compile", "last.onnx", "-o", "last"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.errors, "");
  EXPECT_EQ(ParseJson(at_.Read("last/plan.json"), "plan").at("input").at("shape").dump(),
            "[1,10,8,3]");
  NetworkBuilder first(1, {1, 10, 8, 3});
  first.x = first.Conv(first.x, 4, 3);
  at_.Write("first.onnx", Int8Onnx(first.Build()));
  EXPECT_EQ(at_.Run({"compile", "first.onnx", "-o", "first"}).errors,
            "warning: first.onnx: input [1, 10, 8, 3] is read as 10 channels of 8 x 3 pixels; if "
            "the channels are last, export the model with channels first\n");
}

TEST_F(CompileErrors, ATensorThatWasLeftFloatIsNamed) {
  Graph graph = SmallNetwork();
  graph.value(graph.inputs[0]).quantization = Quantization::PerTensor(0.02F, 0);
  at_.Write("m.onnx", WriteOnnx(graph));
  ExpectRefused({"m.onnx", "-o", "firmware"},
                ErrorText("compile/float-model", "m.onnx", "an int8 model without float tensors",
                          "tensor 'conv1.weight' is float32, others are int8",
                          "quantize that tensor, too, or give the float model and --calibrate"));
}

TEST_F(CompileErrors, OperatorsThatAreNotThereNameNodeOperatorOpsetAndTheKnownOnes) {
  std::string model = WriteOnnx(SmallNetwork());
  for (size_t at; (at = model.find("\x04Relu")) != std::string::npos;)
    model.replace(at, 5, "\x04Gelu");
  at_.Write("m.onnx", model);
  const std::string ops = at_.Run({"ops"}).output;
  const size_t begin = ops.find("ONNX import takes: ") + 19;
  ExpectRefused({"m.onnx", "-o", "firmware"},
                ErrorText("import/unsupported-op", "node 'Relu3' (Gelu, opset 17)",
                          "one of " + ops.substr(begin, ops.size() - begin - 1), "Gelu",
                          "express the model with the operators above, or add it: "
                          "docs/adding_an_operator.md"));
}

TEST_F(CompileErrors, WhatIsReadStaysOutsideTheFolderThatIsReplaced) {
  at_.Write("firmware/plan.json", "{\"format\": \"tinyformer-plan\"}");
  at_.Write("firmware/m.onnx", "model");
  at_.Write("firmware/photos/train/cat/1.png", "cat");
  const auto refused = [](const std::string& where) {
    return ErrorText("emit/inside-output", where, "a place outside the folder that is replaced",
                     "inside firmware/", "move it, or choose another folder for -o");
  };
  const auto before = at_.Files("firmware");
  at_.ExpectRefused({"compile", "firmware/m.onnx", "-o", "firmware/"}, refused("firmware/m.onnx"));
  at_.ExpectRefused({"compile", "nothing.onnx", "-o", "firmware/", "--calibrate",
                     "folder:firmware/../firmware/photos"},
                    refused("firmware/../firmware/photos"));
  EXPECT_EQ(at_.Files("firmware"), before);
}

TEST_F(CompileErrors, ForeignFoldersAndFilesStayAsTheyAre) {
  WriteSmallModel();
  at_.Write("photos/cat.txt", "cat");
  const auto refused = [](const std::string& where, const std::string& found) {
    return ErrorText("emit/not-ours", where, "a new folder, or one that compile wrote before",
                     found, "choose another folder for -o, or remove this one yourself");
  };
  ExpectRefused({"m.onnx", "-o", "photos"},
                refused("photos", "a folder without a plan.json of ours"));
  ExpectRefused({"m.onnx", "-o", "photos/cat.txt"}, refused("photos/cat.txt", "a file"));
  // Before the model is read, so before a long calibration.
  ExpectRefused(
      {"nothing.onnx", "-o", "photos/cat.txt/firmware"},
      ErrorText("file/write-failed", "photos/cat.txt/firmware", "a place that can be written",
                "Not a directory", "check the path and the disk, then run the same command again"));
  EXPECT_EQ(at_.Files("photos"), (std::map<std::string, std::string>{{"cat.txt", "cat"}}));
}

TEST_F(CompileErrors, WrongFilesOfABoardAreNamedWhereTheyLie) {
  WriteSmallModel();
  const char* sources = std::getenv("TINYFORMER_SOURCE_DIR");
  std::filesystem::copy(std::string(sources != nullptr ? sources : ".") + "/boards",
                        at_.Path("boards"), std::filesystem::copy_options::recursive);
  at_.Write("boards/stm32f746/startup.c", "int broken = ;\n");
  Surroundings own_boards;
  own_boards.variables["TINYFORMER_BOARDS"] = at_.Path("boards");
  const Ended ended = at_.Run({"compile", "m.onnx", "-o", "firmware"}, own_boards);
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(at_.Normalised(ended.errors),
            ErrorText("sim/compile", "DIR/here/boards/stm32f746/startup.c", "code that compiles",
                      "DIR/here/boards/stm32f746/startup.c:1:14: error: expected expression before "
                      "';' token",
                      "compile the model again; if you changed the folder, correct that file"));
  EXPECT_FALSE(at_.Exists("firmware"));
  EXPECT_EQ(at_.Temporaries(), std::vector<std::string>{});
}

class DoesNotFit : public CompileErrors {
 protected:
  // The text form, after checking that the JSON form says the same.
  std::string Text(const Graph& graph, int64_t* flash_bytes = nullptr) const {
    at_.Write("m.onnx", Int8Onnx(graph));
    const Ended json = at_.Run({"compile", "m.onnx", "-o", "firmware", "--json"});
    EXPECT_EQ(json.status, 3);
    EXPECT_EQ(json.errors, "");
    const Json object = ParseJson(json.output, "standard output");
    EXPECT_EQ(object.at("fits"), false);
    if (flash_bytes != nullptr) *flash_bytes = object.at("flash_bytes");
    EXPECT_EQ(object.at("error").at("code"), "compile/does-not-fit");
    const Ended text = at_.Run({"compile", "m.onnx", "-o", "firmware"});
    EXPECT_EQ(text.status, 3);
    EXPECT_EQ(text.output, "");
    EXPECT_EQ(text.errors, "error[compile/does-not-fit] m.onnx\n" +
                               object.at("error").at("found").get<std::string>() + "\n");
    EXPECT_FALSE(at_.Exists("firmware"));
    return text.errors;
  }
};

TEST_F(DoesNotFit, TooMuchRamNamesThePeaksTensorsAndWhatWouldHelp) {
  EXPECT_EQ(Text(WideNetwork()),
            "error[compile/does-not-fit] m.onnx\n"
            "model 'network' does not fit stm32f746 (estimated before building)\n"
            "RAM: 516,576 bytes of 327,680, 188,896 too many\n"
            "  arena 508,384 bytes, stack 8,192 bytes\n"
            "alive at the peak, layer 2 'Conv5'\n"
            "  Relu3: 245,760 bytes\n"
            "  Conv5: 262,144 bytes\n"
            "  scratch of Conv5: 480 bytes\n"
            "what would help\n"
            "  --target stm32h743 fits\n"
            "  at least 188,896 bytes less of tensors at the peak: fewer channels, a smaller "
            "expansion, a smaller image\n");
  EXPECT_EQ(at_.Run({"compile", "m.onnx", "-o", "firmware", "--target", "stm32h743"}).status, 0);
}

TEST_F(DoesNotFit, TooMuchFlashNamesTheLargestLayersAndWhatWouldHelp) {
  constexpr int64_t kLimit = 1048576, kWeights = 921088 + 409600 + 1824;
  int64_t flash = 0;
  const std::string text = Text(HeavyNetwork(), &flash);
  // The rest is code, which changes with the kernels.
  EXPECT_GT(flash, kWeights + 1000);
  EXPECT_LT(flash, kWeights + 8000);
  EXPECT_EQ(text,
            "error[compile/does-not-fit] m.onnx\n"
            "model 'network' does not fit stm32f746 (estimated before building)\n"
            "flash: " +
                WithThousands(flash) + " bytes of 1,048,576, " + WithThousands(flash - kLimit) +
                " too many\n"
                "largest layers\n"
                "  Gemm7: 921,088 bytes\n"
                "  Gemm4: 409,600 bytes\n"
                "  Gemm10: 1,824 bytes\n"
                "what would help\n"
                "  --target stm32h743 fits\n"
                "  at least " +
                WithThousands(flash - kLimit) +
                " bytes less of weights: prune the largest layers more (tinyformer compress "
                "--sparsity), or make them narrower\n");
  EXPECT_EQ(at_.Run({"compile", "m.onnx", "-o", "firmware", "--target", "stm32h743"}).status, 0);
}

TEST_F(DoesNotFit, TheLinkerDecidesWhenTheEstimateIsClose) {
  Surroundings without;
  without.variables["PATH"] = "/nothing";
  // The narrowest network that the estimate, which is a little above what is linked, refuses.
  const auto estimate = [&](int64_t width) {
    at_.Write("m.onnx", Int8Onnx(MixedNetwork(width)));
    return at_.Run({"compile", "m.onnx", "-o", "firmware", "--json"}, without);
  };
  int64_t fits = 2150, refused = 2250;
  while (refused - fits > 1) {
    const int64_t middle = (fits + refused) / 2;
    (estimate(middle).status == 0 ? fits : refused) = middle;
  }
  std::filesystem::remove_all(at_.Path("firmware"));
  const Ended estimated = estimate(refused);
  EXPECT_EQ(estimated.status, 3);
  EXPECT_FALSE(at_.Exists("firmware"));
  EXPECT_NE(estimated.output.find(" of 1,048,576, "), std::string::npos) << estimated.output;
  const Json linked = at_.RunJson({"compile", "m.onnx", "-o", "firmware"});
  EXPECT_EQ(linked.at("fits"), true);
  EXPECT_LT(linked.at("flash_bytes"), 1048576);
  EXPECT_LE(linked.at("flash_bytes"), linked.at("flash_estimate_bytes"));
  EXPECT_TRUE(at_.Exists("firmware/plan.json"));
}

TEST_F(CompileErrors, AFullDiskLeavesTheOldFirmware) {
  WriteSmallModel();
  ASSERT_EQ(at_.Run({"compile", "m.onnx", "-o", "firmware"}).status, 0);
  const auto before = at_.Files("firmware");
  for (rlim_t bytes : {64, 4096, 20000}) {
    Surroundings full;
    full.max_file_bytes = bytes;
    const Ended ended = at_.Run({"compile", "m.onnx", "-o", "firmware"}, full);
    EXPECT_EQ(ended.status, 2) << ended.errors;
    EXPECT_EQ(at_.Files("firmware"), before) << bytes;
    EXPECT_EQ(at_.Temporaries(), std::vector<std::string>{}) << bytes;
  }
}

TEST_F(CompileErrors, InterruptedOrKilledLeavesTheOldFirmwareAndCanBeRepeated) {
  WriteSmallModel();
  at_.Write("float.onnx", WriteOnnx(ColourNetwork()));
  ASSERT_EQ(at_.Run({"compile", "m.onnx", "-o", "firmware"}).status, 0);
  const auto before = at_.Files("firmware");

  pid_t pid = at_.Start({"compile", "m.onnx", "-o", "firmware", "--codec", "dense"});
  Ended ended = at_.StopWhen(pid, SIGINT, [&] { return at_.TemporaryExists("firmware_main.cc"); });
  EXPECT_EQ(ended.status, 130);
  EXPECT_EQ(ended.errors, "stopped\n");
  EXPECT_EQ(at_.Files("firmware"), before);
  EXPECT_EQ(at_.Temporaries(), std::vector<std::string>{});

  pid = at_.Start({"compile", "float.onnx", "--calibrate", "synthetic", "-o", "firmware"});
  ended = at_.StopWhen(pid, SIGINT, [&] { return CommandLineTest::ListensToInterrupts(pid); });
  EXPECT_EQ(ended.status, 130);
  EXPECT_EQ(at_.Files("firmware"), before);

  pid = at_.Start({"compile", "m.onnx", "-o", "firmware", "--prefix", "other"});
  ended = at_.StopWhen(pid, SIGKILL, [&] { return at_.TemporaryExists("firmware_main.cc"); });
  EXPECT_EQ(ended.status, -SIGKILL);
  EXPECT_EQ(at_.Files("firmware"), before);
  EXPECT_EQ(at_.Run({"compile", "m.onnx", "-o", "firmware", "--prefix", "other"}).status, 0);
  EXPECT_TRUE(at_.Exists("firmware/other.h"));
}

}  // namespace
}  // namespace tinyformer
