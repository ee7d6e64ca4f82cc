// What the options of compile and run change, on a network with random pruned weights.
#include <gtest/gtest.h>

#include "compiler/export/write_onnx.h"
#include "compiler/import/read_onnx.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/calibrate.h"
#include "compiler/quantize/quantize_graph.h"
#include "data/dataset.h"
#include "search/build_graph.h"
#include "search/testing_network.h"
#include "tests/command_line.h"
#include "tests/int8_models.h"

namespace tinyformer {
namespace {

// The network as int8 ONNX, calibrated on noise.
std::string Int8Model() {
  const Graph graph = BuildGraph(TinyGenome(), RandomWeights(TinyGenome(), 3), "weights");
  CalibrationImages images;
  images.count = 2;
  images.read = [](int64_t index, float* input) {
    Rng rng(static_cast<uint64_t>(index), "image");
    for (int i = 0; i < 3 * 32 * 32; ++i) input[i] = static_cast<float>(rng.Uniform(-2, 2));
  };
  return WriteOnnx(Calibrate(graph, images, CalibrationOptions{}));
}

// A .npy file of images, channels last; type "|i1" or "<f4".
template <typename T>
std::string NumpyImages(const std::string& type, const std::vector<T>& images) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" +
                       std::to_string(images.size() / (3 * 32 * 32)) + ", 32, 32, 3), }";
  header.resize(117, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header +
         std::string(reinterpret_cast<const char*>(images.data()), images.size() * sizeof(T));
}

// Validation images spread evenly over all, normalised, channels last.
std::vector<float> ValidationImages(int64_t count) {
  const Dataset data = OpenDataset("synthetic");
  std::vector<uint8_t> pixels(3 * 32 * 32);
  std::vector<float> images;
  for (int64_t i = 0; i < count; ++i) {
    data.validation->Read(i * data.validation->size() / count, pixels.data());
    for (size_t p = 0; p < pixels.size(); ++p) {
      images.push_back((static_cast<float>(pixels[p]) / 255 - data.info.mean[p % 3]) /
                       data.info.stddev[p % 3]);
    }
  }
  return images;
}

// Without the Arm compiler: sizes are then estimates, and compile takes a tenth of the time.
Surroundings WithoutCompiler() {
  Surroundings without;
  without.variables["PATH"] = "/nothing";
  return without;
}

class OptionsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    at_ = new CommandLineTest;
    at_->Write("model.onnx", Int8Model());
    at_->RunJson({"compile", "model.onnx", "-o", "firmware"}, "compile.json");
  }
  static void TearDownTestSuite() {
    delete at_;
    at_ = nullptr;
  }
  static Json Compile(const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"compile", "model.onnx", "-o", "other"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return at_->RunJson(arguments, "", WithoutCompiler());
  }

  static CommandLineTest* at_;
};
CommandLineTest* OptionsTest::at_ = nullptr;

int CountLayers(const Json& compiled, const std::string& codec) {
  int count = 0;
  for (const Json& layer : compiled.at("layers")) count += layer.at("codec") == codec;
  return count;
}

// Blocks that run length stores: those with a weight, and fillers where 255 blocks do not reach.
int64_t StoredBlocks(const std::vector<int8_t>& weights, int64_t block) {
  int64_t stored = 0, last = -1;
  for (int64_t i = 0; i < static_cast<int64_t>(weights.size()) / block; ++i) {
    bool zero = true;
    for (int64_t j = 0; j < block; ++j) zero &= weights[static_cast<size_t>(i * block + j)] == 0;
    if (zero) continue;
    stored += 1 + (i - last - 1) / 255;
    last = i;
  }
  return stored;
}

