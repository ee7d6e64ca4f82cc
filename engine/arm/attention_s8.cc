// Multi-head attention: both products are dense rows times a batch of four query rows.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/attention_s8.h"

#include "engine/arm/rows.h"
#include "engine/arm/token_batch.h"

namespace tinyformer::engine::arm {
namespace {

// The parts of the scratch.
//
// exponentials  first scores [token][4], then exponentials of the four rows, QuadLayout over tokens
// queries       a batch of query rows minus the zero point, QuadLayout over the head's channels
// sums          [channel][4], in the place of the queries
// keys          the head's keys [token][channels], rows filled up to fours
// values        the head's values [channel][tokens], rows filled up to fours
struct Parts {
  Word* exponentials;
  int16_t* queries;
  int32_t* sums;
  int8_t* keys;
  int8_t* values;
};

Parts divide(const AttentionS8& layer, void* scratch) {
  const int32_t tokens = round_up(layer.tokens, 4);
  const int32_t channels = layer.channels / layer.heads;
  Parts parts;
  parts.exponentials = static_cast<Word*>(scratch);
  parts.sums = reinterpret_cast<int32_t*>(parts.exponentials + kTokenBatch / 2 * tokens);
  parts.queries = reinterpret_cast<int16_t*>(parts.sums);
  parts.keys = reinterpret_cast<int8_t*>(parts.sums) + attention_s8_batch_bytes(channels);
  parts.values = parts.keys + tokens * round_up(channels, 4);
  return parts;
}

// Columns past the head's channels and past the tokens meet zeros in the batch.
void load_head(const AttentionS8& layer, const int8_t* k, const int8_t* v, const Parts& parts) {
  const int32_t channels = layer.channels / layer.heads;
  const int32_t key_row = round_up(channels, 4);
  const int32_t value_row = round_up(layer.tokens, 4);
  for (int32_t u = 0; u < layer.tokens; ++u, k += layer.channels, v += layer.channels) {
    for (int32_t c = 0; c < channels; ++c) {
      parts.keys[u * key_row + c] = k[c];
      parts.values[c * value_row + u] = v[c];
    }
  }
}

// Scores of the batch against every key; the largest of each row into `largest`.
void score_rows(const AttentionS8& layer, const int32_t start[4], const Parts& parts,
                uint32_t largest[2]) {
  const int32_t quads = (layer.channels / layer.heads + 3) / 4;
  const Word* batch = reinterpret_cast<const Word*>(parts.queries);
  TokenRowJob job = {parts.keys,
                     parts.keys + layer.tokens * quads * 4,
                     batch,
                     quads,
                     {start[0], start[1], start[2], start[3]},
                     layer.score_multiplier,
                     layer.score_zero_point,
                     {-128, -128, -128, -128},
                     parts.exponentials};
  if (layer.score_shift == -1) {
    tinyformer_rows_scores(&job);
  } else {
    const OutputS8 output = {&layer.score_multiplier, layer.score_shift, layer.score_zero_point,
                             -128, 127};
    int16_t* scores = reinterpret_cast<int16_t*>(parts.exponentials);
    for (int32_t u = 0; u < layer.tokens; ++u) {
      BatchSums sums = {start[0], start[1], start[2], start[3]};
      add_dense(parts.keys + u * quads * 4, quads * 4, batch, sums);
      const int32_t dots[kTokenBatch] = {sums.a, sums.b, sums.c, sums.d};
      for (int t = 0; t < kTokenBatch; ++t) {
        const int16_t score = store_s8(output, layer.score_multiplier, dots[t]);
        job.largest[t] = score > job.largest[t] ? score : job.largest[t];
        *scores++ = score;
      }
    }
  }
  memcpy(largest, job.largest, sizeof job.largest);
}

// Exponentials of two rows for four tokens, from words (first row, second row) of scores:
// QuadLayout words of the first row, then of the second.
inline void exponentiate_pair(const int16_t* table, uint32_t largest, const uint32_t scores[4],
                              Word* to, int32_t sums[2]) {
  constexpr uint32_t kOnes = 0x00010001;
  const uint32_t d0 = subtract_pairs(largest, scores[0]);
  const uint32_t d1 = subtract_pairs(largest, scores[1]);
  const uint32_t d2 = subtract_pairs(largest, scores[2]);
  const uint32_t d3 = subtract_pairs(largest, scores[3]);
  const auto pair_of = [table](uint32_t first, uint32_t second) {
    return pack_low(static_cast<uint32_t>(table[first]), static_cast<uint32_t>(table[second]));
  };
  const uint32_t even = pair_of(d0 & 0xffff, d2 & 0xffff);
  const uint32_t odd = pair_of(d1 & 0xffff, d3 & 0xffff);
  to[0] = even;
  to[1] = odd;
  sums[0] = multiply_pairs(even, kOnes, multiply_pairs(odd, kOnes, sums[0]));
  const uint32_t second_even = pair_of(d0 >> 16, d2 >> 16);
  const uint32_t second_odd = pair_of(d1 >> 16, d3 >> 16);
  to[2] = second_even;
  to[3] = second_odd;
  sums[1] = multiply_pairs(second_even, kOnes, multiply_pairs(second_odd, kOnes, sums[1]));
}

// Scores [token][4] become exponentials in QuadLayout, in place: four tokens are eight words either
// way. Their sums go to `sums`.
void exponentiate(const AttentionS8& layer, const uint32_t largest[2], Word* words,
                  int32_t sums[4]) {
  // Places past the last token: read as the largest score, then taken back.
  const int32_t padded = round_up(layer.tokens, 4);
  for (int32_t u = layer.tokens; u < padded; ++u) {
    words[2 * u] = largest[0];
    words[2 * u + 1] = largest[1];
  }
  for (int t = 0; t < 4; ++t) sums[t] = (layer.tokens - padded) * layer.exp_table[0];
  Word* block = words;
  for (int32_t u = 0; u < layer.tokens; u += 4, block += 8) {
    const uint32_t first[4] = {block[0], block[2], block[4], block[6]};
    const uint32_t second[4] = {block[1], block[3], block[5], block[7]};
    exponentiate_pair(layer.exp_table, largest[0], first, block, sums);
    exponentiate_pair(layer.exp_table, largest[1], second, block + 4, sums + 2);
  }
  for (int32_t u = layer.tokens; u < padded; ++u) {
    for (int t = 0; t < 4; ++t) reinterpret_cast<int16_t*>(words)[QuadLayout::place(u, t)] = 0;
  }
}

// requantize with a row's scale: its shift is at most -2, so the low word cannot carry into the
// result and SMMUL suffices.
inline int8_t store_row(const AttentionS8& layer, const RowScale& scale, int32_t acc) {
  const int32_t top = multiply_top(acc, scale.multiplier);
  const int32_t scaled = (top + (1 << (-2 - scale.shift))) >> (-1 - scale.shift);
  return static_cast<int8_t>(clamp(layer.y_zero_point + scaled, layer.min, layer.max));
}

// The batch's exponentials times the values: row t of the head goes to y[t].
void average_rows(const AttentionS8& layer, const int32_t sums[4], const Parts& parts,
                  int8_t* const y[4]) {
  const int32_t channels = layer.channels / layer.heads;
  const int32_t quads = (layer.tokens + 3) / 4;
  TokenRowJob job = {
      parts.values, parts.values + channels * quads * 4, parts.exponentials, quads, {}, 0, 0, {},
      parts.sums};
  RowScale scale[4];
  for (int t = 0; t < kTokenBatch; ++t) {
    scale[t] = row_scale(static_cast<uint32_t>(sums[t]), layer.multiplier, layer.shift);
    job.start[t] = -layer.v_zero_point * sums[t];
  }
  tinyformer_rows_sums(&job);
  for (int t = 0; t < kTokenBatch; ++t) {
    for (int32_t c = 0; c < channels; ++c) {
      y[t][c] = store_row(layer, scale[t], parts.sums[kTokenBatch * c + t]);
    }
  }
}

// Widens the batch's query rows; returns in `start` what the keys' zero point adds to every score.
void load_queries(const AttentionS8& layer, const int8_t* const q[4], int16_t* queries,
                  int32_t start[4]) {
  const int32_t channels = layer.channels / layer.heads;
  memset(queries, 0, static_cast<size_t>(kTokenBatch * round_up(channels, 4)) * sizeof *queries);
  for (int t = 0; t < kTokenBatch; ++t) {
    int32_t sum = 0;
    for (int32_t c = 0; c < channels; ++c) {
      const int32_t value = q[t][c] - layer.q_zero_point;
      queries[QuadLayout::place(c, t)] = static_cast<int16_t>(value);
      sum += value;
    }
    start[t] = -layer.k_zero_point * sum;
  }
}

}  // namespace

void attention_s8(const AttentionS8& layer, const int8_t* q, const int8_t* k, const int8_t* v,
                  int8_t* y, void* scratch) {
  const int32_t head_channels = layer.channels / layer.heads;
  const Parts parts = divide(layer, scratch);
  memset(scratch, 0, static_cast<size_t>(attention_s8_scratch_bytes(layer)));
  for (int32_t first = 0; first < layer.channels; first += head_channels) {
    load_head(layer, k + first, v + first, parts);
    for (int32_t t0 = 0; t0 < layer.tokens; t0 += kTokenBatch) {
      // Rows past the last token repeat it: they are computed and stored once more, unchanged.
      const int8_t* from[kTokenBatch];
      int8_t* to[kTokenBatch];
      for (int t = 0; t < kTokenBatch; ++t) {
        const int32_t token = t0 + t < layer.tokens ? t0 + t : layer.tokens - 1;
        from[t] = q + token * layer.channels + first;
        to[t] = y + token * layer.channels + first;
      }
      int32_t start[kTokenBatch];
      load_queries(layer, from, parts.queries, start);
      uint32_t largest[2];
      score_rows(layer, start, parts, largest);
      int32_t sums[kTokenBatch];
      exponentiate(layer, largest, parts.exponentials, sums);
      average_rows(layer, sums, parts, to);
    }
  }
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
