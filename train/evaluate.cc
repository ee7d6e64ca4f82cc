#include "train/evaluate.h"

#include <algorithm>
#include <numeric>

#include "base/interrupt.h"
#include "base/parallel.h"
#include "train/environment.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

constexpr int64_t kEvaluationBatch = 250;

}  // namespace

at::Tensor ToDevice(const at::Tensor& tensor, const std::string& device) {
  if (device == "cpu") return tensor;
  return tensor.pin_memory().to(at::Device(device), /*non_blocking=*/true);
}

at::Tensor ToInput(const Batch& batch, const ImageShape& shape, const std::string& device) {
  auto* pixels = const_cast<float*>(batch.pixels.data());
  const at::Tensor images =
      at::from_blob(pixels, {batch.size, shape.height, shape.width, shape.channels}, at::kFloat);
  return ToDevice(images, device).permute({0, 3, 1, 2});
}

Quality Evaluate(const Network& network, const ImageStore& images, const Arithmetic& arithmetic) {
  const std::string& device = arithmetic.device;
  ForwardMode mode;
  mode.int8 = arithmetic.int8;
  const int threads = device == "cpu" ? at::get_num_threads() : 1;
  const int64_t batches = (images.size() + kEvaluationBatch - 1) / kEvaluationBatch;
  std::vector<Quality> sums(static_cast<size_t>(batches));
  const ThreadsScope one_thread(1);
  ParallelFor(batches, threads, [&](int64_t i) {
    ThreadsScope::Enter();
    at::NoGradGuard no_grad;
    const int64_t first = i * kEvaluationBatch;
    std::vector<int64_t> chosen(
        static_cast<size_t>(std::min(kEvaluationBatch, images.size() - first)));
    std::iota(chosen.begin(), chosen.end(), first);
    Batch batch;
    MakePlainBatch(images, chosen, &batch);
    AutocastScope autocast(arithmetic.bf16, at::Device(device).type());
    const at::Tensor logits =
        network.Forward(ToInput(batch, images.shape, device), mode).to(at::kCPU);
    const at::Tensor targets =
        at::from_blob(batch.targets.data(), {batch.size, images.classes}, at::kFloat);
    const at::Tensor labels = targets.argmax(1);
    sums[static_cast<size_t>(i)] = {-(at::log_softmax(logits, 1) * targets).sum().item<double>(),
                                    logits.argmax(1).eq(labels).sum().item<double>()};
  });
  Quality quality;
  for (const Quality& sum : sums) {
    quality.loss += sum.loss;
    quality.accuracy += sum.accuracy;
  }
  const double count = static_cast<double>(std::max<int64_t>(1, images.size()));
  quality.loss /= count;
  quality.accuracy /= count;
  return quality;
}

void RecalibrateBatchNorm(const Network& network, const ImageShape& shape, int64_t batches,
                          const MakeBatch& make, const Arithmetic& arithmetic) {
  at::NoGradGuard no_grad;
  Batch batch;
  for (int64_t i = 0; i < batches; ++i) {
    ThrowIfInterrupted();
    make(i, &batch);
    AutocastScope autocast(arithmetic.bf16, at::Device(arithmetic.device).type());
    // Momentum 1 / (i + 1) makes the running value the plain mean of all batches so far; the first
    // replaces what was there.
    const ForwardMode mode{true, 1.0 / static_cast<double>(i + 1), arithmetic.int8};
    network.Forward(ToInput(batch, shape, arithmetic.device), mode);
  }
}

}  // namespace tinyformer
