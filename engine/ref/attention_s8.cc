// Multi-head attention: the plain meaning, one row of scores at a time.
#include "tinyformer/engine/attention_s8.h"

namespace tinyformer::engine::ref {
namespace {

// Scores of one query row against every key, as int8 values in int16 places. Returns the largest.
int32_t score_row(const AttentionS8& layer, const int8_t* q, const int8_t* k, int16_t* scores) {
  const int32_t head_channels = layer.channels / layer.heads;
  int32_t largest = -128;
  for (int32_t u = 0; u < layer.tokens; ++u, k += layer.channels) {
    int32_t dot = 0;
    for (int32_t c = 0; c < head_channels; ++c) {
      dot += (q[c] - layer.q_zero_point) * (k[c] - layer.k_zero_point);
    }
    const int32_t score =
        clamp(layer.score_zero_point + requantize(dot, layer.score_multiplier, layer.score_shift),
              -128, 127);
    largest = score > largest ? score : largest;
    scores[u] = static_cast<int16_t>(score);
  }
  return largest;
}

}  // namespace

void attention_s8(const AttentionS8& layer, const int8_t* q, const int8_t* k, const int8_t* v,
                  int8_t* y, void* scratch) {
  const int32_t head_channels = layer.channels / layer.heads;
  int16_t* row = static_cast<int16_t*>(scratch);  // scores, then exponentials
  for (int32_t first = 0; first < layer.channels; first += head_channels) {
    for (int32_t t = 0; t < layer.tokens; ++t) {
      const int32_t at = t * layer.channels + first;
      const int32_t largest = score_row(layer, q + at, k + first, row);
      uint32_t sum = 0;
      for (int32_t u = 0; u < layer.tokens; ++u) {
        row[u] = layer.exp_table[largest - row[u]];
        sum += static_cast<uint32_t>(row[u]);
      }
      const RowScale scale = row_scale(sum, layer.multiplier, layer.shift);
      for (int32_t c = 0; c < head_channels; ++c) {
        int32_t acc = 0;
        for (int32_t u = 0; u < layer.tokens; ++u) {
          acc += row[u] * (v[u * layer.channels + first + c] - layer.v_zero_point);
        }
        y[at + c] = static_cast<int8_t>(
            clamp(layer.y_zero_point + requantize(acc, scale.multiplier, scale.shift), layer.min,
                  layer.max));
      }
    }
  }
}

}  // namespace tinyformer::engine::ref
