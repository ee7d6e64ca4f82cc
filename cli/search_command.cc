// tinyformer search: from images and a board's name to the best sparse network that fits; or what
// a search space holds and what of it fits.
#include <CLI/App.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/explain_space.h"
#include "cli/option_check.h"
#include "cli/search_export.h"
#include "cli/search_run.h"

namespace tinyformer {
namespace {

class SearchCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.add_option("--data", run_.data,
                   "data set; with --explain only for the shape of its images (32 x 32 x 3, 10 "
                   "classes without it)");
    app.add_option("-o,--output", run_.output, "folder; a search that is there goes on");
    app.add_option("--target", run_.target, "board; tinyformer targets lists them")
        ->capture_default_str();
    app.add_option("--space", run_.space, "paper, wide, tiny, another preset, or a TOML file")
        ->capture_default_str();
    app.add_option("--limit", run_.limit,
                   "less than the target has: flash=980kB,ram=300KiB,latency=500ms");
    app.add_option("--objectives", run_.objectives,
                   "accuracy, and with commas flash, ram, cycles: the front is of these")
        ->capture_default_str();
    app.add_option("--seed", run_.seed, "of everything that is drawn")
        ->check(WholeNumber(0, INT64_MAX))
        ->capture_default_str();
    DeclareBudget(app);
    DeclareWork(app);
    DeclareExplain(app);
  }

  Answer Run(const CommandLine& line) override {
    if (explain_) return ExplainSpace(Explained(), line);
    Require(run_.output, "-o, the folder of the search");
    if (!export_.empty()) {
      return ExportToOptuna(StoreOf(run_),
                            export_to_.empty() ? run_.output + "/optuna.log" : export_to_);
    }
    if (!run_.status) Require(run_.data, "--data, the images to search with");
    try {
      return RunSearch(run_, line);
    } catch (const Error& error) {
      if (error.code() != "search/nothing-fits") throw;
      // Of a search that begins: what all networks of the space cost, and what comes nearest.
      if (!run_.join) {
        Answer explained = ExplainSpace(Explained(), line);
        if (explained.status != kExitOk) return explained;
      }
      return {ErrorJson(error), std::string(error.what()) + "\n", kExitDoesNotFit};
    }
  }

 private:
  static void Require(const std::string& value, const std::string& what) {
    if (!value.empty()) return;
    throw Error("cli/usage", "tinyformer search", what, "no such option",
                "add it, or --explain; see tinyformer search --help");
  }

  ExplainRequest Explained() const {
    ExplainRequest request = request_;
    request.space = run_.space;
    request.target = run_.target;
    request.data = run_.data;
    request.limit = run_.limit;
    request.adjust = run_.adjust;
    request.seed = run_.seed;
    return request;
  }

  void DeclareBudget(CLI::App& app) {
    const auto number = [&](const std::string& name, int64_t* value, const std::string& what) {
      const WholeRange range = SettingRange(name.substr(2));
      app.add_option(name, *value, what)
          ->check(WholeNumber(range.low, range.high))
          ->capture_default_str()
          ->group("Budget");
    };
    number("--supernets", &run_.budget.supernets, "supernets that are trained (Alg. 2)");
    number("--supernet-epochs", &run_.budget.supernet_epochs, "of each one's shared weights");
    number("--paths", &run_.budget.paths, "sparse paths by which a supernet is judged");
    number("--candidates", &run_.budget.candidates, "sparse networks that are trained (Alg. 3)");
    number("--candidate-epochs", &run_.budget.candidate_epochs,
           "of each one, from the supernet's weights");
    number("--prune-epochs", &run_.budget.prune_epochs, "of pruning and fine-tuning each one");
    number("--final-epochs", &run_.budget.final_epochs,
           "of pruning and fine-tuning the best one, 0: it stays as it is");
    number("--distill", &run_.budget.distill,
           "per cent of that stage's loss that comes from the candidate's dense network");
    number("--generation", &run_.budget.generation, "trials that do not depend on each other");
    number("--early-stop", &run_.budget.early_stop,
           "per cent of a generation's candidates that end after dense training, the worst");
    number("--check-ranks", &run_.budget.check_ranks,
           "paths of the best supernet trained alone: do its scores rank them rightly");
    number("--check-random", &run_.budget.check_random,
           "random networks that fit, and the winner, trained alone: was it worth the search");
    number("--batch", &run_.training.batch, "images per training step");
    app.add_option("--lr", run_.training.lr, "peak learning rate; pruning takes half of it")
        ->capture_default_str()
        ->group("Budget");
    app.add_option("--amp", run_.training.amp,
                   "bfloat16 products in training: auto (as each worker's machine), bf16 or off")
        ->check(OneOf({"auto", "bf16", "off"}))
        ->capture_default_str()
        ->group("Budget");
    app.add_option("--device", run_.training.device,
                   "of training: auto (as each worker's machine), cpu or cuda")
        ->check(OneOf({"auto", "cpu", "cuda"}))
        ->capture_default_str()
        ->group("Budget");
    number("--limit-train", &run_.training.limit_train,
           "only so many training images (a quick trial), 0: all");
    number("--check-images", &run_.training.check_images,
           "validation images by which networks are compared, 0: all");
  }

