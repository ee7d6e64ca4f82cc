// The CIFAR-10 network of the CMSIS-NN paper on CMSIS 5.4's kernels (their sources are not part of
// this repository).
//
// Layers  arXiv 1801.06601, table 1: 5x5 convolutions 3 -> 32 -> 32 -> 64 with 3x3 stride-2 max
//         pools, then 1024 -> 10
#include <stdint.h>

#include "arm_math.h"
#include "arm_nnfunctions.h"
#include "emulator_exit.h"

volatile uint8_t tf_profile_marker[256];

static q7_t image[32 * 32 * 3], a[32 * 32 * 32], b[16 * 16 * 32], logits[10];
static q15_t columns[2 * 25 * 32];
static const q7_t weights[25 * 32 * 64] = {1}, bias[64] = {1};

int main(void) {
  tf_profile_marker[1] = 0;
  arm_convolve_HWC_q7_RGB(image, 32, 3, weights, 32, 5, 2, 1, bias, 0, 9, a, 32, columns, 0);
  tf_profile_marker[2] = 0;
  arm_maxpool_q7_HWC(a, 32, 32, 3, 0, 2, 16, 0, b);
  tf_profile_marker[3] = 0;
  arm_convolve_HWC_q7_fast(b, 16, 32, weights, 32, 5, 2, 1, bias, 0, 9, a, 16, columns, 0);
  tf_profile_marker[4] = 0;
  arm_maxpool_q7_HWC(a, 16, 32, 3, 0, 2, 8, 0, b);
  tf_profile_marker[5] = 0;
  arm_convolve_HWC_q7_fast(b, 8, 32, weights, 64, 5, 2, 1, bias, 0, 9, a, 8, columns, 0);
  tf_profile_marker[6] = 0;
  arm_maxpool_q7_HWC(a, 8, 64, 3, 0, 2, 4, 0, b);
  tf_profile_marker[7] = 0;
  arm_fully_connected_q7_opt(b, weights, 1024, 10, 5, 7, bias, logits, columns);
  tf_profile_marker[0] = 0;
  ExitEmulator();
  return 0;
}
