// The whole path on built-in images: train, compress, compile, run, profile, report.
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/safetensors.h"
#include "compiler/export/write_onnx.h"
#include "search/build_graph.h"
#include "search/testing_network.h"
#include "tests/command_line.h"

namespace tinyformer {
namespace {

std::vector<std::string> Compress(const std::string& run, const std::string& model) {
  std::vector<std::string> words = Words(
      "compress --data synthetic --epochs 1 --batch 16 --ema 0 --limit-train 64 --threads 1"
      " --seed 7 --recalibration-batches 4 --calibration-images 16 --calibration-method minmax"
      " --check-images 8");
  words.insert(words.end(), {run, "-o", model});
  return words;
}

// Trains, prunes and compiles in <folder>/run, model.onnx, firmware.
void MakeFirmware(const CommandLineTest& at, const std::string& folder) {
  const std::string run = folder + "/run", model = folder + "/model.onnx";
  at.Write(folder + "/genome.json", ToJson(TinyGenome()).dump());
  std::vector<std::string> train = Words(
      "train --data synthetic --epochs 2 --batch 16 --lr 0.01 --ema 0 --limit-train 64 --threads 1"
      " --seed 7");
  train.insert(train.end(), {"--genome", folder + "/genome.json", "-o", run});
  const Ended trained = at.Run(train);
  ASSERT_EQ(trained.status, 0) << trained.errors;
  const Json compressed = at.RunJson(Compress(run, model), folder + "/compress.json");
  EXPECT_EQ(compressed.value("model", ""), model);
  EXPECT_NEAR(compressed.value("sparsity", 0.0), 0.6, 0.02);
  EXPECT_EQ(compressed.value("validation_images_int8", 0), 8);
  at.RunJson({"compile", model, "--target", "stm32f746", "-o", folder + "/firmware"},
             folder + "/compile.json");
}

void ExpectKeys(const Json& object, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) EXPECT_TRUE(object.contains(key)) << key;
}

class PathTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    at_ = new CommandLineTest;
    MakeFirmware(*at_, "a");
  }
  static void TearDownTestSuite() {
    delete at_;
    at_ = nullptr;
  }
  static Json Compiled() { return ParseJson(at_->Read("a/compile.json"), "a/compile.json"); }

  static CommandLineTest* at_;
};
CommandLineTest* PathTest::at_ = nullptr;

TEST_F(PathTest, CompileSaysWhatTheFirmwareNeeds) {
  const Json json = Compiled();
  ExpectKeys(json,
             {"target", "fits", "flash_bytes", "flash_limit_bytes", "code_bytes", "weight_bytes",
              "ram_peak_bytes", "ram_limit_bytes", "arena_bytes", "arena_lower_bound_bytes",
              "stack_bytes", "macs", "effective_macs", "cycles_estimate", "layers", "provenance"});
  EXPECT_EQ(json.at("target"), "stm32f746");
  EXPECT_EQ(json.at("fits"), true);
  EXPECT_EQ(json.at("sizes"), "linked");
  EXPECT_LT(json.at("flash_bytes"), json.at("flash_limit_bytes"));
  EXPECT_LT(json.at("ram_peak_bytes"), json.at("ram_limit_bytes"));
  EXPECT_GE(json.at("arena_bytes"), json.at("arena_lower_bound_bytes"));
  EXPECT_LT(json.at("effective_macs"), json.at("macs"));
  for (const Json& layer : json.at("layers")) {
    ExpectKeys(layer, {"name", "op", "kernel", "codec", "block", "sparsity", "weight_bytes", "macs",
                       "effective_macs", "cycles_estimate"});
  }
}

