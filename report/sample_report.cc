#include "report/sample_report.h"

#include <cmath>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/safetensors.h"

namespace tinyformer {
namespace {

struct SampleLayer {
  const char* name;
  const char* kernel;
  int tokens, in, out;  // MACs = tokens * in * out
  double sparsity;
  int block;
};

// A two-stage network of the shape of reference point A.
const std::vector<SampleLayer>& SampleLayers() {
  static const std::vector<SampleLayer> layers = {
      {"dot1.down.conv", "conv2d_s8", 1024, 27, 44, 0, 0},
      {"dot1.down.pool", "max_pool2d_s8", 256, 0, 44, 0, 0},
      {"dot1.mb1.expand", "linear_s8_rlc2", 256, 44, 176, 0.5, 2},
      {"dot1.mb1.depthwise", "depthwise_conv2d_s8_rlc3", 256, 9, 176, 0.5, 3},
      {"dot1.mb1.project", "linear_s8_rlc2", 256, 176, 44, 0.5, 2},
      {"dot1.mb1.add", "add_s8", 256, 0, 44, 0, 0},
      {"dot1.tr1.conv_in", "conv2d_s8_bitmap4", 256, 396, 44, 0.7, 4},
      {"dot1.tr1.q", "linear_s8_bitmap4", 256, 44, 44, 0.7, 4},
      {"dot1.tr1.k", "linear_s8_bitmap4", 256, 44, 44, 0.7, 4},
      {"dot1.tr1.v", "linear_s8_bitmap4", 256, 44, 44, 0.7, 4},
      {"dot1.tr1.attention", "attention_s8", 256, 512, 44, 0, 0},
      {"dot1.tr1.out", "linear_s8_bitmap4", 256, 44, 44, 0.7, 4},
      {"dot1.tr1.mlp1", "linear_s8_bitmap4", 256, 44, 88, 0.7, 4},
      {"dot1.tr1.mlp2", "linear_s8_bitmap4", 256, 88, 44, 0.7, 4},
      {"dot2.down.conv", "conv2d_s8", 256, 396, 192, 0, 0},
      {"dot2.mb1.expand", "linear_s8_rlc4", 64, 192, 384, 0.7, 4},
      {"dot2.mb1.project", "linear_s8_rlc4", 64, 384, 192, 0.7, 4},
      {"dot2.tr1.conv_in", "conv2d_s8_bitmap4", 64, 1728, 192, 0.5, 4},
      {"dot2.tr1.attention", "attention_s8", 64, 128, 192, 0, 0},
      {"dot2.tr1.conv_out", "conv2d_s8_bitmap4", 64, 1728, 192, 0.5, 4},
      {"pool", "attention_pool_s8", 64, 2, 192, 0, 0},
      {"last", "linear_s8_rlc2", 1, 192, 768, 0.6, 2},
      {"head", "linear_s8", 1, 768, 10, 0, 0},
  };
  return layers;
}

Json LayerJson(const SampleLayer& layer) {
  const int64_t macs = int64_t{1} * layer.tokens * layer.in * layer.out;
  const auto effective = static_cast<int64_t>(static_cast<double>(macs) * (1 - layer.sparsity));
  const int64_t weights = int64_t{1} * layer.in * layer.out;
  const double stored = layer.block == 0 ? static_cast<double>(weights)
                                         : static_cast<double>(weights) * (1 - layer.sparsity) *
                                               (1 + 1.0 / layer.block);
  const std::string kernel = layer.kernel;
  Json json;
  json["name"] = layer.name;
  json["op"] = kernel.substr(0, kernel.find("_s8"));
  json["kernel"] = kernel;
  json["codec"] = kernel.find("rlc") != std::string::npos      ? "rlc"
                  : kernel.find("bitmap") != std::string::npos ? "bitmap"
                                                               : "dense";
  json["block"] = layer.block;
  json["sparsity"] = layer.sparsity;
  json["weight_bytes"] = static_cast<int64_t>(stored);
  json["macs"] = macs;
  json["effective_macs"] = effective;
  json["cycles_estimate"] = effective * 2 + int64_t{3} * layer.tokens * layer.out;
  return json;
}

Json PlanJson(const std::string& name, int64_t* arena) {
  Json plan;
  plan["format"] = "tinyformer-plan";
  plan["version"] = 1;
  plan["name"] = name;
  plan["target"] = "stm32f746";
  plan["strategy"] = "head_tail";
  Json layers = Json::array(), tensors = Json::array();
  const auto& sample = SampleLayers();
  int64_t highest = 0, lower_bound = 0, before = 32 * 32 * 3;
  tensors.push_back(
      {{"name", "input"}, {"bytes", before}, {"offset", 0}, {"first_layer", 0}, {"last_layer", 0}});
  std::vector<int64_t> sizes;
  for (const SampleLayer& layer : sample) {
    sizes.push_back(int64_t{1} * layer.tokens * layer.out);
    highest = std::max(highest, before + sizes.back());
    before = sizes.back();
  }
  lower_bound = highest;
  *arena = highest;
  for (size_t i = 0; i < sample.size(); ++i) {
    Json layer = LayerJson(sample[i]);
    layer["id"] = i;
    layers.push_back(layer);
    tensors.push_back({{"name", std::string(sample[i].name) + ".y"},
                       {"bytes", sizes[i]},
                       {"offset", i % 2 == 0 ? highest - sizes[i] : 0},
                       {"first_layer", i},
                       {"last_layer", std::min(i + 1, sample.size() - 1)}});
  }
  plan["strategies"] = Json::array({{{"name", "head_tail"}, {"arena_bytes", highest}},
                                    {{"name", "greedy_by_size"}, {"arena_bytes", highest + 512}}});
  plan["arena_bytes"] = highest;
  plan["arena_lower_bound_bytes"] = lower_bound;
  plan["layers"] = layers;
  plan["tensors"] = tensors;
  return plan;
}

std::string Metrics(int epochs, double low, double high, bool pruning) {
  Rng rng(7, "sample metrics");
  std::string lines;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    const double at = static_cast<double>(epoch) / epochs;
    const double curve = 1 - std::exp(-4 * at);
    Json row;
    row["epoch"] = epoch;
    row["train_loss"] = 2.2 - 1.5 * curve + 0.02 * rng.Normal();
    row["validation_loss"] = 2.1 - 1.45 * curve + 0.02 * rng.Normal();
    row["train_accuracy"] = low + (high - low) * curve - 0.03 + 0.004 * rng.Normal();
    row["validation_accuracy"] = low + (high - low) * curve + 0.004 * rng.Normal();
    row["learning_rate"] = 5.5e-4 * 0.5 * (1 + std::cos(at * 3.14159265358979));
    if (pruning) row["sparsity"] = 0.51 * (1 - std::pow(1 - std::min(1.0, at * 2), 3));
    lines += row.dump() + "\n";
  }
  return lines;
}

Json Provenance(const std::string& command) {
  return {{"command", command},
          {"input_hash", "9f3b5c1e2d4a6780"},
          {"version", "0.1.0"},
          {"commit", "0123456789ab"},
          {"seed", 1}};
}

Json RunJson() {
  const std::vector<std::string> names = {"airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck"};
  Rng rng(3, "sample confusion");
  int64_t correct = 0;
  Json matrix = Json::array();
  for (size_t t = 0; t < names.size(); ++t) {
    std::vector<int64_t> row(names.size(), 0);
    const auto right = static_cast<int64_t>(860 + rng.Below(110));
    for (int64_t i = right; i < 1000; ++i) {
      const size_t p = rng.Below(names.size());
      ++row[p == t ? (t + 2) % names.size() : p];
    }
    row[t] = right;
    correct += right;
    matrix.push_back(row);
  }
  Json run;
  run["images"] = 10000;
  run["correct"] = correct;
  run["accuracy"] = static_cast<double>(correct) / 10000;
  run["accuracy_float"] = static_cast<double>(correct + 38) / 10000;
  run["accuracy_pruned"] = static_cast<double>(correct + 14) / 10000;
  run["bit_exact"] = true;
  run["instructions_min"] = 98765432;
  run["instructions_max"] = 98765432;
  run["stack_peak_bytes"] = 1184;
  run["ram_touched_bytes"] = 62000;
  run["on"] = "host";
  run["class_names"] = names;
  run["confusion"] = matrix;
  run["provenance"] = Provenance("tinyformer run out/firmware --data cifar10:cifar --json");
  return run;
}

}  // namespace

