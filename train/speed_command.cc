#include "train/speed_command.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/progress.h"
#include "train/augment.h"
#include "train/environment.h"
#include "train/training_options.h"
#include "train/training_speed.h"

namespace tinyformer {
namespace {

constexpr int64_t kEpochImages = 45'000;  // CIFAR-10 without its validation share
constexpr int64_t kMostBytes = 1 << 30;   // of the images of all steps, which are in memory

struct SpeedOptions : TrainingOptions {
  std::string genome = "reference-a";
  int64_t steps = 20;
};

std::string Giga(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", value < 1e10 ? 2 : 0, value / 1e9);
  return text;
}

std::string Describe(const TrainingSpeed& speed, const Recipe& recipe, const Json& environment) {
  const std::string arithmetic = recipe.amp == "bf16" ? "bf16" : "float32";
  char rate[64], share[64], made[64];
  std::snprintf(made, sizeof made, "%.0f", speed.images_made_per_second);
  std::snprintf(rate, sizeof rate, "%.0f images/s", speed.images_per_second);
  std::snprintf(share, sizeof share, "%.0f %%", 100 * speed.flops() / speed.matrix_flops);
  const double epoch = static_cast<double>(kEpochImages) / speed.images_per_second;
  return std::string(rate) + " in steps of " + std::to_string(recipe.batch) + " on " +
         recipe.device + ", " + std::to_string(environment.at("threads").get<int>()) +
         " threads, " + arithmetic + ", libtorch " + environment.at("torch").get<std::string>() +
         "\n" + Giga(speed.flop_per_image) + " GFLOP an image: " + Giga(speed.flops()) +
         " GFLOP/s, " + share + " of what matrix products of " + arithmetic + " reach here (" +
         Giga(speed.matrix_flops) + " GFLOP/s)\none core makes " + made +
         " images/s ready, while the step before runs\nan epoch of " +
         std::to_string(kEpochImages) + " images: " + FormatDuration(epoch) +
         "; 300 epochs: " + FormatDuration(300 * epoch) + "\n";
}

void Execute(SpeedOptions o) {
  PrepareTraining(&o);
  const Genome genome = ReadGenome(o.genome);
  const int64_t batch_bytes =
      o.recipe.batch * ImageShape{genome.height, genome.width, genome.channels}.bytes();
  CheckOption("steps", static_cast<double>(o.steps), 1,
              static_cast<double>(std::max(int64_t{1}, kMostBytes / batch_bytes)));
  const TrainingSpeed speed = MeasureTrainingSpeed(genome, o.recipe, o.steps);
  const Json environment = DescribeEnvironment();
  if (!o.json) return PrintResult(Describe(speed, o.recipe, environment));
  PrintResult(JsonText(Json{{"images_per_second", speed.images_per_second},
                            {"images_made_per_second", speed.images_made_per_second},
                            {"flop_per_image", speed.flop_per_image},
                            {"flop_per_second", speed.flops()},
                            {"matrix_flop_per_second", speed.matrix_flops},
                            {"share", speed.flops() / speed.matrix_flops},
                            {"batch", o.recipe.batch},
                            {"steps", o.steps},
                            {"amp", o.recipe.amp},
                            {"device", o.recipe.device},
                            {"environment", environment}}) +
              "\n");
}

}  // namespace

std::function<void()> AddSpeedCommand(CLI::App* app) {
  const auto o = std::make_shared<SpeedOptions>();
  CLI::App* bench = app->add_subcommand("bench", "How fast this machine is");
  bench->require_subcommand(1);
  CLI::App* command = bench->add_subcommand(
      "train", "How many images a second this machine trains, and what share of its arithmetic");
  command->add_option("--genome", o->genome, "genome file, or reference-a")->capture_default_str();
  command->add_option("--batch", o->recipe.batch, "images per step")->capture_default_str();
  command->add_option("--steps", o->steps, "that are measured, after as many that only warm up")
      ->capture_default_str();
  AddAugmentationOptions(command, o.get());
  AddMachineOptions(command, o.get());
  return [o] { Execute(*o); };
}

}  // namespace tinyformer