TEST_F(PathTest, RunsOnHostAndEmulatorProfilesAndReports) {
  const Json host = at_->RunJson({"run", "a/firmware", "--data", "synthetic", "--images", "40",
                                  "--on", "host", "--compare", "a/run"},
                                 "a/run.json");
  const std::vector<std::string> keys = {"images",
                                         "correct",
                                         "accuracy",
                                         "bit_exact",
                                         "instructions_min",
                                         "instructions_max",
                                         "cycles_estimate",
                                         "stack_peak_bytes",
                                         "ram_touched_bytes",
                                         "on",
                                         "accuracy_float",
                                         "accuracy_pruned"};
  ExpectKeys(host, keys);
  EXPECT_EQ(host.at("images"), 40);
  EXPECT_EQ(host.at("on"), "host");
  EXPECT_DOUBLE_EQ(host.at("accuracy").get<double>(), host.at("correct").get<double>() / 40);
  const Json pruned = at_->RunJson({"run", "a/firmware", "--data", "synthetic", "--images", "40",
                                    "--on", "host", "--compare", "a/run/compressed"},
                                   "pruned.json");
  EXPECT_FALSE(pruned.contains("accuracy_float")) << "that network is not dense";
  EXPECT_EQ(pruned.at("accuracy_pruned"), host.at("accuracy_pruned"));

  const Json emulated =
      at_->RunJson({"run", "a/firmware", "--data", "synthetic", "--images", "3", "--cycles"},
                   "a/run-emulator.json");
  EXPECT_EQ(emulated.at("images"), 3);
  EXPECT_EQ(emulated.at("on"), "emulator");
  EXPECT_EQ(emulated.at("bit_exact"), true);
  EXPECT_EQ(emulated.at("instructions_min"), emulated.at("instructions_max"));
  EXPECT_GT(emulated.at("cycles_estimate"), 0);
  const Json plan = ParseJson(at_->Read("a/firmware/plan.json"), "plan.json");
  EXPECT_EQ(emulated.at("arena_touched_bytes"), plan.at("arena_bytes"));
  EXPECT_LE(emulated.at("ram_touched_bytes"), Compiled().at("ram_peak_bytes"));
  EXPECT_LE(emulated.at("stack_peak_bytes"), Compiled().at("stack_bytes"));

  const Json profile = at_->RunJson({"profile", "a/firmware"}, "a/profile.json");
  ExpectKeys(profile, {"instructions", "cycles_estimate", "cycles_error", "layers"});
  ASSERT_EQ(profile.at("layers").size(), plan.at("layers").size());
  int64_t sum = 0;
  for (const Json& layer : profile.at("layers")) {
    ExpectKeys(layer,
               {"name", "op", "kernel", "instructions", "cycles_estimate", "instructions_per_mac"});
    sum += layer.at("instructions").get<int64_t>();
  }
  EXPECT_LE(sum, profile.at("instructions").get<int64_t>());
  EXPECT_GT(sum, profile.at("instructions").get<int64_t>() * 9 / 10);

  const Json report = at_->RunJson({"report", "a", "-o", "a/report.html"});
  EXPECT_EQ(report.at("missing"), Json::array());
  const std::string page = at_->Read("a/report.html");
  EXPECT_EQ(report.at("bytes"), page.size());
  char accuracy[32];
  std::snprintf(accuracy, sizeof accuracy, "%.2f", 100 * host.at("accuracy").get<double>());
  EXPECT_NE(page.find(accuracy), std::string::npos) << accuracy;
  for (const char* external : {"src=\"http", "href=\"http", "url(http", "@import", "//cdn"})
    EXPECT_EQ(page.find(external), std::string::npos) << external;
  EXPECT_EQ(at_->Temporaries(), std::vector<std::string>{});
}

TEST_F(PathTest, TheSameSeedGivesTheSameBytesInOtherFolders) {
  const auto tensors = ReadTensors(at_->Path("a/run/compressed/model.safetensors")).tensors;
  for (const char* folder : {"b", "c/with a blank"}) {
    SCOPED_TRACE(folder);
    const std::string name = folder;
    MakeFirmware(*at_, name);
    for (const char* file : {"/run/model.safetensors", "/run/compressed/model.safetensors"}) {
      const auto first = ReadTensors(at_->Path("a") + file).tensors;
      const auto again = ReadTensors(at_->Path(name) + file).tensors;
      ASSERT_EQ(first.size(), again.size());
      for (const auto& [key, tensor] : first)
        EXPECT_EQ(tensor.bytes, again.at(key).bytes) << file << " " << key;
    }
    EXPECT_EQ(Checksum(at_->Read(name + "/model.onnx")), Checksum(at_->Read("a/model.onnx")));
    const auto before = at_->Files("a/firmware", "build");
    const auto now = at_->Files(name + "/firmware", "build");
    ASSERT_EQ(before.size(), now.size());
    for (const auto& [path, bytes] : before) EXPECT_TRUE(now.at(path) == bytes) << path;
  }
}

TEST_F(PathTest, AMovedRunIsCompressedAgainToTheSameModel) {
  std::filesystem::copy(at_->Path("a/run"), at_->Path("moved"),
                        std::filesystem::copy_options::recursive);
  std::filesystem::rename(at_->Path("a/run"), at_->Path("a/gone"));
  const Ended ended = at_->Run(Compress("moved", "moved.onnx"));
  std::filesystem::rename(at_->Path("a/gone"), at_->Path("a/run"));
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(Checksum(at_->Read("moved.onnx")), Checksum(at_->Read("a/model.onnx")));
  EXPECT_NE(ended.output.find("sparsity 60"), std::string::npos) << ended.output;
}

TEST_F(PathTest, TheSameNetworkInFloatIsCalibratedWhileItIsCompiled) {
  const TensorFile weights = ReadTensors(at_->Path("a/run/compressed/model.safetensors"));
  at_->Write("float.onnx", WriteOnnx(BuildGraph(TinyGenome(), weights.tensors, "weights")));
  const Json json =
      at_->RunJson({"compile", "float.onnx", "--calibrate", "synthetic", "--calibration-images",
                    "16", "--calibration-method", "minmax", "-o", "from-float"});
  EXPECT_EQ(json.at("fits"), true);
  // The same images and ranges as compress took: the same program.
  EXPECT_EQ(Checksum(at_->Read("from-float/weights.cc")),
            Checksum(at_->Read("a/firmware/weights.cc")));
  EXPECT_EQ(Checksum(at_->Read("from-float/model.cc")), Checksum(at_->Read("a/firmware/model.cc")));
}

}  // namespace
}  // namespace tinyformer
