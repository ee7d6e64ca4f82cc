#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/installed_folder.h"
#include "base/json.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/rng.h"
#include "base/run_main.h"
#include "base/safetensors.h"
#include "base/shape.h"
#include "base/testing_error.h"

namespace tinyformer {
namespace {

std::string TempPath(const std::string& name) {
  return ::testing::TempDir() + "tf_base_" + std::to_string(::getpid()) + "_" + name;
}

TEST(Error, HasFourLines) {
  Error error("import/softmax-axis", "node 'a' (Softmax)", "axis -1", "axis 1",
              "transpose before Softmax");
  EXPECT_STREQ(
      error.what(),
      "error[import/softmax-axis] node 'a' (Softmax)\n  expected: axis -1\n  found:    axis 1\n"
      "  fix:      transpose before Softmax");
}

TEST(Check, NamesConditionAndValues) {
  try {
    TF_CHECK(1 > 2, "one", 1);
    FAIL();
  } catch (const CheckFailure& failure) {
    EXPECT_THAT(failure.what(), ::testing::HasSubstr("check failed: 1 > 2 one 1"));
  }
}

TEST(File, MissingFileIsNamed) {
  EXPECT_EQ(
      ErrorText([] { ReadFile("/no/such/file"); }),
      "error[file/missing] /no/such/file\n  expected: a file\n  found:    nothing at this path\n"
      "  fix:      check the path");
}

TEST(File, AFolderIsNotAFile) {
  EXPECT_EQ(ErrorText([] { ReadFile("/"); }),
            "error[file/is-directory] /\n  expected: a file\n  found:    a folder\n  fix:      "
            "name a file inside it");
}

TEST(File, TooLargeIsRefused) {
  std::string path = TempPath("large");
  WriteFileAtomic(path, "123456");
  EXPECT_EQ(ErrorText([&] { ReadFile(path, 5); }),
            "error[file/too-large] " + path +
                "\n  expected: at most 5 bytes\n  found:    more than that\n"
                "  fix:      check that this is the file you meant");
}

TEST(File, AFullDiskLeavesTheOldFileWhole) {
  EXPECT_EQ(ErrorText([] { AppendLine("/dev/full", "x"); }),
            "error[file/write-failed] /dev/full\n  expected: a place that can be written\n"
            "  found:    No space left on device\n  fix:      free some disk space, then run the "
            "same command again");
}

TEST(File, PathsThatTheSystemRefusesAreTheUsersInput) {
  const std::string path(300, 'x');
  auto refused = [&] {
    try {
      EXPECT_FALSE(std::filesystem::exists(path));
    } catch (const std::filesystem::filesystem_error& error) {
      throw PathError(error);
    }
  };
  EXPECT_EQ(ErrorText(refused),
            "error[file/unusable-path] " + path +
                "\n  expected: a path that can be used\n  found:    File name too long\n"
                "  fix:      check the path, its links and its permissions");
}

TEST(File, ACopyToAFullDiskSaysWhereAndWhatToDo) {
  const auto full = [] {
    throw PathError({"copy", "from", "to", std::make_error_code(std::errc::no_space_on_device)});
  };
  EXPECT_EQ(ErrorText(full),
            "error[file/write-failed] to\n  expected: a place that can be written\n"
            "  found:    No space left on device\n  fix:      free some disk space, then run the "
            "same command again");
}

TEST(Json, SyntaxErrorsHaveLineAndColumn) {
  EXPECT_EQ(ErrorText([] { ParseJson("{\n \"a\": ?}", "g.json"); }),
            "error[json/syntax] g.json\n  expected: JSON\n  found:    a syntax error at line 2, "
            "column 7\n"
            "  fix:      correct the file there");
}

TEST(Json, AWrongTypeNamesTheKey) {
  Json json = ParseJson("{\"n\": \"x\"}", "g.json");
  EXPECT_EQ(ErrorText([&] { RequireKey<int>(json, "n", "g.json", "a number"); }),
            "error[json/key] g.json: key 'n'\n  expected: a number\n  found:    the text \"x\"\n"
            "  fix:      correct this key in the file");
}

TEST(Json, NumbersThatNoDoubleHoldsAreNamed) {
  EXPECT_EQ(ErrorText([] { ParseJson("{\"a\": 1e999}", "g.json"); }),
            "error[json/syntax] g.json\n  expected: numbers that a double holds\n"
            "  found:    '1e999'\n  fix:      correct that number in the file");
}

TEST(Json, LevelsAreLimited) {
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_EQ(JsonText(ParseJson(nested(64), "g.json"), -1), nested(64));
  const std::string text =
      "error[json/syntax] g.json\n  expected: at most 64 levels\n"
      "  found:    lists or objects within each other, deeper than that\n"
      "  fix:      correct the file";
  EXPECT_EQ(ErrorText([&] { ParseJson(nested(66), "g.json"); }), text);
  EXPECT_EQ(ErrorText([&] { ParseJson(std::string(1000000, '['), "g.json"); }), text);
}

TEST(Json, WholeNumbersAreNeitherCutNorWrapped) {
  Json json = ParseJson(
      "{\"half\": 10.5, \"wide\": 4294967304, \"yes\": true, \"minus\": -1, \"list\": [1, 2.5]}",
      "g.json");
  auto found = [](const std::string& key, const std::string& what) {
    return "error[json/key] g.json: key '" + key +
           "'\n  expected: a whole number\n  found:    " + what +
           "\n  fix:      correct this key in the file";
  };
  auto read = [&](const char* key) {
    return ErrorText([&] { RequireKey<int>(json, key, "g.json", "a whole number"); });
  };
  EXPECT_EQ(read("half"), found("half", "the number 10.5"));
  EXPECT_EQ(read("wide"), found("wide", "the number 4294967304"));
  EXPECT_EQ(read("yes"), found("yes", "true"));
  EXPECT_EQ(ErrorText([&] { RequireKey<uint64_t>(json, "minus", "g.json", "a whole number"); }),
            found("minus", "the number -1"));
  EXPECT_EQ(
      ErrorText([&] { RequireKey<std::vector<int>>(json, "list", "g.json", "a whole number"); }),
      found("list", "a list"));
  EXPECT_EQ(RequireKey<int64_t>(json, "wide", "g.json", ""), 4294967304);
  EXPECT_EQ(RequireKey<double>(json, "wide", "g.json", ""), 4294967304.0);
}

TEST(Json, BytesThatAreNotUtf8BecomeText) {
  EXPECT_EQ(JsonText({{"file", "a\xff.png"}}), "{\"file\":\"a\uFFFD.png\"}");
}

TEST(Shape, PrintsAndCounts) {
  EXPECT_EQ(ToString({1, 32, 3}), "[1, 32, 3]");
  EXPECT_EQ(ElementCount({2, 3, 4}), 24);
  EXPECT_THROW(ElementCount({int64_t{1} << 40, int64_t{1} << 40}), CheckFailure);
}

TEST(Rng, StreamsAreFixedAndDistinct) {
  EXPECT_EQ(Rng(1, "a").Next(), Rng(1, "a").Next());
  EXPECT_NE(Rng(1, "a").Next(), Rng(1, "b").Next());
  EXPECT_NE(Rng(1, "a", 0).Next(), Rng(1, "a", 1).Next());
}

TEST(Rng, BelowIsUniform) {
  Rng rng(7);
  std::vector<int> counts(10);
  for (int i = 0; i < 100000; ++i) ++counts[rng.Below(10)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 500);  // 5 standard deviations
}

TEST(Rng, NormalHasUnitVariance) {
  Rng rng(7);
  double sum = 0, squares = 0;
  for (int i = 0; i < 100000; ++i) {
    double x = rng.Normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / 100000, 0, 0.02);
  EXPECT_NEAR(squares / 100000, 1, 0.03);
}

TensorFile TwoTensors() {
  float values[6] = {1, 2, 3, 4, 5, 6};
  TensorFile file;
  file.tensors["a.weight"] = NamedTensor::Float32({2, 3}, values);
  file.tensors["b"] = NamedTensor{"U8", {2}, "xy"};
  file.metadata["epoch"] = "3";
  return file;
}

TEST(Tensors, RoundTrip) {
  TensorFile back = DecodeTensors(EncodeTensors(TwoTensors()), "m");
  EXPECT_EQ(back.tensors["a.weight"].Floats(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(back.tensors["b"].bytes, "xy");
  EXPECT_EQ(back.metadata["epoch"], "3");
  EXPECT_EQ(EncodeTensors(back), EncodeTensors(TwoTensors()));
}

TEST(Tensors, EveryTruncationIsNoticed) {
  std::string bytes = EncodeTensors(TwoTensors());
  for (size_t n = 0; n < bytes.size(); ++n)
    EXPECT_NE(ErrorText([&] { DecodeTensors(bytes.substr(0, n), "m"); }), "") << n;
}

TEST(Tensors, AFlippedHeaderByteChangesNoTensorAndNoMetadata) {
  const TensorFile file = TwoTensors();
  const std::string bytes = EncodeTensors(file);
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  for (size_t at = 8; at < 8 + header; ++at) {
    std::string bad = bytes;
    bad[at] ^= 1;
    TensorFile back = file;
    // Only when the name of a checksum is hit, nothing is noticed.
    if (!ErrorText([&] { back = DecodeTensors(bad, "m"); }).empty()) continue;
    for (const auto& [key, value] : file.metadata) EXPECT_EQ(back.metadata[key], value) << at;
    for (const auto& [key, tensor] : file.tensors) {
      EXPECT_EQ(back.tensors[key].shape, tensor.shape) << at;
      EXPECT_EQ(back.tensors[key].bytes, tensor.bytes) << at;
    }
  }
}

TEST(Tensors, TensorsThatOverlapAreRefusedBeforeTheyAreCopied) {
  const std::string header = R"({"a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},)"
                             R"( "b": {"dtype": "U8", "shape": [2], "data_offsets": [2, 4]}})";
  const uint64_t size = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  EXPECT_EQ(ErrorText([&] { DecodeTensors(bytes + header + "data", "m"); }),
            "error[tensors/header] m\n  expected: tensors that do not overlap, in 4 bytes\n"
            "  found:    5 bytes up to tensor 'b'\n"
            "  fix:      write the file again: it is damaged or of another format");
}

TEST(Tensors, EveryFlippedDataByteIsNoticed) {
  std::string bytes = EncodeTensors(TwoTensors());
  for (size_t i = bytes.size() - 26; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] ^= 1;
    EXPECT_THAT(ErrorText([&] { DecodeTensors(bad, "m"); }),
                ::testing::HasSubstr("error[tensors/checksum] m"))
        << i;
  }
}

TEST(RunMain, TellsWrongInputInterruptsAndBugsApart) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(RunMain([] { return 7; }), 7);
  EXPECT_EQ(RunMain([]() -> int { throw Interrupted(); }), 130);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(RunMain([]() -> int { throw Error("a/b", "it", "one", "two", "change it"); }), 2);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "error[a/b] it\n  expected: one\n  found:    two\n  fix:      change it\n");
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(RunMain([]() -> int { throw std::out_of_range("at"); }), 1);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "this is a bug in tinyformer, please report it: at\n");
}

