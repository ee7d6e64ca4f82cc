#include "train/training_options.h"

#include <CLI/App.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "base/error.h"
#include "base/file.h"
#include "train/environment.h"
#include "train/network.h"

namespace tinyformer {
namespace {

constexpr int kMostThreads = 1024;  // libtorch waits without end for threads that cannot be made

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

std::string Describe(const ImageTask& task) {
  return std::to_string(task.height) + "x" + std::to_string(task.width) + "x" +
         std::to_string(task.channels) + " images of " + std::to_string(task.classes) + " classes";
}

}  // namespace

void AddTrainingOptions(CLI::App* app, TrainingOptions* o) {
  Recipe& r = o->recipe;
  app->add_option("--data", o->data, "cifar10:DIR, imagenet32:DIR, folder:DIR or synthetic")
      ->required();
  app->add_option("-o,--output", o->output, "run folder; a run that is there goes on")->required();
  app->add_option("--epochs", r.epochs, "passes over the training images")->capture_default_str();
  app->add_option("--batch", r.batch, "images per step")->capture_default_str();
  app->add_option("--lr", r.lr, "peak learning rate")->capture_default_str();
  app->add_option("--min-lr", r.min_lr, "learning rate of the last step")->capture_default_str();
  app->add_option("--weight-decay", r.weight_decay,
                  "times the learning rate; never of biases and norms")
      ->capture_default_str();
  app->add_option("--optimizer", r.optimizer, "adamw, or muon, which learns in fewer epochs")
      ->check(CLI::IsMember({"adamw", "muon"}))
      ->capture_default_str();
  app->add_option("--label-smoothing", r.label_smoothing,
                  "share of the target spread over all classes")
      ->capture_default_str();
  app->add_option("--mixup", r.mixup, "Beta parameter, 0: off")->capture_default_str();
  app->add_option("--cutmix", r.cutmix, "Beta parameter, 0: off")->capture_default_str();
  app->add_option("--mix-end-epoch", r.mix_end_epoch,
                  "mixup and cutmix stop before this epoch, -1: never")
      ->capture_default_str();
  AddAugmentationOptions(app, o);
  app->add_option("--seed", r.seed, "of weights, order and augmentation")->capture_default_str();
  app->add_option("--limit-train", r.limit_train,
                  "only this many training images (a quick trial), 0: all")
      ->capture_default_str();
  app->add_option("--checkpoint-seconds", o->checkpoint_seconds, "also saved after every epoch")
      ->capture_default_str();
  AddMachineOptions(app, o);
}

void AddAugmentationOptions(CLI::App* app, TrainingOptions* o) {
  app->add_option("--randaugment", o->augment, "OPS,MAGNITUDE, for example 2,9");
  app->add_option("--random-erasing", o->recipe.random_erasing, "probability per image")
      ->capture_default_str();
}

void AddMachineOptions(CLI::App* app, TrainingOptions* o) {
  app->add_option("--threads", o->threads, "0: one per core")->capture_default_str();
  app->add_option("--amp", o->amp, "bfloat16 products: auto, bf16 or off")
      ->check(CLI::IsMember({"auto", "bf16", "off"}))
      ->capture_default_str();
  app->add_option("--device", o->device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  app->add_flag("--json", o->json, "one JSON object on standard output");
}

Genome ReadGenome(const std::string& name) {
  if (name == kReferenceA) return ReferencePointA();
  if (!std::filesystem::exists(name)) {
    throw Error("file/missing", name, std::string("a genome's file, or ") + kReferenceA,
                "nothing at this path", "check the path; the zoo's are zoo/NAME.genome.json");
  }
  return ParseGenome(ReadJson(name), name);
}

ImageTask TaskOf(const Genome& genome) {
  return {genome.height, genome.width, genome.channels, genome.classes};
}

void MakeForImages(const std::string& spec, Genome* genome) {
  DatasetOptions options;
  options.height = genome->height;
  options.width = genome->width;
  const DatasetInfo info = OpenDataset(spec, options).info;
  genome->height = info.height;
  genome->width = info.width;
  genome->channels = info.channels;
  genome->classes = static_cast<int>(info.class_names.size());
}

void PrepareTraining(TrainingOptions* o) {
  ParseRandAugment(o->augment, &o->recipe);
  CheckRecipe(o->recipe);
  CheckOption("threads", o->threads, 0, kMostThreads);
  CheckOption("checkpoint-seconds", o->checkpoint_seconds, 0, 1e9);
  ConfigureThreads(o->threads);
  o->recipe.device = ChooseDevice(o->device);
  o->recipe.amp = ChooseAmp(o->amp, o->recipe.device);
}

FinishedRun ReadTeacher(const std::string& path, const std::string& run, const Genome& student) {
  const auto folder = [](const std::string& name) {
    return std::filesystem::weakly_canonical(std::filesystem::path(name) / "").string();
  };
  if (folder(path) == folder(run)) {
    throw Error("train/teacher", path, "the folder of another, finished run",
                "the folder of this run", "leave out --teacher, or name the teacher's folder");
  }
  FinishedRun teacher = ReadFinishedRun(path);
  const ImageTask expected = TaskOf(student), found = TaskOf(teacher.genome);
  if (found != expected) {
    throw Error("train/teacher", path, "a network for " + Describe(expected),
                "one for " + Describe(found), "train the teacher on the same data");
  }
  const Network network(teacher.genome, 0);
  ImportTensors(teacher.model.tensors, teacher.file, network.parameters());
  return teacher;
}

Dataset OpenImages(const std::string& spec, const ImageTask& task, const std::string& made) {
  DatasetOptions options;
  options.height = task.height;
  options.width = task.width;
  if (task.channels == 1) options.channels = 1;
  Dataset data = OpenDataset(spec, options);
  for (const std::string& warning : data.warnings) std::cerr << "warning: " << warning << "\n";
  const DatasetInfo& info = data.info;
  const ImageTask found{info.height, info.width, info.channels,
                        static_cast<int>(info.class_names.size())};
  if (found != task) {
    throw Error(
        "train/data-shape", info.spec, Describe(task), Describe(found),
        "use a " + made +
            " made for this data: set input, [height, width, channels], and classes in its file");
  }
  return data;
}

FolderLock LockRun(const std::string& folder) {
  MakeDirectories(folder);
  return FolderLock(folder + "/lock", "another command works in " + folder + ": waiting for it\n");
}

void WarnOfDifferences(const std::vector<std::string>& differences) {
  for (const std::string& difference : differences) {
    std::cerr << "warning: this run was started with " << difference
              << ": its last bits may differ\n";
  }
}

void PrintResult(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  if (std::fflush(stdout) != 0) {
    throw Error("cli/output", "standard output", "a place that takes what is written",
                "the write failed", "check the disk or the program at the other end of the pipe");
  }
}

}  // namespace tinyformer
