#include "train/training_loop.h"

#include <chrono>
#include <cmath>
#include <cstdio>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "train/adamw.h"
#include "train/evaluate.h"
#include "train/pruner.h"
#include "train/schedule.h"
#include "train/tensor_bytes.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// How far a run is: with the tensors, all that the checkpoint holds.
struct LoopProgress {
  int64_t step = 0;  // complete optimiser steps
  // of the current epoch
  double loss_sum = 0, seconds = 0;
  int64_t correct = 0, images = 0;
  Json metrics = Json::array();  // one object per complete epoch
};

Json ToJson(const LoopProgress& p) {
  return {{"step", p.step},       {"loss_sum", p.loss_sum}, {"seconds", p.seconds},
          {"correct", p.correct}, {"images", p.images},     {"metrics", p.metrics}};
}

LoopProgress ParseProgress(const Json& json, const std::string& name) {
  LoopProgress p;
  p.step = RequireKey<int64_t>(json, "step", name, "a whole number");
  p.loss_sum = RequireKey<double>(json, "loss_sum", name, "a number");
  p.seconds = RequireKey<double>(json, "seconds", name, "a number");
  p.correct = RequireKey<int64_t>(json, "correct", name, "a whole number");
  p.images = RequireKey<int64_t>(json, "images", name, "a whole number");
  p.metrics = RequireKey<Json>(json, "metrics", name, "a list");
  if (!p.metrics.is_array()) FailJsonKey(name, "metrics", "a list", JsonTypeName(p.metrics));
  return p;
}

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

class TrainingLoop {
 public:
  explicit TrainingLoop(const TrainingJob& job)
      : job_(job),
        recipe_(job.recipe),
        compress_(recipe_.stage == "compress"),
        bf16_(recipe_.amp == "bf16"),
        network_(job.genome, recipe_.seed),
        averaged_(network_.Clone()),
        batches_(*job.train, recipe_),
        ramp_(recipe_, batches_.steps_per_epoch()),
        total_steps_(recipe_.epochs * batches_.steps_per_epoch()) {
    if (job.source) {
      ImportTensors(job.source->model.tensors, recipe_.source + "/model.safetensors", network_);
      averaged_ = network_.Clone();
    }
    if (job.teacher) {
      teacher_.emplace(job.teacher->genome, 0);
      ImportTensors(job.teacher->model.tensors, recipe_.teacher + "/model.safetensors", *teacher_);
      teacher_->MoveTo(recipe_.device);
    }
    network_.MoveTo(recipe_.device);
    averaged_.MoveTo(recipe_.device);
    optimizer_.emplace(network_.parameters(), recipe_.weight_decay);
    if (compress_) pruner_.emplace(job.genome, network_, averaged_, *optimizer_);
    if (job.folder.Has("checkpoint.safetensors")) Restore();
  }

  TrainingResult Run() {
    if (const auto before = FinishedBefore()) return *before;
    Progress bar(compress_ ? "compress" : "train", total_steps_ * recipe_.batch, "images");
    bar.StartAt(progress_.step * recipe_.batch);
    saved_ = Clock::now();
    try {
      if (EpochIsFull()) FinishEpoch();
      while (progress_.step < total_steps_) {
        const Clock::time_point start = Clock::now();
        TrainStep();
        progress_.seconds += SecondsSince(start);
        bar.Update(progress_.step * recipe_.batch, Note());
        if (EpochIsFull()) FinishEpoch();
        if (progress_.step == job_.stop_after_steps) throw Interrupted();
        ThrowIfInterrupted();
        if (SecondsSince(saved_) >= job_.checkpoint_seconds) Save();
      }
      return Finish();
    } catch (const Interrupted&) {
      Save();
      throw;
    }
  }

 private:
  int64_t Epoch() const { return progress_.step / batches_.steps_per_epoch(); }
  bool EpochIsFull() const {
    return progress_.images > 0 && progress_.step % batches_.steps_per_epoch() == 0;
  }

  std::string Note() const {
    const auto images = static_cast<double>(progress_.images);
    if (images == 0) return "";
    char text[96];
    std::snprintf(text, sizeof text, "epoch %lld, loss %.3f, accuracy %.1f %%",
                  static_cast<long long>((progress_.step - 1) / batches_.steps_per_epoch() + 1),
                  progress_.loss_sum / images,
                  100 * static_cast<double>(progress_.correct) / images);
    return text;
  }

