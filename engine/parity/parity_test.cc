// The host's kernels equal the reference on thousands of random layers.
#include "engine/parity/parity.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

namespace tinyformer::engine::parity {
namespace {

class ParityOf : public testing::TestWithParam<int32_t> {};

TEST_P(ParityOf, FastKernelEqualsReferenceBitForBit) {
  const NamedCheck& check = kChecks[GetParam()];
  for (uint32_t seed = 1; seed <= 1500; ++seed) {
    Case c(seed);
    const char* wrong = check.run(c);
    ASSERT_EQ(wrong, nullptr) << check.kernel << ", seed " << seed << ", " << c.shape << ": "
                              << wrong;
  }
}

// A kernel is what a header brings into the engine's namespace.
TEST(Parity, EveryKernelHasACheck) {
  std::set<std::string> kernels;
  const std::regex brought("using [^;]*::(\\w+_s8\\w*);");
  const std::string source = std::getenv("TINYFORMER_SOURCE_DIR");
  for (const auto& header :
       std::filesystem::directory_iterator(source + "/engine/include/tinyformer/engine")) {
    std::ifstream file(header.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator found(text.begin(), text.end(), brought), end; found != end;
         ++found) {
      kernels.insert((*found)[1]);
    }
  }
  std::set<std::string> checked;
  for (int32_t i = 0; i < kCheckCount; ++i) checked.insert(kChecks[i].kernel);
  EXPECT_EQ(checked, kernels);
}

INSTANTIATE_TEST_SUITE_P(Kernels, ParityOf, testing::Range(0, kCheckCount),
                         [](const auto& at) { return kChecks[at.param].kernel; });

}  // namespace
}  // namespace tinyformer::engine::parity
