#include "report/record.h"

#include <gtest/gtest.h>

namespace tinyformer {
namespace {

TEST(Record, SurvivesItsJsonForm) {
  const Record record{
      "accuracy.int8", 0.9123, "share",
      10000,           0.0055, {"tinyformer run", "abc", "0.1.0", "0123", "host", "-O3", 7}};
  EXPECT_EQ(ParseRecord(ToJson(record), "results.json"), record);
}

TEST(Record, LeavesOutWhatWasNotRecorded) {
  const Record record{"flash", 700000, "B", 1, 0, {}};
  EXPECT_EQ(ToJson(record).dump(),
            R"({"name":"flash","value":700000.0,"unit":"B","n":1,"spread":0.0,"provenance":{}})");
  EXPECT_EQ(ParseRecord(ToJson(record), "results.json"), record);
}

TEST(Record, NamesTheKeyThatIsMissing) {
  try {
    ParseRecord(Json{{"name", "flash"}, {"unit", "B"}}, "results.json");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "error[json/key] results.json: key 'value'\n"
                 "  expected: a number\n"
                 "  found:    no such key\n"
                 "  fix:      correct this key in the file");
  }
}

}  // namespace
}  // namespace tinyformer
