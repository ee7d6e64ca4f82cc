#include "train/step_loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/interrupt.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

/// One linear layer, and a count of forward passes, as batch norm keeps its statistics.
class OneLayer : public Trainee {
 public:
  explicit OneLayer(int64_t signal_in_step = -1)
      : signal_in_step_(signal_in_step),
        parameters_{
            {"weight", at::zeros({2, 8 * 8 * 3}).set_requires_grad(true), Parameter::Role::kWeight},
            {"passes", at::zeros({1}), Parameter::Role::kStatistic}},
        optimizer_(parameters_, {true, 0.05}) {}

  const Parameters& parameters() const override { return parameters_; }
  Optimizer& optimizer() override { return optimizer_; }
  PassOutput Learn(int64_t step, const at::Tensor& images, const at::Tensor& targets) override {
    parameters_[1].value += 1;
    if (step == signal_in_step_) std::raise(SIGINT);
    const at::Tensor logits = at::linear(images.flatten(1), parameters_[0].value);
    const at::Tensor loss = CrossEntropy(logits, targets);
    loss.backward();
    return {logits.detach(), loss.detach()};
  }
  void AfterStep(int64_t) override {}
  Json Measure() const override { return Json::object(); }
  void Save(std::map<std::string, NamedTensor>*) const override {}
  void Restore(const TensorFile&, const std::string&) override {}

 private:
  int64_t signal_in_step_;
  Parameters parameters_;
  Optimizer optimizer_;
};

TEST(StepLoop, ASignalWithinAStepStopsAfterIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  at::set_num_threads(1);
  const std::filesystem::path root = std::filesystem::path(::testing::TempDir()) / "step_loop";
  std::filesystem::remove_all(root);
  const ImageStore images = StripedImages(96);
  LoopJob job;
  job.recipe = SmallRecipe();
  job.recipe.optimizer = "muon";
  job.train = &images;
  job.folder = RunFolder((root / "whole").string());
  OneLayer whole;
  StepLoop(job, whole).Run();

  job.folder = RunFolder((root / "parts").string());
  const auto stop = [&] {
    CatchInterrupts();
    OneLayer stopped(4);
    try {
      StepLoop(job, stopped).Run();
    } catch (const Interrupted&) {
      std::_Exit(130);
    }
    std::_Exit(0);
  };
  EXPECT_EXIT(stop(), ::testing::ExitedWithCode(130), "");
  OneLayer parts;
  StepLoop loop(job, parts);
  EXPECT_EQ(parts.parameters()[1].value.item<float>(), 5);
  loop.Run();
  for (size_t i = 0; i < 2; ++i)
    EXPECT_TRUE(parts.parameters()[i].value.equal(whole.parameters()[i].value)) << i;
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace tinyformer
