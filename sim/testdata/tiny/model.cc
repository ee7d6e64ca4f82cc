// Clamp into the arena, then a linear layer of 48 -> 10.
#include "model.h"

#include "weights.h"

#ifdef TF_PROFILE
extern "C" volatile uint8_t tf_profile_marker[256];
#define TF_PROFILE_LAYER(id) (tf_profile_marker[id] = 0)
#else
#define TF_PROFILE_LAYER(id) ((void)0)
#endif

namespace {

__attribute__((section(".tf_arena"), aligned(16))) int8_t tf_model_arena[TF_MODEL_ARENA_BYTES];

}  // namespace

extern "C" void model_init(void) {}

extern "C" int model_invoke(const int8_t* in, int8_t* out) {
  TF_PROFILE_LAYER(1);
  for (int i = 0; i < TF_MODEL_INPUT_BYTES; ++i) {
    int x = in[i];
    tf_model_arena[i] = static_cast<int8_t>(x < 0 ? 0 : x);
  }
  TF_PROFILE_LAYER(2);
  for (int o = 0; o < TF_MODEL_OUTPUT_BYTES; ++o) {
    int32_t sum = 64;
    for (int i = 0; i < TF_MODEL_INPUT_BYTES; ++i)
      sum += tf_model_arena[i] * model_weights[48 * o + i];
    out[o] = static_cast<int8_t>(sum >> 7);
  }
  TF_PROFILE_LAYER(0);
  return 0;
}
