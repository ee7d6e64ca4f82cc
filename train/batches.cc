#include "train/batches.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/parallel.h"
#include "train/randaugment.h"

namespace tinyformer {
namespace {

constexpr int kCropPad = 4;

/// The 256 normalised values of every channel.
std::vector<float> NormalisedValues(const ImageStore& images) {
  std::vector<float> table;
  for (size_t c = 0; c < images.mean.size(); ++c) {
    for (int v = 0; v < 256; ++v) {
      table.push_back((static_cast<float>(v) / 255.0f - images.mean[c]) / images.stddev[c]);
    }
  }
  return table;
}

void Normalise(const ImageStore& images, const std::vector<uint8_t>& bytes,
               std::vector<float>* pixels) {
  const std::vector<float> table = NormalisedValues(images);
  const size_t channels = images.mean.size();
  pixels->resize(bytes.size());
  for (size_t i = 0; i < bytes.size(); i += channels) {
    for (size_t c = 0; c < channels; ++c) (*pixels)[i + c] = table[c * 256 + bytes[i + c]];
  }
}

void Blend(const ImageShape& shape, const BatchMix& mix, const uint8_t* partner, uint8_t* image) {
  if (mix.kind == BatchMix::Kind::kMixup) {
    for (int64_t i = 0; i < shape.bytes(); ++i) {
      image[i] =
          static_cast<uint8_t>(std::lround(mix.share * image[i] + (1 - mix.share) * partner[i]));
    }
  }
  for (int y = mix.top; y < mix.bottom; ++y) {
    const int64_t row = int64_t{y} * shape.width * shape.channels;
    std::copy(partner + row + mix.left * shape.channels, partner + row + mix.right * shape.channels,
              image + row + mix.left * shape.channels);
  }
}

uint64_t SeedOf(const Recipe& recipe) {
  const std::string weights = recipe.source_weights + recipe.supernet_weights;
  return weights.empty() ? recipe.seed : Rng(recipe.seed, "after " + weights).Next();
}

}  // namespace

ImageStore LoadImages(const DatasetInfo& info, const ImageSet& images, int64_t limit) {
  ImageStore store;
  store.shape = {info.height, info.width, info.channels};
  store.classes = static_cast<int>(info.class_names.size());
  store.mean = info.mean;
  store.stddev = info.stddev;
  const SpreadImages chosen(images, limit > 0 ? limit : images.size());
  store.pixels.resize(static_cast<size_t>(chosen.size() * store.shape.bytes()));
  for (int64_t i = 0; i < chosen.size(); ++i) {
    chosen.Read(i, store.pixels.data() + i * store.shape.bytes());
    store.labels.push_back(chosen.label(i));
  }
  return store;
}

TrainingBatches::TrainingBatches(const ImageStore& images, const Recipe& recipe, int threads)
    : images_(images),
      recipe_(recipe),
      seed_(SeedOf(recipe)),
      threads_(threads),
      batch_(std::min(recipe.batch, images.size())),
      steps_per_epoch_(images.size() / std::max<int64_t>(1, batch_)) {
  TF_CHECK(images.size() > 0, "no images");
  for (float mean : images.mean) fill_.push_back(static_cast<uint8_t>(std::lround(mean * 255)));
}

void TrainingBatches::MakeImage(int64_t epoch, int64_t index, uint8_t* pixels) const {
  const auto draw = static_cast<uint64_t>(epoch * images_.size() + index);
  Rng crop(seed_, "crop", draw);
  CropAndFlip(images_.shape, kCropPad, &crop, images_.image(index), pixels);
  if (recipe_.randaugment_ops > 0) {
    Rng rng(seed_, "randaugment", draw);
    RandAugment(images_.shape, static_cast<int>(recipe_.randaugment_ops),
                static_cast<int>(recipe_.randaugment_magnitude), fill_, &rng, pixels);
  }
  if (recipe_.random_erasing > 0) {
    Rng rng(seed_, "erase", draw);
    if (rng.Chance(recipe_.random_erasing)) EraseRectangle(images_.shape, fill_, &rng, pixels);
  }
}

void TrainingBatches::Make(int64_t step, Batch* batch) {
  const int64_t epoch = step / steps_per_epoch_, bytes = images_.shape.bytes();
  if (epoch != shuffled_epoch_) {
    order_.resize(static_cast<size_t>(images_.size()));
    std::iota(order_.begin(), order_.end(), int64_t{0});
    Rng(seed_, "shuffle", static_cast<uint64_t>(epoch)).Shuffle(order_);
    shuffled_epoch_ = epoch;
  }
  const int64_t* chosen = order_.data() + step % steps_per_epoch_ * batch_;
  bytes_.resize(static_cast<size_t>(batch_ * bytes));
  batch->size = batch_;
  batch->labels.clear();
  ParallelFor(batch_, threads_,
              [&](int64_t i) { MakeImage(epoch, chosen[i], bytes_.data() + i * bytes); });
  for (int64_t i = 0; i < batch_; ++i)
    batch->labels.push_back(images_.labels[static_cast<size_t>(chosen[i])]);

  BatchMix mix;
  if (recipe_.mix_end_epoch < 0 || epoch < recipe_.mix_end_epoch) {
    Rng rng(seed_, "mix", static_cast<uint64_t>(step));
    mix = DrawBatchMix(images_.shape, recipe_.mixup, recipe_.cutmix, &rng);
  }
  if (mix.kind != BatchMix::Kind::kNone) {
    mixed_ = bytes_;
    for (int64_t i = 0; i < batch_; ++i) {
      Blend(images_.shape, mix, bytes_.data() + (batch_ - 1 - i) * bytes,
            mixed_.data() + i * bytes);
    }
    bytes_.swap(mixed_);
  }

  const auto classes = static_cast<size_t>(images_.classes);
  const auto smooth = static_cast<float>(recipe_.label_smoothing);
  batch->targets.assign(static_cast<size_t>(batch_) * classes,
                        smooth / static_cast<float>(classes));
  for (int64_t i = 0; i < batch_; ++i) {
    float* row = batch->targets.data() + static_cast<size_t>(i) * classes;
    const auto share = static_cast<float>(mix.share);
    row[batch->labels[static_cast<size_t>(i)]] += (1 - smooth) * share;
    if (share < 1)
      row[batch->labels[static_cast<size_t>(batch_ - 1 - i)]] += (1 - smooth) * (1 - share);
  }
  Normalise(images_, bytes_, &batch->pixels);
}

Batch& BatchesAhead::Take(int64_t step) {
  if (making_.valid()) making_.get();
  if (next_step_ == step) {
    std::swap(now_, next_);
  } else {
    batches_.Make(step, &now_);
  }
  next_step_ = step + 1;
  if (next_step_ < end_) {
    making_ = std::async(std::launch::async, [this] { batches_.Make(next_step_, &next_); });
  }
  return now_;
}

void MakePlainBatch(const ImageStore& images, const std::vector<int64_t>& chosen, Batch* batch) {
  const auto classes = static_cast<size_t>(images.classes);
  std::vector<uint8_t> bytes;
  batch->size = static_cast<int64_t>(chosen.size());
  batch->labels.clear();
  batch->targets.assign(chosen.size() * classes, 0.0f);
  for (size_t i = 0; i < chosen.size(); ++i) {
    const int label = images.labels[static_cast<size_t>(chosen[i])];
    batch->labels.push_back(label);
    batch->targets[i * classes + static_cast<size_t>(label)] = 1;
    bytes.insert(bytes.end(), images.image(chosen[i]),
                 images.image(chosen[i]) + images.shape.bytes());
  }
  Normalise(images, bytes, &batch->pixels);
}

}  // namespace tinyformer
