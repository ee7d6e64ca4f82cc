#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "train/environment.h"
#include "train/evaluate.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

TEST(AdamW, FollowsItsFormulaInDoublePrecision) {
  const at::Tensor w = at::full({1}, 0.5, at::kFloat).set_requires_grad(true);
  Optimizer optimizer({{"w", w, Parameter::Role::kWeight}}, {false, 0.1});
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
  Optimizer optimizer(
      {{"w", weight, Parameter::Role::kWeight}, {"b", bias, Parameter::Role::kPlain}},
      {false, 0.5});
  (weight * 0 + bias * 0).sum().backward();
  optimizer.Step(0.1);
  EXPECT_FLOAT_EQ(weight[0].item<float>(), 0.95f);
  EXPECT_FLOAT_EQ(bias[0].item<float>(), 1.0f);
}

TEST(AdamW, LeavesAParameterWithoutAGradientAsItIsAndCountsItsUpdates) {
  const at::Tensor often = at::ones({1}).set_requires_grad(true),
                   late = at::ones({1}).set_requires_grad(true);
  Optimizer optimizer(
      {{"often", often, Parameter::Role::kWeight}, {"late", late, Parameter::Role::kWeight}},
      {false, 0.5});
  for (int i = 0; i < 50; ++i) {
    often.sum().backward();
    optimizer.Step(0.01);
  }
  EXPECT_EQ(late.item<float>(), 1.0f);
  EXPECT_EQ(optimizer.MomentsOf("late")[0].item<float>(), 0.0f);
  EXPECT_EQ(optimizer.updates(), (std::vector<int64_t>{50, 0}));
  // The first update of AdamW moves by the learning rate whatever the gradient; decay comes before.
  (late * 1e-3).sum().backward();
  optimizer.Step(0.01);
  EXPECT_NEAR(late.item<double>(), 1 - 0.01 * 0.5 - 0.01, 1e-6);
  EXPECT_EQ(optimizer.updates(), (std::vector<int64_t>{50, 1}));
}

TEST(AdamW, ClearsTheGradients) {
  const at::Tensor w = at::ones({2}).set_requires_grad(true);
  Optimizer optimizer({{"w", w, Parameter::Role::kWeight}}, {});
  w.sum().backward();
  optimizer.Step(0.1);
  EXPECT_FALSE(w.grad().defined());
}

at::Tensor RandomMatrix(const Shape& shape, uint64_t seed) {
  Rng rng(seed, "matrix");
  at::Tensor matrix = at::zeros(shape);
  float* values = matrix.data_ptr<float>();
  for (int64_t i = 0; i < matrix.numel(); ++i) values[i] = static_cast<float>(rng.Normal());
  return matrix;
}

TEST(Orthogonalized, BringsSingularValuesNearOneAndKeepsTheirVectors) {
  for (const bool bf16 : {false, true}) {
    uint64_t seed = 0;
    for (const Shape& shape : {Shape{12, 40}, {40, 12}, {16, 16}, {1, 9}, {9, 1}}) {
      const at::Tensor x = RandomMatrix(shape, ++seed) * 1e-3, o = Orthogonalized(x, bf16);
      ASSERT_EQ(o.sizes(), x.sizes());
      const double rank = static_cast<double>(std::min(shape[0], shape[1]));
      // The sum of their squares, and x's vectors: of o = u f(s) v and x = u s v, o x' is
      // symmetric.
      EXPECT_GT(o.square().sum().item<double>(), 0.6 * 0.6 * rank) << ToString(shape);
      EXPECT_LT(o.square().sum().item<double>(), 1.2 * 1.2 * rank) << ToString(shape);
      const at::Tensor product = at::matmul(o, x.t());
      EXPECT_LT((product - product.t()).abs().max().item<double>(),
                (bf16 ? 0.05 : 1e-4) * product.abs().max().item<double>())
          << ToString(shape);
      EXPECT_GT(product.trace().item<double>(), 0);
    }
  }
}

TEST(Orthogonalized, LeavesNothingOfNothing) {
  EXPECT_TRUE(Orthogonalized(at::zeros({3, 5}), true).equal(at::zeros({3, 5})));
}

