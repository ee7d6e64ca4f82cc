#include "report/report_input.h"

namespace tinyformer {
namespace {

int64_t Whole(const Json& json, const char* key, const std::string& name) {
  return RequireKey<int64_t>(json, key, name, "a whole number");
}

std::optional<int64_t> MaybeWhole(const Json& json, const char* key, const std::string& name) {
  if (!json.is_object() || !json.contains(key) || json.at(key).is_null()) return std::nullopt;
  return Whole(json, key, name);
}

std::optional<double> MaybeNumber(const Json& json, const char* key, const std::string& name) {
  if (!json.is_object() || !json.contains(key) || json.at(key).is_null()) return std::nullopt;
  return RequireKey<double>(json, key, name, "a number");
}

std::string MaybeText(const Json& json, const char* key, const std::string& name) {
  return OptionalKey<std::string>(json, key, name, "a text", "");
}

std::vector<Json> List(const Json& json, const char* key, const std::string& name) {
  return OptionalKey<std::vector<Json>>(json, key, name, "a list", {});
}

ReportedLayer ParseLayer(const Json& json, const std::string& name) {
  ReportedLayer layer;
  layer.name = RequireKey<std::string>(json, "name", name, "a text");
  layer.op = MaybeText(json, "op", name);
  layer.kernel = MaybeText(json, "kernel", name);
  layer.codec = MaybeText(json, "codec", name);
  layer.block = MaybeWhole(json, "block", name).value_or(0);
  layer.sparsity = MaybeNumber(json, "sparsity", name).value_or(0);
  layer.weight_bytes = MaybeWhole(json, "weight_bytes", name).value_or(0);
  layer.macs = MaybeWhole(json, "macs", name).value_or(0);
  layer.effective_macs = MaybeWhole(json, "effective_macs", name).value_or(layer.macs);
  return layer;
}

std::vector<ReportedLayer> ParseLayers(const Json& json, const std::string& name) {
  std::vector<ReportedLayer> layers;
  for (const Json& item : List(json, "layers", name)) {
    layers.push_back(ParseLayer(item, name));
    layers.back().planned_cycles = MaybeWhole(item, "cycles_estimate", name);
  }
  return layers;
}

Provenance MaybeProvenance(const Json& json, const std::string& name) {
  return json.contains("provenance") ? ParseProvenance(json.at("provenance"), name) : Provenance{};
}

void RequireShare(double value, const char* key, const std::string& name) {
  if (value >= 0 && value <= 1) return;
  throw Error("report/value", name + ", key '" + key + "'", "a share from 0 to 1",
              std::to_string(value), "write the file again with the command that made it");
}

void CheckTensor(const TensorLife& tensor, const ReportedPlan& plan, const std::string& name) {
  const auto layers = static_cast<int64_t>(plan.layers.size());
  const bool placed = tensor.offset >= 0 && tensor.bytes >= 0 && tensor.bytes <= plan.arena_bytes &&
                      tensor.offset <= plan.arena_bytes - tensor.bytes;
  const bool alive = tensor.first_layer >= -1 && tensor.first_layer <= tensor.last_layer &&
                     tensor.last_layer <= layers;
  if (placed && alive) return;
  throw Error("report/value", name + ", tensor '" + tensor.name + "'",
              "bytes inside the arena of " + std::to_string(plan.arena_bytes) +
                  " and layers from 0 to " + std::to_string(layers - 1),
              "bytes " + std::to_string(tensor.offset) + " to " +
                  std::to_string(tensor.offset + tensor.bytes) + ", layers " +
                  std::to_string(tensor.first_layer) + " to " + std::to_string(tensor.last_layer),
              "compile the model again");
}

}  // namespace

bool HasNetwork(const ReportInput& input) {
  return input.training || !input.compressions.empty() || input.plan || input.compile ||
         input.run || input.profile || input.onnx_bytes;
}

ReportedPlan ParseReportedPlan(const Json& json, const std::string& name) {
  ReportedPlan plan;
  plan.name = MaybeText(json, "name", name);
  plan.target = MaybeText(json, "target", name);
  plan.strategy = MaybeText(json, "strategy", name);
  plan.arena_bytes = Whole(json, "arena_bytes", name);
  plan.arena_lower_bound_bytes = Whole(json, "arena_lower_bound_bytes", name);
  plan.weight_bytes = MaybeWhole(json, "weight_bytes", name).value_or(0);
  plan.layers = ParseLayers(json, name);
  for (const Json& item : List(json, "strategies", name)) {
    plan.strategies.emplace_back(RequireKey<std::string>(item, "name", name, "a text"),
                                 Whole(item, "arena_bytes", name));
  }
  for (const Json& item : List(json, "tensors", name)) {
    TensorLife tensor{RequireKey<std::string>(item, "name", name, "a text"),
                      Whole(item, "bytes", name), Whole(item, "offset", name),
                      Whole(item, "first_layer", name), Whole(item, "last_layer", name)};
    CheckTensor(tensor, plan, name);
    plan.tensors.push_back(tensor);
  }
  plan.live_bytes = OptionalKey<std::vector<int64_t>>(json, "memory_timeline", name,
                                                      "a list of whole numbers", {});
  if (plan.live_bytes.size() != plan.layers.size()) {
    plan.live_bytes.assign(plan.layers.size(), 0);
    for (size_t layer = 0; layer < plan.layers.size(); ++layer) {
      for (const TensorLife& tensor : plan.tensors) {
        const auto at = static_cast<int64_t>(layer);
        if (tensor.first_layer <= at && at <= tensor.last_layer) {
          plan.live_bytes[layer] += tensor.bytes;
        }
      }
    }
  }
  return plan;
}

ReportedCompile ParseReportedCompile(const Json& json, const std::string& name) {
  ReportedCompile result;
  result.target = RequireKey<std::string>(json, "target", name, "a text");
  result.fits = RequireKey<bool>(json, "fits", name, "true or false");
  result.flash_bytes = Whole(json, "flash_bytes", name);
  result.flash_limit_bytes = Whole(json, "flash_limit_bytes", name);
  result.ram_peak_bytes = Whole(json, "ram_peak_bytes", name);
  result.ram_limit_bytes = Whole(json, "ram_limit_bytes", name);
  result.code_bytes = Whole(json, "code_bytes", name);
  result.weight_bytes = Whole(json, "weight_bytes", name);
  result.table_bytes = MaybeWhole(json, "table_bytes", name);
  result.data_bytes = MaybeWhole(json, "data_bytes", name);
  result.harness_bytes = MaybeWhole(json, "harness_bytes", name);
  result.arena_bytes = Whole(json, "arena_bytes", name);
  result.arena_lower_bound_bytes = Whole(json, "arena_lower_bound_bytes", name);
  result.stack_bytes = Whole(json, "stack_bytes", name);
  result.macs = Whole(json, "macs", name);
  result.effective_macs = Whole(json, "effective_macs", name);
  result.cycles_estimate = MaybeWhole(json, "cycles_estimate", name);
  result.cycles_core = MaybeText(json, "cycles_core", name);
  result.layers = ParseLayers(json, name);
  result.provenance = MaybeProvenance(json, name);
  return result;
}

ReportedRun ParseReportedRun(const Json& json, const std::string& name) {
  ReportedRun result;
  result.images = Whole(json, "images", name);
  result.correct = MaybeWhole(json, "correct", name);
  result.accuracy = MaybeNumber(json, "accuracy", name);
  if (result.accuracy) RequireShare(*result.accuracy, "accuracy", name);
  result.on = MaybeText(json, "on", name);
  result.split = MaybeText(json, "split", name);
  if (json.contains("bit_exact") && !json.at("bit_exact").is_null()) {
    result.bit_exact = RequireKey<bool>(json, "bit_exact", name, "true or false");
  }
  result.instructions_min = MaybeWhole(json, "instructions_min", name);
  result.instructions_max = MaybeWhole(json, "instructions_max", name);
  result.cycles_estimate = MaybeWhole(json, "cycles_estimate", name);
  result.stack_peak_bytes = MaybeWhole(json, "stack_peak_bytes", name);
  result.ram_touched_bytes = MaybeWhole(json, "ram_touched_bytes", name);
  result.accuracy_float = MaybeNumber(json, "accuracy_float", name);
  result.accuracy_pruned = MaybeNumber(json, "accuracy_pruned", name);
  if (result.accuracy_float) RequireShare(*result.accuracy_float, "accuracy_float", name);
  if (result.accuracy_pruned) RequireShare(*result.accuracy_pruned, "accuracy_pruned", name);
  using Matrix = std::vector<std::vector<int64_t>>;
  result.confusion = OptionalKey<Matrix>(json, "confusion", name, "a list of lists of counts", {});
  for (const auto& row : result.confusion) {
    if (row.size() == result.confusion.size()) continue;
    throw Error("report/value", name + ", key 'confusion'",
                std::to_string(result.confusion.size()) + " counts in every row",
                std::to_string(row.size()) + " counts in a row",
                "write the file again with the command that made it");
  }
  result.class_names =
      OptionalKey<std::vector<std::string>>(json, "class_names", name, "a list of texts", {});
  result.provenance = MaybeProvenance(json, name);
  return result;
}

ReportedProfile ParseReportedProfile(const Json& json, const std::string& name) {
  ReportedProfile result;
  result.instructions = Whole(json, "instructions", name);
  result.cycles_estimate = MaybeWhole(json, "cycles_estimate", name);
  result.stall_estimate = MaybeWhole(json, "stall_estimate", name);
  result.cycles_error = MaybeNumber(json, "cycles_error", name);
  for (const Json& item : List(json, "layers", name)) {
    ReportedLayer layer = ParseLayer(item, name);
    layer.instructions = MaybeWhole(item, "instructions", name);
    layer.profiled_cycles = MaybeWhole(item, "cycles_estimate", name);
    result.layers.push_back(layer);
  }
  result.provenance = MaybeProvenance(json, name);
  return result;
}

FinishedWeights ParseFinishedWeights(const std::map<std::string, std::string>& metadata,
                                     const std::string& name) {
  auto number = [&](const char* key) -> std::optional<double> {
    const auto found = metadata.find(key);
    if (found == metadata.end()) return std::nullopt;
    const Json value = ParseJson(found->second, name + ", metadata '" + key + "'");
    return value.is_number() ? std::optional<double>(value.get<double>()) : std::nullopt;
  };
  FinishedWeights weights{number("validation_accuracy"), number("sparsity")};
  if (weights.validation_accuracy) {
    RequireShare(*weights.validation_accuracy, "validation_accuracy", name);
  }
  return weights;
}

Provenance ParseRunConfig(const Json& json, const std::string& name) {
  auto object = [&](const char* key) {
    return OptionalKey<Json>(json, key, name, "an object", {});
  };
  const Json recipe = object("recipe"), data = object("data"), environment = object("environment");
  Provenance provenance = MaybeProvenance(json, name);
  if (!provenance.seed) provenance.seed = MaybeWhole(recipe, "seed", name);
  if (provenance.input_hash.empty()) provenance.input_hash = MaybeText(data, "fingerprint", name);
  if (provenance.device.empty() && environment.is_object()) {
    for (const auto& [key, value] : environment.items()) {
      provenance.device += (provenance.device.empty() ? "" : ", ") + key + " " +
                           (value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return provenance;
}

ReportedMetrics ParseMetrics(const std::string& lines, const std::string& name) {
  ReportedMetrics result;
  bool has_epoch = false;
  std::vector<Json> rows;
  for (size_t start = 0, number = 1; start < lines.size(); ++number) {
    const size_t end = lines.find('\n', start);
    const bool whole = end != std::string::npos;
    const std::string line = lines.substr(start, whole ? end - start : std::string::npos);
    start = whole ? end + 1 : lines.size();
    if (line.empty()) continue;
    if (!whole && !Json::accept(line)) break;  // a run that is still writing
    rows.push_back(ParseJson(line, name + ", line " + std::to_string(number)));
    has_epoch = has_epoch || (rows.back().is_object() && rows.back().contains("epoch"));
  }
  result.x_name = has_epoch ? "epoch" : "step";
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!rows[row].is_object()) continue;
    const double x =
        MaybeNumber(rows[row], result.x_name.c_str(), name).value_or(static_cast<double>(row + 1));
    for (const auto& [key, value] : rows[row].items()) {
      if (!value.is_number() || key == result.x_name) continue;
      auto series = result.series.begin();
      while (series != result.series.end() && series->name != key) ++series;
      if (series == result.series.end()) {
        series = result.series.insert(series, MetricSeries{key, {}, {}});
      }
      series->x.push_back(x);
      series->y.push_back(value.get<double>());
    }
  }
  return result;
}

}  // namespace tinyformer
