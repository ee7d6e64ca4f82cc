// What the commands share: images as inputs, arrays, tables, runs in parts.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <limits>

#include "base/file.h"
#include "cli/command.h"
#include "cli/float_accuracy.h"
#include "cli/model_images.h"
#include "cli/npy_file.h"
#include "cli/run_in_parts.h"
#include "cli/text_table.h"
#include "sim/sim_test_files.h"

namespace tinyformer {
namespace {

// Two pixels of two channels; image i holds 10 i, 10 i + 1, ...
class CountingImages : public ImageSet {
 public:
  int64_t size() const override { return 8; }
  int label(int64_t index) const override { return static_cast<int>(index % 2); }
  void Read(int64_t index, uint8_t* pixels) const override {
    for (int i = 0; i < 4; ++i) pixels[i] = static_cast<uint8_t>(10 * index + i);
  }
};

DatasetInfo CountingInfo() {
  DatasetInfo info;
  info.spec = "counting";
  info.height = 1;
  info.width = 2;
  info.channels = 2;
  info.class_names = {"even", "odd"};
  info.mean = {0, 0};
  info.stddev = {1, 1};
  return info;
}

Firmware CountingFirmware() {
  Firmware firmware;
  firmware.input_shape = {1, 1, 2, 2};
  firmware.output_shape = {1, 3};
  firmware.input_bytes = 4;
  firmware.output_bytes = 3;
  firmware.input_scale = 0.5;
  firmware.input_zero_point = -1;
  return firmware;
}

TEST(ModelImages, AreNormalisedIntoPlanesOfChannels) {
  const CountingImages images;
  std::vector<float> input(4);
  ReadNormalized(images, CountingInfo(), {{0.0F, 1.0F / 255}, {1.0F / 255, 2.0F / 255}}, 2,
                 input.data());
  // Pixels 20 21 | 22 23: channel 0 is 20, 22; channel 1 is (21 - 1) / 2, (23 - 1) / 2.
  for (size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(input[i], (std::vector<float>{20, 22, 10, 11})[i], 1e-5) << i;
}

TEST(ModelImages, AreQuantizedChannelsLast) {
  const Quantization q = Quantization::PerTensor(1.0F / 255, -128);
  const std::vector<int8_t> inputs =
      QuantizeImages(CountingImages(), CountingInfo(), {{0, 0}, {1, 1}}, q, 1, 2);
  EXPECT_EQ(inputs, (std::vector<int8_t>{-118, -117, -116, -115, -108, -107, -106, -105}));
}

TEST(ModelImages, CalibrateOnImagesSpreadOverTheSet) {
  Dataset data;
  data.info = CountingInfo();
  data.train = std::make_shared<CountingImages>();
  const CalibrationImages images = TrainingImages(data, {{0, 0}, {1.0F / 255, 1.0F / 255}}, 4);
  ASSERT_EQ(images.count, 4);
  std::vector<float> input(4);
  for (int64_t i = 0; i < 4; ++i) {
    images.read(i, input.data());
    EXPECT_NEAR(input[0], 20.0F * static_cast<float>(i), 1e-4);
  }
  EXPECT_EQ(TrainingImages(data, {{0, 0}, {1, 1}}, 100).count, 8);
}

TEST(ChooseNormalization, TakesOneNumberForAllChannels) {
  const Normalization n = ChooseNormalization(CountingInfo(), "0.5", "0.25,0.125");
  EXPECT_EQ(n.mean, (std::vector<float>{0.5, 0.5}));
  EXPECT_EQ(n.stddev, (std::vector<float>{0.25, 0.125}));
}

TEST(ChooseNormalization, RefusesWhatIsNoDeviation) {
  EXPECT_EQ(ErrorText([] { ChooseNormalization(CountingInfo(), "0.5,x", ""); }),
            "error[cli/normalization] --mean\n"
            "  expected: 2 numbers, or one for all channels\n"
            "  found:    '0.5,x'\n"
            "  fix:      write for example --mean 0.5");
  EXPECT_EQ(ErrorText([] { ChooseNormalization(CountingInfo(), "", "1,2,3"); }),
            "error[cli/normalization] --stddev\n"
            "  expected: 2 numbers, or one for all channels\n"
            "  found:    '1,2,3'\n"
            "  fix:      write for example --stddev 0.5");
  DatasetInfo grey = CountingInfo();
  grey.channels = 1;
  EXPECT_EQ(ErrorText([&] { ChooseNormalization(grey, "0.5,0.5,0.5", ""); }),
            "error[cli/normalization] --mean\n"
            "  expected: one number: the images have one channel\n"
            "  found:    '0.5,0.5,0.5'\n"
            "  fix:      write for example --mean 0.5");
  EXPECT_EQ(ErrorText([] { ChooseNormalization(CountingInfo(), "", "0"); }),
            "error[cli/normalization] --stddev\n"
            "  expected: a standard deviation above 0 in every channel\n"
            "  found:    0.000000\n"
            "  fix:      correct the number");
  EXPECT_EQ(ErrorText([] { ChooseNormalization(CountingInfo(), "0.5", "58,57"); }),
            "error[cli/normalization] --stddev\n"
            "  expected: numbers of pixel / 255, at most 1\n"
            "  found:    '58,57'\n"
            "  fix:      divide those of pixels from 0 to 255 by 255");
}

TEST(OpenDatasetFor, ImagesHaveThreeChannelsOrOne) {
  EXPECT_EQ(OpenDatasetFor("synthetic", 32, 32, 1).info.channels, 1);
  EXPECT_EQ(ErrorText([] { OpenDatasetFor("synthetic", 32, 32, 4); }),
            "error[data/image-shape] data set 'synthetic'\n"
            "  expected: 32x32x4 images, as the model takes them\n"
            "  found:    32x32x3\n"
            "  fix:      export the model for images of three channels, or of one");
}

TEST(Arrays, ComeBackAsTheyWereWritten) {
  const TemporaryFolder folder;
  const std::vector<int8_t> inputs = {1, -2, 3, -4, 5, -6, 7, -8};
  WriteArray(folder.File("x.npy"), {1, 1, 2, 2}, inputs);
  EXPECT_EQ(ReadInputArray(folder.File("x.npy"), CountingFirmware()), inputs);
  EXPECT_EQ(ReadFile(folder.File("x.npy")).size() % 64, inputs.size());
}

// A float32 array as NumPy writes it.
std::string FloatArray(const std::string& shape, const std::vector<float>& values) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize(117, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00\x76\x00", 10);
  return bytes + header +
         std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

TEST(Arrays, OfRealNumbersAreQuantized) {
  const TemporaryFolder folder;
  WriteFileAtomic(folder.File("x.npy"), FloatArray("(1, 2, 2)", {0, 0.5, 100, -1.25}));
  EXPECT_EQ(ReadInputArray(folder.File("x.npy"), CountingFirmware()),
            (std::vector<int8_t>{-1, 0, 127, -3}));
}

TEST(Arrays, OfAnotherShapeOrWithoutNumbersAreRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.File("x.npy");
  WriteFileAtomic(path, FloatArray("(2, 2)", {0, 0, 0, 0}));
  EXPECT_EQ(ErrorText([&] { ReadInputArray(path, CountingFirmware()); }),
            "error[cli/input-shape] " + path +
                "\n"
                "  expected: an array of shape [n, 1, 2, 2], channels last\n"
                "  found:    [2, 2]\n"
                "  fix:      transpose or resize the images");
  WriteFileAtomic(path,
                  FloatArray("(1, 2, 2)", {0, std::numeric_limits<float>::quiet_NaN(), 0, 0}));
  EXPECT_EQ(ErrorText([&] { ReadInputArray(path, CountingFirmware()); }),
            "error[data/npy] " + path +
                "\n"
                "  expected: finite numbers\n"
                "  found:    NaN or infinity at element 1\n"
                "  fix:      correct the array");
}

TEST(AppendRun, KeepsExtremesAndWeighsMeansByImages) {
  RunResult whole, part;
  part.images = 3;
  part.outputs = {1, 2, 3};
  part.instructions_min = part.instructions_max = 100;
  part.cycles_estimate = 40;
  part.stack_peak_bytes = 8;
  AppendRun(part, &whole);
  part.images = 1;
  part.outputs = {4};
  part.instructions_min = part.instructions_max = 90;
  part.cycles_estimate = 80;
  part.stack_peak_bytes = 4;
  AppendRun(part, &whole);
  EXPECT_EQ(whole.images, 4);
  EXPECT_EQ(whole.outputs, (std::vector<int8_t>{1, 2, 3, 4}));
  EXPECT_EQ(whole.instructions_min, 90U);
  EXPECT_EQ(whole.instructions_max, 100U);
  EXPECT_EQ(whole.cycles_estimate, 50U);
  EXPECT_EQ(whole.stack_peak_bytes, 8U);
}

TEST(RunInParts, TheFirmwareIsBuiltBeforeTheFirstImageIsRead) {
  const TestFirmware test("tiny");
  const auto images = [&](const std::string& program) {
    return ImageStream{
        3, [&test, program](int64_t, int64_t count) {
          EXPECT_TRUE(std::filesystem::exists(test.File(program))) << program;
          return std::vector<int8_t>(static_cast<size_t>(count * test.firmware().input_bytes));
        }};
  };
  EXPECT_EQ(RunInPartsOnHost(test.firmware(), images("build/host/model"), {}).images, 3);
  const ImageStream emulated = images("build/emulator/firmware.elf");
  EXPECT_EQ(RunInPartsOnEmulator(test.firmware(), test.board(), emulated, {}).images, 3);
}

TEST(CommandLine, IsRepeatedWithoutPasswords) {
  EXPECT_EQ(WithoutPassword("postgresql://me:s3cret@host:5432/db"),
            "postgresql://me:***@host:5432/db");
  EXPECT_EQ(WithoutPassword("--store=postgres://me:s/3@cret@host/db"),
            "--store=postgres://me:***@host/db");
  EXPECT_EQ(WithoutPassword("postgresql://me@host/db?password=s3cret&x=1"),
            "postgresql://me@host/db?password=***&x=1");
  for (const char* word : {"postgresql://me@host:5432/db", "cifar10:a@b", "out/", "a:b@c"})
    EXPECT_EQ(WithoutPassword(word), word);
}

TEST(CommandLine, WordsAreQuotedForTheShell) {
  EXPECT_EQ(ShellWord("out/a-b_c.1"), "out/a-b_c.1");
  for (const char* word : {"a b", "~a", "a[b]", "{a,b}", "a!", "a*", "$a"})
    EXPECT_EQ(ShellWord(word), std::string("'") + word + "'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
}

TEST(TextTable, AlignsColumnsWithoutTrailingBlanks) {
  EXPECT_EQ(TextTable({{"name", "bytes"}, {"a", "1,000"}, {"longer", ""}}),
            "name    bytes\n"
            "a       1,000\n"
            "longer\n");
}

TEST(LastCompressed, IsTheDeepestThatIsFinished) {
  TemporaryFolder folder;
  const std::string run = folder.path() + "/run", deeper = run + "/compressed/compressed";
  std::filesystem::create_directories(deeper);
  EXPECT_EQ(LastCompressed(run), run) << "its compression has not finished";
  WriteFileAtomic(run + "/compressed/model.safetensors", "");
  EXPECT_EQ(LastCompressed(run), run + "/compressed");
  WriteFileAtomic(deeper + "/model.safetensors", "");
  EXPECT_EQ(LastCompressed(run), deeper);
}

TEST(IsCompressed, IsWhatTheConfigurationSays) {
  TemporaryFolder folder;
  const std::string file = folder.File("config.json");
  EXPECT_FALSE(IsCompressed(folder.path())) << "a network from elsewhere";
  WriteFileAtomic(file, R"({"recipe": {"stage": "train"}})");
  EXPECT_FALSE(IsCompressed(folder.path()));
  WriteFileAtomic(file, R"({"recipe": {"stage": "compress"}})");
  EXPECT_TRUE(IsCompressed(folder.path()));
  for (const char* damaged : {"[]", "{}", R"({"recipe": []})", R"({"recipe": {"stage": 3}})"}) {
    WriteFileAtomic(file, damaged);
    EXPECT_EQ(ErrorText([&] { IsCompressed(folder.path()); }).rfind("error[json/key] " + file, 0),
              0)
        << damaged;
  }
}

TEST(TemporaryFolder, AnUnusableTmpdirIsNamed) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("TMPDIR", "/nothing", 1);
  const std::string text = ErrorText([] { TemporaryFolder folder; });
  before != nullptr ? ::setenv("TMPDIR", kept.c_str(), 1) : ::unsetenv("TMPDIR");
  EXPECT_EQ(
      text,
      "error[file/unusable-path] $TMPDIR, /nothing\n  expected: a folder for temporary files\n"
      "  found:    No such file or directory\n"
      "  fix:      set TMPDIR to a folder that you may write to");
}

}  // namespace
}  // namespace tinyformer
