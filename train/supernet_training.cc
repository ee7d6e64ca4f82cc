#include "train/supernet_training.h"

#include <optional>

#include "base/error.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

constexpr char kModel[] = "supernet.safetensors";

class SupernetTraining : public Trainee {
 public:
  explicit SupernetTraining(const SupernetJob& job)
      : job_(job), recipe_(job.recipe), supernet_(job.choices, recipe_.seed) {
    MoveTensors(supernet_.parameters(), recipe_.device);
    optimizer_.emplace(supernet_.parameters(), OptionsOf(recipe_));
  }

  Supernet Run() {
    StepLoop loop(job_, *this);
    if (!loop.complete() || !job_.folder.Has(kModel)) {
      loop.Run();
      TensorFile file;
      file.tensors = ExportTensors(supernet_.parameters());
      file.metadata = {{"format", "tinyformer-supernet-weights"},
                       {"supernet", ToJson(job_.choices).dump()},
                       {"seed", std::to_string(recipe_.seed)},
                       {"epochs", std::to_string(recipe_.epochs)}};
      WriteTensors(job_.folder.File(kModel), file);
    }
    return std::move(supernet_);
  }

  const Parameters& parameters() const override { return supernet_.parameters(); }
  Optimizer& optimizer() override { return *optimizer_; }

  PassOutput Learn(int64_t step, const at::Tensor& images, const at::Tensor& targets) override {
    const PathSampling sampling =
        recipe_.sampling == "fair" ? PathSampling::kFair : PathSampling::kUniform;
    const Network path = supernet_.Path(DrawPath(job_.choices, sampling, recipe_.seed, step));
    return tinyformer::Learn(
        path, images, targets,
        [&](const Network& network, const at::Tensor& x, const at::Tensor& y) -> PassOutput {
          at::Tensor logits;
          {
            AutocastScope autocast(recipe_.amp == "bf16", x.device().type());
            logits = network.Forward(x, {true});
          }
          return {logits, CrossEntropy(logits, y)};
        });
  }

  void AfterStep(int64_t) override {}
  // The statistics of batch norm are a mixture over paths: what a path is worth, scoring says.
  Json Measure() const override { return Json::object(); }
  void Save(std::map<std::string, NamedTensor>*) const override {}
  void Restore(const TensorFile&, const std::string&) override {}

 private:
  const SupernetJob& job_;
  const Recipe& recipe_;
  Supernet supernet_;
  std::optional<Optimizer> optimizer_;
};

}  // namespace

Supernet TrainSupernet(const SupernetJob& job) { return SupernetTraining(job).Run(); }

Supernet ReadSupernet(const std::string& folder) {
  const RunFolder run(folder);
  for (const char* file : {"supernet.json", kModel}) {
    if (run.Has(file)) continue;
    throw Error("train/no-supernet", folder,
                std::string("a trained supernet: a folder with supernet.json and ") + kModel,
                std::string("no ") + file,
                "finish its training first: tinyformer-train supernet ... -o " + folder);
  }
  const std::string choices = run.File("supernet.json"), weights = run.File(kModel);
  Supernet supernet(ParseChoices(ReadJson(choices), choices), 0);
  ImportTensors(ReadFiniteTensors(weights).tensors, weights, supernet.parameters());
  return supernet;
}

FinishedRun ReadPath(const std::string& folder, const Genome& path, const std::string& name) {
  const Supernet supernet = ReadSupernet(folder);
  RequirePath(supernet.choices(), path, name);
  TensorFile model;
  model.tensors = ExportTensors(supernet.Path(path).parameters());
  return {RunFolder(folder).File(kModel), path, model};
}

}  // namespace tinyformer
