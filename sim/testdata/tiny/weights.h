#pragma once
#include <stdint.h>

extern const int8_t model_weights[480];
