// Unknown commands and options, missing arguments, words out of range: nothing is read or written.
#include <gtest/gtest.h>

#include "tests/command_line.h"

namespace tinyformer {
namespace {

std::string Usage(const std::string& command, const std::string& found) {
  return ErrorText("cli/usage", "tinyformer " + command,
                   "options as tinyformer " + command + " --help lists them", found,
                   "correct the command line");
}

void ExpectRefused(const std::vector<std::string>& arguments, const std::string& text) {
  CommandLineTest().ExpectRefused(arguments, text);
}

TEST(UsageErrors, NoCommandShowsAllOfThem) {
  const CommandLineTest at;
  const Ended nothing = at.Run({}), help = at.Run({"--help"});
  EXPECT_EQ(nothing.status, 2);
  EXPECT_EQ(help.status, 0);
  EXPECT_EQ(nothing.errors, help.output);
  EXPECT_NE(help.output.find("\n  train "), std::string::npos);
  for (const char* command : {"search", "compress", "compile", "run", "profile", "report", "data",
                              "bench", "targets", "ops", "zoo"}) {
    EXPECT_NE(help.output.find("\n  " + std::string(command) + " "), std::string::npos) << command;
    const Ended one = at.Run({command, "--help"});
    EXPECT_EQ(one.status, 0) << command;
    EXPECT_NE(one.output.find("--json"), std::string::npos) << command;
  }
}

TEST(UsageErrors, UnknownCommandsNameTheKnownOnes) {
  ExpectRefused(
      {"frobnicate"},
      ErrorText(
          "cli/command", "tinyformer frobnicate",
          "one of: train, search, compress, compile, run, profile, report, data, bench, targets, "
          "ops, zoo",
          "no command of that name", "see tinyformer --help"));
  const std::map<std::string, std::string> groups = {
      {"bench", "kernels, train"}, {"data", "list, info, verify, fetch"}, {"zoo", "list, verify"}};
  for (const auto& [group, known] : groups) {
    ExpectRefused({group, "frobnicate"},
                  ErrorText("cli/usage", "tinyformer " + group, "one of: " + known, "none of them",
                            "see tinyformer " + group + " --help"));
  }
}

TEST(UsageErrors, MissingArgumentsAreNamed) {
  ExpectRefused({"compress"}, Usage("compress", "run is required"));
  ExpectRefused({"compress", "run", "--data", "synthetic"},
                Usage("compress", "--output is required"));
  ExpectRefused({"compile"}, Usage("compile", "model is required"));
  ExpectRefused({"compile", "m.onnx"}, Usage("compile", "--output is required"));
  ExpectRefused({"run"}, Usage("run", "firmware is required"));
  ExpectRefused({"profile"}, Usage("profile", "firmware is required"));
  ExpectRefused({"report"}, Usage("report", "folder is required"));
  ExpectRefused({"report", "out"}, Usage("report", "--output is required"));
}

TEST(UsageErrors, UnknownOptionsAreNamed) {
  for (const char* command :
       {"compress", "compile", "run", "profile", "report", "targets", "ops"}) {
    std::vector<std::string> arguments{command};
    if (std::string(command) == "compress") arguments.insert(arguments.end(), {"r", "--data", "d"});
    if (std::string(command) != "targets" && std::string(command) != "ops")
      arguments.insert(arguments.end(), {"x", "-o", "y"});
    const CommandLineTest at;
    arguments.push_back("--frobnicate");
    const Ended ended = at.Run(arguments);
    EXPECT_EQ(ended.status, 2) << command;
    EXPECT_NE(ended.errors.find("--frobnicate"), std::string::npos) << ended.errors;
  }
  ExpectRefused({"targets", "extra"},
                Usage("targets", "The following argument was not expected: extra"));
}

TEST(UsageErrors, ValuesOutOfRangeAreQuotedBesideTheRange) {
  const auto refused = [](const std::string& option, const std::string& expected,
                          const std::string& found) {
    return ErrorText("cli/usage", "tinyformer " + option, expected, found,
                     "correct the command line");
  };
  for (const char* images : {"-3", "1e3", "1000000001"}) {
    ExpectRefused({"run", "fw", "--images", images},
                  refused("run --images", "a whole number from 0 to 1000000000",
                          "'" + std::string(images) + "'"));
  }
  ExpectRefused({"run", "fw", "--jobs", "many"},
                refused("run --jobs", "a whole number from 0 to 1024", "'many'"));
  ExpectRefused(
      {"compile", "m", "-o", "f", "--calibration-images", "0"},
      refused("compile --calibration-images", "a whole number from 1 to 1000000000", "'0'"));
  for (const char* seconds : {"0", "nan", "1e9", "1:2\n3"}) {
    ExpectRefused({"profile", "fw", "--timeout", seconds},
                  refused("profile --timeout", "seconds, above 0 and at most 31536000 (a year)",
                          "'" + std::string(seconds) + "'"));
  }
  ExpectRefused({"run", "fw", "--on", "mars"},
                refused("run --on", "one of: emulator, host", "'mars'"));
}

TEST(UsageErrors, AnOptionWithoutItsValueIsNamed) {
  const auto refused = [](const std::string& where) {
    return ErrorText("cli/usage", "tinyformer " + where, "a value", "none",
                     "correct the command line");
  };
  ExpectRefused({"compile", "m.onnx", "--optimize=", "-o", "firmware"},
                refused("compile --optimize="));
  ExpectRefused({"data", "fetch", "cifar10", "folder", "--url="}, refused("data --url="));
  ExpectRefused({"compress", "run", "--genome", "", "-o", "m.onnx"}, refused("compress --genome"));
  ExpectRefused({"train", "--genome", "", "-o", "run"}, refused("train --genome"));
  ExpectRefused({"compile", "m.onnx", "-o", ""}, refused("compile -o"));
}

TEST(UsageErrors, OptionsThatExcludeOrNeedEachOther) {
  ExpectRefused({"run", "fw", "--data", "synthetic", "--input", "x.npy"},
                Usage("run", "--data excludes --input"));
  ExpectRefused({"run", "fw", "--save-labels", "l.npy"},
                Usage("run", "--save-labels requires --data"));
  ExpectRefused({"bench", "kernels", "--only", "tea"},
                ErrorText("bench/only", "--only tea", "a part of a kernel's name",
                          "no kernel has it in its name", "tinyformer bench kernels lists them"));
}

TEST(UsageErrors, PathsThatTheSystemRefusesAreNamed) {
  const std::string name(300, 'x');
  for (const char* command : {"run", "profile"}) {
    ExpectRefused({command, name},
                  ErrorText("file/unusable-path", name, "a path that can be used",
                            "File name too long", "check the path, its links and its permissions"));
  }
}

TEST(UsageErrors, WithJsonTheErrorIsOneObject) {
  const CommandLineTest at;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"compile", "--json"},
                                             {"frobnicate", "--json"},
                                             {"run", "nothing", "--json"},
                                             {"train", "--json"},
                                             {"data", "info", "nothing", "--json"},
                                             {"report", "nothing\xff", "-o", "x", "--json"}}) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const Ended ended = at.Run(arguments);
    EXPECT_EQ(ended.status, 2);
    const Json json = ParseJson(ended.output, "standard output");
    ASSERT_EQ(json.size(), 1u);
    for (const char* key : {"code", "where", "expected", "found", "fix"})
      EXPECT_TRUE(json.at("error").at(key).is_string()) << key;
  }
}

TEST(UsageErrors, ListsAreAnswersWithAndWithoutJson) {
  const CommandLineTest at;
  EXPECT_EQ(at.RunJson({"targets"}).at("targets").at(1).at("name"), "stm32f746");
  EXPECT_GT(at.RunJson({"ops"}).at("ops").size(), 10u);
  EXPECT_TRUE(at.RunJson({"zoo", "list"}).contains("models"));
  EXPECT_EQ(at.Run({"zoo"}).output, at.Run({"zoo", "list"}).output);
  EXPECT_EQ(at.RunJson({"data", "list"}).at("datasets").size(), 4u);
  EXPECT_EQ(at.Run({"--version"}).output.substr(0, 11), "tinyformer ");
}

TEST(UsageErrors, AnAnswerThatCannotBePrintedIsAnError) {
  const CommandLineTest at;
  Surroundings full;
  full.output = "/dev/full";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"targets"}, {"ops", "--json"}, {"--help"}}) {
    const Ended ended = at.Run(arguments, full);
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(ended.errors,
              ErrorText("cli/output", "standard output", "a place that takes what is written",
                        "the write failed",
                        "check the disk or the program at the other end of the pipe"));
  }
}

}  // namespace
}  // namespace tinyformer
