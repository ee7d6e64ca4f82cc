// A batch of four tokens (or im2col columns) widened to int16, and products of weights with it.
#pragma once

#include <stdint.h>
#include <string.h>

#include "engine/arm/dsp.h"
#include "tinyformer/engine/select.h"

namespace tinyformer::engine::arm {

/// How the values of one token lie among those of its batch: groups of kGroup values, in each group
/// the words of token 0, 1, 2, 3. Weights are widened into the same order.
///
/// QuadLayout   groups of 4 as words (v0, v2), (v1, v3): what SXTB16 makes of four bytes
/// PairLayout   groups of 2 as one word (v0, v1)
struct QuadLayout {
  static constexpr int32_t kGroup = 4;
  static constexpr int32_t kGroupWords = 2 * kTokenBatch;  // of one group, all tokens

  /// Index, in int16, of value `k` of token `token`.
  static int32_t place(int32_t k, int32_t token) {
    return (k / 4 * kGroupWords + token * 2 + (k & 1)) * 2 + ((k >> 1) & 1);
  }
  /// The first word of group `k` / kGroup of a token.
  static Word* group(int16_t* batch, int32_t token, int32_t k) {
    return reinterpret_cast<Word*>(batch) + k / 4 * kGroupWords + token * 2;
  }
  /// Writes four values.
  static void put_four(Word* group, const int8_t* from) {
    const uint32_t word = load_word(from);
    group[0] = even_bytes(word);
    group[1] = odd_bytes(word);
  }
  static void put_pairs(Word* group, uint32_t pair) { group[0] = group[1] = pair; }
};

struct PairLayout {
  static constexpr int32_t kGroup = 2;
  static constexpr int32_t kGroupWords = kTokenBatch;

