// tinyformer search --explain as a process: what it prints, writes and refuses.
#include <gtest/gtest.h>

#include "search/read_space.h"
#include "tests/small_search.h"

namespace tinyformer {
namespace {

const char* const kFix = "write for example --limit flash=980kB,ram=300KiB";

TEST(Explain, SaysHowLargeTheSpaceIsAndWhatItsNetworksCost) {
  const CommandLineTest at;
  const Json json = at.RunJson(Words("search --explain --space tiny --samples 40"));
  EXPECT_EQ(json.at("space"), "tiny");
  EXPECT_DOUBLE_EQ(json.at("networks").get<double>(), CountNetworks(FindSpace("tiny")));
  EXPECT_EQ(json.at("samples"), 40);
  EXPECT_EQ(json.at("fitting"), 40);
  for (const char* cost : {"parameters", "flash_bytes", "ram_peak_bytes", "cycles_estimate"}) {
    const Json& quartiles = json.at(cost);
    EXPECT_GT(quartiles.at("min").get<int64_t>(), 0) << cost;
    EXPECT_LE(quartiles.at("min"), quartiles.at("median")) << cost;
    EXPECT_LE(quartiles.at("median"), quartiles.at("max")) << cost;
  }
  EXPECT_EQ(json.at("input"), Json({32, 32, 3}));
}

TEST(Explain, IsAFunctionOfTheSeed) {
  const CommandLineTest at;
  const auto run = [&](const std::string& seed) {
    return at.Run(Words("search --explain --space tiny --samples 20 --seed " + seed)).output;
  };
  EXPECT_EQ(run("1"), run("1"));
  EXPECT_NE(run("1"), run("2"));
}

TEST(Explain, WritesThePlotAndTakesASpaceOfOnesOwn) {
  const CommandLineTest at;
  at.Write("mine.toml", SpaceText(FindSpace("tiny")));
  const Ended ended =
      at.Run(Words("search --explain --space mine.toml --samples 10 --plot plot.svg"));
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(ended.output.rfind("space mine.toml: ", 0), 0u) << ended.output;
  EXPECT_NE(at.Read("plot.svg").find("mine.toml"), std::string::npos);
}

TEST(Explain, AdjustsToASpaceThatCanBeReadAgain) {
  const CommandLineTest at;
  for (const char* rule : {"paper", "bisection"}) {
    const Json json = at.RunJson(
        Words("search --explain --space small --samples 30 --adjust " + std::string(rule)));
    const Json& adjusted = json.at("adjusted");
    EXPECT_EQ(adjusted.at("rule"), rule);
    const std::string text = adjusted.at("space_text");
    EXPECT_EQ(SpaceText(ParseSpace(text, "small")), text);
    EXPECT_NE(adjusted.at("changes"), "") << rule;
  }
}

TEST(Explain, SaysWhichLimitRefusesHowManyAndWhatComesNearest) {
  const CommandLineTest at;
  const std::string command =
      "search --explain --space tiny --samples 10 --limit flash=1kB,ram=2kB";
  const Ended ended = at.Run(Words(command + " --json"));
  EXPECT_EQ(ended.status, 3);
  const Json json = ParseJson(ended.output, "output");
  EXPECT_EQ(json.at("refused").at("flash").at("all"), 10);
  const Json &nearest = json.at("nearest"), &error = json.at("error");
  const std::string flash = nearest.at("flash_bytes").dump(),
                    ram = nearest.at("ram_peak_bytes").dump();
  EXPECT_EQ(error.at("code"), "search/nothing-fits");
  EXPECT_EQ(error.at("where"), "space 'tiny' on stm32f746");
  EXPECT_EQ(error.at("expected"), "networks within flash 1,000 B, RAM 2,000 B");
  EXPECT_EQ(
      error.at("found").get<std::string>().rfind(
          "none of 10: refused by flash 10, alone 0; RAM 10, alone 0; the nearest takes flash ", 0),
      0u)
      << error.at("found");
  EXPECT_EQ(error.at("fix"), "allow that one with --limit flash=" + flash + ",ram=" + ram +
                                 " (a search wants room for many), or take a smaller space or a "
                                 "larger target");
  // What it names is allowed, then.
  const Json allowed = at.RunJson(
      Words("search --explain --space tiny --samples 10 --limit flash=" + flash + ",ram=" + ram));
  EXPECT_TRUE(allowed.contains("nearest") || allowed.at("fitting").get<int>() > 0);
}

TEST(Explain, OffersNoLimitAboveTheTargets) {
  const CommandLineTest at;
  std::string space = kSmallSpace;
  for (const auto& [from, to] : {std::pair{"[[8], [8, 16]]", "[[64], [1024]]"},
                                 std::pair{"transformers = [0, 1]", "transformers = [1]"}}) {
    ASSERT_NE(space.find(from), std::string::npos) << from;
    space.replace(space.find(from), std::string(from).size(), to);
  }
  at.Write("wide.toml", space);
  const Ended ended = at.Run(Words("search --explain --space wide.toml --samples 4 --json"));
  EXPECT_EQ(ended.status, 3) << ended.errors;
  EXPECT_EQ(ParseJson(ended.output, "output").at("error").at("fix"),
            "take a smaller space or a larger target");
}

TEST(Explain, RefusesWrongOptions) {
  const CommandLineTest at;
  at.ExpectRefused(
      Words("search"),
      ErrorText("cli/usage", "tinyformer search", "-o, the folder of the search", "no such option",
                "add it, or --explain; see tinyformer search --help"));
  at.ExpectRefused(
      Words("search --explain --space tyny"),
      ErrorText("space/unknown", "space 'tyny'",
                "one of: large, normal, paper, small, tiny, wide; or a file that ends in .toml",
                "no space of that name",
                "choose one of these, or write a file (docs/search_spaces.md)"));
  at.ExpectRefused(Words("search --explain --limit ram=1GiB"),
                   ErrorText("cli/limit", "--limit ram",
                             "a number of bytes, or with kB, MB, KiB or MiB", "'1GiB'", kFix));
  const std::string no_latency =
      ErrorText("cli/limit", "--limit latency", "a target with a Cortex-M7",
                "another core, whose cycles are not estimated before it is built",
                "leave latency out, or take another --target");
  for (const char* command : {"search --explain", "search --data synthetic -o out"}) {
    at.ExpectRefused(
        Words(std::string(command) + " --space tiny --target cortex-m4 --limit latency=1s"),
        no_latency);
  }
  at.Write("cut.toml", "format = \"tinyformer-space\"\nversion = 1\n[supernet]\nstem = [");
  at.ExpectRefused(
      Words("search --explain --space cut.toml"),
      ErrorText("space/syntax", "cut.toml, line 4, column 9", "TOML",
                "Error while parsing array: encountered end-of-file", "correct the file there"));
}

}  // namespace
}  // namespace tinyformer
