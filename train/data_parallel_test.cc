#include "train/data_parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "train/evaluate.h"
#include "train/step_loop.h"
#include "train/supernet.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

class LearnTest : public ::testing::TestWithParam<int> {
 protected:
  LearnTest() : images_(StripedImages(110)) {
    std::vector<int64_t> all(110);
    std::iota(all.begin(), all.end(), 0);
    MakePlainBatch(images_, all, &batch_);
  }
  ~LearnTest() override { at::set_num_threads(1); }

  PassOutput LearnBatch(const Network& network, int threads, const ForwardMode& mode) {
    at::set_num_threads(threads);
    const at::Tensor targets =
        at::from_blob(batch_.targets.data(), {batch_.size, images_.classes}, at::kFloat);
    return Learn(network, ToInput(batch_, images_.shape, "cpu"), targets,
                 [&](const Network& replica, const at::Tensor& x, const at::Tensor& y) {
                   const at::Tensor logits = replica.Forward(x, mode);
                   return PassOutput{logits, CrossEntropy(logits, y)};
                 });
  }

  ImageStore images_;
  Batch batch_;
};

/// Equal but for the order of the sums: relative to the largest element.
void ExpectNear(const at::Tensor& a, const at::Tensor& b, const std::string& name) {
  ASSERT_EQ(a.defined(), b.defined()) << name;
  if (!a.defined()) return;
  const double scale = std::max(1e-3, b.abs().max().item<double>());
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-4 * scale) << name;
}

void ExpectSameGradients(const Parameters& a, const Parameters& b) {
  int trained = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ExpectNear(a[i].value.grad(), b[i].value.grad(), a[i].name);
    trained += b[i].value.grad().defined() ? 1 : 0;
  }
  EXPECT_GT(trained, 10);
}

TEST_P(LearnTest, GivesTheGradientsOfOneThread) {
  const Network alone(SmallGenome(), 3), shared(SmallGenome(), 3);
  const PassOutput expected = LearnBatch(alone, 1, {});
  const PassOutput output = LearnBatch(shared, GetParam(), {});
  ExpectNear(output.logits, expected.logits, "logits");
  ExpectNear(output.loss, expected.loss, "loss");
  EXPECT_FALSE(output.logits.requires_grad() || output.loss.requires_grad());
  EXPECT_EQ(at::get_num_threads(), GetParam());
  ExpectSameGradients(shared.parameters(), alone.parameters());
}

TEST_P(LearnTest, ReachesTheTensorsThatAPathIsAPartOf) {
  const Supernet alone(SmallChoices(), 5), shared(SmallChoices(), 5);
  const Genome path = DrawPath(SmallChoices(), PathSampling::kUniform, 2, 0);
  LearnBatch(alone.Path(path), 1, {});
  LearnBatch(shared.Path(path), GetParam(), {});
  ExpectSameGradients(shared.parameters(), alone.parameters());
}

TEST_P(LearnTest, MovesRunningStatisticsToTheMeanOverShares) {
  const Network network(SmallGenome(), 3);
  const Network expected = network.Clone();
  LearnBatch(network, GetParam(), {true});
  // What each share alone makes of the statistics: none is of fewer than 32 images.
  const int64_t threads = std::min(GetParam(), 3);
  std::vector<Network> alone;
  const at::Tensor images = ToInput(batch_, images_.shape, "cpu");
  for (int64_t i = 0; i < threads; ++i) {
    const int64_t first = i * batch_.size / threads, end = (i + 1) * batch_.size / threads;
    alone.push_back(expected.Clone());
    at::NoGradGuard no_grad;
    alone.back().Forward(images.narrow(0, first, end - first), {true});
  }
  int statistics = 0;
  for (size_t p = 0; p < network.parameters().size(); ++p) {
    const Parameter& own = network.parameters()[p];
    if (own.role != Parameter::Role::kStatistic) continue;
    at::Tensor sum = at::zeros_like(own.value);
    for (const Network& n : alone) sum += n.parameters()[p].value;
    ExpectNear(own.value, sum / static_cast<double>(threads), own.name);
    EXPECT_GT((own.value - expected.parameters()[p].value).abs().max().item<double>(), 0);
    ++statistics;
  }
  EXPECT_GT(statistics, 3);
}

TEST_P(LearnTest, AddsToGradientsThatAreThere) {
  const Network once(SmallGenome(), 3), twice(SmallGenome(), 3);
  LearnBatch(once, GetParam(), {});
  LearnBatch(twice, GetParam(), {});
  LearnBatch(twice, GetParam(), {});
  for (size_t i = 0; i < once.parameters().size(); ++i) {
    const at::Tensor& gradient = once.parameters()[i].value.grad();
    if (gradient.defined())
      ExpectNear(twice.parameters()[i].value.grad(), gradient * 2, once.parameters()[i].name);
  }
}

TEST_P(LearnTest, PassesOnWhatAPassThrows) {
  at::set_num_threads(GetParam());
  const Network network(SmallGenome(), 3);
  const Pass fail = [](const Network&, const at::Tensor&, const at::Tensor&) -> PassOutput {
    throw Error("test/pass", "a pass", "nothing", "something", "none");
  };
  EXPECT_THROW(Learn(network, at::zeros({110, 3, 8, 8}), at::zeros({110, 2}), fail), Error);
  EXPECT_EQ(at::get_num_threads(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Threads, LearnTest, ::testing::Values(1, 2, 3, 20));

}  // namespace
}  // namespace tinyformer
