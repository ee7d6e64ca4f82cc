// Multi-head attention with SMLAD: scores of four rows for each key, then two rows times the
#if defined(__ARM_FEATURE_DSP)

// values.
#include "tinyformer/engine/attention_s8.h"

#include "engine/arm/token_batch.h"

namespace tinyformer::engine::arm {
namespace {

// Scores of a batch of query rows against every key, row t at scores + t * stride.
void score_rows(const AttentionS8& layer, const int8_t* k, const uint32_t* queries,
                const BatchSums& start, int16_t* scores, int32_t stride) {
  const int32_t head_channels = layer.channels / layer.heads;
  const int32_t multiplier = layer.score_multiplier;
  const OutputS8 output = {nullptr, layer.score_shift, layer.score_zero_point, -128, 127};
  for (int32_t u = 0; u < layer.tokens; ++u, k += layer.channels) {
    BatchSums sums = start;
    add_dense(k, head_channels, queries, sums);
    const int32_t dots[kTokenBatch] = {sums.a, sums.b, sums.c, sums.d};
    for (int t = 0; t < kTokenBatch; ++t) {
      scores[t * stride + u] = store_s8(output, multiplier, dots[t]);
    }
  }
}

// Scores become exponentials, with a 0 after an odd number of them; returns their sum.
uint32_t exponentials(const AttentionS8& layer, int16_t* row) {
  int32_t largest = -128;
  for (int32_t u = 0; u < layer.tokens; ++u) largest = row[u] > largest ? row[u] : largest;
  const int16_t* table = layer.exp_table;
  uint32_t sum = 0;
  for (int32_t u = 0; u < layer.tokens; ++u) {
    const int16_t value = table[largest - row[u]];
    row[u] = value;
    sum += static_cast<uint32_t>(value);
  }
  if ((layer.tokens & 1) != 0) row[layer.tokens] = 0;
  return sum;
}

// requantize with a row's scale: its shift is at most -2, so the low word cannot carry into the
// result and SMMUL suffices.
inline int8_t store_row(const AttentionS8& layer, const RowScale& scale, int32_t acc) {
  const int32_t top = multiply_top(acc, scale.multiplier);
  const int32_t scaled = (top + (1 << (-2 - scale.shift))) >> (-1 - scale.shift);
  return static_cast<int8_t>(clamp(layer.y_zero_point + scaled, layer.min, layer.max));
}

// Four channels of two rows: exponentials times values, two tokens at a time.
void average_four(const AttentionS8& layer, const int16_t* first, const int16_t* second,
                  const int8_t* v, int32_t* sums_first, int32_t* sums_second) {
  int32_t a0 = sums_first[0], a1 = sums_first[1], a2 = sums_first[2], a3 = sums_first[3];
  int32_t b0 = sums_second[0], b1 = sums_second[1], b2 = sums_second[2], b3 = sums_second[3];
  const uint32_t* weights_first = reinterpret_cast<const uint32_t*>(first);
  const uint32_t* weights_second = reinterpret_cast<const uint32_t*>(second);
  for (int32_t u = 0; u < layer.tokens; u += 2) {
    const uint32_t here = load_word(v);
    const uint32_t next = load_word(u + 1 < layer.tokens ? v + layer.channels : v);
    v += 2 * layer.channels;
    const uint32_t wa = *weights_first++;
    const uint32_t wb = *weights_second++;
    const uint32_t even = even_bytes(here), even_next = even_bytes(next);
    const uint32_t v0 = pack_low(even, even_next), v2 = pack_high(even, even_next);
    a0 = multiply_pairs(v0, wa, a0);
    b0 = multiply_pairs(v0, wb, b0);
    a2 = multiply_pairs(v2, wa, a2);
    b2 = multiply_pairs(v2, wb, b2);
    const uint32_t odd = odd_bytes(here), odd_next = odd_bytes(next);
    const uint32_t v1 = pack_low(odd, odd_next), v3 = pack_high(odd, odd_next);
    a1 = multiply_pairs(v1, wa, a1);
    b1 = multiply_pairs(v1, wb, b1);
    a3 = multiply_pairs(v3, wa, a3);
    b3 = multiply_pairs(v3, wb, b3);
  }
  sums_first[0] = a0, sums_first[1] = a1, sums_first[2] = a2, sums_first[3] = a3;
  sums_second[0] = b0, sums_second[1] = b1, sums_second[2] = b2, sums_second[3] = b3;
}

// Two rows of one head from their exponentials. The last group of four channels overlaps the one
// before it when the head's channels are not a multiple of four.
void average_rows(const AttentionS8& layer, const int16_t* const rows[2], const uint32_t sums[2],
                  const int8_t* v, int8_t* const y[2]) {
  const int32_t head_channels = layer.channels / layer.heads;
  const RowScale scale[2] = {row_scale(sums[0], layer.multiplier, layer.shift),
                             row_scale(sums[1], layer.multiplier, layer.shift)};
  const int32_t start[2] = {-layer.v_zero_point * static_cast<int32_t>(sums[0]),
                            -layer.v_zero_point * static_cast<int32_t>(sums[1])};
  for (int32_t c = 0; c < head_channels; c += 4) {
    const int32_t at = c + 4 <= head_channels ? c : head_channels - 4;
    int32_t acc[2][4] = {{start[0], start[0], start[0], start[0]},
                         {start[1], start[1], start[1], start[1]}};
    average_four(layer, rows[0], rows[1], v + at, acc[0], acc[1]);
    for (int r = 0; r < 2; ++r) {
      for (int j = 0; j < 4; ++j) y[r][at + j] = store_row(layer, scale[r], acc[r][j]);
    }
  }
}

// One row of a head with fewer than four channels.
void average_narrow(const AttentionS8& layer, const int16_t* row, uint32_t sum, const int8_t* v,
                    int8_t* y) {
  const RowScale scale = row_scale(sum, layer.multiplier, layer.shift);
  for (int32_t c = 0; c < layer.channels / layer.heads; ++c) {
    int32_t acc = -layer.v_zero_point * static_cast<int32_t>(sum);
    for (int32_t u = 0; u < layer.tokens; ++u) acc += row[u] * v[u * layer.channels + c];
    y[c] = store_row(layer, scale, acc);
  }
}

}  // namespace

void attention_s8(const AttentionS8& layer, const int8_t* q, const int8_t* k, const int8_t* v,
                  int8_t* y, void* scratch) {
  const int32_t head_channels = layer.channels / layer.heads;
  const int32_t stride = round_up(layer.tokens, 2);
  int16_t* queries = static_cast<int16_t*>(scratch);
  int16_t* rows = queries + kTokenBatch * round_up(head_channels, 4);
  memset(scratch, 0, static_cast<size_t>(attention_s8_scratch_bytes(layer)));
  for (int32_t first = 0; first < layer.channels; first += head_channels) {
    for (int32_t t0 = 0; t0 < layer.tokens; t0 += kTokenBatch) {
      // Rows past the last token repeat it: they are computed and stored once more, unchanged.
      int32_t at[kTokenBatch];
      int32_t start[kTokenBatch];
      for (int t = 0; t < kTokenBatch; ++t) {
        const int32_t token = t0 + t < layer.tokens ? t0 + t : layer.tokens - 1;
        at[t] = token * layer.channels + first;
        int32_t sum = 0;
        for (int32_t c = 0; c < head_channels; ++c) {
          const int32_t value = q[at[t] + c] - layer.q_zero_point;
          queries[QuadLayout::place(c, t)] = static_cast<int16_t>(value);
          sum += value;
        }
        start[t] = -layer.k_zero_point * sum;
      }
      score_rows(layer, k + first, static_cast<const uint32_t*>(scratch),
                 BatchSums{start[0], start[1], start[2], start[3]}, rows, stride);
      for (int t = 0; t < kTokenBatch; t += 2) {
        const int16_t* const pair[2] = {rows + t * stride, rows + (t + 1) * stride};
        const uint32_t sums[2] = {exponentials(layer, rows + t * stride),
                                  exponentials(layer, rows + (t + 1) * stride)};
        if (head_channels < 4) {
          average_narrow(layer, pair[0], sums[0], v + first, y + at[t]);
          average_narrow(layer, pair[1], sums[1], v + first, y + at[t + 1]);
        } else {
          int8_t* const to[2] = {y + at[t], y + at[t + 1]};
          average_rows(layer, pair, sums, v + first, to);
        }
      }
    }
  }
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
