#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/safetensors.h"
#include "report/report_input.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunCommand = "tinyformer run <folder>/firmware --data D --json > run.json";
struct KnownFile {
  const char* path;
  const char* what;
  const char* command;
};

constexpr KnownFile kProfile = {"profile.json", "instructions and cycles of every layer",
                                "tinyformer profile <folder>/firmware --json > profile.json"};
constexpr const char* kCompileCommand =
    "tinyformer compile model.onnx --target B -o firmware --json > compile.json";

// What is read from an output folder, in the order of the pipeline.
constexpr KnownFile kFiles[] = {
    {"run/metrics.jsonl", "training curves", "tinyformer train --data D --genome G.json -o run"},
    {"run/compressed/metrics.jsonl", "pruning curves",
     "tinyformer compress run --data D -o model.onnx"},
    {"model.onnx", "the model file", "tinyformer compress run --data D -o model.onnx"},
    {"compile.json", "flash, RAM and whether it fits", kCompileCommand},
    {"firmware/plan.json", "memory map and layers", kCompileCommand},
    {"run.json", "accuracy, bit-exactness, instruction counts", kRunCommand},
    kProfile,
};

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace

bool HasReportFiles(const std::string& folder) {
  return std::any_of(std::begin(kFiles), std::end(kFiles),
                     [&](const KnownFile& file) { return Exists(fs::path(folder) / file.path); });
}

ReportInput ReadReportInput(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw Error("file/missing", folder, "a folder made by the other commands",
                Exists(folder) ? "a file" : "nothing at this path", "check the path");
  }
  const fs::path root(folder);
  ReportInput input;
  for (const KnownFile& file : kFiles) {
    if (!Exists(root / file.path)) input.missing.push_back({file.path, file.what, file.command});
  }
  if (input.missing.size() == std::size(kFiles)) {
    throw Error("report/empty", folder,
                "at least one of run/metrics.jsonl, compile.json, firmware/plan.json, run.json",
                "none of the files that a report is made from",
                "name the folder that the other commands wrote to");
  }
  auto path = [&](const char* file) { return (root / file).string(); };
  auto with_json = [&](const char* file, auto use) {
    if (Exists(root / file)) use(ReadJson(path(file)), path(file));
  };
  if (Exists(root / "run/metrics.jsonl")) {
    input.training = ParseMetrics(ReadFile(path("run/metrics.jsonl")), path("run/metrics.jsonl"));
  }
  auto weights = [&](const fs::path& file) -> std::optional<FinishedWeights> {
    if (!Exists(file)) return std::nullopt;
    return ParseFinishedWeights(ReadTensors(file.string()).metadata, file.string());
  };
  input.trained = weights(root / "run/model.safetensors");
  // What was compressed may have been compressed again.
  for (fs::path run = root / "run/compressed"; fs::is_directory(run, error); run /= "compressed") {
    const fs::path metrics = run / "metrics.jsonl";
    if (Exists(metrics)) {
      input.compressions.push_back(ParseMetrics(ReadFile(metrics.string()), metrics.string()));
    }
    if (const auto ended = weights(run / "model.safetensors")) input.compressed = ended;
  }
  if (Exists(root / "model.onnx")) {
    const std::string bytes = ReadFile(path("model.onnx"));
    input.onnx_bytes = static_cast<int64_t>(bytes.size());
    input.onnx_hash = Checksum(bytes);
  }
  with_json("run/config.json", [&](const Json& json, const std::string& name) {
    input.training_provenance = ParseRunConfig(json, name);
  });
  with_json("run/genome.json", [&](const Json& json, const std::string& name) {
    input.genome_json = json.dump(2);
    if (const std::string genome = OptionalKey<std::string>(json, "name", name, "a text", "");
        !genome.empty()) {
      input.title = genome;
    }
  });
  with_json("firmware/board/board.json", [&](const Json& json, const std::string& name) {
    const auto clock = OptionalKey<int64_t>(json, "clock_hz", name, "a whole number", 0);
    if (clock > 0) input.clock_hz = clock;
    input.cpu = OptionalKey<std::string>(json, "cpu", name, "a text", "");
  });
  with_json("firmware/plan.json", [&](const Json& json, const std::string& name) {
    input.plan = ParseReportedPlan(json, name);
    if (!input.plan->name.empty()) input.title = input.plan->name;
  });
  with_json("compile.json", [&](const Json& json, const std::string& name) {
    input.compile = ParseReportedCompile(json, name);
  });
  with_json("run.json", [&](const Json& json, const std::string& name) {
    input.run = ParseReportedRun(json, name);
  });
  with_json("run-emulator.json", [&](const Json& json, const std::string& name) {
    input.emulated = ParseReportedRun(json, name);
  });
  with_json("profile.json", [&](const Json& json, const std::string& name) {
    input.profile = ParseReportedProfile(json, name);
    const std::string& plan = input.profile->provenance.input_hash;
    if (plan.empty() || !input.plan || plan == Checksum(ReadFile(path("firmware/plan.json"))))
      return;
    input.profile.reset();
    input.missing.push_back({kProfile.path, kProfile.what, kProfile.command, true});
  });
  return input;
}

}  // namespace tinyformer
