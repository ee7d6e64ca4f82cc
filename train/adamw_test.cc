#include "train/adamw.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "train/environment.h"
#include "train/evaluate.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

TEST(AdamW, FollowsItsFormulaInDoublePrecision) {
  const at::Tensor w = at::full({1}, 0.5, at::kFloat).set_requires_grad(true);
  AdamW optimizer({{"w", w, Parameter::Role::kWeight}}, 0.1);
  double value = 0.5, m = 0, v = 0;
  for (int t = 1; t <= 20; ++t) {
    const double gradient = 2 * value - 0.3, lr = 0.01 * t;
    (w * w - 0.3 * w).sum().backward();
    optimizer.Step(lr);
    value -= lr * 0.1 * value;
    m = 0.9 * m + 0.1 * gradient;
    v = 0.999 * v + 0.001 * gradient * gradient;
    value -= lr * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    // about ten float roundings a step, relative to values below 1
    ASSERT_NEAR(w.item<double>(), value, t * 10 * 6e-8) << "step " << t;
  }
}

TEST(AdamW, DecaysWeightsOnly) {
  const at::Tensor weight = at::ones({2}).set_requires_grad(true),
                   bias = at::ones({2}).set_requires_grad(true);
  AdamW optimizer({{"w", weight, Parameter::Role::kWeight}, {"b", bias, Parameter::Role::kPlain}},
                  0.5);
  (weight * 0 + bias * 0).sum().backward();
  optimizer.Step(0.1);
  EXPECT_FLOAT_EQ(weight[0].item<float>(), 0.95f);
  EXPECT_FLOAT_EQ(bias[0].item<float>(), 1.0f);
}

TEST(AdamW, LeavesAParameterWithoutAGradientAsItIsAndCountsItsUpdates) {
  const at::Tensor often = at::ones({1}).set_requires_grad(true),
                   late = at::ones({1}).set_requires_grad(true);
  AdamW optimizer(
      {{"often", often, Parameter::Role::kWeight}, {"late", late, Parameter::Role::kWeight}}, 0.5);
  for (int i = 0; i < 50; ++i) {
    often.sum().backward();
    optimizer.Step(0.01);
  }
  EXPECT_EQ(late.item<float>(), 1.0f);
  EXPECT_EQ(optimizer.First("late").item<float>(), 0.0f);
  EXPECT_EQ(optimizer.updates(), (std::vector<int64_t>{50, 0}));
  // The first update of AdamW moves by the learning rate whatever the gradient; decay comes before.
  (late * 1e-3).sum().backward();
  optimizer.Step(0.01);
  EXPECT_NEAR(late.item<double>(), 1 - 0.01 * 0.5 - 0.01, 1e-6);
  EXPECT_EQ(optimizer.updates(), (std::vector<int64_t>{50, 1}));
}

TEST(AdamW, ClearsTheGradients) {
  const at::Tensor w = at::ones({2}).set_requires_grad(true);
  AdamW optimizer({{"w", w, Parameter::Role::kWeight}}, 0);
  w.sum().backward();
  optimizer.Step(0.1);
  EXPECT_FALSE(w.grad().defined());
}

TEST(RecalibrateBatchNorm, ForgetsWhatTheStatisticsWere) {
  const ImageStore images = StripedImages(64);
  const Network fresh(SmallGenome(), 1), stale = fresh.Clone();
  {
    at::NoGradGuard no_grad;
    for (const Parameter& p : stale.parameters()) {
      if (p.role == Parameter::Role::kStatistic) p.value.fill_(123);
    }
  }
  for (const Network* network : {&fresh, &stale})
    RecalibrateBatchNorm(*network, images, 16, 4, false, "cpu");
  const auto a = ExportTensors(fresh.parameters()), b = ExportTensors(stale.parameters());
  for (const auto& [name, tensor] : a) EXPECT_EQ(tensor.bytes, b.at(name).bytes) << name;
}

TEST(Evaluate, CountsImagesOfAPartialBatchOnce) {
  const ImageStore images = StripedImages(260);  // one batch of 250 and one of 10
  const Network network(SmallGenome(), 1);
  {
    at::NoGradGuard no_grad;
    for (const Parameter& p : network.parameters()) {
      if (p.name == "head.weight") p.value.zero_();
      if (p.name == "head.bias") p.value[0].fill_(1);  // always class 0
    }
  }
  const Quality quality = Evaluate(network, images, false, "cpu");
  EXPECT_DOUBLE_EQ(quality.accuracy, 0.5);
  const double sum = std::exp(1.0) + 1;
  EXPECT_NEAR(quality.loss, -0.5 * (std::log(std::exp(1.0) / sum) + std::log(1 / sum)), 1e-6);
}

TEST(Environment, TakesWhatTheUserAsksFor) {
  EXPECT_EQ(ChooseDevice("cpu"), "cpu");
  EXPECT_EQ(ChooseAmp("off", "cpu"), "off");
  EXPECT_EQ(ChooseAmp("bf16", "cpu"), "bf16");
  ConfigureThreads(2);
  EXPECT_EQ(DescribeEnvironment().at("threads"), 2);
  ConfigureThreads(1);
}

TEST(Environment, SaysThatThereIsNoGpu) {
  if (ChooseDevice("auto") == "cuda") return;  // there is one: nothing to say
  try {
    ChooseDevice("cuda");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "error[train/device] --device cuda\n"
        "  expected: a CUDA GPU and a libtorch with CUDA\n"
        "  found:    neither or only one of them\n"
        "  fix:      use --device cpu, or build with a CUDA libtorch on a machine with a GPU");
  }
}

}  // namespace
}  // namespace tinyformer
