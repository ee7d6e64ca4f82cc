// RandAugment: a few random image operations of one strength.
#pragma once

#include "train/augment.h"

namespace tinyformer {

/// Applies `ops` operations, each drawn uniformly from identity, auto-contrast, equalise, rotate,
/// solarise, colour, posterise, contrast, brightness, sharpness, shear x and y, translate x and y.
///
/// Ranges  magnitude in [0, 30]: 30 is rotate 30 degrees, shear 0.3, translate 45 % of the side,
///         factors 1 -+ 0.9, solarise from 0, posterise to 4 bits. Signs are drawn. Uncovered
///         pixels get `fill` (one byte per channel)
/// Source  Cubuk et al. 2019, RandAugment
void RandAugment(const ImageShape& shape, int ops, int magnitude, const std::vector<uint8_t>& fill,
                 Rng* rng, uint8_t* pixels);

}  // namespace tinyformer
