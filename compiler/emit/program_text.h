// The files of a firmware folder that are made from the plan: header, program, weights, self-test,
// example, build file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/emit/layer_text.h"
#include "compiler/plan/plan.h"

namespace tinyformer {

/// What the texts are made from. `prefix` begins every symbol of the model: a C identifier of
/// lower-case letters, digits and _.
struct Program {
  const Graph& graph;
  const Plan& plan;
  std::string prefix;
  std::vector<LayerText> layers;
};

/// EmitLayer for every layer. graph and plan must outlive the result.
Program MakeProgram(const Graph& graph, const Plan& plan, const std::string& prefix);

/// "TF_MODEL" for "model".
std::string MacroPrefix(const std::string& prefix);

/// <prefix>.h: the C99 API with sizes and scales as macros.
std::string HeaderText(const Program& program);
/// <prefix>.cc: one block a layer.
std::string SourceText(const Program& program);
/// weights.h and weights.cc: the constant arrays.
std::string WeightsHeaderText(const Program& program);
std::string WeightsSourceText(const Program& program);

/// One input and the output that the model must give for it.
struct SelfTest {
  std::vector<int8_t> input;
  std::vector<int8_t> expected;
};

/// selftest.h and selftest.cc: `int <prefix>_selftest(void)` counts the output bytes that differ.
std::string SelfTestHeaderText(const Program& program);
std::string SelfTestSourceText(const Program& program, const SelfTest& test);

/// main.c: the smallest C99 program that uses the model; its exit status is the self-test's.
std::string ExampleText(const Program& program);

/// CMakeLists.txt for the host and, with board/toolchain.cmake, for the board (with GCC's
/// `optimization`).
std::string BuildText(const Program& program, const std::string& optimization);

}  // namespace tinyformer
