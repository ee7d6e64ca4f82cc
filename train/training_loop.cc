#include "train/training_loop.h"

#include <algorithm>

#include "train/evaluate.h"
#include "train/pruner.h"
#include "train/schedule.h"
#include "train/tensor_bytes.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

Json ToJson(const TrainingResult& r) {
  return {{"validation_accuracy", r.validation_accuracy},
          {"validation_loss", r.validation_loss},
          {"weights", r.weights},
          {"epochs", r.epochs},
          {"steps", r.steps},
          {"sparsity", r.sparsity}};
}

TrainingResult ParseResult(const Json& json, const std::string& name) {
  TrainingResult r;
  r.validation_accuracy = RequireKey<double>(json, "validation_accuracy", name, "a number");
  r.validation_loss = RequireKey<double>(json, "validation_loss", name, "a number");
  r.weights = RequireKey<std::string>(json, "weights", name, "a text");
  r.epochs = RequireKey<int64_t>(json, "epochs", name, "a whole number");
  r.steps = RequireKey<int64_t>(json, "steps", name, "a whole number");
  r.sparsity = RequireKey<double>(json, "sparsity", name, "a number");
  return r;
}

/// One network, its averaged copy, what it learns from and what is pruned.
class NetworkTraining : public Trainee {
 public:
  explicit NetworkTraining(const TrainingJob& job)
      : job_(job),
        recipe_(job.recipe),
        compress_(recipe_.stage == "compress"),
        bf16_(recipe_.amp == "bf16"),
        network_(job.genome, recipe_.seed),
        averaged_(network_.Clone()) {
    if (job.source) {
      ImportTensors(job.source->model.tensors, job.source->file, network_.parameters());
      averaged_ = network_.Clone();
    }
    if (job.teacher) {
      teacher_.emplace(job.teacher->genome, 0);
      ImportTensors(job.teacher->model.tensors, job.teacher->file, teacher_->parameters());
      MoveTensors(teacher_->parameters(), recipe_.device);
    }
    MoveTensors(network_.parameters(), recipe_.device);
    MoveTensors(averaged_.parameters(), recipe_.device);
    optimizer_.emplace(network_.parameters(), OptionsOf(recipe_));
    if (compress_) pruner_.emplace(job.genome, network_, averaged_, *optimizer_);
  }

  TrainingResult Run() {
    StepLoop loop(job_, *this);
    ramp_.emplace(recipe_, loop.steps_per_epoch());
    int8_from_ = (recipe_.epochs - recipe_.qat_epochs) * loop.steps_per_epoch();
    // A finished run may have lost its checkpoint, which nothing needs any more.
    if (loop.complete() || !job_.folder.Has("checkpoint.safetensors")) {
      if (const auto before = FinishedBefore()) return *before;
    }
    loop.Run();
    return Finish(loop.total_steps());
  }

  const Parameters& parameters() const override { return network_.parameters(); }
  Optimizer& optimizer() override { return *optimizer_; }

  PassOutput Learn(int64_t step, const at::Tensor& images, const at::Tensor& targets) override {
    ForwardMode mode{true};
    mode.int8 = step >= int8_from_;
    const PassOutput output =
        tinyformer::Learn(network_, images, targets,
                          [&](const Network& network, const at::Tensor& x, const at::Tensor& y) {
                            return Forward(network, mode, x, y);
                          });
    if (pruner_) pruner_->ApplyToGradients();
    return output;
  }

  void AfterStep(int64_t done) override {
    Average(done);
    if (!pruner_) return;
    const int64_t due = ramp_->UpdatesDue(done);
    if (due > ramp_->UpdatesDue(done - 1)) pruner_->Choose(due, ramp_->updates());
    pruner_->Apply();
  }

  Json Measure() const override {
    const Arithmetic arithmetic{bf16_, false, recipe_.device};
    const Quality raw = Evaluate(network_, *job_.validation, arithmetic);
    const Quality averaged = Evaluate(averaged_, *job_.validation, arithmetic);
    return {{"validation_loss", raw.loss},
            {"validation_accuracy", raw.accuracy},
            {"validation_loss_ema", averaged.loss},
            {"validation_accuracy_ema", averaged.accuracy},
            {"sparsity", pruner_ ? pruner_->Sparsity() : 0.0}};
  }

  void Save(std::map<std::string, NamedTensor>* tensors) const override {
    for (const Parameter& p : averaged_.parameters())
      (*tensors)["averaged/" + p.name] = ToNamedTensor(p.value);
    if (pruner_) pruner_->Export("mask/", tensors);
  }

  void Restore(const TensorFile& checkpoint, const std::string& name) override {
    RestoreParameters(checkpoint, name, "averaged/", averaged_.parameters());
    if (pruner_) pruner_->Import("mask/", checkpoint.tensors);
  }

