#include "train/batches.h"

#include <gtest/gtest.h>

#include <set>

#include "train/testing_data.h"

namespace tinyformer {
namespace {

TEST(TrainingBatches, AreAFunctionOfRecipeAndStep) {
  const ImageStore images = StripedImages(64);
  Recipe recipe = SmallRecipe();
  recipe.mixup = 0.8;
  recipe.cutmix = 1;
  recipe.randaugment_ops = 2;
  recipe.random_erasing = 0.5;
  TrainingBatches in_order(images, recipe), jumping(images, recipe, 3);
  Batch a, b;
  for (int64_t step = 0; step < 8; ++step) in_order.Make(step, &a);
  jumping.Make(7, &b);
  EXPECT_EQ(a.pixels, b.pixels);
  EXPECT_EQ(a.targets, b.targets);
  EXPECT_EQ(a.labels, b.labels);
}

TEST(TrainingBatches, AreOthersInEveryStage) {
  const ImageStore images = StripedImages(64);
  std::vector<Recipe> stages(4, SmallRecipe());
  stages[1].source_weights = "0123456789abcdef";
  stages[2].source_weights = "fedcba9876543210";
  stages[3].supernet_weights = "0123456789abcd00";
  std::set<std::vector<float>> seen;
  for (const Recipe& recipe : stages) {
    Batch batch;
    TrainingBatches(images, recipe).Make(0, &batch);
    EXPECT_TRUE(seen.insert(batch.pixels).second);
  }
}

TEST(BatchesAhead, GivesEveryStepItsBatchInAnyOrder) {
  const ImageStore images = StripedImages(64);
  const Recipe recipe = SmallRecipe();
  TrainingBatches plain(images, recipe), behind(images, recipe);
  BatchesAhead ahead(behind, 8);
  Batch expected;
  for (int64_t step : {0, 1, 2, 6, 7, 3, 4, 7}) {
    plain.Make(step, &expected);
    const Batch& batch = ahead.Take(step);
    EXPECT_EQ(batch.pixels, expected.pixels) << step;
    EXPECT_EQ(batch.targets, expected.targets) << step;
    EXPECT_EQ(batch.labels, expected.labels) << step;
  }
}

TEST(TrainingBatches, ShowEveryImageOncePerEpoch) {
  ImageStore images = StripedImages(48);
  images.classes = 48;  // a class each: labels name the images
  for (int i = 0; i < 48; ++i) images.labels[static_cast<size_t>(i)] = i;
  const Recipe recipe = SmallRecipe();
  TrainingBatches batches(images, recipe);
  ASSERT_EQ(batches.steps_per_epoch(), 3);
  std::vector<std::vector<int>> epochs;
  Batch batch;
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    std::vector<int> seen;
    for (int64_t step = 0; step < 3; ++step) {
      batches.Make(epoch * 3 + step, &batch);
      seen.insert(seen.end(), batch.labels.begin(), batch.labels.end());
    }
    EXPECT_EQ(std::set<int>(seen.begin(), seen.end()).size(), 48u);
    epochs.push_back(seen);
  }
  EXPECT_NE(epochs[0], epochs[1]);
}

TEST(TrainingBatches, TargetsSumToOneWhateverTheMix) {
  const ImageStore images = StripedImages(64);
  Recipe recipe = SmallRecipe();
  recipe.mixup = 0.8;
  recipe.cutmix = 1;
  TrainingBatches batches(images, recipe);
  Batch batch;
  for (int64_t step = 0; step < 20; ++step) {
    batches.Make(step, &batch);
    for (int64_t i = 0; i < batch.size; ++i) {
      EXPECT_NEAR(batch.targets[size_t(2 * i)] + batch.targets[size_t(2 * i + 1)], 1, 1e-6) << step;
    }
  }
}

TEST(TrainingBatches, MixingStopsAtItsEndEpoch) {
  const ImageStore images = StripedImages(64);
  Recipe recipe = SmallRecipe();
  recipe.label_smoothing = 0;
  recipe.mixup = 1;
  recipe.mix_end_epoch = 1;
  TrainingBatches batches(images, recipe);
  Batch batch;
  batches.Make(batches.steps_per_epoch(), &batch);  // first step of the second epoch
  for (float target : batch.targets) EXPECT_TRUE(target == 0 || target == 1) << target;
}

TEST(LoadImages, SpreadsALimitOverASortedSet) {
  class Sorted : public ImageSet {
   public:
    int64_t size() const override { return 100; }
    int label(int64_t index) const override { return static_cast<int>(index / 10); }
    void Read(int64_t index, uint8_t* pixels) const override {
      *pixels = static_cast<uint8_t>(index);
    }
  };
  DatasetInfo info;
  info.height = info.width = info.channels = 1;
  info.class_names.assign(10, "class");
  const ImageStore store = LoadImages(info, Sorted(), 10);
  EXPECT_EQ(store.labels, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(LoadImages(info, Sorted()).size(), 100);
}

TEST(MakePlainBatch, NormalisesByMeanAndDeviation) {
  ImageStore images = StripedImages(2);
  images.pixels[0] = 255;
  Batch batch;
  MakePlainBatch(images, {0}, &batch);
  EXPECT_FLOAT_EQ(batch.pixels[0], (1.0f - 0.5f) / 0.25f);
  EXPECT_EQ(batch.targets, (std::vector<float>{1, 0}));
}

}  // namespace
}  // namespace tinyformer
