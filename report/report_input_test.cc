#include "report/report_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/safetensors.h"
#include "report/build_report.h"
#include "report/sample_report.h"

namespace tinyformer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An empty folder that is removed with the test.
class ReportInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = (std::filesystem::temp_directory_path() / (std::string("tf-report-") + info->name()))
                  .string();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& file, const std::string& text) {
    WriteFileAtomic(folder_ + "/" + file, text);
  }

  // The error's text, with the folder's path as OUT.
  template <typename Function>
  std::string ErrorText(Function function) {
    try {
      function();
    } catch (const Error& error) {
      std::string text = error.what();
      for (size_t at; (at = text.find(folder_)) != std::string::npos;)
        text.replace(at, folder_.size(), "OUT");
      return text;
    }
    return "no error";
  }

  std::string folder_;
};

TEST_F(ReportInputTest, ReadsEveryPartOfAnOutputFolder) {
  WriteSampleOutput(folder_, "sample");
  const ReportInput input = ReadReportInput(folder_);
  EXPECT_TRUE(input.missing.empty());
  EXPECT_EQ(input.title, "sample");
  EXPECT_EQ(input.training->series.size(), 5u);
  ASSERT_EQ(input.compressions.size(), 1u);
  EXPECT_EQ(input.compressions[0].series.size(), 6u);
  EXPECT_EQ(input.plan->layers.size(), input.profile->layers.size());
  EXPECT_EQ(input.plan->live_bytes.size(), input.plan->layers.size());
  EXPECT_EQ(input.run->confusion.size(), 10u);
  EXPECT_EQ(input.compile->provenance.seed, 1);
  EXPECT_EQ(input.clock_hz, 216000000);
  EXPECT_EQ(input.onnx_bytes, 20);
  EXPECT_EQ(input.trained->validation_accuracy, 0.9212);
  EXPECT_EQ(input.compressed->sparsity, 0.51);
  EXPECT_EQ(input.training_provenance.seed, 1);
  EXPECT_EQ(input.training_provenance.input_hash, "9f3b5c1e2d4a6780");
  EXPECT_EQ(input.training_provenance.device, "threads 2, libtorch 1.13.1");
  EXPECT_EQ(input.plan->strategies.size(), 2u);
}

TEST_F(ReportInputTest, ReadsEveryRoundOfCompression) {
  WriteSampleOutput(folder_, "sample");
  Write("run/compressed/compressed/metrics.jsonl", "{\"epoch\": 1, \"train_loss\": 2}\n");
  ReportInput input = ReadReportInput(folder_);
  ASSERT_EQ(input.compressions.size(), 2u);
  EXPECT_EQ(input.compressions[1].series.size(), 1u);
  EXPECT_EQ(input.compressed->sparsity, 0.51) << "the second round has not ended";

  TensorFile second;
  second.metadata = {{"validation_accuracy", "0.95"}, {"sparsity", "0.6"}};
  WriteTensors(folder_ + "/run/compressed/compressed/model.safetensors", second);
  input = ReadReportInput(folder_);
  EXPECT_EQ(input.compressed->validation_accuracy, 0.95);
  EXPECT_EQ(input.compressed->sparsity, 0.6);
  EXPECT_THAT(BuildReport(input), HasSubstr("Pruning and fine-tuning, round 2: loss"));
}

TEST_F(ReportInputTest, LeavesOutTheProfileOfAnotherFirmware) {
  WriteSampleOutput(folder_, "sample");
  Write("firmware/plan.json", ReadFile(folder_ + "/firmware/plan.json") + "\n");
  const ReportInput input = ReadReportInput(folder_);
  EXPECT_FALSE(input.profile.has_value());
  EXPECT_THAT(BuildReport(input),
              HasSubstr("Not measured: instructions and cycles of every layer "
                        "(<code>profile.json</code> is of another firmware). To measure: "
                        "<code>tinyformer profile"));
}

TEST_F(ReportInputTest, NamesTheMissingPartsInTheOrderOfThePipeline) {
  Write("run/metrics.jsonl", "{\"epoch\": 1, \"train_loss\": 2}\n");
  std::vector<std::string> files;
  for (const MissingPart& part : ReadReportInput(folder_).missing) files.push_back(part.file);
  EXPECT_THAT(files, ElementsAre("run/compressed/metrics.jsonl", "model.onnx", "compile.json",
                                 "firmware/plan.json", "run.json", "profile.json"));
}