TEST(Progress, TimeBeforeTheStartDoesNotCount) {
  using Clock = std::chrono::steady_clock;
  ::testing::internal::CaptureStderr();
  const Clock::time_point made = Clock::now();
  Clock::time_point started;
  {
    Progress progress("run", 1000000, "images");
    while (Clock::now() - made < std::chrono::milliseconds(20)) continue;
    started = Clock::now();
    progress.StartAt(0);
    progress.Update(1000000);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
  const std::string line = ::testing::internal::GetCapturedStderr();
  const std::string head = "run 1000000/1000000 images, ";
  ASSERT_EQ(line.find(head), 0u) << line;
  EXPECT_GE(std::stod(line.substr(head.size())) + 0.5, 1e6 / seconds) << line;
}

TEST(Progress, TimeLeftCountsDownWhileAUnitIsWorkedOn) {
  EXPECT_LT(SecondsLeft(0, 10, 0, 5), 0);
  EXPECT_EQ(SecondsLeft(2, 10, 20, 0), 80);
  EXPECT_EQ(SecondsLeft(2, 10, 20, 7), 73);
  EXPECT_EQ(SecondsLeft(2, 10, 20, 25), 70) << "the units after this one still take their time";
  EXPECT_EQ(SecondsLeft(9, 10, 90, 25), 0);
  EXPECT_EQ(SecondsLeft(10, 10, 90, 1), 0);
}

TEST(Number, OnlyAWholeTextInRangeIsTaken) {
  int number = 7;
  for (const char* text : {"", " 5", "5 ", "1e1", "4.0", "2", "11", "99999999999", "x"}) {
    EXPECT_FALSE(ParseNumber(text, 3, 10, &number)) << text;
    EXPECT_EQ(number, 7) << text;
  }
  EXPECT_TRUE(ParseNumber("10", 3, 10, &number));
  EXPECT_EQ(number, 10);
  double real = 0;
  EXPECT_FALSE(ParseNumber("nan", 0.0, 1.0, &real));
  EXPECT_TRUE(ParseNumber("2.5e-1", 0.0, 1.0, &real));
  EXPECT_EQ(real, 0.25);
}

TEST(InstalledFolder, IsWhatTheVariableNamesElseTheSources) {
  EXPECT_EQ(InstalledFolder("TINYFORMER_TEST_FOLDER", "nothing", "sources"), "sources");
  ::setenv("TINYFORMER_TEST_FOLDER", "named", 1);
  EXPECT_EQ(InstalledFolder("TINYFORMER_TEST_FOLDER", "nothing", "sources"), "named");
  ::setenv("TINYFORMER_TEST_FOLDER", "", 1);
  EXPECT_EQ(InstalledFolder("TINYFORMER_TEST_FOLDER", "nothing", "sources"), "sources");
  ::unsetenv("TINYFORMER_TEST_FOLDER");
}

TEST(Progress, DurationsReadWell) {
  EXPECT_EQ(FormatDuration(7), "7 s");
  EXPECT_EQ(FormatDuration(245), "4:05");
  EXPECT_EQ(FormatDuration(3723), "1:02:03");
  EXPECT_EQ(FormatDuration(-1), "unknown");
}

}  // namespace
}  // namespace tinyformer
