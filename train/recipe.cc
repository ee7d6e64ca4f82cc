#include "train/recipe.h"

#include <cmath>

#include "base/error.h"

namespace tinyformer {
namespace {

/// Calls visit(key, field, words for its type) for every option: the one list of what a recipe
/// holds.
template <typename R, typename Visit>
void VisitFields(R& r, const Visit& visit) {
  visit("stage", r.stage, "a text");
  visit("epochs", r.epochs, "a whole number");
  visit("batch", r.batch, "a whole number");
  visit("lr", r.lr, "a number");
  visit("min_lr", r.min_lr, "a number");
  visit("warmup_epochs", r.warmup_epochs, "a number");
  visit("weight_decay", r.weight_decay, "a number");
  visit("optimizer", r.optimizer, "a text");
  visit("label_smoothing", r.label_smoothing, "a number");
  visit("ema", r.ema, "a number");
  visit("mixup", r.mixup, "a number");
  visit("cutmix", r.cutmix, "a number");
  visit("mix_end_epoch", r.mix_end_epoch, "a whole number");
  visit("randaugment_ops", r.randaugment_ops, "a whole number");
  visit("randaugment_magnitude", r.randaugment_magnitude, "a whole number");
  visit("random_erasing", r.random_erasing, "a number");
  visit("teacher", r.teacher, "a text");
  visit("teacher_weights", r.teacher_weights, "a text");
  visit("temperature", r.temperature, "a number");
  visit("alpha", r.alpha, "a number");
  visit("seed", r.seed, "a whole number");
  visit("limit_train", r.limit_train, "a whole number");
  visit("amp", r.amp, "a text");
  visit("device", r.device, "a text");
  visit("supernet", r.supernet, "a text");
  visit("supernet_weights", r.supernet_weights, "a text");
  visit("sampling", r.sampling, "a text");
  visit("source", r.source, "a text");
  visit("source_weights", r.source_weights, "a text");
  visit("ramp_share", r.ramp_share, "a number");
  visit("sparsity", r.sparsity, "a number");
  visit("qat_epochs", r.qat_epochs, "a whole number");
  visit("recalibration_batches", r.recalibration_batches, "a whole number");
}

// 1 rather than 1.0; JSON has no word for nan and infinity.
std::string Words(double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return std::to_string(static_cast<int64_t>(value));
  return Json(value).dump();
}

}  // namespace

void CheckOption(const char* option, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw Error("train/option", std::string("--") + option,
              "a number from " + Words(low) + " to " + Words(high), Words(value),
              std::string("set --") + option + " within that range");
}

void CheckRecipe(const Recipe& r) {
  CheckOption("epochs", static_cast<double>(r.epochs), 1, 1e6);
  CheckOption("batch", static_cast<double>(r.batch), 2, 65536);
  CheckOption("lr", r.lr, 0, 10);
  CheckOption("min-lr", r.min_lr, 0, r.lr);
  CheckOption("warmup-epochs", r.warmup_epochs, 0, static_cast<double>(r.epochs));
  CheckOption("weight-decay", r.weight_decay, 0, 10);
  CheckOption("label-smoothing", r.label_smoothing, 0, 0.9);
  CheckOption("ema", r.ema, 0, 0.999999);
  CheckOption("mixup", r.mixup, 0, 10);
  CheckOption("cutmix", r.cutmix, 0, 10);
  CheckOption("randaugment ops", static_cast<double>(r.randaugment_ops), 0, 10);
  CheckOption("randaugment magnitude", static_cast<double>(r.randaugment_magnitude), 0, 30);
  CheckOption("random-erasing", r.random_erasing, 0, 1);
  CheckOption("limit-train", static_cast<double>(r.limit_train), 0, 1e9);
  CheckOption("temperature", r.temperature, 0.1, 100);
  CheckOption("alpha", r.alpha, 0, 1);
  CheckOption("ramp-share", r.ramp_share, 0, 1);
  if (r.sparsity != -1) CheckOption("sparsity", r.sparsity, 0, 0.95);
  CheckOption("qat-epochs", static_cast<double>(r.qat_epochs), 0, static_cast<double>(r.epochs));
  CheckOption("recalibration-batches", static_cast<double>(r.recalibration_batches), 1, 1e6);
}

Json ToJson(const Recipe& recipe) {
  Json json = Json::object();
  VisitFields(recipe, [&](const char* key, const auto& field, const char*) { json[key] = field; });
  return json;
}

Recipe ParseRecipe(const Json& json, const std::string& name) {
  Recipe recipe;
  VisitFields(recipe, [&](const char* key, auto& field, const char* type) {
    field = OptionalKey(json, key, name, type, field);
  });
  return recipe;
}

}  // namespace tinyformer
