// tinyformer-train: the commands that need libtorch. The user calls them through tinyformer.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <new>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "train/environment.h"
#include "train/training_loop.h"

namespace tinyformer {
namespace {

struct Options {
  Recipe recipe;
  std::string data, genome, output, augment, amp = "auto", device = "auto";
  int threads = 0;
  double checkpoint_seconds = 180;
  bool json = false;
};

void AddSharedOptions(CLI::App* app, Options* o) {
  Recipe& r = o->recipe;
  app->add_option("--data", o->data, "cifar10:DIR, imagenet32:DIR, folder:DIR or synthetic")
      ->required();
  app->add_option("-o,--output", o->output, "run folder; a run that is there goes on")->required();
  app->add_option("--epochs", r.epochs, "passes over the training images")->capture_default_str();
  app->add_option("--batch", r.batch, "images per step")->capture_default_str();
  app->add_option("--lr", r.lr, "peak learning rate")->capture_default_str();
  app->add_option("--min-lr", r.min_lr, "learning rate of the last step")->capture_default_str();
  app->add_option("--weight-decay", r.weight_decay, "AdamW's decay; never on biases and norms")
      ->capture_default_str();
  app->add_option("--label-smoothing", r.label_smoothing,
                  "share of the target spread over all classes")
      ->capture_default_str();
  app->add_option("--ema", r.ema, "decay per step of the averaged weights, 0: none")
      ->capture_default_str();
  app->add_option("--mixup", r.mixup, "Beta parameter, 0: off")->capture_default_str();
  app->add_option("--cutmix", r.cutmix, "Beta parameter, 0: off")->capture_default_str();
  app->add_option("--mix-end-epoch", r.mix_end_epoch,
                  "mixup and cutmix stop before this epoch, -1: never")
      ->capture_default_str();
  app->add_option("--randaugment", o->augment, "OPS,MAGNITUDE, for example 2,9");
  app->add_option("--random-erasing", r.random_erasing, "probability per image")
      ->capture_default_str();
  app->add_option("--teacher", r.teacher, "run folder of a trained network to learn from");
  app->add_option("--temperature", r.temperature, "of the teacher's and the student's logits")
      ->capture_default_str();
  app->add_option("--alpha", r.alpha, "share of the teacher's loss")->capture_default_str();
  app->add_option("--seed", r.seed, "of weights, order and augmentation")->capture_default_str();
  app->add_option("--threads", o->threads, "0: one per core")->capture_default_str();
  app->add_option("--amp", o->amp, "bfloat16 products: auto, bf16 or off")
      ->check(CLI::IsMember({"auto", "bf16", "off"}))
      ->capture_default_str();
  app->add_option("--device", o->device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  app->add_option("--limit-train", r.limit_train,
                  "only this many training images (a quick trial), 0: all")
      ->capture_default_str();
  app->add_option("--checkpoint-seconds", o->checkpoint_seconds, "also saved after every epoch")
      ->capture_default_str();
  app->add_flag("--json", o->json, "one JSON object on standard output");
}

void ParseRandAugment(const std::string& text, Recipe* recipe) {
  if (text.empty()) return;
  int ops = 0, magnitude = 0, used = 0;
  if (std::sscanf(text.c_str(), "%d,%d%n", &ops, &magnitude, &used) != 2 ||
      used != static_cast<int>(text.size())) {
    throw Error("train/option", "--randaugment", "OPS,MAGNITUDE", "'" + text + "'",
                "write for example --randaugment 2,9");
  }
  recipe->randaugment_ops = ops;
  recipe->randaugment_magnitude = magnitude;
}

/// Every prunable module gets this sparsity.
void OverrideSparsity(double sparsity, Genome* genome) {
  for (DotGene& dot : genome->dots) {
    dot.downsample.prune.sparsity = sparsity;
    for (MobileNetGene& gene : dot.mobilenets) gene.prune.sparsity = sparsity;
    for (TransformerGene& gene : dot.transformers) gene.prune.sparsity = sparsity;
  }
  genome->last_prune.sparsity = sparsity;
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

void CheckImages(const Genome& genome, const DatasetInfo& info) {
  const int classes = static_cast<int>(info.class_names.size());
  if (genome.height == info.height && genome.width == info.width &&
      genome.channels == info.channels && genome.classes == classes) {
    return;
  }
  auto words = [](int h, int w, int c, int n) {
    return std::to_string(h) + "x" + std::to_string(w) + "x" + std::to_string(c) + " images of " +
           std::to_string(n) + " classes";
  };
  throw Error("train/data-shape", info.spec,
              words(genome.height, genome.width, genome.channels, genome.classes),
              words(info.height, info.width, info.channels, classes),
              "use a genome made for this data: its height, width, channels and classes");
}

void Execute(Options o) {
  Recipe& recipe = o.recipe;
  ParseRandAugment(o.augment, &recipe);
  CheckRecipe(recipe);
  ConfigureThreads(o.threads);
  recipe.device = ChooseDevice(o.device);
  recipe.amp = ChooseAmp(o.amp, recipe.device);

  TrainingJob job;
  if (recipe.stage == "compress") {
    job.source = ReadFinishedRun(recipe.source);
    recipe.source_weights = WeightsChecksum(*job.source);
    job.genome = job.source->genome;
    if (recipe.sparsity >= 0) OverrideSparsity(recipe.sparsity, &job.genome);
  } else {
    job.genome =
        o.genome == "reference-a" ? ReferencePointA() : ParseGenome(ReadJson(o.genome), o.genome);
  }
  if (!recipe.teacher.empty()) {
    job.teacher = ReadFinishedRun(recipe.teacher);
    recipe.teacher_weights = WeightsChecksum(*job.teacher);
  }
  DatasetOptions data_options;
  data_options.height = job.genome.height;
  data_options.width = job.genome.width;
  const Dataset data = OpenDataset(o.data, data_options);
  for (const std::string& warning : data.warnings) std::cerr << "warning: " << warning << "\n";
  CheckImages(job.genome, data.info);
  job.folder = RunFolder(o.output);
  for (const std::string& difference :
       job.folder.Open(job.genome, recipe, data.info, DescribeEnvironment())) {
    std::cerr << "warning: this run was started with " << difference
              << ": its last bits may differ\n";
  }
  const ImageStore train = LoadImages(data.info, *data.train, recipe.limit_train);
  const ImageStore validation = LoadImages(data.info, *data.validation);
  job.recipe = recipe;
  job.train = &train;
  job.validation = &validation;
  job.checkpoint_seconds = o.checkpoint_seconds;
  const TrainingResult result = RunTraining(job);
  if (o.json) {
    std::printf("%s\n", JsonText(ResultJson(result, o.output)).c_str());
  } else {
    std::printf("validation accuracy %.2f %% (%s weights), %s\n", 100 * result.validation_accuracy,
                result.weights.c_str(), job.folder.File("model.safetensors").c_str());
  }
  if (std::fflush(stdout) != 0) {
    throw Error("cli/output", "standard output", "a place that takes what is written",
                "the write failed", "check the disk or the program at the other end of the pipe");
  }
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Trains and compresses TinyFormer networks. Usually called by: tinyformer train, tinyformer "
      "compress",
      "tinyformer");
  app.get_formatter()->label("TEXT", "VALUE");
  app.get_formatter()->label("REQUIRED", "(required)");
  app.require_subcommand(1);
  Options train, compress;
  CLI::App* train_command =
      app.add_subcommand("train", "Train a genome's network from fresh weights");
  train_command->add_option("--genome", train.genome, "genome file, or reference-a")->required();
  AddSharedOptions(train_command, &train);
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
  AddSharedOptions(compress_command, &compress);
  compress_command
      ->add_option("--ramp-share", compress.recipe.ramp_share,
                   "share of the steps in which sparsity grows")
      ->capture_default_str();
  compress_command->add_option("--sparsity", compress.recipe.sparsity,
                               "for all prunable layers; without it: as the genome says");
  compress_command
      ->add_option("--recalibration-batches", compress.recipe.recalibration_batches,
                   "training batches for the final batch norm statistics")
      ->capture_default_str();

  const bool json = std::find(argv, argv + argc, std::string("--json")) != argv + argc;
  CatchInterrupts();
  try {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app.exit(error);
      std::string command;
      for (const CLI::App* one : app.get_subcommands({}))
        if (argc > 1 && one->get_name() == argv[1]) command = " " + one->get_name();
      throw Error("cli/usage", "tinyformer" + command,
                  "options as tinyformer" + command + " --help lists them", error.what(),
                  "correct the command line");
    }
    if (warmup->count() == 0)
      train.recipe.warmup_epochs = static_cast<double>(train.recipe.epochs) / 30;
    try {
      Execute(train_command->parsed() ? train : compress);
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
    std::cerr << "stopped; the same command goes on from here\n";
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
