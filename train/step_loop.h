// The loop of every training: batches, learning rate, optimiser, checkpoints, metrics, stops.
#pragma once

#include <chrono>
#include <string>

#include "train/batches.h"
#include "train/data_parallel.h"
#include "train/optimizer.h"
#include "train/recipe.h"
#include "train/run_folder.h"

namespace tinyformer {

/// What every run needs. The images must outlive the run.
struct LoopJob {
  Recipe recipe;
  const ImageStore* train = nullptr;
  const ImageStore* validation = nullptr;
  RunFolder folder{""};
  double checkpoint_seconds = 180;  // also at the end of every epoch
  int64_t stop_after_steps = -1;    // as if interrupted there; -1: run to the end
};

/// What a loop trains.
class Trainee {
 public:
  virtual ~Trainee() = default;

  /// All tensors that a step may change: the checkpoint keeps them.
  virtual const Parameters& parameters() const = 0;
  virtual Optimizer& optimizer() = 0;

  /// Forward and backward pass of step (0-based), which a signal does not interrupt: leaves the
  /// gradients in the parameters. It may depend on nothing but the step, the batch and what the
  /// checkpoint holds.
  ///
  /// Shapes  images as ToInput (train/evaluate.h) gives them; targets [n, classes]
  virtual PassOutput Learn(int64_t step, const at::Tensor& images, const at::Tensor& targets) = 0;
  /// After the optimiser's update; done: complete steps.
  virtual void AfterStep(int64_t done) = 0;
  /// What metrics.jsonl says of the weights at the end of an epoch: numbers.
  virtual Json Measure() const = 0;
  /// The checkpoint's tensors beside parameters and moments.
  virtual void Save(std::map<std::string, NamedTensor>* tensors) const = 0;
  virtual void Restore(const TensorFile& checkpoint, const std::string& name) = 0;
};

/// Mean cross-entropy of logits [n, classes] to targets [n, classes], shares that add to 1.
at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& targets);

/// Writes the tensors named prefix + parameter's name of a checkpoint into the parameters.
///
/// Errors  train/checkpoint: one is absent or has another shape
void RestoreParameters(const TensorFile& checkpoint, const std::string& name,
                       const std::string& prefix, const Parameters& parameters);

/// Trains a trainee from where the folder's checkpoint left it.
///
/// Bits    of the weights after step n: a function of trainee, recipe, data, thread count, libtorch
///         and instruction set, however often the run was stopped or killed before
/// Writes  checkpoint.safetensors (weights, the optimiser's moments and counts, what the trainee
///         adds; step and metrics as metadata), metrics.jsonl (one line per epoch)
class StepLoop {
 public:
  /// Restores the trainee when the folder has a checkpoint.
  ///
  /// Errors  train/checkpoint (of another genome or length), those of the readers; all say that
  ///         removing the checkpoint helps
  StepLoop(const LoopJob& job, Trainee& trainee);

  int64_t steps_per_epoch() const { return batches_.steps_per_epoch(); }
  int64_t total_steps() const { return total_steps_; }
  bool complete() const { return progress_.step >= total_steps_; }

  /// All steps that are left.
  ///
  /// Errors  train/nan (a loss left the finite numbers, found some steps late on a GPU; the last
  ///         checkpoint stays), train/memory (too little for a batch), Interrupted (saved before)
  void Run();

 private:
  using Clock = std::chrono::steady_clock;

  /// How far a run is: with the tensors, all that the checkpoint holds.
  struct LoopProgress {
    int64_t step = 0;  // complete optimiser steps
    // of the current epoch
    double loss_sum = 0, seconds = 0;
    int64_t correct = 0, images = 0;
    Json metrics = Json::array();  // one object per complete epoch
  };
  static Json ToJson(const LoopProgress& p);
  static LoopProgress ParseProgress(const Json& json, const std::string& name);

  /// What the device has counted and nobody has read.
  struct Unread {
    at::Tensor loss_sum, correct;  // scalars, double and int64
    int64_t images = 0;
  };

  bool EpochIsFull() const;
  std::string Note() const;
  void Step();
  void Read();
  void FinishEpoch();
  void WriteMetrics() const;
  void Save();
  void Restore();
  void Restore(const TensorFile& file, const std::string& name);
  void RequireFinite(const std::string& name, double value) const;

  const LoopJob& job_;
  const Recipe& recipe_;
  Trainee& trainee_;
  TrainingBatches batches_;
  int64_t total_steps_;
  BatchesAhead ahead_;
  LoopProgress progress_;
  Unread unread_;
  Clock::time_point saved_;
};

}  // namespace tinyformer
