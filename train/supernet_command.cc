#include "train/supernet_command.h"

#include <CLI/App.hpp>
#include <cstdio>
#include <memory>

#include "train/environment.h"
#include "train/path_scores.h"
#include "train/supernet_training.h"
#include "train/training_options.h"

namespace tinyformer {
namespace {

struct SupernetOptions : TrainingOptions {
  std::string choices, paths;
  int64_t score_images = 0;

  SupernetOptions() {
    recipe.stage = "supernet";
    recipe.epochs = 10;
    recipe.lr = 1e-3;
    recipe.recalibration_batches = 20;
  }
};

std::string ScoresText(const std::vector<PathScore>& scores) {
  std::string text;
  double sum = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    char line[96];
    std::snprintf(line, sizeof line, "path %zu: accuracy %.2f %%, sparsity %.1f %%\n", i + 1,
                  100 * scores[i].accuracy, 100 * scores[i].sparsity);
    text += line;
    sum += scores[i].accuracy;
  }
  char mean[64];
  std::snprintf(mean, sizeof mean, "mean accuracy %.2f %%\n",
                100 * sum / static_cast<double>(scores.size()));
  return text + mean;
}

void Execute(SupernetOptions o) {
  SupernetJob job;
  job.choices = ParseChoices(ReadJson(o.choices), o.choices);
  std::vector<Genome> paths;
  if (!o.paths.empty()) paths = ParsePaths(ReadJson(o.paths), o.paths, job.choices);
  PrepareTraining(&o);
  const Dataset data = OpenImages(o.data, job.choices.task, "supernet");
  const FolderLock lock = LockRun(o.output);
  job.folder = RunFolder(o.output);
  WarnOfDifferences(job.folder.Open(job.choices, o.recipe, data.info, DescribeEnvironment()));
  const ImageStore train = LoadImages(data.info, *data.train, o.recipe.limit_train);
  const ImageStore validation = LoadImages(data.info, *data.validation, o.score_images);
  job.recipe = o.recipe;
  job.train = &train;
  job.validation = &validation;
  job.checkpoint_seconds = o.checkpoint_seconds;
  const Supernet supernet = TrainSupernet(job);
  std::vector<PathScore> scores;
  if (!paths.empty()) scores = ScorePaths(job, supernet, paths);
  if (o.json) {
    Json list = Json::array();
    for (const PathScore& score : scores) list.push_back(ToJson(score));
    PrintResult(JsonText(Json{{"run", o.output}, {"scores", list}}) + "\n");
  } else {
    PrintResult((scores.empty() ? "" : ScoresText(scores)) + "supernet in " + o.output + "\n");
  }
}

}  // namespace

std::function<void()> AddSupernetCommand(CLI::App* app) {
  const auto o = std::make_shared<SupernetOptions>();
  CLI::App* command = app->add_subcommand(
      "supernet", "Train the shared weights of a supernet's paths, and score pruned paths");
  command->add_option("--choices", o->choices, "the supernet and its candidates, a JSON file")
      ->required();
  AddTrainingOptions(command, o.get());
  const CLI::Option* warmup = command->add_option(
      "--warmup-epochs", o->recipe.warmup_epochs,
      "of rising learning rate, may be a fraction; without it: a thirtieth of the epochs");
  command
      ->add_option("--sampling", o->recipe.sampling,
                   "of a step's path: uniform, or fair: each candidate once in every round")
      ->check(CLI::IsMember({"uniform", "fair"}))
      ->capture_default_str();
  command->add_option("--paths", o->paths, "genomes to score when it is trained, a JSON list");
  command
      ->add_option("--score-images", o->score_images,
                   "validation images that a path is scored on, 0: all")
      ->capture_default_str();
  command
      ->add_option("--recalibration-batches", o->recipe.recalibration_batches,
                   "training batches for a path's batch norm statistics")
      ->capture_default_str();
  return [o, warmup] {
    if (warmup->count() == 0) o->recipe.warmup_epochs = static_cast<double>(o->recipe.epochs) / 30;
    Execute(*o);
  };
}

}  // namespace tinyformer
