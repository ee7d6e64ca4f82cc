// Multi-head attention on a host: both products of a row by accumulate_pairs.
#if !defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/attention_s8.h"

#include "engine/host/pair_products.h"

namespace tinyformer::engine::host {
namespace {

// Sizes of the stack buffers; larger layers take the reference kernel.
constexpr int32_t kTokens = 1024;
constexpr int32_t kHeadChannels = 256;
constexpr int32_t kHeadPairs = 1 << 15;

// One head's keys as [channel pair][token] and values as [token pair][channel], the inner
// dimension rounded up to whole vectors. Odd ends are paired with 0.
struct Head {
  int32_t token_columns;
  int32_t channel_columns;
  Pair keys[kHeadPairs];
  Pair values[kHeadPairs];
};

bool fits(const AttentionS8& layer) {
  const int32_t channels = layer.channels / layer.heads;
  return layer.tokens <= kTokens && channels <= kHeadChannels &&
         (channels + 1) / 2 * round_up(layer.tokens, kColumnStep) <= kHeadPairs &&
         (layer.tokens + 1) / 2 * round_up(channels, kColumnStep) <= kHeadPairs;
}

void load_head(const AttentionS8& layer, const int8_t* k, const int8_t* v, Head* head) {
  const int32_t channels = layer.channels / layer.heads;
  head->token_columns = round_up(layer.tokens, kColumnStep);
  head->channel_columns = round_up(channels, kColumnStep);
  for (int32_t c = 0; c < channels; c += 2) {
    Pair* to = head->keys + c / 2 * head->token_columns;
    for (int32_t u = 0; u < head->token_columns; ++u) {
      const int8_t* key = k + u * layer.channels + c;
      to[u] = u < layer.tokens ? Pair{key[0], static_cast<int16_t>(c + 1 < channels ? key[1] : 0)}
                               : Pair{0, 0};
    }
  }
  for (int32_t u = 0; u < layer.tokens; u += 2) {
    Pair* to = head->values + u / 2 * head->channel_columns;
    const int8_t* value = v + u * layer.channels;
    const bool paired = u + 1 < layer.tokens;
    for (int32_t c = 0; c < head->channel_columns; ++c) {
      to[c] = c < channels
                  ? Pair{value[c], static_cast<int16_t>(paired ? value[layer.channels + c] : 0)}
                  : Pair{0, 0};
    }
  }
}

// Exponentials of one row into `exponentials` (one more, 0, after an odd number); returns their
// sum.
uint32_t exponential_row(const AttentionS8& layer, const Head& head, const int8_t* q,
                         int16_t* exponentials) {
  const int32_t channels = layer.channels / layer.heads;
  PairTerm terms[kHeadChannels / 2];
  int32_t sum_q = 0;
  for (int32_t c = 0; c < channels; c += 2) {
    const auto first = static_cast<int16_t>(q[c] - layer.q_zero_point);
    const auto second = static_cast<int16_t>(c + 1 < channels ? q[c + 1] - layer.q_zero_point : 0);
    terms[c / 2] = {c / 2 * head.token_columns, {first, second}};
    sum_q += first + second;
  }
  int32_t scores[kTokens];
  accumulate_pairs(terms, (channels + 1) / 2, head.keys, layer.tokens, -layer.k_zero_point * sum_q,
                   scores);
  int32_t largest = -128;
  for (int32_t u = 0; u < layer.tokens; ++u) {
    scores[u] = clamp(
        layer.score_zero_point + requantize(scores[u], layer.score_multiplier, layer.score_shift),
        -128, 127);
    largest = scores[u] > largest ? scores[u] : largest;
  }
  uint32_t sum = 0;
  for (int32_t u = 0; u < layer.tokens; ++u) {
    exponentials[u] = layer.exp_table[largest - scores[u]];
    sum += static_cast<uint32_t>(exponentials[u]);
  }
  exponentials[layer.tokens] = 0;
  return sum;
}

}  // namespace

void attention_s8(const AttentionS8& layer, const int8_t* q, const int8_t* k, const int8_t* v,
                  int8_t* y, void* scratch) {
  if (!fits(layer)) return ref::attention_s8(layer, q, k, v, y, scratch);
  const int32_t channels = layer.channels / layer.heads;
  Head head;
  int16_t exponentials[kTokens + 1];
  PairTerm terms[kTokens / 2];
  int32_t acc[kHeadChannels];
  for (int32_t first = 0; first < layer.channels; first += channels) {
    load_head(layer, k + first, v + first, &head);
    for (int32_t t = 0; t < layer.tokens; ++t) {
      const int32_t at = t * layer.channels + first;
      const uint32_t sum = exponential_row(layer, head, q + at, exponentials);
      for (int32_t u = 0; u < layer.tokens; u += 2) {
        terms[u / 2] = {u / 2 * head.channel_columns, {exponentials[u], exponentials[u + 1]}};
      }
      // |sum e (v - z)| <= 255 sum < 2^31, and so is sum e v; z sum e is below 2^31 as well.
      accumulate_pairs(terms, (layer.tokens + 1) / 2, head.values, channels,
                       -layer.v_zero_point * static_cast<int32_t>(sum), acc);
      const RowScale scale = row_scale(sum, layer.multiplier, layer.shift);
      for (int32_t c = 0; c < channels; ++c) {
        y[at + c] = static_cast<int8_t>(
            clamp(layer.y_zero_point + requantize(acc[c], scale.multiplier, scale.shift), layer.min,
                  layer.max));
      }
    }
  }
}

}  // namespace tinyformer::engine::host

#endif  // !defined(__ARM_FEATURE_DSP)