  void DeclareWork(CLI::App& app) {
    app.add_option("--store", run_.store,
                   "where trials are kept: a file, or postgresql://... for several machines; "
                   "without it search.db in the folder")
        ->group("Workers");
    app.add_flag("--worker", run_.join, "work at a search that is there, with its settings")
        ->group("Workers");
    app.add_option("--workers", run_.workers,
                   "so many on this machine, which share its cores; or of the Slurm job")
        ->check(WholeNumber(1, 1024))
        ->capture_default_str()
        ->group("Workers");
    app.add_flag("--status", run_.status, "only say how far it is")->group("Workers");
    app.add_option("--export", export_,
                   "optuna: write the search as Optuna's journal; --to names it")
        ->check(OneOf({"optuna"}))
        ->group("Workers");
    app.add_option("--to", export_to_, "the file of --export; without it optuna.log in the folder")
        ->group("Workers");
    app.add_flag("--retry", run_.retry, "failed trials are made again")->group("Workers");
    app.add_option("--threads", run_.threads,
                   "of each worker's training (and its CPUs of Slurm), 0: one a core")
        ->check(WholeNumber(0, 1024))
        ->capture_default_str()
        ->group("Workers");
    app.add_option("--launch", run_.launch,
                   "slurm: submit a job array of workers, begin the search if it is not there")
        ->check(OneOf({"slurm"}))
        ->group("Workers");
    const auto slurm = [&](const std::string& name, std::string* value, const std::string& what) {
      app.add_option(name, *value, what)->group("Slurm");
    };
    slurm("--partition", &run_.slurm.partition, "of the cluster");
    slurm("--time", &run_.slurm.time,
          "limit of each worker, as sbatch takes it (12:00:00); then it queues again");
    slurm("--sbatch", &run_.slurm.words, "more options of sbatch: '--mem=8G --account=me'");
    app.add_option("--lease-seconds", run_.lease_seconds,
                   "a worker that says nothing for so long has lost its trial")
        ->check(WholeNumber(5, 86400))
        ->capture_default_str()
        ->group("Workers");
  }

  void DeclareExplain(CLI::App& app) {
    app.add_flag("--explain", explain_,
                 "train nothing: the space's size, what its networks cost, what share fits")
        ->group("Space analysis");
    app.add_option("--samples", request_.samples, "random networks that are priced")
        ->check(WholeNumber(1, 1000000))
        ->capture_default_str()
        ->group("Space analysis");
    app.add_option("--adjust", run_.adjust,
                   "paper (Eq. 1-3) or bisection: other dims for a space that is rejected")
        ->check(OneOf({"paper", "bisection"}))
        ->group("Space analysis");
    app.add_option("--plot", request_.plot, "SVG file for the distribution of parameters")
        ->group("Space analysis");
  }

  bool explain_ = false;
  std::string export_, export_to_;
  ExplainRequest request_;
  SearchRequest run_;
};

}  // namespace

std::unique_ptr<Command> MakeSearchCommand() { return std::make_unique<SearchCommand>(); }

}  // namespace tinyformer
