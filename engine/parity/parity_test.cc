// The host's kernels equal the reference on thousands of random layers.
#include "engine/parity/parity.h"

#include <gtest/gtest.h>

namespace tinyformer::engine::parity {
namespace {

class Parity : public testing::TestWithParam<int32_t> {};

TEST_P(Parity, FastKernelEqualsReferenceBitForBit) {
  const NamedCheck& check = kChecks[GetParam()];
  for (uint32_t seed = 1; seed <= 1500; ++seed) {
    Case c(seed);
    const char* wrong = check.run(c);
    ASSERT_EQ(wrong, nullptr) << check.kernel << ", seed " << seed << ", " << c.shape << ": "
                              << wrong;
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Parity, testing::Range(0, kCheckCount),
                         [](const auto& at) { return kChecks[at.param].kernel; });

}  // namespace
}  // namespace tinyformer::engine::parity