  void TrainStep() {
    const double lr = LearningRate(recipe_, progress_.step, batches_.steps_per_epoch());
    batches_.Make(progress_.step, &batch_);
    const at::Tensor images = ToInput(batch_, job_.train->shape, recipe_.device);
    const at::Tensor targets =
        at::from_blob(batch_.targets.data(), {batch_.size, job_.train->classes}, at::kFloat)
            .to(images.device());
    at::Tensor logits, teacher_logits;
    {
      AutocastScope autocast(bf16_, images.device().type());
      logits = network_.Forward(images, {true});
      if (teacher_) {
        at::NoGradGuard no_grad;
        teacher_logits = teacher_->Forward(images, {});
      }
    }
    const at::Tensor loss = Loss(logits, targets, teacher_logits);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) FailNotFinite(value, lr);
    loss.backward();
    optimizer_->Step(lr, progress_.step + 1);
    ++progress_.step;
    Average();
    if (pruner_) {
      const int64_t due = ramp_.UpdatesDue(progress_.step);
      if (due > ramp_.UpdatesDue(progress_.step - 1)) pruner_->Choose(due, ramp_.updates());
      pruner_->Apply();
    }
    progress_.loss_sum += value * static_cast<double>(batch_.size);
    progress_.images += batch_.size;
    const at::Tensor chosen = logits.detach().argmax(1).to(at::kCPU);
    for (int64_t i = 0; i < batch_.size; ++i) {
      progress_.correct += chosen.data_ptr<int64_t>()[i] == batch_.labels[static_cast<size_t>(i)];
    }
  }

  at::Tensor Loss(const at::Tensor& logits, const at::Tensor& targets,
                  const at::Tensor& teacher_logits) const {
    const at::Tensor own = -(at::log_softmax(logits, 1) * targets).sum(1).mean();
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
  void Average() {
    at::NoGradGuard no_grad;
    const auto step = static_cast<double>(progress_.step);
    const double decay = std::min(recipe_.ema, (1 + step) / (10 + step));
    const Parameters &from = network_.parameters(), &to = averaged_.parameters();
    for (size_t i = 0; i < from.size(); ++i) to[i].value.lerp_(from[i].value, 1 - decay);
  }

  void FinishEpoch() {
    const Quality raw = Evaluate(network_, *job_.validation, bf16_, recipe_.device);
    const Quality averaged = Evaluate(averaged_, *job_.validation, bf16_, recipe_.device);
    const auto images = static_cast<double>(progress_.images);
    const int64_t epoch = Epoch();
    progress_.metrics.push_back(
        {{"epoch", epoch},
         {"step", progress_.step},
         {"lr", LearningRate(recipe_, progress_.step - 1, batches_.steps_per_epoch())},
         {"train_loss", progress_.loss_sum / images},
         {"train_accuracy", static_cast<double>(progress_.correct) / images},
         {"validation_loss", raw.loss},
         {"validation_accuracy", raw.accuracy},
         {"validation_loss_ema", averaged.loss},
         {"validation_accuracy_ema", averaged.accuracy},
         {"sparsity", pruner_ ? pruner_->Sparsity() : 0.0},
         {"images_per_second", images / progress_.seconds},
         {"seconds", progress_.seconds}});
    progress_.loss_sum = progress_.seconds = 0;
    progress_.correct = progress_.images = 0;
    Save();
  }

  void WriteMetrics() const {
    std::string lines;
    for (const Json& line : progress_.metrics) lines += line.dump() + "\n";
    WriteFileAtomic(job_.folder.File("metrics.jsonl"), lines);
  }

  void Save() {
    TensorFile file;
    auto add = [&](const std::string& prefix, const Parameters& parameters) {
      for (const Parameter& p : parameters) file.tensors[prefix + p.name] = ToNamedTensor(p.value);
    };
    add("weights/", network_.parameters());
    add("averaged/", averaged_.parameters());
    add("adam/", optimizer_->moments());
    if (pruner_) pruner_->Export("mask/", &file.tensors);
    file.metadata["progress"] = ToJson(progress_).dump();
    WriteTensors(job_.folder.File("checkpoint.safetensors"), file);
    WriteMetrics();
    saved_ = Clock::now();
  }

  void Restore() {
    const std::string name = job_.folder.File("checkpoint.safetensors");
    const TensorFile file = ReadTensors(name);
    auto take = [&](const std::string& prefix, const Parameters& parameters) {
      for (const Parameter& p : parameters) {
        const auto found = file.tensors.find(prefix + p.name);
        if (found == file.tensors.end() || found->second.shape != p.value.sizes().vec()) {
          throw Error(
              "train/checkpoint", name, "a tensor '" + prefix + p.name + "' of this genome's shape",
              found == file.tensors.end() ? "no such tensor" : ToString(found->second.shape),
              "remove the checkpoint to start again, or use the folder it came from");
        }
        CopyInto(found->second, p.value);
      }
    };
    take("weights/", network_.parameters());
    take("averaged/", averaged_.parameters());
    take("adam/", optimizer_->moments());
    if (pruner_) pruner_->Import("mask/", file.tensors);
    const auto progress = file.metadata.find("progress");
    progress_ = ParseProgress(
        ParseJson(progress == file.metadata.end() ? "{}" : progress->second, name), name);
    if (progress_.step < 0 || progress_.step > total_steps_) {
      throw Error("train/checkpoint", name, "a step from 0 to " + std::to_string(total_steps_),
                  "step " + std::to_string(progress_.step),
                  "remove the checkpoint to start again, or use the folder it came from");
    }
  }

  /// What an earlier process ended with, when it did all the steps.
  std::optional<TrainingResult> FinishedBefore() const {
    const std::string name = job_.folder.File("model.safetensors");
    if (progress_.step < total_steps_ || !job_.folder.Has("model.safetensors")) return std::nullopt;
    const TensorFile file = ReadTensors(name);
    const auto result = file.metadata.find("result");
    if (result == file.metadata.end()) return std::nullopt;
    return ParseResult(ParseJson(result->second, name), name);
  }

  /// Picks the better of raw and averaged weights and writes model.safetensors.
  TrainingResult Finish() {
    Network raw = network_.Clone(), averaged = averaged_.Clone();
    if (compress_) {
      for (const Network* network : {&raw, &averaged}) {
        RecalibrateBatchNorm(*network, *job_.train, recipe_.batch, recipe_.recalibration_batches,
                             bf16_, recipe_.device);
      }
    }
    const Quality raw_quality = Evaluate(raw, *job_.validation, false, recipe_.device);
    const Quality averaged_quality = Evaluate(averaged, *job_.validation, false, recipe_.device);
    const bool use_raw = recipe_.ema == 0 || raw_quality.accuracy > averaged_quality.accuracy;
    const Quality& quality = use_raw ? raw_quality : averaged_quality;

    TrainingResult result{quality.accuracy, quality.loss, use_raw ? "raw" : "ema",
                          recipe_.epochs,   total_steps_, pruner_ ? pruner_->Sparsity() : 0};
    TensorFile file;
    file.tensors = ExportTensors(use_raw ? raw : averaged);
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
    WriteMetrics();
    WriteTensors(job_.folder.File("model.safetensors"), file);
    return result;
  }

  [[noreturn]] void FailNotFinite(double loss, double lr) const {
    char text[64];
    std::snprintf(text, sizeof text, "%s with learning rate %g",
                  std::isnan(loss) ? "nan" : "infinity", lr);
    throw Error(
        "train/nan",
        "epoch " + std::to_string(Epoch() + 1) + ", step " + std::to_string(progress_.step + 1) +
            " of " + std::to_string(total_steps_),
        "a finite loss", text,
        "start a new run with a lower --lr or with --amp off; the last checkpoint is as it was");
  }

  const TrainingJob& job_;
  const Recipe& recipe_;
  bool compress_, bf16_;
  Network network_, averaged_;
  std::optional<Network> teacher_;
  TrainingBatches batches_;
  PruningRamp ramp_;
  int64_t total_steps_;
  std::optional<AdamW> optimizer_;
  std::optional<Pruner> pruner_;
  LoopProgress progress_;
  Batch batch_;
  Clock::time_point saved_;
};

}  // namespace

TrainingResult RunTraining(const TrainingJob& job) { return TrainingLoop(job).Run(); }

}  // namespace tinyformer