TEST(Muon, FollowsItsFormula) {
  const Shape shape{6, 2, 3, 3};
  for (const bool bf16 : {false, true}) {
    const at::Tensor w = RandomMatrix(shape, 1).set_requires_grad(true);
    Optimizer optimizer({{"w", w, Parameter::Role::kWeight}}, {true, 0.1, bf16});
    at::Tensor value = w.detach().clone(), momentum = at::zeros(shape);
    for (uint64_t t = 1; t <= 10; ++t) {
      const double lr = 0.01 * static_cast<double>(t);
      const at::Tensor gradient = RandomMatrix(shape, 100 + t);
      (w * gradient).sum().backward();
      optimizer.Step(lr);
      momentum = momentum * 0.95 + gradient;
      const at::Tensor direction = Orthogonalized((gradient + momentum * 0.95).view({6, 18}), bf16);
      value = value * (1 - lr * 0.1) - direction.view(shape) * (lr * 0.2 * std::sqrt(18.0));
      // float32's rounding may fall to another bfloat16, whose last digit is 1 / 256
      ASSERT_LT((w.detach() - value).abs().max().item<double>(), (bf16 ? 0.01 : 1e-4) * lr)
          << "step " << t;
      value = w.detach().clone();
    }
  }
}

TEST(Muon, TakesMatricesOnly) {
  Parameters parameters;
  for (const auto& [name, shape] : std::map<std::string, Shape>{{"linear", {4, 6}},
                                                                {"conv", {4, 6, 3, 3}},
                                                                {"depthwise", {4, 1, 3, 3}},
                                                                {"bias", {4}}}) {
    parameters.push_back({name, RandomMatrix(shape, 1).set_requires_grad(true),
                          name == "bias" ? Parameter::Role::kPlain : Parameter::Role::kWeight});
  }
  const Optimizer muon(parameters, {true, 0}), adamw(parameters, {false, 0});
  for (const Parameter& p : parameters) {
    const bool matrix = p.name == "linear" || p.name == "conv";
    EXPECT_EQ(muon.MomentsOf(p.name).size(), matrix ? 1U : 2U) << p.name;
    EXPECT_EQ(adamw.MomentsOf(p.name).size(), 2U) << p.name;
  }
  EXPECT_EQ(muon.moments().size(), 6U);
}

TEST(Muon, MakesTheSameBitsOnAnyNumberOfThreads) {
  std::vector<Network> networks;
  for (const int threads : {1, 2, 5}) {
    at::set_num_threads(threads);
    networks.emplace_back(SmallGenome(), 1);
    Optimizer optimizer(networks.back().parameters(), {true, 0.1, true});
    for (uint64_t step = 0; step < 3; ++step) {
      for (const Parameter& p : networks.back().parameters()) {
        if (p.role != Parameter::Role::kStatistic)
          p.value.mutable_grad() = RandomMatrix(p.value.sizes().vec(), step);
      }
      optimizer.Step(0.01);
    }
  }
  at::set_num_threads(1);
  for (size_t i = 0; i < networks[0].parameters().size(); ++i) {
    const Parameter& first = networks[0].parameters()[i];
    for (const Network& other : {std::cref(networks[1]), std::cref(networks[2])})
      EXPECT_TRUE(first.value.equal(other.parameters()[i].value)) << first.name;
  }
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
  const Recipe recipe = SmallRecipe();
  TrainingBatches batches(images, recipe);
  const auto make = [&](int64_t i, Batch* batch) { batches.Make(i, batch); };
  for (const Network* network : {&fresh, &stale})
    RecalibrateBatchNorm(*network, images.shape, 4, make, {});
  const auto a = ExportTensors(fresh.parameters()), b = ExportTensors(stale.parameters());
  for (const auto& [name, tensor] : a) EXPECT_EQ(tensor.bytes, b.at(name).bytes) << name;
}

TEST(RecalibrateBatchNorm, RoundsWhatIsToBeRounded) {
  const ImageStore images = StripedImages(64);
  const Network real(SmallGenome(), 1), rounded = real.Clone();
  const Recipe recipe = SmallRecipe();
  TrainingBatches batches(images, recipe);
  const auto make = [&](int64_t i, Batch* batch) { batches.Make(i, batch); };
  RecalibrateBatchNorm(real, images.shape, 4, make, {});
  RecalibrateBatchNorm(rounded, images.shape, 4, make, {.int8 = true});
  for (size_t i = 0; i < real.parameters().size(); ++i) {
    const Parameter& p = real.parameters()[i];
    const at::Tensor& other = rounded.parameters()[i].value;
    if (p.role != Parameter::Role::kStatistic) continue;
    EXPECT_FALSE(p.value.equal(other)) << p.name;
    EXPECT_LT((p.value - other).abs().max().item<double>(),
              0.1 * p.value.abs().max().item<double>())
        << p.name;
  }
  EXPECT_NE(Evaluate(real, images, {}).loss, Evaluate(real, images, {.int8 = true}).loss);
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
  const Quality quality = Evaluate(network, images, {});
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
