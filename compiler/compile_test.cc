#include "compiler/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "compiler/cost/cycle_table.h"
#include "compiler/cost/layer_table.h"
#include "compiler/plan/example_graph.h"

namespace tinyformer {
namespace {

CompileOptions Options(int64_t flash, int64_t ram) {
  const char* source = std::getenv("TINYFORMER_SOURCE_DIR");
  CompileOptions options;
  options.target = {"stm32f746", flash, ram, 8192, ""};
  options.engine_directory = std::string(source ? source : ".") + "/engine";
  return options;
}

TEST(Compile, SummaryHasEveryKeyOfTheCommandLine) {
  const Graph graph = TinyTransformer(1, 0.5);
  const CompileResult result = Compile(graph, Options(1048576, 327680));
  EXPECT_TRUE(result.fit.ok) << result.fit.why;
  for (const char* key :
       {"target", "fits", "flash_bytes", "flash_limit_bytes", "code_bytes", "weight_bytes",
        "ram_peak_bytes", "ram_limit_bytes", "arena_bytes", "arena_lower_bound_bytes",
        "stack_bytes", "macs", "effective_macs", "cycles_estimate", "layers"}) {
    EXPECT_TRUE(result.summary.contains(key)) << key;
  }
  for (const char* key : {"name", "op", "kernel", "codec", "block", "sparsity", "weight_bytes",
                          "macs", "effective_macs", "cycles_estimate"}) {
    EXPECT_TRUE(result.summary["layers"][0].contains(key)) << key;
  }
  EXPECT_EQ(result.summary["ram_peak_bytes"], result.plan.arena_bytes + 8192);
}

TEST(Compile, TheSameGraphGivesTheSameTree) {
  const Graph graph = TinyTransformer(1, 0.5);
  const CompileOptions options = Options(1048576, 327680);
  EXPECT_EQ(Compile(graph, options).tree, Compile(graph, options).tree);
}

TEST(Compile, SizeIsCompiledForSize) {
  CompileOptions options = Options(1048576, 327680);
  for (const auto& [optimize, flag] :
       {std::pair{Optimize::kBalanced, "-O2"}, std::pair{Optimize::kSize, "-Os"}}) {
    options.optimize = optimize;
    const CompileResult result = Compile(TinyTransformer(1, 0.5), options);
    EXPECT_EQ(Json::parse(result.tree.at("plan.json"))["optimization"], flag);
    EXPECT_THAT(
        result.tree.at("CMakeLists.txt"),
        ::testing::HasSubstr("target_compile_options(model PRIVATE " + std::string(flag) + ")"));
  }
}

TEST(Compile, AReferencePointOfHalfZerosFitsItsBoard) {
  const CompileResult result = Compile(ReferenceShapes(1, 0.5), Options(1048576, 327680));
  EXPECT_TRUE(result.fit.ok) << result.fit.why;
  EXPECT_LE(result.use.sram_peak_bytes, 327680);
}

// Tensors of 4,096 and 6,144 bytes between the layers; the second layer needs both.
Graph ThreeLayers() {
  ExampleGraph g("gap", 1, 0);
  const ValueId first = g.Linear("first", g.Input({1, 64, 16}), 64);
  const ValueId second = g.Linear("second", first, 96);
  return g.Finish(g.Linear("third", second, 2));
}

TEST(Compile, WhatDoesNotFitIsRefusedWithItsPeakAndWhatWouldHelp) {
  ExampleGraph g("wide", 1, 0);
  const ValueId wide = g.Linear("widen", g.Input({1, 64, 16}), 64);
  const Graph graph = g.Finish(g.Linear("narrow", wide, 2));
  const CompileResult result = Compile(graph, Options(8000, 10000));
  EXPECT_FALSE(result.fit.ok);
  EXPECT_TRUE(result.tree.empty());
  EXPECT_FALSE(result.summary["fits"].get<bool>());
  const int64_t flash = result.use.flash_bytes;
  const int64_t scratch = result.plan.layers[1].kernel.scratch_bytes;
  const int64_t arena = 64 * 64 + scratch, ram = arena + 8192;
  EXPECT_EQ(result.plan.arena_bytes, arena);
  EXPECT_EQ(flash, EstimateProgramBytes({"linear_s8", "linear_s8"}) + CodeBytes({"linear_s8"}) +
                       (1024 + 8 * 64) + (128 + 8 * 2));
  EXPECT_EQ(result.fit.why,
            "model 'wide' does not fit stm32f746 (estimated before building)\n"
            "RAM: " +
                WithThousands(ram) + " bytes of 10,000, " + WithThousands(ram - 10000) +
                " too many\n"
                "  arena " +
                WithThousands(arena) +
                " bytes, stack 8,192 bytes\n"
                "alive at the peak, layer 2 'narrow'\n"
                "  widen.y: 4,096 bytes\n"
                "  scratch of narrow: " +
                WithThousands(scratch) +
                " bytes\n"
                "what would help\n"
                "  at least " +
                WithThousands(ram - 10000) +
                " bytes less of tensors at the peak: fewer channels, a smaller expansion, a "
                "smaller image");
}

TEST(Compile, TooMuchFlashNamesTheLargestLayersAndTheOptionThatFits) {
  ExampleGraph g("heavy", 1, 0.5);
  const Graph graph = g.Finish(g.Linear("heavy", g.Input({1, 1, 256}), 64));
  const ResourceUse smallest = EstimateUse(graph, MakePlan(graph, CodecRequest::kAuto), 8192);
  CompileOptions options = Options(smallest.flash_bytes, 327680);
  options.codec = CodecRequest::kDense;
  const CompileResult result = Compile(graph, options);
  EXPECT_FALSE(result.fit.ok);
  EXPECT_EQ(result.fit.why,
            "model 'heavy' does not fit stm32f746 (estimated before building)\n"
            "flash: " +
                WithThousands(result.use.flash_bytes) + " bytes of " +
                WithThousands(smallest.flash_bytes) + ", " +
                WithThousands(result.use.flash_bytes - smallest.flash_bytes) +
                " too many\n"
                "largest layers\n"
                "  heavy: 16,896 bytes\n"
                "what would help\n"
                "  --codec auto --optimize size takes " +
                WithThousands(smallest.flash_bytes) + " bytes of flash and " +
                WithThousands(smallest.sram_peak_bytes) + " bytes of RAM, which fits");
}

TEST(Compile, WhatNoOptionMakesFitNamesTheBoardsThatHoldIt) {
  ExampleGraph g("heavy", 1, 0.5);
  const Graph graph = g.Finish(g.Linear("heavy", g.Input({1, 1, 256}), 64));
  const ResourceUse smallest = EstimateUse(graph, MakePlan(graph, CodecRequest::kAuto), 8192);
  CompileOptions options = Options(smallest.flash_bytes - 1000, 327680);
  options.codec = CodecRequest::kDense;
  options.other_targets = {{"small", 10000, 327680, 8192, ""}, {"large", 99999, 327680, 8192, ""}};
  const std::string why = Compile(graph, options).fit.why;
  EXPECT_EQ(why.substr(why.find("what would help\n")),
            "what would help\n"
            "  --codec auto --optimize size takes " +
                WithThousands(smallest.flash_bytes) + " bytes of flash and " +
                WithThousands(smallest.sram_peak_bytes) +
                " bytes of RAM, still 1,000 bytes of flash too many\n"
                "  --target large fits\n"
                "  at least 1,000 bytes less of weights: prune the largest layers more (tinyformer "
                "compress --sparsity), or make them narrower");
}

TEST(Compile, AGapInRamIsNamedWithTheBlocksOfTheTensorsAtThePeak) {
  const Graph graph = ThreeLayers();
  CompileOptions options = Options(1048576, 40960);
  options.target.arena = {{{{"fast", 3000, true}}, {{"slow", 8000, false}}}};
  const CompileResult result = Compile(graph, options);
  EXPECT_EQ(result.fit.why,
            "model 'gap' does not fit stm32f746 (estimated before building)\n"
            "RAM block 'slow': 10,240 bytes of 8,000, 2,240 too many\n"
            "  block 'fast' holds 768 of 3,000 bytes; no tensor can lie across the gap between "
            "blocks\n"
            "alive at the peak, layer 2 'second'\n"
            "  first.y: 4,096 bytes in block 'slow'\n"
            "  second.y: 6,144 bytes in block 'slow'\n"
            "  scratch of second: 512 bytes in block 'fast'\n"
            "what would help\n"
            "  at least 2,240 bytes less of tensors at the peak: fewer channels, a smaller "
            "expansion, a smaller image");
}

TEST(UpdateSummary, TheLinkedSizesReplaceTheEstimates) {
  const CompileOptions options = Options(1048576, 327680);
  CompileResult result = Compile(TinyTransformer(1, 0.5), options);
  UpdateSummary({20000, 9000, 8000, 9100}, options.target, result);
  EXPECT_TRUE(result.fit.ok);
  EXPECT_EQ(result.summary["flash_bytes"], 20000);
  EXPECT_EQ(result.summary["sizes"], "linked");
  UpdateSummary({1048577, 9000, 8000, 400000}, options.target, result);
  EXPECT_FALSE(result.fit.ok);
  EXPECT_EQ(result.fit.why,
            "flash: 1,048,577 bytes of 1,048,576, 1 too many\n"
            "RAM: 400,000 bytes of 327,680, 72,320 too many");
  EXPECT_EQ(result.summary["why"], result.fit.why);
}

}  // namespace
}  // namespace tinyformer
