// Small images and genomes for the tests of this room.
#pragma once

#include "base/rng.h"
#include "search/testing_network.h"
#include "train/batches.h"

namespace tinyformer {

/// Two classes of noisy 8x8 images: stripes across, stripes down. Crops and mirrors keep the class.
inline ImageStore StripedImages(int64_t count, uint64_t seed = 1) {
  ImageStore store;
  store.shape = {8, 8, 3};
  store.classes = 2;
  store.mean = {0.5f, 0.5f, 0.5f};
  store.stddev = {0.25f, 0.25f, 0.25f};
  Rng rng(seed, "striped images");
  for (int64_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(i % 2);
    store.labels.push_back(label);
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) {
        const bool bright = (label == 0 ? y : x) / 2 % 2 == 0;
        for (int c = 0; c < 3; ++c) {
          store.pixels.push_back(static_cast<uint8_t>((bright ? 120 : 60) + rng.Below(76)));
        }
      }
    }
  }
  return store;
}

/// TinyGenome() for 8x8 images of two classes.
inline Genome SmallGenome() {
  Genome genome = TinyGenome();
  genome.name = "small";
  genome.height = genome.width = 8;
  genome.classes = 2;
  return genome;
}

/// A recipe for StripedImages that ends in a second.
inline Recipe SmallRecipe() {
  Recipe recipe;
  recipe.epochs = 3;
  recipe.batch = 16;
  recipe.lr = 0.01;
  recipe.warmup_epochs = 1;
  recipe.ema = 0.9;
  return recipe;
}

}  // namespace tinyformer
