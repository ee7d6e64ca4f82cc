// im2col of a batch of output pixels, widened to int16.
#pragma once

#include <stdint.h>

#include "engine/arm/dense_rows.h"
#include "engine/arm/token_batch.h"
#include "tinyformer/engine/conv2d_window.h"

namespace tinyformer::engine::arm {

/// The window of output pixel (oy, ox), input channels [first, first + count), as runs of values
/// that lie side by side: put(k, values, n) for values k, k + 1, ... of the window, pad(k, n) for
/// padding.
template <typename Put, typename Pad>
inline void for_each_window_part(const Conv2dShape& s, const int8_t* x, int32_t oy, int32_t ox,
                                 int32_t first, int32_t count, Put put, Pad pad) {
  const bool whole_pixels = s.dilation_w == 1 && count == s.in_channels;
  const int32_t left = conv2d_input_column(s, ox, 0);
  int32_t k = 0;
  for (int32_t ky = 0; ky < s.kernel_h; ++ky) {
    const int32_t iy = conv2d_input_row(s, oy, ky);
    if (iy < 0 || iy >= s.in_h) {
      pad(k, s.kernel_w * count);
      k += s.kernel_w * count;
    } else if (whole_pixels) {
      // Columns [from, to) of the kernel lie inside the image.
      const int32_t from = clamp(-left, 0, s.kernel_w);
      const int32_t to = clamp(s.in_w - left, from, s.kernel_w);
      if (from > 0) pad(k, from * count);
      if (to > from) {
        put(k + from * count, x + (iy * s.in_w + left + from) * count, (to - from) * count);
      }
      if (to < s.kernel_w) pad(k + to * count, (s.kernel_w - to) * count);
      k += s.kernel_w * count;
    } else {
      for (int32_t kx = 0; kx < s.kernel_w; ++kx, k += count) {
        const int8_t* pixel = conv2d_pixel(s, x, iy, conv2d_input_column(s, ox, kx));
        pixel != nullptr ? put(k, pixel + first, count) : pad(k, count);
      }
    }
  }
}

/// Writes the window of output pixel (oy, ox), input channels [first, first + count), as one token
/// of the batch; padding becomes x_zero_point. Where the layout's groups would be cut, the window
/// is first put together at `window` [conv2d_taps].
template <typename Layout>
inline void put_window(const Conv2dShape& s, int32_t x_zero_point, const int8_t* x, int32_t oy,
                       int32_t ox, int32_t first, int32_t count, int32_t token, int16_t* batch,
                       int8_t* window) {
  if (count % Layout::kGroup == 0) {
    for_each_window_part(
        s, x, oy, ox, first, count,
        [&](int32_t k, const int8_t* from, int32_t n) {
          put_values<Layout>(batch, token, k, from, n);
        },
        [&](int32_t k, int32_t n) {
          put_same<Layout>(batch, token, k, static_cast<int16_t>(x_zero_point), n);
        });
    return;
  }
  for_each_window_part(
      s, x, oy, ox, first, count,
      [&](int32_t k, const int8_t* from, int32_t n) {
        for (int32_t i = 0; i < n; ++i) window[k + i] = from[i];
      },
      [&](int32_t k, int32_t n) { memset(window + k, x_zero_point, static_cast<size_t>(n)); });
  put_values<Layout>(batch, token, 0, window, s.kernel_h * s.kernel_w * count);
}

/// For every run of up to `batches` batches of output pixels: calls start(), then for each group
/// compute(range) with the group's output channels, once the batches hold the group's windows.
///
/// Memory  batch: zeros; window: as put_window
template <typename Layout, typename Start, typename Compute>
inline void for_each_run(const Conv2dShape& s, int32_t x_zero_point, const int8_t* x, int8_t* y,
                         int32_t batches, int16_t* batch, int8_t* window, Start start,
                         Compute compute) {
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
                           batch + t / kTokenBatch * batch_values, window);
        if (++ox == s.out_w) ++oy, ox = 0;
      }
      compute(RowRange{group * group_out, group_out, run.count,
                       y + run.first * s.out_channels + group * group_out, s.out_channels});
    }
    done = run.first + run.count;
  }
}

}  // namespace tinyformer::engine::arm
