// What a report is made from: the files that the other commands left in an output folder.
//
// Start here:  ReportInput, ReadReportInput.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "report/record.h"
#include "report/reported_search.h"

namespace tinyformer {

/// One layer of the firmware, from the plan (or compile.json) and, where they were measured, from
/// the profile.
struct ReportedLayer {
  std::string name, op, kernel, codec;
  int64_t block = 0;    // 0: dense
  double sparsity = 0;  // share of zero blocks, [0, 1]
  int64_t weight_bytes = 0, macs = 0, effective_macs = 0;
  std::optional<int64_t> planned_cycles;   // the compiler's estimate
  std::optional<int64_t> instructions;     // executed, exact
  std::optional<int64_t> profiled_cycles;  // the emulator's estimate
};

/// When and where one tensor lives in the arena: bytes [offset, offset + bytes), layers
/// first_layer..last_layer.
struct TensorLife {
  std::string name;
  int64_t bytes = 0, offset = 0, first_layer = 0, last_layer = 0;
};

/// firmware/plan.json.
struct ReportedPlan {
  std::string name, target, strategy;
  int64_t arena_bytes = 0, arena_lower_bound_bytes = 0, weight_bytes = 0;
  std::vector<ReportedLayer> layers;
  std::vector<TensorLife> tensors;
  std::vector<std::pair<std::string, int64_t>> strategies;  // tried: name, arena bytes
  std::vector<int64_t> live_bytes;  // per layer; summed from the tensors when the plan has none
};

/// compile.json: what `tinyformer compile --json` prints.
struct ReportedCompile {
  std::string target;
  bool fits = false;
  int64_t flash_bytes = 0, flash_limit_bytes = 0, ram_peak_bytes = 0, ram_limit_bytes = 0;
  int64_t code_bytes = 0, weight_bytes = 0;
  // Parts of flash_bytes that may not be known apart; harness: of the emulator, not of a product.
  std::optional<int64_t> table_bytes, data_bytes, harness_bytes;
  int64_t arena_bytes = 0, arena_lower_bound_bytes = 0, stack_bytes = 0;
  int64_t macs = 0, effective_macs = 0;
  std::optional<int64_t> cycles_estimate;
  std::string cycles_core;  // whose cycles; empty: not said
  std::vector<ReportedLayer> layers;
  Provenance provenance;
};

/// run.json: what `tinyformer run --json` prints. confusion[t][p] counts images of class t that
/// were called p.
struct ReportedRun {
  int64_t images = 0;
  std::optional<int64_t> correct;  // absent when the images had no labels
  std::optional<double> accuracy;  // [0, 1]
  std::string on;                  // "emulator" or "host"
  std::string split;               // "test" or "validation"; empty: not said
  std::optional<bool> bit_exact;
  std::optional<int64_t> instructions_min, instructions_max, cycles_estimate, stack_peak_bytes,
      ram_touched_bytes;
  std::optional<double> accuracy_float, accuracy_pruned;  // on the same images, when measured
  std::vector<std::vector<int64_t>> confusion;
  std::vector<std::string> class_names;
  Provenance provenance;
};

/// profile.json: what `tinyformer profile --json` prints. cycles_error is relative: 0.15 is +-15 %.
struct ReportedProfile {
  int64_t instructions = 0;
  std::optional<int64_t> cycles_estimate;
  std::optional<double> cycles_error;
  std::optional<int64_t> stall_estimate;  // cycles that caches and flash add; rough
  std::vector<ReportedLayer> layers;
  Provenance provenance;
};

/// One named column of a metrics.jsonl against its epoch (or step).
struct MetricSeries {
  std::string name;
  std::vector<double> x, y;
};

/// metrics.jsonl: every numeric column that has at least one value.
struct ReportedMetrics {
  std::string x_name = "epoch";
  std::vector<MetricSeries> series;
};

/// What model.safetensors says of the weights that training or compression ended with.
struct FinishedWeights {
  std::optional<double> validation_accuracy;  // [0, 1]
  std::optional<double> sparsity;             // [0, 1]
};

/// A file that was looked for and not found, or is of another firmware: what it would have told,
/// and the command that makes it.
struct MissingPart {
  std::string file, what, command;
  bool of_another_firmware = false;
};

struct ReportInput {
  std::string title = "TinyFormer";
  std::optional<ReportedMetrics> training;
  std::vector<ReportedMetrics> compressions;  // in order: of run/compressed, .../compressed, ...
  std::optional<FinishedWeights> trained, compressed;  // compressed: by the last that has ended
  std::optional<ReportedPlan> plan;
  std::optional<ReportedCompile> compile;
  std::optional<ReportedRun> run;
  std::optional<ReportedRun> emulated;  // a second run, of fewer images, that counted instructions
  std::optional<ReportedProfile> profile;
  std::optional<int64_t> clock_hz;  // the board's, from firmware/board/board.json
  std::string cpu;                  // likewise: "cortex-m7"
  std::optional<int64_t> onnx_bytes;
  std::string onnx_hash;           // XXH64 of model.onnx, empty when there is none
  std::string genome_json;         // run/genome.json as text, empty when there is none
  Provenance training_provenance;  // from run/config.json
  std::vector<MissingPart> missing;
  std::optional<ReportedSearch> search;  // that found the network; not from a file
};

/// Whether there is anything of a network, rather than only of a search.
bool HasNetwork(const ReportInput& input);

/// Reads an output folder: run/{metrics.jsonl, config.json, genome.json, model.safetensors},
/// run/compressed/{metrics.jsonl, model.safetensors}, model.onnx (only hashed), firmware/plan.json,
/// firmware/board/board.json, compile.json, run.json, run-emulator.json (optional: when run.json is
/// of the host), profile.json. A file that is not there goes to `missing`, it is no error; so does
/// a profile.json of another plan.json. The last line of a metrics.jsonl may be half written (a run
/// that goes on). Of model.safetensors only the metadata is used.
///
/// Errors  file/missing (no such folder), report/empty (none of the files), json/syntax, tensors/*,
///         json/key, report/value (a tensor outside the arena or the layers, a confusion matrix
///         that is not square, an accuracy outside [0, 1])
ReportInput ReadReportInput(const std::string& folder);

/// Whether the folder has any of those files.
bool HasReportFiles(const std::string& folder);

/// The same parsers on JSON values: name is what the user calls the file.
ReportedPlan ParseReportedPlan(const Json& json, const std::string& name);
ReportedCompile ParseReportedCompile(const Json& json, const std::string& name);
ReportedRun ParseReportedRun(const Json& json, const std::string& name);
ReportedProfile ParseReportedProfile(const Json& json, const std::string& name);
FinishedWeights ParseFinishedWeights(const std::map<std::string, std::string>& metadata,
                                     const std::string& name);
/// Of run/config.json: seed, data fingerprint, environment.
Provenance ParseRunConfig(const Json& json, const std::string& name);
ReportedMetrics ParseMetrics(const std::string& lines, const std::string& name);

}  // namespace tinyformer