void WriteSampleOutput(const std::string& folder, const std::string& name) {
  auto write = [&](const std::string& file, const std::string& text) {
    WriteFileAtomic(folder + "/" + file, text);
  };
  int64_t arena = 0;
  const Json plan = PlanJson(name, &arena);
  int64_t weights = 0, macs = 0, effective = 0, cycles = 0;
  Json measured = Json::array();
  for (Json layer : plan.at("layers")) {
    weights += layer.at("weight_bytes").get<int64_t>();
    macs += layer.at("macs").get<int64_t>();
    effective += layer.at("effective_macs").get<int64_t>();
    const auto instructions = layer.at("cycles_estimate").get<int64_t>() * 5 / 4;
    layer["instructions"] = instructions;
    cycles += layer.at("cycles_estimate").get<int64_t>();
    measured.push_back(layer);
  }
  Json compile = {{"target", "stm32f746"}, {"fits", true}};
  compile["flash_bytes"] = weights + 61440;
  compile["flash_limit_bytes"] = 1048576;
  compile["code_bytes"] = 41208;
  compile["weight_bytes"] = weights;
  compile["ram_peak_bytes"] = arena + 2048;
  compile["ram_limit_bytes"] = 327680;
  compile["arena_bytes"] = arena;
  compile["arena_lower_bound_bytes"] = arena;
  compile["stack_bytes"] = 1536;
  compile["macs"] = macs;
  compile["effective_macs"] = effective;
  compile["cycles_estimate"] = cycles;
  compile["cycles_core"] = "cortex-m7";
  compile["provenance"] =
      Provenance("tinyformer compile out/model.onnx --target stm32f746 -o out/firmware --json");
  Json profile = {{"instructions", cycles * 5 / 4}, {"cycles_estimate", cycles}};
  profile["stall_estimate"] = cycles / 7;
  profile["cycles_error"] = 0.15;
  profile["layers"] = measured;
  profile["provenance"] = Provenance("tinyformer profile out/firmware --json");
  profile["provenance"]["input_hash"] = Checksum(plan.dump(2));

  write("run/metrics.jsonl", Metrics(60, 0.25, 0.925, false));
  write("run/compressed/metrics.jsonl", Metrics(24, 0.88, 0.921, true));
  TensorFile finished;
  finished.metadata = {{"validation_accuracy", "0.9212"}, {"sparsity", "0"}};
  write("run/model.safetensors", EncodeTensors(finished));
  finished.metadata = {{"validation_accuracy", "0.9168"}, {"sparsity", "0.51"}};
  write("run/compressed/model.safetensors", EncodeTensors(finished));
  write("run/genome.json", Json{{"name", name}, {"pooling", "seqpool"}}.dump(2));
  write("run/config.json", Json{{"recipe", {{"seed", 1}}},
                                {"data", {{"fingerprint", "9f3b5c1e2d4a6780"}}},
                                {"environment", {{"threads", 2}, {"libtorch", "1.13.1"}}}}
                               .dump(2));
  write("firmware/plan.json", plan.dump(2));
  write("firmware/board/board.json", Json{{"clock_hz", 216000000}, {"cpu", "cortex-m7"}}.dump(2));
  write("model.onnx", "stand-in for a model");
  write("compile.json", compile.dump(2));
  write("run.json", RunJson().dump(2));
  write("profile.json", profile.dump(2));
}

}  // namespace tinyformer
