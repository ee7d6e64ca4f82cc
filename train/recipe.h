// What a training run does: every option, as the user may set it and as config.json keeps it.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace tinyformer {

/// Options of all stages. "train" starts from fresh weights or a supernet's; "compress" prunes and
/// fine-tunes a trained run; "supernet" trains one path a step.
struct Recipe {
  std::string stage = "train";
  int64_t epochs = 300;
  int64_t batch = 128;
  double lr = 5.5e-4;               // peak
  double min_lr = 1e-5;             // at the end of the cosine
  double warmup_epochs = 10;        // linear from min(1e-6, lr)
  double weight_decay = 0.05;       // not on biases and norms
  std::string optimizer = "adamw";  // "adamw" or "muon" (train/optimizer.h)
  double label_smoothing = 0.1;
  double ema = 0.9998;  // decay per step; 0: none
  double mixup = 0;     // Beta(mixup, mixup); 0: off
  double cutmix = 0;  // Beta(cutmix, cutmix); 0: off. Both on: each batch takes one, by a fair coin
  int64_t mix_end_epoch = -1;         // mixup and cutmix stop before this epoch; -1: never
  int64_t randaugment_ops = 0;        // per image; 0: off
  int64_t randaugment_magnitude = 9;  // [0, 30]
  double random_erasing = 0;          // probability per image
  std::string teacher;                // a run folder; empty: none
  std::string teacher_weights;        // their checksum: folders may move, weights may not change
  double temperature = 4;
  double alpha = 0.7;  // share of the teacher's loss
  uint64_t seed = 1;
  int64_t limit_train = 0;     // only N training images, spread evenly over them; 0: all
  std::string amp = "off";     // "bf16" or "off" (auto is decided before)
  std::string device = "cpu";  // "cpu" or "cuda"
  // train only
  std::string supernet;  // a supernet's run folder, where the weights come from; empty: none
  std::string supernet_weights;  // checksum of those of the path
  // supernet only
  std::string sampling = "uniform";  // "uniform" or "fair"
  // compress only
  std::string source;          // the trained run
  std::string source_weights;  // their checksum
  double ramp_share = 0.5;     // of all steps: sparsity grows, learning rate stays at its peak
  double sparsity = -1;        // for all prunable layers; -1: as the genome says
  int64_t qat_epochs = 0;      // the last ones, with weights and activations rounded as in int8
  int64_t recalibration_batches = 100;  // supernet: of every scored path
};

/// Errors  train/option: names the option (without --), its range and the value found
void CheckOption(const char* option, double value, double low, double high);
void CheckRecipe(const Recipe& recipe);

Json ToJson(const Recipe& recipe);

/// Absent keys have their default, so a run of an older version can go on.
Recipe ParseRecipe(const Json& json, const std::string& name);

}  // namespace tinyformer
