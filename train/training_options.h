// What the commands of tinyformer-train have in common: their options, and what those mean.
#pragma once

#include <string>
#include <vector>

#include "base/folder_lock.h"
#include "data/dataset.h"
#include "search/genome.h"
#include "search/supernet.h"
#include "train/recipe.h"
#include "train/run_folder.h"

namespace CLI {
class App;
}

namespace tinyformer {

/// The options of every command.
struct TrainingOptions {
  Recipe recipe;
  std::string data, output, augment, amp = "auto", device = "auto";
  int threads = 0;
  double checkpoint_seconds = 180;
  bool json = false;
};

/// Adds them; the defaults that --help shows are those of *options now.
void AddTrainingOptions(CLI::App* app, TrainingOptions* options);

/// Those of changes to images, and those of the machine that are also of a bench;
/// AddTrainingOptions adds them.
void AddAugmentationOptions(CLI::App* app, TrainingOptions* options);
void AddMachineOptions(CLI::App* app, TrainingOptions* options);

inline constexpr const char* kReferenceA = "reference-a";

/// kReferenceA, or a genome file.
/// Errors  those of ParseGenome
Genome ReadGenome(const std::string& name);

/// The images that its network takes, and the classes that it tells apart.
ImageTask TaskOf(const Genome& genome);

/// Gives a genome the data set's channels and classes, and the height and width of its images where
/// they have one size of their own.
/// Errors  those of OpenDataset
void MakeForImages(const std::string& spec, Genome* genome);

/// Completes and checks the recipe, and sets the number of threads.
///
/// Errors  train/option, train/device
void PrepareTraining(TrainingOptions* options);

/// The finished run `path`, which networks of the student's genome can learn from.
///
/// Errors  train/teacher (it takes other images, tells other classes apart, or is the run itself),
///         train/no-run, those of ParseGenome and ImportTensors
FinishedRun ReadTeacher(const std::string& path, const std::string& run, const Genome& student);

/// Opens the data set and prints its warnings. made: what was made for such images ("genome").
///
/// Errors  train/data-shape (images or classes differ from the task), those of OpenDataset
Dataset OpenImages(const std::string& spec, const ImageTask& task, const std::string& made);

/// Holds the run folder, which it makes, until destruction: waits while another command works
/// there.
///
/// Errors  file/write-failed, Interrupted
FolderLock LockRun(const std::string& folder);

/// Prints what RunFolder::Open returned.
void WarnOfDifferences(const std::vector<std::string>& differences);

/// Prints on standard output.
/// Errors  cli/output
void PrintResult(const std::string& text);

}  // namespace tinyformer
