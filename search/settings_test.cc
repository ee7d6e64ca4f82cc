#include "search/settings.h"

#include <gtest/gtest.h>

#include "base/testing_error.h"
#include "search/testing_search.h"

namespace tinyformer {
namespace {

SearchSettings Settings() { return SmallSearch(5, 12); }

TEST(SearchSettings, RoundTripThroughJson) {
  SearchSettings settings = Settings();
  settings.objectives = ParseObjectives("accuracy,ram");
  settings.seed = UINT64_MAX;
  EXPECT_EQ(ParseSettings(ToJson(settings), "settings"), settings);
  for (const char* key : {"distill", "amp", "device"})
    EXPECT_FALSE(ToJson(settings).contains(key)) << "as searches of before have it";
  settings.budget.distill = 40;
  settings.training.amp = "bf16";
  settings.training.device = "cpu";
  EXPECT_EQ(ParseSettings(ToJson(settings), "settings"), settings);
}

TEST(SearchSettings, ValuesOutOfRangeAreNamed) {
  SearchSettings settings = Settings();
  settings.budget.paths = 0;
  EXPECT_EQ(ErrorText([&] { CheckSettings(settings); }),
            "error[search/option] --paths\n"
            "  expected: a whole number from 1 to 1000000\n"
            "  found:    0\n"
            "  fix:      correct this option");
  settings = Settings();
  settings.training.limit_train = 1'000'000'001;
  EXPECT_EQ(ErrorText([&] { CheckSettings(settings); }),
            "error[search/option] --limit-train\n"
            "  expected: a whole number from 0 to 1000000000\n"
            "  found:    1000000001\n"
            "  fix:      correct this option");
  settings = Settings();
  settings.training.amp = "half";
  EXPECT_EQ(ErrorText([&] { CheckSettings(settings); }),
            "error[search/option] --amp\n"
            "  expected: auto, bf16 or off\n"
            "  found:    'half'\n"
            "  fix:      correct this option");
  EXPECT_EQ(ErrorText([&] { ParseObjectives("accuracy,speed"); }),
            "error[search/option] --objectives\n"
            "  expected: each of accuracy, flash, ram, cycles at most once, with commas\n"
            "  found:    'accuracy,speed'\n"
            "  fix:      correct this option");
  settings = Settings();
  settings.objectives = {Objective::kRam};
  EXPECT_EQ(ErrorText([&] { CheckSettings(settings); }),
            "error[search/option] --objectives\n"
            "  expected: accuracy, and perhaps flash, ram and cycles after it\n"
            "  found:    'ram'\n"
            "  fix:      correct this option");
}

TEST(SearchSettings, AnotherVersionIsRefused) {
  Json json = ToJson(Settings());
  json["version"] = 1;
  EXPECT_EQ(ErrorText([&] { ParseSettings(json, "study 'a'"); }),
            "error[search/version] study 'a'\n"
            "  expected: format tinyformer-search, version 2\n"
            "  found:    format tinyformer-search, version 1\n"
            "  fix:      go on with the version that began this search, or begin a new one");
}

}  // namespace
}  // namespace tinyformer