TEST_F(OptionsTest, ThePapersCodeTakesEquation5PlusFillers) {
  const Json compiled = Compile({"--codec", "rlc", "--optimize", "size"});
  const Graph graph = QuantizeGraph(Lower(ReadOnnx(at_->Path("model.onnx"))));
  int checked = 0;
  for (const Json& layer : compiled.at("layers")) {
    if (layer.at("codec") != "rlc") continue;
    for (const Node& node : graph.nodes) {
      if (node.name != layer.at("name")) continue;
      const std::vector<int8_t> weights = graph.value(node.inputs.at(1)).Elements<int8_t>();
      const int64_t block = layer.at("block");
      const int64_t parameters =
          layer.at("dense_bytes").get<int64_t>() - static_cast<int64_t>(weights.size());
      EXPECT_EQ(layer.at("weight_bytes").get<int64_t>() - parameters,
                StoredBlocks(weights, block) * (block + 1))
          << node.name;
      ++checked;
    }
  }
  EXPECT_GE(checked, 15);
  EXPECT_EQ(CountLayers(compiled, "bitmap"), 0);
}

TEST_F(OptionsTest, CodecDecidesHowWeightsAreStored) {
  const Json dense = Compile({"--codec", "dense"}), bitmap = Compile({"--codec", "bitmap"});
  EXPECT_EQ(CountLayers(dense, "rlc") + CountLayers(dense, "bitmap"), 0);
  EXPECT_EQ(dense.at("effective_macs"), dense.at("macs"));
  EXPECT_EQ(CountLayers(bitmap, "rlc"), 0);
  EXPECT_GT(CountLayers(bitmap, "bitmap"), 10);
  EXPECT_LT(bitmap.at("weight_bytes"), dense.at("weight_bytes"));
}

TEST_F(OptionsTest, OptimizeTradesBytesForCycles) {
  const Json size = Compile({"--optimize", "size"}), speed = Compile({"--optimize", "speed"}),
             ram = Compile({"--optimize", "ram"});
  EXPECT_LT(speed.at("cycles_estimate"), size.at("cycles_estimate"));
  EXPECT_LT(size.at("flash_bytes"), speed.at("flash_bytes"));
  for (const Json* other : {&size, &speed}) {
    EXPECT_LE(ram.at("arena_bytes"), other->at("arena_bytes"));
    EXPECT_LE(size.at("flash_bytes"), other->at("flash_bytes"));
  }
}

TEST_F(OptionsTest, WithoutTheArmCompilerSizesAreEstimatedAndTheFirmwareIsTheSame) {
  const Ended ended =
      at_->Run({"compile", "model.onnx", "-o", "other", "--json"}, WithoutCompiler());
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.errors,
            "warning: no arm-none-eabi-g++ here: sizes are estimates, not the linker's\n");
  const Json estimated = ParseJson(ended.output, "standard output");
  EXPECT_EQ(estimated.at("sizes"), "estimated");
  const Json linked = ParseJson(at_->Read("compile.json"), "compile.json");
  for (const char* key : {"flash_bytes", "ram_peak_bytes"}) {
    const double now = estimated.at(key), then = linked.at(key);
    EXPECT_NEAR(now, then, 0.25 * then) << key;
  }
  EXPECT_TRUE(at_->Files("other") == at_->Files("firmware", "build"));
}

TEST_F(OptionsTest, PrefixNamesFunctionsMacrosAndFiles) {
  Compile({"--prefix", "door_bell", "--codec", "rlc", "--optimize", "size"});
  const auto files = at_->Files("other", "build");
  EXPECT_TRUE(files.count("door_bell.h")) << "no door_bell.h";
  EXPECT_FALSE(files.count("model.h"));
  EXPECT_NE(files.at("door_bell.h").find("int door_bell_invoke("), std::string::npos);
  EXPECT_NE(files.at("door_bell.h").find("TF_DOOR_BELL_ARENA_BYTES"), std::string::npos);
  EXPECT_EQ(at_->RunJson({"run", "other", "--images", "1"}).at("bit_exact"), true);
}

TEST_F(OptionsTest, WithoutDataTheEmulatorIsComparedWithTheHost) {
  const Json run = at_->RunJson({"run", "firmware"});
  EXPECT_EQ(run.at("images"), 4);
  EXPECT_EQ(run.at("bit_exact"), true);
  EXPECT_TRUE(run.at("accuracy").is_null());
  const Ended text = at_->Run({"run", "firmware", "--images", "1"});
  EXPECT_EQ(text.status, 0) << text.errors;
  EXPECT_TRUE(text.output.starts_with("1 image on the emulator\ninstructions ")) << text.output;
  EXPECT_TRUE(text.output.ends_with("every output byte equals the host's\n")) << text.output;
}

