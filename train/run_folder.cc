#include "train/run_folder.h"

#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace tinyformer {
namespace {

Json DescribeData(const DatasetInfo& data) {
  return {{"spec", data.spec},           {"fingerprint", data.fingerprint},
          {"classes", data.class_names}, {"height", data.height},
          {"width", data.width},         {"channels", data.channels},
          {"mean", data.mean},           {"stddev", data.stddev}};
}

// Folders may be moved or named in another way; their weights' checksums are compared instead.
bool IsFolder(const std::string& key) {
  return key == "source" || key == "teacher" || key == "supernet";
}

void RequireFinite(const std::string& file, const std::string& name, const NamedTensor& tensor) {
  const std::vector<float> values = tensor.Floats();
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    throw Error("train/weights", file, "finite numbers in tensor '" + name + "'",
                "NaN or infinity at element " + std::to_string(i),
                "train again, with a lower --lr if it was training that made them");
  }
}

[[noreturn]] void FailChanged(const std::string& path, const std::string& what, const Json& before,
                              const Json& now) {
  throw Error("train/resume-changed", path,
              what + " " + JsonText(before) + ", as this run was started",
              what + " " + JsonText(now),
              "use the same value to go on; for a new run take another folder, or remove this one");
}

// Whole genomes are pages: only the first place where they differ is shown.
void FailAtFirstDifference(const std::string& path, const std::string& kind, const Json& before,
                           const Json& now) {
  const Json differences = Json::diff(before, now);
  if (differences.empty()) return;
  Json::json_pointer place(differences.at(0).at("path").get<std::string>());
  while (!before.contains(place) && !now.contains(place)) place.pop_back();  // "-": behind a list
  const auto there = [&](const Json& all) { return all.contains(place) ? all.at(place) : Json(); };
  FailChanged(path, kind + " " + place.to_string(), there(before), there(now));
}

}  // namespace

bool RunFolder::Has(const std::string& name) const { return std::filesystem::exists(File(name)); }

template <typename T, typename Parse>
std::vector<std::string> RunFolder::OpenAs(const std::string& kind, const T& subject,
                                           const Parse& parse, const Recipe& recipe,
                                           const DatasetInfo& data, const Json& environment) const {
  const std::string file = File(kind + ".json");
  const std::string left =
      Has("checkpoint.safetensors") ? "checkpoint.safetensors" : "model.safetensors";
  if (Has(left)) {
    if (!Has("config.json") || !Has(kind + ".json")) {
      throw Error(
          "train/run-folder", path_, "config.json and " + kind + ".json beside " + left,
          std::string("no ") + (Has("config.json") ? kind + ".json" : "config.json"),
          "put the file back to go on; for a new run take another folder, or remove this one");
    }
    const Json config = ReadJson(File("config.json"));
    const Recipe before_recipe = ParseRecipe(
        RequireKey<Json>(config, "recipe", File("config.json"), "an object"), File("config.json"));
    const Json before = ToJson(before_recipe), now = ToJson(recipe);
    for (const auto& [key, value] : now.items()) {
      if (IsFolder(key) || before.at(key) == value) continue;
      FailChanged(path_, key, before.at(key), value);
    }
    const Json subject_before = ToJson(parse(ReadJson(file), file));
    FailAtFirstDifference(path_, kind, subject_before, ToJson(subject));
    const Json data_before = RequireKey<Json>(config, "data", File("config.json"), "an object");
    const auto fingerprint =
        OptionalKey<std::string>(data_before, "fingerprint", File("config.json"), "a text", "");
    if (fingerprint != data.fingerprint)
      FailChanged(path_, "data fingerprint", fingerprint, data.fingerprint);
    std::vector<std::string> differences;
    const Json environment_before =
        OptionalKey<Json>(config, "environment", File("config.json"), "an object", Json::object());
    for (const auto& [key, value] : environment.items()) {
      const Json before_value =
          OptionalKey<Json>(environment_before, key, File("config.json"), "a value", Json());
      if (before_value != value)
        differences.push_back(key + " " + before_value.dump() + ", now " + value.dump());
    }
    return differences;
  }
  const Json config = {{"format", "tinyformer-run"},
                       {"version", 1},
                       {"recipe", ToJson(recipe)},
                       {"data", DescribeData(data)},
                       {"environment", environment}};
  WriteFileAtomic(file, ToJson(subject).dump(2) + "\n");
  WriteFileAtomic(File("config.json"), JsonText(config, 2) + "\n");
  return {};
}

std::vector<std::string> RunFolder::Open(const Genome& genome, const Recipe& recipe,
                                         const DatasetInfo& data, const Json& environment) const {
  return OpenAs("genome", genome, ParseGenome, recipe, data, environment);
}

std::vector<std::string> RunFolder::Open(const SupernetChoices& choices, const Recipe& recipe,
                                         const DatasetInfo& data, const Json& environment) const {
  return OpenAs("supernet", choices, ParseChoices, recipe, data, environment);
}

TensorFile ReadFiniteTensors(const std::string& file) {
  TensorFile tensors = ReadTensors(file);
  for (const auto& [name, tensor] : tensors.tensors) {
    if (tensor.dtype == "F32") RequireFinite(file, name, tensor);
  }
  return tensors;
}

FinishedRun ReadFinishedRun(const std::string& path) {
  const RunFolder folder(path);
  for (const char* file : {"genome.json", "model.safetensors"}) {
    if (folder.Has(file)) continue;
    throw Error(
        "train/no-run", path, "a finished run: a folder with genome.json and model.safetensors",
        std::string("no ") + file, "finish the training first: tinyformer train ... -o " + path);
  }
  const std::string file = folder.File("model.safetensors");
  return {file, ParseGenome(ReadJson(folder.File("genome.json")), folder.File("genome.json")),
          ReadFiniteTensors(file)};
}

std::string WeightsChecksum(const FinishedRun& run) {
  TensorFile weights;
  weights.tensors = run.model.tensors;
  return Checksum(EncodeTensors(weights));
}

}  // namespace tinyformer
