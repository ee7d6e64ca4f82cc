// tinyformer-train: the commands that need libtorch. The user calls them through tinyformer.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <new>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "train/environment.h"
#include "train/speed_command.h"
#include "train/supernet_command.h"
#include "train/supernet_training.h"
#include "train/training_loop.h"
#include "train/training_options.h"

namespace tinyformer {
namespace {

struct Options : TrainingOptions {
  std::string genome;
};

/// Of the commands that train one network.
void AddNetworkOptions(CLI::App* app, Options* o) {
  AddTrainingOptions(app, o);
  Recipe& r = o->recipe;
  app->add_option("--ema", r.ema, "decay per step of the averaged weights, 0: none")
      ->capture_default_str();
  app->add_option("--teacher", r.teacher, "run folder of a trained network to learn from");
  app->add_option("--temperature", r.temperature, "of the teacher's and the student's logits")
      ->capture_default_str();
  app->add_option("--alpha", r.alpha, "share of the teacher's loss")->capture_default_str();
}

std::vector<PrunePolicy*> Policies(Genome* genome) {
  std::vector<PrunePolicy*> policies;
  for (DotGene& dot : genome->dots) {
    policies.push_back(&dot.downsample.prune);
    for (ResidualGene& gene : dot.residuals) policies.push_back(&gene.prune);
    for (MobileNetGene& gene : dot.mobilenets) policies.push_back(&gene.prune);
    for (TransformerGene& gene : dot.transformers) policies.push_back(&gene.prune);
  }
  policies.push_back(&genome->last_prune);
  return policies;
}

/// Every prunable module gets this sparsity.
void OverrideSparsity(double sparsity, Genome* genome) {
  for (PrunePolicy* policy : Policies(genome)) policy->sparsity = sparsity;
}

Json WithoutPruning(Genome genome) {
  for (PrunePolicy* policy : Policies(&genome)) *policy = {};
  genome.name.clear();
  return ToJson(genome);
}

/// The trained network with the sparsities and blocks of a genome file.
/// Errors  train/genome: it is another network
Genome WithPruningOf(const std::string& file, const Genome& trained) {
  Genome genome = ReadGenome(file);
  const Json differences = Json::diff(WithoutPruning(trained), WithoutPruning(genome));
  if (differences.empty()) return genome;
  throw Error("train/genome", file, "the trained run's network, other sparsities and blocks only",
              "another network, from " + differences.at(0).at("path").get<std::string>() + " on",
              "change only sparsities and blocks, or train this genome first");
}

Json ResultJson(const TrainingResult& result, const std::string& folder) {
  return {{"run", folder},
          {"validation_accuracy", result.validation_accuracy},
          {"validation_loss", result.validation_loss},
          {"weights", result.weights},
          {"epochs", result.epochs},
          {"steps", result.steps},
          {"sparsity", result.sparsity}};
}

void Execute(Options o) {
  Recipe& recipe = o.recipe;
  PrepareTraining(&o);
  TrainingJob job;
  if (recipe.stage == "compress") {
    job.source = ReadFinishedRun(recipe.source);
    recipe.source_weights = WeightsChecksum(*job.source);
    job.genome =
        o.genome.empty() ? job.source->genome : WithPruningOf(o.genome, job.source->genome);
    if (recipe.sparsity >= 0) OverrideSparsity(recipe.sparsity, &job.genome);
  } else {
    job.genome = ReadGenome(o.genome);
    if (o.genome == kReferenceA) MakeForImages(o.data, &job.genome);
  }
  if (!recipe.supernet.empty()) {
    job.source = ReadPath(recipe.supernet, job.genome, o.genome);
    recipe.supernet_weights = WeightsChecksum(*job.source);
  }
  if (!recipe.teacher.empty()) {
    job.teacher = ReadTeacher(recipe.teacher, o.output, job.genome);
    recipe.teacher_weights = WeightsChecksum(*job.teacher);
  }
  const Genome& genome = job.genome;
  const Dataset data = OpenImages(o.data, TaskOf(genome), "genome");
  const FolderLock lock = LockRun(o.output);
  job.folder = RunFolder(o.output);
  WarnOfDifferences(job.folder.Open(genome, recipe, data.info, DescribeEnvironment()));
  const ImageStore train = LoadImages(data.info, *data.train, recipe.limit_train);
  const ImageStore validation = LoadImages(data.info, *data.validation);
  job.recipe = recipe;
  job.train = &train;
  job.validation = &validation;
  job.checkpoint_seconds = o.checkpoint_seconds;
  const TrainingResult result = RunTraining(job);
  if (o.json) {
    PrintResult(JsonText(ResultJson(result, o.output)) + "\n");
  } else {
    char text[96];
    std::snprintf(text, sizeof text, "validation accuracy %.2f %% (%s weights), ",
                  100 * result.validation_accuracy, result.weights.c_str());
    PrintResult(text + job.folder.File("model.safetensors") + "\n");
  }
}

/// What the user called, with the subcommands: "tinyformer bench train".
std::string CommandName(const CLI::App& app) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  return app.get_name() + (parsed.empty() ? "" : " " + CommandName(*parsed.front()));
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Trains and compresses TinyFormer networks. Usually called by: tinyformer train, tinyformer "
      "compress, tinyformer search",
      "tinyformer");
  app.get_formatter()->label("TEXT", "VALUE");
  app.get_formatter()->label("REQUIRED", "(required)");
  app.require_subcommand(1);
  // Of its other commands, and without one, it is the program that the user called.
  const std::string called = argc > 1 ? argv[1] : "";
  if (called != "train" && called != "compress" && called != "bench") app.name("tinyformer-train");
  Options train, compress;
  CLI::App* train_command =
      app.add_subcommand("train", "Train a genome's network from fresh weights, or a supernet's");
  train_command
      ->add_option("--genome", train.genome,
                   "genome file, or reference-a, which takes the number of classes from the data")
      ->required();
  train_command->add_option("--supernet", train.recipe.supernet,
                            "run folder of a supernet that the network is a path of: its weights");
  AddNetworkOptions(train_command, &train);
  CLI::Option* warmup = train_command->add_option(
      "--warmup-epochs", train.recipe.warmup_epochs,
      "of rising learning rate, may be a fraction; without it: a thirtieth of the epochs");

