// Gemm: panels of 32 columns packed once, blocks of 4 rows by 32 columns held in registers.
#include "compiler/ops/gemm.h"

#include <cstring>
#include <vector>

// The sanitizers' runtimes are not ready when the loader picks a clone.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && defined(__GNUC__) && \
    !defined(__clang__)
#define TF_CLONES __attribute__((target_clones("avx512f", "avx2,fma", "default")))
#else
#define TF_CLONES
#endif

namespace tinyformer {
namespace {

constexpr int64_t kPanel = 32;
constexpr int64_t kRows = 4;
typedef float Vector __attribute__((vector_size(64), aligned(4)));

TF_CLONES void MultiplyRows4(int64_t k, const float* a, int64_t lda, const float* panel,
                             float* out) {
  Vector s[4][2] = {};
  for (int64_t p = 0; p < k; ++p, panel += kPanel) {
    Vector b0 = *reinterpret_cast<const Vector*>(panel);
    Vector b1 = *reinterpret_cast<const Vector*>(panel + 16);
    for (int r = 0; r < 4; ++r) {
      float x = a[r * lda + p];
      s[r][0] += x * b0;
      s[r][1] += x * b1;
    }
  }
  std::memcpy(out, s, sizeof s);
}

TF_CLONES void MultiplyRow(int64_t k, const float* a, const float* panel, float* out) {
  Vector s[2] = {};
  for (int64_t p = 0; p < k; ++p, panel += kPanel) {
    s[0] += a[p] * *reinterpret_cast<const Vector*>(panel);
    s[1] += a[p] * *reinterpret_cast<const Vector*>(panel + 16);
  }
  std::memcpy(out, s, sizeof s);
}

}  // namespace

void Gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb,
          float* c, int64_t ldc) {
  if (m == 0 || n == 0 || k == 0) return;
  std::vector<float> panel(static_cast<size_t>(k * kPanel));
  float block[kRows * kPanel];
  for (int64_t j = 0; j < n; j += kPanel) {
    const int64_t width = n - j < kPanel ? n - j : kPanel;
    for (int64_t p = 0; p < k; ++p) {
      float* row = panel.data() + p * kPanel;
      std::memcpy(row, b + p * ldb + j, static_cast<size_t>(width) * sizeof(float));
      std::memset(row + width, 0, static_cast<size_t>(kPanel - width) * sizeof(float));
    }
    for (int64_t i = 0; i < m;) {
      const int64_t rows = m - i >= kRows ? kRows : 1;
      if (rows == kRows) {
        MultiplyRows4(k, a + i * lda, lda, panel.data(), block);
      } else {
        MultiplyRow(k, a + i * lda, panel.data(), block);
      }
      for (int64_t r = 0; r < rows; ++r) {
        float* out = c + (i + r) * ldc + j;
        for (int64_t x = 0; x < width; ++x) out[x] += block[r * kPanel + x];
      }
      i += rows;
    }
  }
}

}  // namespace tinyformer
