// im2col of a batch of output pixels, widened to int16.
#pragma once

#include <stdint.h>

#include "engine/arm/dense_rows.h"
#include "engine/arm/token_batch.h"
#include "tinyformer/engine/conv2d_window.h"

namespace tinyformer::engine::arm {

/// Writes the window of output pixel (oy, ox), input channels [first, first + count), as one token
/// of the batch; padding becomes x_zero_point.
template <typename Layout>
inline void put_window(const Conv2dShape& s, int32_t x_zero_point, const int8_t* x, int32_t oy,
                       int32_t ox, int32_t first, int32_t count, int32_t token, int16_t* batch) {
  int32_t k = 0;
  for (int32_t ky = 0; ky < s.kernel_h; ++ky) {
    const int32_t iy = conv2d_input_row(s, oy, ky);
    for (int32_t kx = 0; kx < s.kernel_w; ++kx, k += count) {
      const int8_t* pixel = conv2d_pixel(s, x, iy, conv2d_input_column(s, ox, kx));
      if (pixel != nullptr) {
        put_values<Layout>(batch, token, k, pixel + first, count);
      } else {
        put_same<Layout>(batch, token, k, static_cast<int16_t>(x_zero_point), count);
      }
    }
  }
}

/// For every run of up to `batches` batches of output pixels: calls start(), then for each group
/// compute(range) with the group's output channels, once the batches hold the group's windows.
///
/// Memory  batch: zeros
template <typename Layout, typename Start, typename Compute>
inline void for_each_run(const Conv2dShape& s, int32_t x_zero_point, const int8_t* x, int8_t* y,
                         int32_t batches, int16_t* batch, Start start, Compute compute) {
  const int32_t group_in = s.in_channels / s.groups;
  const int32_t group_out = s.out_channels / s.groups;
  const int32_t pixels = s.out_h * s.out_w;
  const int32_t batch_values = 2 * batch_words(conv2d_taps(s));
  for (int32_t done = 0; done < pixels;) {
    const TokenRun run = next_run(done, pixels, batches);
    start();
    for (int32_t group = 0; group < s.groups; ++group) {
      int32_t oy = run.first / s.out_w;
      int32_t ox = run.first % s.out_w;
      for (int32_t t = 0; t < run.count; ++t) {
        put_window<Layout>(s, x_zero_point, x, oy, ox, group * group_in, group_in, t % kTokenBatch,
                           batch + t / kTokenBatch * batch_values);
        if (++ox == s.out_w) ++oy, ox = 0;
      }
      compute(RowRange{group * group_out, group_out, run.count,
                       y + run.first * s.out_channels + group * group_out, s.out_channels});
    }
    done = run.first + run.count;
  }
}

}  // namespace tinyformer::engine::arm