TEST_F(ReportInputTest, RefusesAFolderThatIsNotThere) {
  EXPECT_EQ(ErrorText([&] { ReadReportInput(folder_ + "/nowhere"); }),
            "error[file/missing] OUT/nowhere\n"
            "  expected: a folder made by the other commands\n"
            "  found:    nothing at this path\n"
            "  fix:      check the path");
}

TEST_F(ReportInputTest, RefusesAFolderWithNothingToReport) {
  EXPECT_EQ(
      ErrorText([&] { ReadReportInput(folder_); }),
      "error[report/empty] OUT\n"
      "  expected: at least one of run/metrics.jsonl, compile.json, firmware/plan.json, run.json\n"
      "  found:    none of the files that a report is made from\n"
      "  fix:      name the folder that the other commands wrote to");
}

TEST_F(ReportInputTest, RefusesTensorsOutsideTheArena) {
  Write("firmware/plan.json",
        R"({"arena_bytes": 100, "arena_lower_bound_bytes": 100, "layers": [{"name": "a"}],
    "tensors": [{"name": "x", "bytes": 60, "offset": 50, "first_layer": 0, "last_layer": 0}]})");
  EXPECT_EQ(ErrorText([&] { ReadReportInput(folder_); }),
            "error[report/value] OUT/firmware/plan.json, tensor 'x'\n"
            "  expected: bytes inside the arena of 100 and layers from 0 to 0\n"
            "  found:    bytes 50 to 110, layers 0 to 0\n"
            "  fix:      compile the model again");
}

TEST_F(ReportInputTest, RefusesAConfusionMatrixThatIsNotSquare) {
  Write("run.json", R"({"images": 2, "correct": 1, "accuracy": 0.5, "confusion": [[1, 0], [1]]})");
  EXPECT_EQ(ErrorText([&] { ReadReportInput(folder_); }),
            "error[report/value] OUT/run.json, key 'confusion'\n"
            "  expected: 2 counts in every row\n"
            "  found:    1 counts in a row\n"
            "  fix:      write the file again with the command that made it");
}

TEST_F(ReportInputTest, RefusesAnAccuracyThatIsNoShare) {
  Write("run.json", R"({"images": 2, "correct": 1, "accuracy": 91.5})");
  EXPECT_EQ(ErrorText([&] { ReadReportInput(folder_); }),
            "error[report/value] OUT/run.json, key 'accuracy'\n"
            "  expected: a share from 0 to 1\n"
            "  found:    91.500000\n"
            "  fix:      write the file again with the command that made it");
}

TEST_F(ReportInputTest, TakesCountsFromTheEmulatorAndAccuracyFromTheHost) {
  Write("run.json",
        R"({"images": 10000, "correct": 9000, "accuracy": 0.9, "instructions_min": null})");
  Write(
      "run-emulator.json",
      R"({"images": 64, "correct": null, "accuracy": null, "bit_exact": true, "instructions_min": 77})");
  const ReportInput input = ReadReportInput(folder_);
  EXPECT_EQ(input.run->accuracy, 0.9);
  EXPECT_EQ(input.run->instructions_min, std::nullopt);
  EXPECT_EQ(input.emulated->accuracy, std::nullopt);
  EXPECT_EQ(input.emulated->instructions_min, 77);
}

TEST(ParseMetrics, IgnoresALastLineThatIsStillBeingWritten) {
  const ReportedMetrics metrics = ParseMetrics(
      "{\"epoch\": 1, \"loss\": 2.0}\n{\"epoch\": 2, \"loss\": 1.5}\n{\"epoch\": 3, \"lo", "m");
  ASSERT_EQ(metrics.series.size(), 1u);
  EXPECT_THAT(metrics.series[0].x, ElementsAre(1, 2));
  EXPECT_THAT(metrics.series[0].y, ElementsAre(2.0, 1.5));
}

TEST(ParseMetrics, NamesTheLineThatIsNoJson) {
  try {
    ParseMetrics("{\"epoch\": 1}\n{oops}\n", "run/metrics.jsonl");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "run/metrics.jsonl, line 2");
    EXPECT_EQ(error.code(), "json/syntax");
  }
}

TEST(ParseMetrics, CountsStepsWhereThereAreNoEpochs) {
  const ReportedMetrics metrics =
      ParseMetrics("{\"loss\": 3}\n{\"loss\": 2, \"note\": \"x\"}\n", "m");
  EXPECT_EQ(metrics.x_name, "step");
  ASSERT_EQ(metrics.series.size(), 1u);
  EXPECT_THAT(metrics.series[0].x, ElementsAre(1, 2));
}

}  // namespace
}  // namespace tinyformer