 private:
  PassOutput Forward(const Network& network, const ForwardMode& mode, const at::Tensor& images,
                     const at::Tensor& targets) const {
    at::Tensor logits, teacher_logits;
    {
      AutocastScope autocast(bf16_, images.device().type());
      logits = network.Forward(images, mode);
      if (teacher_) {
        at::NoGradGuard no_grad;
        teacher_logits = teacher_->Forward(images, {});
      }
    }
    return {logits, Loss(logits, targets, teacher_logits)};
  }

  at::Tensor Loss(const at::Tensor& logits, const at::Tensor& targets,
                  const at::Tensor& teacher_logits) const {
    const at::Tensor own = CrossEntropy(logits, targets);
    if (!teacher_logits.defined()) return own;
    const double t = recipe_.temperature;
    const at::Tensor p = at::softmax(teacher_logits / t, 1);
    const at::Tensor divergence =
        (p * (at::log_softmax(teacher_logits / t, 1) - at::log_softmax(logits / t, 1)))
            .sum(1)
            .mean();
    return own * (1 - recipe_.alpha) + divergence * (recipe_.alpha * t * t);
  }

  /// averaged += (1 - decay) (weights - averaged); young runs average over fewer steps.
  void Average(int64_t done) {
    at::NoGradGuard no_grad;
    const auto step = static_cast<double>(done);
    const double decay = std::min(recipe_.ema, (1 + step) / (10 + step));
    const Parameters &from = network_.parameters(), &to = averaged_.parameters();
    LerpAll(Values(to), Values(from), 1 - decay);
  }

  /// What an earlier process ended with.
  std::optional<TrainingResult> FinishedBefore() const {
    const std::string name = job_.folder.File("model.safetensors");
    if (!job_.folder.Has("model.safetensors")) return std::nullopt;
    const TensorFile file = ReadTensors(name);
    const auto result = file.metadata.find("result");
    if (result == file.metadata.end()) return std::nullopt;
    return ParseResult(ParseJson(result->second, name), name);
  }

  /// Picks the better of raw and averaged weights and writes model.safetensors.
  TrainingResult Finish(int64_t steps) {
    Network raw = network_.Clone(), averaged = averaged_.Clone();
    // What learned to be rounded is judged rounded.
    const bool int8 = recipe_.qat_epochs > 0;
    if (compress_) {
      // As if the training went on.
      TrainingBatches batches(*job_.train, recipe_, at::get_num_threads());
      const auto next = [&](int64_t i, Batch* batch) { batches.Make(steps + i, batch); };
      for (const Network* network : {&raw, &averaged}) {
        RecalibrateBatchNorm(*network, job_.train->shape, recipe_.recalibration_batches, next,
                             {bf16_, int8, recipe_.device});
      }
    }
    const Arithmetic arithmetic{false, int8, recipe_.device};
    const Quality raw_quality = Evaluate(raw, *job_.validation, arithmetic);
    const Quality averaged_quality = Evaluate(averaged, *job_.validation, arithmetic);
    const bool use_raw = recipe_.ema == 0 || raw_quality.accuracy > averaged_quality.accuracy;
    const Quality& quality = use_raw ? raw_quality : averaged_quality;

    TrainingResult result{quality.accuracy, quality.loss, use_raw ? "raw" : "ema",
                          recipe_.epochs,   steps,        pruner_ ? pruner_->Sparsity() : 0};
    TensorFile file;
    file.tensors = ExportTensors((use_raw ? raw : averaged).parameters());
    if (pruner_) pruner_->Export("mask/", &file.tensors);
    file.metadata = {{"format", "tinyformer-model"},
                     {"genome", tinyformer::ToJson(job_.genome).dump()},
                     {"stage", recipe_.stage},
                     {"weights", result.weights},
                     {"seed", std::to_string(recipe_.seed)},
                     {"epochs", std::to_string(recipe_.epochs)},
                     {"result", ToJson(result).dump()},
                     {"validation_accuracy", Json(quality.accuracy).dump()},
                     {"validation_accuracy_raw", Json(raw_quality.accuracy).dump()},
                     {"validation_accuracy_ema", Json(averaged_quality.accuracy).dump()},
                     {"sparsity", Json(result.sparsity).dump()}};
    WriteTensors(job_.folder.File("model.safetensors"), file);
    return result;
  }

  const TrainingJob& job_;
  const Recipe& recipe_;
  bool compress_, bf16_;
  int64_t int8_from_ = 0;  // the step from which int8's rounding is part of the forward pass
  Network network_, averaged_;
  std::optional<Network> teacher_;
  std::optional<Optimizer> optimizer_;
  std::optional<Pruner> pruner_;
  std::optional<PruningRamp> ramp_;
};

}  // namespace

TrainingResult RunTraining(const TrainingJob& job) { return NetworkTraining(job).Run(); }

}  // namespace tinyformer
