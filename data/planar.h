// Colour planes to interleaved pixels.
#pragma once

#include <cstdint>

namespace tinyformer {

/// out[3 i + c] = planes[c * count + i]: red, green and blue planes of count bytes to RGB pixels.
inline void PlanarToInterleaved(const uint8_t* planes, int64_t count, uint8_t* out) {
  const uint8_t* red = planes;
  const uint8_t* green = planes + count;
  const uint8_t* blue = planes + 2 * count;
  for (int64_t i = 0; i < count; ++i) {
    out[3 * i] = red[i];
    out[3 * i + 1] = green[i];
    out[3 * i + 2] = blue[i];
  }
}

}  // namespace tinyformer
