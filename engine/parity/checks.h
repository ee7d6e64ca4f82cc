// The checks of every kernel, by family; parity.cc lists them.
#pragma once

#include "engine/parity/parity.h"

namespace tinyformer::engine::parity {

const char* check_linear_s8(Case& c);
const char* check_linear_s8_rlc2(Case& c);
const char* check_linear_s8_rlc4(Case& c);
const char* check_linear_s8_bitmap2(Case& c);
const char* check_linear_s8_bitmap4(Case& c);

const char* check_conv2d_s8(Case& c);
const char* check_conv2d_s8_rlc2(Case& c);
const char* check_conv2d_s8_rlc4(Case& c);
const char* check_conv2d_s8_bitmap2(Case& c);
const char* check_conv2d_s8_bitmap4(Case& c);

const char* check_depthwise_conv2d_s8(Case& c);
const char* check_depthwise_conv2d_s8_rlc3(Case& c);
const char* check_depthwise_conv2d_s8_bitmap3(Case& c);

const char* check_attention_s8(Case& c);
const char* check_attention_pool_s8(Case& c);
const char* check_softmax_s8(Case& c);
const char* check_layernorm_s8(Case& c);

const char* check_add_s8(Case& c);
const char* check_requantize_s8(Case& c);
const char* check_max_pool2d_s8(Case& c);
const char* check_average_pool2d_s8(Case& c);
const char* check_transpose_s8(Case& c);

}  // namespace tinyformer::engine::parity
