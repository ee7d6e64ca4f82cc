// The list of the kernels' checks.
#include "engine/parity/parity.h"

#include "engine/parity/checks.h"

namespace tinyformer::engine::parity {

const NamedCheck kChecks[] = {
    {"linear_s8", check_linear_s8},
    {"linear_s8_rlc2", check_linear_s8_rlc2},
    {"linear_s8_rlc4", check_linear_s8_rlc4},
    {"linear_s8_bitmap2", check_linear_s8_bitmap2},
    {"linear_s8_bitmap4", check_linear_s8_bitmap4},
    {"conv2d_s8", check_conv2d_s8},
    {"conv2d_s8_rlc2", check_conv2d_s8_rlc2},
    {"conv2d_s8_rlc4", check_conv2d_s8_rlc4},
    {"conv2d_s8_bitmap2", check_conv2d_s8_bitmap2},
    {"conv2d_s8_bitmap4", check_conv2d_s8_bitmap4},
    {"depthwise_conv2d_s8", check_depthwise_conv2d_s8},
    {"depthwise_conv2d_s8_rlc3", check_depthwise_conv2d_s8_rlc3},
    {"depthwise_conv2d_s8_bitmap3", check_depthwise_conv2d_s8_bitmap3},
    {"attention_s8", check_attention_s8},
    {"attention_pool_s8", check_attention_pool_s8},
    {"softmax_s8", check_softmax_s8},
    {"layernorm_s8", check_layernorm_s8},
    {"add_s8", check_add_s8},
    {"requantize_s8", check_requantize_s8},
    {"max_pool2d_s8", check_max_pool2d_s8},
    {"average_pool2d_s8", check_average_pool2d_s8},
    {"transpose_s8", check_transpose_s8},
};
const int32_t kCheckCount = sizeof kChecks / sizeof kChecks[0];

}  // namespace tinyformer::engine::parity
