#include "train/training_speed.h"

#include <time.h>

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "base/rng.h"
#include "base/temporary_folder.h"
#include "train/torch_compat.h"
#include "train/training_loop.h"

namespace tinyformer {
namespace {

using Clock = std::chrono::steady_clock;

ImageStore RandomImages(const Genome& genome, int64_t count) {
  ImageStore images;
  images.shape = {genome.height, genome.width, genome.channels};
  images.classes = genome.classes;
  images.mean.assign(static_cast<size_t>(genome.channels), 0.5f);
  images.stddev.assign(static_cast<size_t>(genome.channels), 0.25f);
  Rng rng(1, "random images");
  for (int64_t i = 0; i < count * images.shape.bytes(); ++i)
    images.pixels.push_back(static_cast<uint8_t>(rng.Below(256)));
  for (int64_t i = 0; i < count; ++i)
    images.labels.push_back(static_cast<int>(rng.Below(static_cast<uint64_t>(genome.classes))));
  return images;
}

// Of this thread, in seconds.
double ProcessorTime() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double ImagesMadePerSecond(const ImageStore& images, const Recipe& recipe, int64_t steps) {
  TrainingBatches batches(images, recipe, /*threads=*/1);
  Batch batch;
  batches.Make(0, &batch);
  const double start = ProcessorTime();
  for (int64_t i = 1; i <= steps; ++i) batches.Make(i, &batch);
  return static_cast<double>(steps * batches.batch()) / (ProcessorTime() - start);
}

// Products of square matrices, one after the other, until `seconds` are over.
double MatrixFlops(const std::string& device, bool bf16) {
  constexpr int kTries = 5;
  const int64_t side = device == "cpu" ? 2048 : 8192, products = device == "cpu" ? 2 : 20;
  at::NoGradGuard no_grad;
  const auto options =
      at::TensorOptions(at::Device(device)).dtype(bf16 ? at::kBFloat16 : at::kFloat);
  const at::Tensor a = at::ones({side, side}, options), b = at::ones({side, side}, options);
  at::Tensor c = at::matmul(a, b);
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    c[0][0].item<float>();  // everything before is done
    const Clock::time_point start = Clock::now();
    for (int64_t j = 0; j < products; ++j) at::matmul_out(c, a, b);
    c[0][0].item<float>();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const auto n = static_cast<double>(side);
    best = std::max(best, 2 * n * n * n * static_cast<double>(products) / seconds);
  }
  return best;
}

}  // namespace

TrainingSpeed MeasureTrainingSpeed(const Genome& genome, const Recipe& recipe, int64_t steps) {
  const TemporaryFolder folder;
  const ImageStore images = RandomImages(genome, recipe.batch * steps);
  const ImageStore validation = RandomImages(genome, 1);
  TrainingJob job;
  job.genome = genome;
  job.recipe = recipe;
  job.recipe.epochs = 2;
  job.recipe.limit_train = 0;
  job.train = &images;
  job.validation = &validation;
  job.folder = RunFolder(folder.path());
  RunTraining(job);

  const std::string name = job.folder.File("metrics.jsonl"), lines = ReadFile(name);
  const Json last = ParseJson(lines.substr(lines.find('\n') + 1), name);
  TrainingSpeed speed;
  speed.images_per_second = RequireKey<double>(last, "images_per_second", name, "a number");
  speed.images_made_per_second = ImagesMadePerSecond(images, job.recipe, steps);
  speed.flop_per_image = 6 * static_cast<double>(ComputePaperCosts(genome).macs);
  speed.matrix_flops = MatrixFlops(recipe.device, recipe.amp == "bf16");
  return speed;
}

}  // namespace tinyformer
