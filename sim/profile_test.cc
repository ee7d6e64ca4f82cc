#include "sim/profile.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace tinyformer {
namespace {

Profile TwoLayers() {
  Profile profile;
  profile.instructions = 1010;
  profile.cycles_estimate = 1000;
  profile.stall_estimate = 60;
  profile.layers = {{"stem", "conv2d", "conv2d_s8", 800, 750, 50, 1.6},
                    {"pool", "max_pool2d", "max_pool2d_s8", 200, 245, 10, 0}};
  return profile;
}

TEST(Profile, TheStatedErrorIsThatOfTheDocumentation) {
  const char* root = std::getenv("TINYFORMER_SOURCE_DIR");
  std::string page = ReadFile(std::string(root ? root : ".") + "/docs/emulation.md");
  std::string percent = std::to_string(static_cast<int>(100 * kCycleModelError));
  EXPECT_NE(page.find("+-" + percent + " % for a whole network"), std::string::npos);
}

TEST(Profile, TheTableHasARowALayerAndTheTime) {
  EXPECT_EQ(
      ProfileTable(TwoLayers(), 200'000'000),
      "layer                            kernel                        instructions   est. "
      "cycles    share  insn/MAC\n"
      "stem                             conv2d_s8                              800           "
      "750   75.0 %      1.60\n"
      "pool                             max_pool2d_s8                          200           "
      "245   24.5 %         -\n"
      "whole image                                                           1,010         "
      "1,000  100.0 %         -\n"
      "estimated 0.0 ms at 200 MHz, +-15 %, with memory that answers at once; waiting for flash "
      "and caches, a rough estimate: 60 cycles more\n");
}

TEST(Profile, StallsThatAreNotModelledAreSaidToBe) {
  Profile profile = TwoLayers();
  profile.stall_estimate.reset();
  profile.layers[0].stall_estimate.reset();
  const std::string table = ProfileTable(profile, 200'000'000);
  EXPECT_EQ(table.substr(table.find("; ")),
            "; waiting for flash and caches is not estimated for this board\n");
  const Json json = ProfileJson(profile);
  EXPECT_TRUE(json.at("stall_estimate").is_null());
  EXPECT_TRUE(json.at("layers").at(0).at("stall_estimate").is_null());
}

TEST(Profile, TheJsonHasTheDocumentedKeys) {
  EXPECT_EQ(ProfileJson(TwoLayers()).dump(),
            "{\"instructions\":1010,\"cycles_estimate\":1000,\"stall_estimate\":60,"
            "\"cycles_error\":0.15,\"layers\":["
            "{\"name\":\"stem\",\"op\":\"conv2d\",\"kernel\":\"conv2d_s8\",\"instructions\":800,"
            "\"cycles_estimate\":750,\"stall_estimate\":50,\"instructions_per_mac\":1.6},"
            "{\"name\":\"pool\",\"op\":\"max_pool2d\",\"kernel\":\"max_pool2d_s8\","
            "\"instructions\":200,\"cycles_estimate\":245,\"stall_estimate\":10,"
            "\"instructions_per_mac\":0.0}]}");
}

}  // namespace
}  // namespace tinyformer
