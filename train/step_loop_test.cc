#include "train/step_loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <new>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/testing_error.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

/// One linear layer, and a count of forward passes, as batch norm keeps its statistics.
class OneLayer : public Trainee {
 public:
  OneLayer()
      : parameters_{{"weight", at::zeros({2, 8 * 8 * 3}).set_requires_grad(true),
                     Parameter::Role::kWeight},
                    {"passes", at::zeros({1}), Parameter::Role::kStatistic}},
        optimizer_(parameters_, {true, 0.05}) {}

  const Parameters& parameters() const override { return parameters_; }
  Optimizer& optimizer() override { return optimizer_; }
  PassOutput Learn(int64_t step, const at::Tensor& images, const at::Tensor& targets) override {
    parameters_[1].value += 1;
    if (step == 4 && in_step_4) in_step_4();
    const at::Tensor logits = at::linear(images.flatten(1), parameters_[0].value);
    const at::Tensor loss = CrossEntropy(logits, targets);
    loss.backward();
    return {logits.detach(), loss.detach()};
  }
  void AfterStep(int64_t) override {}
  Json Measure() const override { return {{"validation_loss", validation_loss}}; }
  void Save(std::map<std::string, NamedTensor>*) const override {}
  void Restore(const TensorFile&, const std::string&) override {}

  std::function<void()> in_step_4;
  double validation_loss = 0;

 private:
  Parameters parameters_;
  Optimizer optimizer_;
};

class StepLoopTest : public ::testing::Test {
 protected:
  StepLoopTest() : images_(StripedImages(96)) {
    at::set_num_threads(1);
    root_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("step_loop_") +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(root_);
  }
  ~StepLoopTest() override { std::filesystem::remove_all(root_); }

  std::string Path(const std::string& name) const { return (root_ / name).string(); }
  LoopJob Job(const std::string& name) const {
    LoopJob job;
    job.recipe = SmallRecipe();
    job.recipe.optimizer = "muon";
    job.train = &images_;
    job.folder = RunFolder(Path(name));
    return job;
  }

  std::filesystem::path root_;
  ImageStore images_;
};

TEST_F(StepLoopTest, ASignalWithinAStepStopsAfterIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  OneLayer whole;
  StepLoop(Job("whole"), whole).Run();

  const LoopJob job = Job("parts");
  const auto stop = [&] {
    CatchInterrupts();
    OneLayer stopped;
    stopped.in_step_4 = [] { std::raise(SIGINT); };
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
}

TEST_F(StepLoopTest, TooLittleMemoryAsksForASmallerBatch) {
  const std::function<void()> failures[] = {
      [] { throw std::bad_alloc(); },
      [] { TORCH_CHECK(false, "DefaultCPUAllocator: can't allocate memory: you tried to ..."); },
      [] { TORCH_CHECK(false, "CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; ...)"); }};
  for (const auto& failure : failures) {
    OneLayer layer;
    layer.in_step_4 = failure;
    EXPECT_EQ(ErrorText([&] { StepLoop(Job("run"), layer).Run(); }),
              "error[train/memory] --batch 16\n"
              "  expected: memory for a batch of 16 images on cpu\n"
              "  found:    too little of it\n"
              "  fix:      use a smaller --batch");
  }
}

TEST_F(StepLoopTest, AValidationLossThatIsNoNumberStopsAndIsNotSaved) {
  OneLayer layer;
  layer.validation_loss = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(ErrorText([&] { StepLoop(Job("run"), layer).Run(); }),
            "error[train/nan] epoch 1, step 6 of 18\n"
            "  expected: a finite validation_loss\n"
            "  found:    nan with learning rate 0.0083335\n"
            "  fix:      remove " +
                Path("run") + ", then run the command with a lower --lr or with --amp off");
  EXPECT_FALSE(std::filesystem::exists(Path("run") + "/checkpoint.safetensors"));
}

TEST_F(StepLoopTest, ADamagedCheckpointIsToBeRemoved) {
  OneLayer layer;
  const std::string file = Path("run") + "/checkpoint.safetensors";
  WriteFileAtomic(file, "1234");
  EXPECT_EQ(ErrorText([&] { StepLoop(Job("run"), layer); }),
            "error[tensors/truncated] " + file +
                "\n"
                "  expected: a safetensors file with its whole header\n"
                "  found:    4 bytes\n"
                "  fix:      remove the checkpoint to start again, or use the folder it came from");
}

}  // namespace
}  // namespace tinyformer