TEST_F(OptionsTest, AModelThatIsNoBetterThanGuessingIsSaidToBe) {
  const Ended run = at_->Run(
      {"run", "firmware", "--data", "synthetic", "--images", "64", "--on", "host", "--json"});
  const std::string correct = ParseJson(run.output, "standard output").at("correct").dump();
  EXPECT_TRUE(run.errors.ends_with(
      "\nnote: " + correct +
      " of 64 right: guessing among 10 classes is as good. Was the model trained on other data, "
      "with its classes in another order, or with another --mean and --stddev?\n"))
      << run.errors;
}

TEST_F(OptionsTest, ImagesAsNumpyArrayGiveWhatTheDataSetGives) {
  const Json data = at_->RunJson({"run", "firmware", "--data", "synthetic", "--split", "validation",
                                  "--images", "5", "--on", "host", "--output", "data.npy"});
  EXPECT_EQ(data.at("split"), "validation");
  at_->Write("x.npy", NumpyImages("<f4", ValidationImages(5)));
  const Json array = at_->RunJson(
      {"run", "firmware", "--input", "x.npy", "--on", "host", "--output", "array.npy"});
  EXPECT_EQ(array.at("images"), 5);
  EXPECT_TRUE(array.at("accuracy").is_null());
  EXPECT_EQ(Checksum(at_->Read("array.npy")), Checksum(at_->Read("data.npy")));
  EXPECT_NE(at_->Read("array.npy").find("'shape': (5, 10,)"), std::string::npos);
  EXPECT_EQ(at_->Read("array.npy").size(), 128u + 5 * 10);
}

TEST_F(OptionsTest, HostAndEmulatorWriteTheSameArray) {
  Rng rng(5, "images");
  std::vector<int8_t> images(2 * 3 * 32 * 32);
  for (int8_t& byte : images) byte = static_cast<int8_t>(static_cast<int>(rng.Below(256)) - 128);
  at_->Write("x.npy", NumpyImages("|i1", images));
  for (const char* on : {"host", "emulator"}) {
    at_->RunJson(
        {"run", "firmware", "--input", "x.npy", "--on", on, "--output", std::string(on) + ".npy"});
  }
  EXPECT_EQ(Checksum(at_->Read("host.npy")), Checksum(at_->Read("emulator.npy")));
}

