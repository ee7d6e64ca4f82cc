#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include "base/file.h"
#include "report/build_report.h"
#include "report/sample_report.h"
#include "report/sample_search.h"
#include "report/sections.h"

namespace tinyformer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string SampleFolder(const std::string& name) {
  const std::string folder = std::string(std::getenv("TINYFORMER_BINARY_DIR")) + "/report-sample-" +
                             std::to_string(name.size());
  std::filesystem::remove_all(folder);
  WriteSampleOutput(folder, name);
  return folder;
}

ReportInput Sample(const std::string& name = "sample") {
  return ReadReportInput(SampleFolder(name));
}

TEST(BuildReport, HasEverySection) {
  const std::string html = BuildReport(Sample());
  for (const char* id :
       {"summary", "accuracy", "training", "memory", "flash", "layers", "provenance"}) {
    EXPECT_THAT(html, HasSubstr(std::string("id=\"") + id + "\"")) << id;
    EXPECT_THAT(html, HasSubstr(std::string("href=\"#") + id + "\"")) << id;
  }
  EXPECT_THAT(html, Not(HasSubstr("Not measured")));
  // To look at it: the page stays in the build folder.
  WriteFileAtomic(std::string(std::getenv("TINYFORMER_BINARY_DIR")) + "/sample_report.html", html);
}

TEST(BuildReport, NeedsNothingFromOutside) {
  const std::string html = BuildReport(Sample());
  for (const char* part : {"http:", "https:", "<script", "<link", "<img", "@import", "url("}) {
    EXPECT_THAT(html, Not(HasSubstr(part))) << part;
  }
}

TEST(BuildReport, GivesTheSameBytesForTheSameInput) {
  const ReportInput input = Sample();
  EXPECT_EQ(BuildReport(input), BuildReport(input));
}

