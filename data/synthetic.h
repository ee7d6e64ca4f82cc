// The built-in data set: ten shapes and textures, drawn by a formula.
#pragma once

#include <cstdint>

#include "data/source.h"

namespace tinyformer {

/// Draws 10,000 training and 2,000 test images of 32x32 pixels in RAM (37 MB, under a second).
///
/// Classes      stripes (lying, standing), checkerboard, dots, disc, ring, square, frame, plus, x:
///              the same under a left-right flip, so flipping is a fair augmentation
/// Each image   the object at a random place, size (14 to 20 pixels), tilt (up to 9 degrees) and
///              pair of colours, lighter or darker than a graded background, with small
///              distractors and noise
/// So that      a pixel's mean says nothing about the class: a linear model stays near chance
///              (the limit is 60 %), while local edges and corners tell the classes apart
/// Ensures      integers only: the same bytes on every machine; the image of an index depends on
///              nothing but the index; classes are balanced
ImageSource OpenSynthetic();

/// One image of the set: writes 32 * 32 * 3 bytes. label in [0, 10); test images have own streams.
void DrawSynthetic(int label, bool test, int64_t index, uint8_t* pixels);

}  // namespace tinyformer