TEST_F(OptionsTest, CompileReplacesADamagedFirmwareFolderAndItsBuilds) {
  std::filesystem::copy(
      at_->Path("firmware"), at_->Path("other"),
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  at_->Write("other/notes.txt", "gone with the folder");
  at_->Write("other/model.cc", "damaged");
  Compile({});
  EXPECT_TRUE(at_->Files("other") == at_->Files("firmware", "build"));
  EXPECT_EQ(at_->Temporaries(), std::vector<std::string>{});
}

TEST_F(OptionsTest, FlashIsCodeWeightsTablesAndDataAndLittleMore) {
  const Json compiled = ParseJson(at_->Read("compile.json"), "compile.json");
  int64_t rest = compiled.at("flash_bytes");
  for (const char* part :
       {"code_bytes", "weight_bytes", "table_bytes", "data_bytes", "harness_bytes"})
    rest -= compiled.at(part).get<int64_t>();
  EXPECT_GE(rest, 0);
  EXPECT_LT(rest, 64) << "alignment";
}

TEST(LimitTest, LeavesRoomForOtherCode) {
  NetworkBuilder b(1, {1, 3, 32, 32});
  b.x = b.Node1("Relu", {b.Conv(b.x, 40, 3)});
  b.x = b.MaxPool(b.Conv(b.x, 8, 3));
  b.x = b.Gemm(b.Reshape(b.x, {1, 2048}), 4);
  const CommandLineTest at;
  at.Write("model.onnx", Int8Onnx(b.Build()));
  const auto compile = [&](const std::string& more) {
    return at.RunJson(Words("compile model.onnx -o out" + more));
  };
  const Json all = compile("");
  const int64_t most = all.at("ram_peak_bytes"), ram = most * 19 / 20;
  EXPECT_LE(compile(" --target stm32h743 --limit ram=" + std::to_string(ram)).at("ram_peak_bytes"),
            ram);
  const std::string limit = "flash=900kB,ram=" + std::to_string(ram);
  const Json within = compile(" --limit " + limit);
  EXPECT_EQ(within.at("flash_limit_bytes"), 900000);
  EXPECT_EQ(within.at("ram_limit_bytes"), ram);
  EXPECT_LE(within.at("ram_peak_bytes"), ram);
  EXPECT_EQ(within.at("provenance").at("flags"),
            "--codec auto --optimize balanced --limit " + limit);

  const Ended refused = at.Run(Words("compile model.onnx -o none --limit ram=9kB --json"));
  EXPECT_EQ(refused.status, 3);
  const Json error = ParseJson(refused.output, "standard output").at("error");
  EXPECT_EQ(error.at("expected"), "a model that fits stm32f746 --limit ram=9kB");
  EXPECT_EQ(error.at("fix"), "do what 'what would help' names, or raise --limit");
  EXPECT_EQ(error.at("found").get<std::string>().find("--target"), std::string::npos);
  at.ExpectRefused(
      Words("compile model.onnx -o none --limit latency=5ms"),
      ErrorText("cli/limit", "--limit latency", "flash= or ram=", "latency=",
                "leave it out; compile prints estimated cycles, and keeps to bytes only"));
  at.ExpectRefused(Words("compile model.onnx -o none --limit ram=1MB"),
                   ErrorText("cli/limit", "--limit ram", "at most the target's 327680 bytes",
                             "1000000 bytes", "write for example --limit flash=980kB,ram=300KiB"));
}

TEST(ZooTest, EveryModelIsAsItsCardSays) {
  const CommandLineTest at;
  const Json verified = at.RunJson({"zoo", "verify"});
  EXPECT_GE(verified.at("models").size(), 2u);
}

TEST(ZooTest, ADamagedCardIsNamedAndTheOthersAreVerified) {
  const CommandLineTest at;
  at.Write("zoo/a.json", "");
  at.Write("zoo/b.json", R"({"format": "tinyformer-card", "name": "b", "target": "stm32f746",
                             "bytes": {"flash": 1234}})");
  at.Write("zoo/b.onnx", Int8Model());
  Surroundings zoo;
  zoo.variables["TINYFORMER_ZOO"] = at.Path("zoo");
  const Ended json = at.Run({"zoo", "verify", "--json"}, zoo);
  EXPECT_EQ(json.status, 2);
  const Json models = ParseJson(json.output, "standard output").at("models");
  const auto linked = models.at(1).at("error").at("found").get<std::string>();
  EXPECT_TRUE(linked.starts_with("flash ")) << linked;
  const Ended text = at.Run({"zoo", "verify"}, zoo);
  EXPECT_EQ(text.status, 2);
  EXPECT_EQ(text.errors, "a: not as its card says\n" +
                             ErrorText("json/syntax", at.Path("zoo/a.json"), "JSON",
                                       "an empty file", "correct the file there") +
                             "b: not as its card says\n" +
                             ErrorText("zoo/bytes", at.Path("zoo/b.json"),
                                       "flash 1,234, ram_peak -, weights -, as the card says",
                                       linked, "write the card anew (zoo/README.md)"));
}

TEST(BenchTest, MeasuresAKernelBesideThePlainLoops) {
  const CommandLineTest at;
  const Json json = at.RunJson({"bench", "kernels", "--only", "softmax"});
  ASSERT_EQ(json.at("kernels").size(), 1u);
  const Json& row = json.at("kernels").at(0);
  EXPECT_EQ(row.at("kernel"), "softmax_s8");
  EXPECT_EQ(row.at("shape"), "256x256");
  EXPECT_LT(row.at("fast").at("cycles_estimate"), row.at("plain_dense").at("cycles_estimate"));
  const Ended table = at.Run({"bench", "kernels", "--only", "softmax"});
  EXPECT_EQ(table.status, 0) << table.errors;
  EXPECT_NE(table.output.find("softmax_s8  256x256"), std::string::npos) << table.output;
  EXPECT_EQ(at.Temporaries(), std::vector<std::string>{});
}

}  // namespace
}  // namespace tinyformer
