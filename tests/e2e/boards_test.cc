// One model through compile, run and profile on every board.
#include <gtest/gtest.h>

#include "tests/command_line.h"
#include "tests/int8_models.h"

namespace tinyformer {
namespace {

TEST(Boards, EveryOneRunsTheModelToTheHostsBytes) {
  const CommandLineTest at;
  at.Write("model.onnx", Int8Onnx(ColourNetwork()));
  std::vector<std::string> outputs;
  const Json list = at.RunJson({"targets"});
  for (const Json& target : list.at("targets")) {
    const std::string board = target.at("name"), firmware = "on-" + board;
    SCOPED_TRACE(board);
    const Json compiled = at.RunJson({"compile", "model.onnx", "--target", board, "-o", firmware});
    EXPECT_EQ(compiled.at("fits"), true);
    EXPECT_EQ(compiled.at("ram_limit_bytes"), target.at("ram_bytes"));
    const Json run = at.RunJson({"run", firmware, "--output", "y.npy"});
    EXPECT_EQ(run.at("bit_exact"), true);
    EXPECT_EQ(run.at("instructions_min"), run.at("instructions_max"));
    EXPECT_LE(run.at("ram_touched_bytes"), compiled.at("ram_peak_bytes"));
    outputs.push_back(at.Read("y.npy"));
    EXPECT_EQ(outputs.back(), outputs.front());
    const Json profile = at.RunJson({"profile", firmware});
    EXPECT_EQ(profile.at("clock_hz"), target.at("clock_hz"));
    // A Cortex-M7 pairs instructions, a Cortex-M4 cannot.
    const bool paired = profile.at("cycles_estimate") < profile.at("instructions");
    EXPECT_EQ(paired, target.at("cpu") == "cortex-m7");
    // The Cortex-M4 board has no caches, and memory without wait states.
    EXPECT_EQ(profile.at("stall_estimate").is_null(), target.at("cpu") == "cortex-m4");
  }
  EXPECT_EQ(outputs.size(), 3u);
}

TEST(Boards, ATargetsMemoryIsListed) {
  const CommandLineTest at;
  const Json list = at.RunJson({"targets"});
  EXPECT_EQ(list.at("targets").at(2).at("memory").at(3), Json({{"name", "axi"},
                                                               {"kind", "sram"},
                                                               {"address", 0x24000000},
                                                               {"bytes", 524288},
                                                               {"cached", true}}));
}

TEST(Boards, CompileSaysWhoseCyclesItEstimates) {
  const CommandLineTest at;
  at.Write("model.onnx", Int8Onnx(SmallNetwork()));
  const Ended m4 = at.Run({"compile", "model.onnx", "--target", "cortex-m4", "-o", "m4"});
  EXPECT_NE(m4.output.find("est. cycles are a Cortex-M7's, by which kernels are chosen; tinyformer "
                           "profile estimates this cortex-m4's\n"),
            std::string::npos);
  const Ended m7 = at.Run({"compile", "model.onnx", "-o", "m7"});
  EXPECT_NE(m7.output.find("est. cycles are those by which kernels are chosen; tinyformer profile "
                           "runs the code\n"),
            std::string::npos);
}

}  // namespace
}  // namespace tinyformer
