// accumulate_pairs for AVX-512 VNNI, AVX2 and any other machine.
#if !defined(__ARM_FEATURE_DSP)

#include "engine/host/pair_products.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tinyformer::engine::host {
namespace {

// Also the meaning of the two functions below; the compiler vectorises it where it can.
void accumulate_portable(const PairTerm* terms, int32_t count, const Pair* x, int32_t columns,
                         int32_t start, int32_t* acc) {
  for (int32_t j = 0; j < columns; ++j) acc[j] = start;
  for (int32_t i = 0; i < count; ++i) {
    const Pair w = terms[i].weights;
    const Pair* from = x + terms[i].offset;
    for (int32_t j = 0; j < columns; ++j) {
      acc[j] += from[j].first * w.first + from[j].second * w.second;
    }
  }
}

#if defined(__x86_64__)

int32_t pair_bits(Pair pair) {
  int32_t bits;
  __builtin_memcpy(&bits, &pair, sizeof bits);
  return bits;
}

// kVectors * 16 columns in registers.
template <int kVectors>
__attribute__((target("avx512f,avx512bw,avx512vnni"))) void tile_avx512(
    const PairTerm* terms, int32_t count, const Pair* x, int32_t start, int32_t* acc) {
  __m512i sums[kVectors];
  for (int v = 0; v < kVectors; ++v) sums[v] = _mm512_set1_epi32(start);
  for (int32_t i = 0; i < count; ++i) {
    const __m512i w = _mm512_set1_epi32(pair_bits(terms[i].weights));
    const Pair* from = x + terms[i].offset;
    for (int v = 0; v < kVectors; ++v) {
      sums[v] = _mm512_dpwssd_epi32(sums[v], _mm512_loadu_si512(from + 16 * v), w);
    }
  }
  for (int v = 0; v < kVectors; ++v) _mm512_storeu_si512(acc + 16 * v, sums[v]);
}

__attribute__((target("avx512f,avx512bw,avx512vnni"))) void accumulate_avx512(
    const PairTerm* terms, int32_t count, const Pair* x, int32_t columns, int32_t start,
    int32_t* acc) {
  int32_t j = 0;
  for (; j + 48 < columns; j += 64) tile_avx512<4>(terms, count, x + j, start, acc + j);
  for (; j < columns; j += 16) tile_avx512<1>(terms, count, x + j, start, acc + j);
}

// kVectors * 8 columns in registers.
template <int kVectors>
__attribute__((target("avx2"))) void tile_avx2(const PairTerm* terms, int32_t count, const Pair* x,
                                               int32_t start, int32_t* acc) {
  __m256i sums[kVectors];
  for (int v = 0; v < kVectors; ++v) sums[v] = _mm256_set1_epi32(start);
  for (int32_t i = 0; i < count; ++i) {
    const __m256i w = _mm256_set1_epi32(pair_bits(terms[i].weights));
    const __m256i* from = reinterpret_cast<const __m256i*>(x + terms[i].offset);
    for (int v = 0; v < kVectors; ++v) {
      const __m256i products = _mm256_madd_epi16(_mm256_loadu_si256(from + v), w);
      sums[v] = _mm256_add_epi32(sums[v], products);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(acc + 8 * v), sums[v]);
  }
}

__attribute__((target("avx2"))) void accumulate_avx2(const PairTerm* terms, int32_t count,
                                                     const Pair* x, int32_t columns, int32_t start,
                                                     int32_t* acc) {
  int32_t j = 0;
  for (; j + 48 < columns; j += 64) tile_avx2<8>(terms, count, x + j, start, acc + j);
  for (; j < columns; j += 16) tile_avx2<2>(terms, count, x + j, start, acc + j);
}

#endif

}  // namespace

int32_t list_pair_products(const PairProducts** list) {
#if defined(__x86_64__)
  static const PairProducts ways[] = {
      {"avx512", __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw"),
       accumulate_avx512},
      {"avx2", __builtin_cpu_supports("avx2") != 0, accumulate_avx2},
      {"portable", true, accumulate_portable}};
#else
  static const PairProducts ways[] = {{"portable", true, accumulate_portable}};
#endif
  *list = ways;
  return sizeof ways / sizeof ways[0];
}

void accumulate_pairs(const PairTerm* terms, int32_t count, const Pair* x, int32_t columns,
                      int32_t start, int32_t* acc) {
  const PairProducts* way;
  list_pair_products(&way);
  while (!way->usable) ++way;
  way->accumulate(terms, count, x, columns, start, acc);
}

}  // namespace tinyformer::engine::host

#endif  // !defined(__ARM_FEATURE_DSP)
