// From a quantized graph to a firmware folder: choose kernels, plan memory, check that it fits,
// emit.
//
// Start here:  Compile. Everything before it (import, passes, quantisation) is compiler/import ..
// compiler/quantize.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "compiler/cost/plan_network.h"
#include "compiler/emit/emit.h"

namespace tinyformer {

struct CompileOptions : PlanOptions {
  std::string prefix = "model";
  std::string engine_directory;  // empty: EngineDirectory()
  /// Boards that the advice to a network that does not fit may name.
  std::vector<TargetLimits> other_targets = {};
  /// How far above the flash limit the estimate may be: code is estimated a few kilobytes too high,
  /// and a caller that links knows better.
  int64_t flash_slack_bytes = 0;
};

/// "Does not fit" is a value: the command ends with status 3 and `why`.
struct Fit {
  bool ok = true;
  // Empty when ok; lines: by how many bytes, what is alive at the peak, what would help.
  std::string why;
};

struct CompileResult {
  Plan plan;
  SourceTree tree;  // empty when it does not fit
  Fit fit;
  ResourceUse use;          // estimates; an ELF's sections replace them (UpdateSummary)
  Json summary;             // the keys of SPEC section 10, `compile`
  std::string tables;       // layers and memory, for a terminal
  std::string explanation;  // every layer's alternatives, where each tensor lies
};

/// Deterministic int8 input for the self-test, one per element of the graph's input.
std::vector<int8_t> SelfTestInput(const Graph& graph);

/// Compiles a quantized graph (QuantizeGraph's result). The self-test expects what
/// EvaluateQuantized gives for SelfTestInput.
///
/// Errors  emit/prefix, plan/*, emit/engine-missing, file/*, json/*
CompileResult Compile(const Graph& graph, const CompileOptions& options);

/// What the linked firmware occupies, from its ELF.
struct LinkedSize {
  int64_t flash_bytes = 0;
  int64_t code_bytes = 0;
  int64_t weight_bytes = 0;
  int64_t ram_bytes = 0;
};

/// Puts the linked sizes in place of the estimates and checks the limits again.
void UpdateSummary(const LinkedSize& linked, const TargetLimits& target, CompileResult& result);

}  // namespace tinyformer