TEST(BuildReport, EscapesTextsFromTheFiles) {
  const std::string html = BuildReport(Sample("<script>alert('x')</script>\"&"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
}

TEST(BuildReport, NamesEveryPartThatIsMissingAndInventsNone) {
  const std::string folder = SampleFolder("part");
  std::filesystem::remove(folder + "/run.json");
  std::filesystem::remove(folder + "/profile.json");
  const std::string html = BuildReport(ReadReportInput(folder));
  EXPECT_THAT(html, HasSubstr("Not measured: accuracy, bit-exactness, instruction counts"));
  EXPECT_THAT(html, HasSubstr("Not measured: instructions and cycles of every layer"));
  EXPECT_THAT(html, HasSubstr("compiler&#39;s model"));
  EXPECT_THAT(html, Not(HasSubstr("of the run on")));
}

TEST(BuildReport, ShowsOnlyTrainingWhenThereIsOnlyTraining) {
  const std::string folder = SampleFolder("only-training");
  for (const char* file : {"run.json", "profile.json", "compile.json", "model.onnx", "firmware"}) {
    std::filesystem::remove_all(folder + "/" + file);
  }
  const std::string html = BuildReport(ReadReportInput(folder));
  EXPECT_THAT(html, HasSubstr("fit not measured"));
  EXPECT_THAT(html, HasSubstr("Dense training: accuracy"));
  EXPECT_THAT(html, HasSubstr("Not measured: memory map and layers"));
}

TEST(BuildReport, SaysWhenAModelDoesNotFit) {
  ReportInput input = Sample();
  input.compile->fits = false;
  input.compile->flash_bytes = input.compile->flash_limit_bytes + 1;
  const std::string html = BuildReport(input);
  EXPECT_THAT(html, HasSubstr("does not fit"));
  EXPECT_THAT(html, HasSubstr("class=\"over\""));
}

TEST(BuildReport, ShowsTheCountsOfTheEmulatorBesideTheAccuracyOfTheHost) {
  ReportInput input = Sample();
  input.run->instructions_min = input.run->instructions_max = std::nullopt;
  input.emulated = *input.run;
  input.emulated->images = 64;
  input.emulated->instructions_min = input.emulated->instructions_max = 123456;
  const std::string html = BuildReport(input);
  EXPECT_THAT(html, HasSubstr("Every image took exactly 123,456 instructions."));
  EXPECT_THAT(html, HasSubstr("of 10,000 images"));
}

TEST(BuildReport, ListsItsSectionsByWordsOfTheirTitles) {
  ReportInput input = Sample();
  input.search = SampleSearch();
  const std::string html = BuildReport(input);
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  const std::regex section("<section id=\"([a-z]+)\"><h2>([^<]*)</h2>");
  int sections = 0;
  for (std::sregex_iterator found(html.begin(), html.end(), section), end; found != end; ++found) {
    const std::string link = "<a href=\"#" + (*found)[1].str() + "\">";
    const size_t from = html.find(link) + link.size();
    EXPECT_THAT(lower((*found)[2]),
                HasSubstr(lower(html.substr(from, html.find('<', from) - from))));
    ++sections;
  }
  EXPECT_EQ(sections, 13);
}

TEST(BuildReport, SaysThatPruningTrainsFurther) {
  ReportInput input = Sample();
  const char* words = "train the network further, so that pruned can be the higher one";
  EXPECT_THAT(BuildReport(input), HasSubstr(words));
  input.compressed.reset();
  input.compressions.clear();
  input.run->accuracy_pruned.reset();
  EXPECT_THAT(BuildReport(input), Not(HasSubstr(words)));
}

TEST(BuildReport, SaysThatAnAccuracyWasNotMeasured) {
  ReportInput input = Sample();
  input.run->accuracy = std::nullopt;
  input.run->correct = std::nullopt;
  EXPECT_THAT(BuildReport(input), HasSubstr("<div class=\"big none\">not measured"));
}

TEST(BuildReport, KeepsStallCyclesApart) {
  ReportInput input = Sample();
  input.profile->stall_estimate = 12300000;
  EXPECT_THAT(BuildReport(input), HasSubstr("adds about 12.3 M cycles to an inference"));
}

TEST(BuildReport, GivesNoTimeByTheCyclesOfAnotherCore) {
  ReportInput input = Sample();
  input.cpu = "cortex-m4";
  EXPECT_THAT(BuildReport(input), HasSubstr("at 216 MHz")) << "the emulator's, of this core";
  input.profile.reset();
  input.run->cycles_estimate.reset();
  input.emulated.reset();
  const std::string html = BuildReport(input);
  EXPECT_THAT(html, Not(HasSubstr("at 216 MHz")));
  EXPECT_THAT(html, HasSubstr("compiler&#39;s model, of a cortex-m7; of this cortex-m4: "
                              "tinyformer profile"));
}

TEST(BuildReport, SaysWhichImagesWereClassified) {
  ReportInput input = Sample();
  input.run->split = "validation";
  EXPECT_THAT(BuildReport(input), HasSubstr("10,000 validation images of the run on the"));
}

TEST(BuildReport, DrawsNoConfusionMatrixOfHundredsOfClasses) {
  ReportInput input = Sample();
  input.run->confusion.assign(101, std::vector<int64_t>(101, 1));
  const std::string html = BuildReport(input);
  EXPECT_THAT(html, HasSubstr("Mixed up most"));
  EXPECT_THAT(html, Not(HasSubstr("aria-label=\"confusion matrix\"")));
}

TEST(BuildReport, ShowsTheHarnessApart) {
  ReportInput input = Sample();
  input.compile->harness_bytes = 808;
  EXPECT_THAT(BuildReport(input), HasSubstr("emulator's harness, not in a product 808 B"));
}

TEST(CollectRecords, CarriesTheProvenanceOfItsFile) {
  for (const Record& record : CollectRecords(Sample())) {
    if (record.name == "model.onnx") {
      EXPECT_EQ(record.provenance.input_hash.size(), 16u);
    } else {
      EXPECT_THAT(record.provenance.command, HasSubstr("tinyformer ")) << record.name;
    }
  }
}

TEST(MergeLayers, LeavesCountsOutWhenTheProfileIsOfAnotherModel) {
  ReportInput input = Sample();
  EXPECT_TRUE(MergeLayers(input).front().instructions.has_value());
  input.profile->layers.front().name = "another";
  EXPECT_FALSE(MergeLayers(input).front().instructions.has_value());
}

}  // namespace
}  // namespace tinyformer
