// Pooling, four channels a word: the maximum of four pixels of the window at a time, and sums in
// halves of words.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/pool2d_s8.h"

#include "engine/arm/dsp.h"

namespace tinyformer::engine::arm {
namespace {

int8_t larger(int8_t a, int8_t b) { return a > b ? a : b; }

// Pixels of a window as they are found: every four, their largest channels go into y, which then
// takes part like a pixel.
class LargestPixel {
 public:
  LargestPixel(int8_t* y, int32_t channels) : y_(y), channels_(channels) {}

  void add(const int8_t* pixel) {
    if (count_ == 4) {
      write();
      pixels_[0] = y_;
      count_ = 1;
    }
    pixels_[count_++] = pixel;
  }
  // A pixel may take part twice: missing ones are the first again.
  void finish() {
    while (count_ < 4) pixels_[count_++] = pixels_[0];
    write();
  }

 private:
  void write() const {
    const int8_t *a = pixels_[0], *b = pixels_[1], *c = pixels_[2], *d = pixels_[3];
    int8_t* y = y_;
    int8_t* const end = y + channels_;
    for (int8_t* const last = y + channels_ / 4 * 4; y != last;) {
      uint32_t v, w, u, t, difference;
      __asm__ volatile(
          "ldr %[v], [%[a]], #4\n\t"
          "ldr %[w], [%[b]], #4\n\t"
          "ldr %[u], [%[c]], #4\n\t"
          "ldr %[t], [%[d]], #4\n\t"
          "ssub8 %[difference], %[v], %[w]\n\t"
          "sel %[v], %[v], %[w]\n\t"
          "ssub8 %[difference], %[u], %[t]\n\t"
          "sel %[u], %[u], %[t]\n\t"
          "ssub8 %[difference], %[v], %[u]\n\t"
          "sel %[v], %[v], %[u]\n\t"
          "str %[v], [%[y]], #4"
          : [v] "=&r"(v), [w] "=&r"(w), [u] "=&r"(u), [t] "=&r"(t), [difference] "=&r"(difference),
            [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [y] "+r"(y)
          :
          : "memory", "cc");
    }
    for (; y != end; ++y) *y = larger(larger(*a++, *b++), larger(*c++, *d++));
  }

  const int8_t* pixels_[4];
  int32_t count_ = 0;
  int8_t* y_;
  int32_t channels_;
};

// A window of an image: its first pixel, and where the others are.
struct Pixels {
  const int8_t* first;
  int32_t rows, columns;
  int32_t row_step, pixel_step;
};

struct FourSums {
  int32_t of[4];
};

// Sums of channels c to c + 3; of at most 256 pixels, so that a half of a word holds one.
FourSums sum_four(const Pixels& pixels, int32_t c) {
  uint32_t even = 0, odd = 0;
  const int8_t* row = pixels.first + c;
  for (int32_t iy = 0; iy < pixels.rows; ++iy, row += pixels.row_step) {
    const int8_t* pixel = row;
    for (int32_t ix = 0; ix < pixels.columns; ++ix, pixel += pixels.pixel_step) {
      const uint32_t word = load_word(pixel);
      even = add_even_bytes(even, word);
      odd = add_odd_bytes(odd, word);
    }
  }
  return {{static_cast<int16_t>(even), static_cast<int16_t>(odd), static_cast<int16_t>(even >> 16),
           static_cast<int16_t>(odd >> 16)}};
}

int32_t sum_one(const Pixels& pixels, int32_t c) {
  int32_t sum = 0;
  const int8_t* row = pixels.first + c;
  for (int32_t iy = 0; iy < pixels.rows; ++iy, row += pixels.row_step) {
    for (int32_t ix = 0; ix < pixels.columns; ++ix) sum += row[ix * pixels.pixel_step];
  }
  return sum;
}

}  // namespace

void max_pool2d_s8(const Pool2dShape& shape, const int8_t* x, int8_t* y) {
  const int32_t row_bytes = shape.in_w * shape.channels;
  for (int32_t oy = 0; oy < shape.out_h; ++oy) {
    for (int32_t ox = 0; ox < shape.out_w; ++ox, y += shape.channels) {
      const PoolWindow window = pool_window(shape, oy, ox);
      LargestPixel largest(y, shape.channels);
      for (int32_t iy = window.top; iy < window.bottom; ++iy) {
        const int8_t* pixel = x + iy * row_bytes + window.left * shape.channels;
        for (int32_t ix = window.left; ix < window.right; ++ix, pixel += shape.channels) {
          largest.add(pixel);
        }
      }
      largest.finish();
    }
  }
}

void average_pool2d_s8(const AveragePool2dS8& layer, const int8_t* x, int8_t* y) {
  const Pool2dShape& s = layer.shape;
  if (s.kernel_h * s.kernel_w > 256) return ref::average_pool2d_s8(layer, x, y);
  for (int32_t oy = 0; oy < s.out_h; ++oy) {
    for (int32_t ox = 0; ox < s.out_w; ++ox) {
      const PoolWindow window = pool_window(s, oy, ox);
      const Pixels pixels = {x + (window.top * s.in_w + window.left) * s.channels,
                             window.bottom - window.top, window.right - window.left,
                             s.in_w * s.channels, s.channels};
      const int32_t inside = pixels.rows * pixels.columns;
      const int32_t multiplier =
          layer.border_multiplier ? layer.border_multiplier[inside - 1] : layer.multiplier;
      const OutputS8 output = {&multiplier, layer.shift, layer.y_zero_point, layer.min, layer.max};
      const int32_t start = -inside * layer.x_zero_point;
      int32_t c = 0;
      for (; c + 4 <= s.channels; c += 4) {
        const FourSums sums = sum_four(pixels, c);
        for (int32_t sum : sums.of) *y++ = store_s8(output, multiplier, start + sum);
      }
      for (; c < s.channels; ++c) {
        *y++ = store_s8(output, multiplier, start + sum_one(pixels, c));
      }
    }
  }
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
