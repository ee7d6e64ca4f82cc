/* A hand-written stand-in for a generated firmware: it breaks a rule that its first input byte selects. */
#ifndef MODEL_H
#define MODEL_H
#include <stdint.h>

#define TF_MODEL_INPUT_BYTES 48
#define TF_MODEL_OUTPUT_BYTES 10
#define TF_MODEL_INPUT_SCALE 0.5f
#define TF_MODEL_INPUT_ZERO_POINT 0
#define TF_MODEL_OUTPUT_SCALE 0.25f
#define TF_MODEL_OUTPUT_ZERO_POINT 0
#define TF_MODEL_ARENA_BYTES 16
#define TF_MODEL_LAYERS 1

#ifdef __cplusplus
extern "C" {
#endif
void model_init(void);
int model_invoke(const int8_t* in, int8_t* out);
#ifdef __cplusplus
}
#endif
#endif
