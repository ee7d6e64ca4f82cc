// Resizing a picture without aliasing, and turning it upright.
#pragma once

#include "data/image_file.h"

namespace tinyformer {

/// Stretches the whole picture to height x width with a triangle filter as wide as the step: area
/// averaging when shrinking, bilinear when growing. Integer weights: equal bytes on every machine.
///
/// Ensures  a picture of one colour keeps it exactly; the same size gives the same pixels
RgbImage Resize(const RgbImage& image, int height, int width);

/// Turns or mirrors a picture so that EXIF orientation 1 .. 8 becomes 1.
RgbImage TurnUpright(const RgbImage& image, int orientation);

}  // namespace tinyformer
