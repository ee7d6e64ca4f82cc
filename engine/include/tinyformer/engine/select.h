// Chooses, when the code is compiled, which implementation of a kernel its plain name means.
#pragma once

#include <stdint.h>

/// TINYFORMER_ENGINE_SELECT(arm_namespace, host_namespace): the namespace that a kernel's plain
/// name stands for in this build.
///
/// arm   a core with the DSP extension (Cortex-M4, Cortex-M7): `__ARM_FEATURE_DSP`
/// ref   other 32-bit Arm and RISC-V cores, and everywhere when TINYFORMER_ENGINE_REF is defined
/// host  any other machine: development hosts
///
/// All of them give the same bytes; a kernel without a fast version names `ref` in its place.
#if defined(__ARM_FEATURE_DSP) && !defined(TINYFORMER_ENGINE_REF)
#define TINYFORMER_ENGINE_SELECT(arm_namespace, host_namespace) arm_namespace
#elif defined(TINYFORMER_ENGINE_REF) || defined(__arm__) || defined(__riscv)
#define TINYFORMER_ENGINE_SELECT(arm_namespace, host_namespace) ref
#else
#define TINYFORMER_ENGINE_SELECT(arm_namespace, host_namespace) host_namespace
#endif

namespace tinyformer::engine {

/// Tokens (or output pixels) that the Arm kernels compute from one decoding of the weights.
constexpr int32_t kTokenBatch = 4;

/// `value` rounded up to a multiple of `step`; value >= 0, step > 0.
constexpr int32_t round_up(int32_t value, int32_t step) { return (value + step - 1) / step * step; }

/// Scratch for the outputs of a batch that has fewer tokens than kTokenBatch in all: it is computed
/// whole and copied from there. 0 with more tokens: the last batch may overlap the one before it.
constexpr int32_t partial_batch_bytes(int32_t tokens, int32_t channels) {
  return tokens < kTokenBatch ? kTokenBatch * channels : 0;
}

/// Scratch of the dense kernels for `tokens` rows of `length` values: one batch widened to int16,
/// the last row of weights filled up to fours, a partial batch's outputs.
constexpr int32_t dense_scratch_bytes(int32_t tokens, int32_t length, int32_t channels) {
  return kTokenBatch * 2 * round_up(length, 4) + (length % 4 != 0 ? round_up(length, 4) : 0) +
         partial_batch_bytes(tokens, channels);
}

}  // namespace tinyformer::engine