  compress.recipe.stage = "compress";
  compress.recipe.epochs = 100;
  compress.recipe.lr = 2e-4;
  compress.recipe.warmup_epochs = 0;
  CLI::App* compress_command =
      app.add_subcommand("compress", "Prune a trained run step by step and fine-tune it");
  compress_command->add_option("run", compress.recipe.source, "folder of the trained run")
      ->required();
  compress_command->add_option("--genome", compress.genome,
                               "genome file of the same network with other sparsities and blocks");
  AddNetworkOptions(compress_command, &compress);
  compress_command
      ->add_option("--ramp-share", compress.recipe.ramp_share,
                   "share of the steps in which sparsity grows")
      ->capture_default_str();
  compress_command->add_option("--sparsity", compress.recipe.sparsity,
                               "for all prunable layers; without it: as the genome says");
  compress_command
      ->add_option("--qat-epochs", compress.recipe.qat_epochs,
                   "the last epochs, with weights and activations rounded as int8 will round them")
      ->capture_default_str();
  compress_command
      ->add_option("--recalibration-batches", compress.recipe.recalibration_batches,
                   "training batches for the final batch norm statistics")
      ->capture_default_str();

  const std::function<void()> run_supernet = AddSupernetCommand(&app);
  const std::function<void()> run_bench = AddSpeedCommand(&app);

  const bool json = std::find(argv, argv + argc, std::string("--json")) != argv + argc;
  KeepFreedMemory();
  CatchInterrupts();
  try {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app.exit(error);
      const std::string command = CommandName(app);
      throw Error("cli/usage", command, "options as " + command + " --help lists them",
                  error.what(), "correct the command line");
    }
    if (warmup->count() == 0)
      train.recipe.warmup_epochs = static_cast<double>(train.recipe.epochs) / 30;
    try {
      if (train_command->parsed()) {
        Execute(train);
      } else if (compress_command->parsed()) {
        Execute(compress);
      } else if (app.got_subcommand("bench")) {
        run_bench();
      } else {
        run_supernet();
      }
    } catch (const std::filesystem::filesystem_error& error) {
      throw PathError(error);
    }
    return 0;
  } catch (const Error& error) {
    if (json) {
      std::cout << JsonText(Json{{"error", ToJson(error)}}) << "\n";
    }
    std::cerr << error.what() << "\n";
    return 2;
  } catch (const Interrupted&) {
    std::cerr << (called == "bench" ? "stopped\n"
                                    : "stopped; the same command goes on from here\n");
    return 130;
  } catch (const std::bad_alloc&) {
    std::cerr << "out of memory: close other programs, or take a smaller input\n";
    return 2;
  } catch (const std::exception& bug) {
    std::cerr << "this is a bug in tinyformer-train, please report it: " << bug.what() << "\n";
    return 1;
  }
}

}  // namespace
}  // namespace tinyformer

int main(int argc, char** argv) {
  // OpenMP's waiting threads spin by default: with another process on the cores, training is then
  // three times slower. Its runtime reads the variable when it loads, so this process starts itself
  // again with it; if that cannot be, it goes on.
  if (std::getenv("OMP_WAIT_POLICY") == nullptr && ::setenv("OMP_WAIT_POLICY", "passive", 1) == 0) {
    ::execv("/proc/self/exe", argv);
  }
  return tinyformer::Main(argc, argv);
}