  static int32_t place(int32_t k, int32_t token) {
    return (k / 2 * kGroupWords + token) * 2 + (k & 1);
  }
  static Word* group(int16_t* batch, int32_t token, int32_t k) {
    return reinterpret_cast<Word*>(batch) + k / 2 * kGroupWords + token;
  }
  static void put_four(Word* group, const int8_t* from) {
    const uint32_t word = load_word(from);
    const uint32_t even = even_bytes(word);
    const uint32_t odd = odd_bytes(word);
    group[0] = pack_low(even, odd);
    group[kGroupWords] = pack_high(even, odd);
  }
  static void put_pairs(Word* group, uint32_t pair) { group[0] = group[kGroupWords] = pair; }
};

/// Writes `count` values as values k, k + 1, ... of a token; k starts a group. Not inlined: it is
/// called for many values, from many places.
///
/// Memory  batch [round_up(length, 4) * kTokenBatch] int16
template <typename Layout>
__attribute__((noinline)) void put_values(int16_t* batch, int32_t token, int32_t k,
                                          const int8_t* from, int32_t count) {
  constexpr int32_t kStep = 4 / Layout::kGroup * Layout::kGroupWords;
  Word* group = Layout::group(batch, token, k);
  int32_t i = 0;
  for (; i + 16 <= count; i += 16, from += 16, group += 4 * kStep) {
    Layout::put_four(group, from);
    Layout::put_four(group + kStep, from + 4);
    Layout::put_four(group + 2 * kStep, from + 8);
    Layout::put_four(group + 3 * kStep, from + 12);
  }
  for (; i + 4 <= count; i += 4, from += 4, group += kStep) Layout::put_four(group, from);
  for (; i < count; ++i) batch[Layout::place(k + i, token)] = *from++;
}

/// Writes `count` times the same value.
template <typename Layout>
__attribute__((noinline)) void put_same(int16_t* batch, int32_t token, int32_t k, int16_t value,
                                        int32_t count) {
  constexpr int32_t kStep = 4 / Layout::kGroup * Layout::kGroupWords;
  const uint32_t pair = pack_low(static_cast<uint32_t>(value), static_cast<uint32_t>(value));
  Word* group = Layout::group(batch, token, k);
  int32_t i = 0;
  for (; i + 4 <= count; i += 4, group += kStep) Layout::put_pairs(group, pair);
  for (; i < count; ++i) batch[Layout::place(k + i, token)] = value;
}

/// Words of a batch of tokens of `length` values; several batches lie one after the other.
constexpr int32_t batch_words(int32_t length) { return kTokenBatch / 2 * round_up(length, 4); }

/// Tokens [first, first + count): whole batches, or all there are when these are fewer than one.
struct TokenRun {
  int32_t first;
  int32_t count;
};

/// The run of at most `batches` batches after the first `done` of `tokens` tokens, done < tokens.
/// Where less than a batch is left it goes back over tokens that are done.
constexpr TokenRun next_run(int32_t done, int32_t tokens, int32_t batches) {
  if (tokens < kTokenBatch) return {0, tokens};
  const int32_t left = (tokens - done) / kTokenBatch;
  if (left == 0) return {tokens - kTokenBatch, kTokenBatch};
  return {done, kTokenBatch * (left < batches ? left : batches)};
}

/// Sums of a batch, one for each token.
struct BatchSums {
  int32_t a, b, c, d;
};

/// One group of four weights times the batch's group.
inline void add_quad(uint32_t weights, const Word* group, BatchSums& sums) {
  const uint32_t even = even_bytes(weights);
  const uint32_t odd = odd_bytes(weights);
  sums.a = multiply_pairs(odd, group[1], multiply_pairs(even, group[0], sums.a));
  sums.b = multiply_pairs(odd, group[3], multiply_pairs(even, group[2], sums.b));
  sums.c = multiply_pairs(odd, group[5], multiply_pairs(even, group[4], sums.c));
  sums.d = multiply_pairs(odd, group[7], multiply_pairs(even, group[6], sums.d));
}

/// Two weights times the batch's group in PairLayout.
inline void add_pair(const int8_t* weights, const Word* group, BatchSums& sums) {
  const uint32_t pair =
      pack_low(static_cast<uint32_t>(weights[0]), static_cast<uint32_t>(weights[1]));
  sums.a = multiply_pairs(pair, group[0], sums.a);
  sums.b = multiply_pairs(pair, group[1], sums.b);
  sums.c = multiply_pairs(pair, group[2], sums.c);
  sums.d = multiply_pairs(pair, group[3], sums.d);
}

/// `length` dense weights times the batch in QuadLayout, whose values past `length` are 0.
inline void add_dense(const int8_t* weights, int32_t length, const Word* batch, BatchSums& sums) {
  const int8_t* const end = weights + (length & ~3);
  for (; weights != end; weights += 4, batch += QuadLayout::kGroupWords) {
    add_quad(load_word(weights), batch, sums);
  }
  if ((length & 3) != 0) {
    uint32_t last = static_cast<uint8_t>(weights[0]);
    if ((length & 3) > 1) last |= static_cast<uint32_t>(static_cast<uint8_t>(weights[1])) << 8;
    if ((length & 3) > 2) last |= static_cast<uint32_t>(static_cast<uint8_t>(weights[2])) << 16;
    add_quad(last, batch, sums);
  }
}

/// y[t * stride] for the first `tokens` tokens of a batch, from the sums of output channel `o`.
inline void store_batch(const OutputS8& output, int32_t o, const BatchSums& sums, int32_t tokens,
                        int8_t* y, int32_t stride) {
  const int32_t multiplier = output.multiplier[o];
  y[0] = store_s8(output, multiplier, sums.a);
  if (tokens > 1) y[stride] = store_s8(output, multiplier, sums.b);
  if (tokens > 2) y[2 * stride] = store_s8(output, multiplier, sums.c);
  if (tokens > 3) y[3 * stride] = store_s8(output, multiplier, sums.d);
}

}  // namespace tinyformer::engine::arm
