#include "report/format.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tinyformer {
namespace {

TEST(EscapeHtml, LeavesNothingThatHtmlCouldRead) {
  EXPECT_EQ(EscapeHtml("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

TEST(EscapeHtml, ReplacesControlCharactersAndKeepsUtf8) {
  EXPECT_EQ(EscapeHtml(std::string("a\0b\x1b\n\t±", 8)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\n\t±");
}

TEST(GroupDigits, PutsACommaBeforeEveryThreeDigits) {
  EXPECT_EQ(GroupDigits(0), "0");
  EXPECT_EQ(GroupDigits(999), "999");
  EXPECT_EQ(GroupDigits(1000), "1,000");
  EXPECT_EQ(GroupDigits(1048576), "1,048,576");
  EXPECT_EQ(GroupDigits(-123456), "-123,456");
  EXPECT_EQ(GroupDigits(INT64_MIN), "-9,223,372,036,854,775,808");
}

TEST(FormatShort, KeepsThreeSignificantDigits) {
  EXPECT_EQ(FormatShort(12), "12");
  EXPECT_EQ(FormatShort(1536), "1.54 k");
  EXPECT_EQ(FormatShort(999999), "1.00 M");
  EXPECT_EQ(FormatShort(122200000), "122 M");
  EXPECT_EQ(FormatShort(0.5), "0.50");
}

TEST(FormatPercent, ShowsAShareWithItsDecimals) {
  EXPECT_EQ(FormatPercent(0.91234, 2), "91.23 %");
  EXPECT_EQ(FormatPercent(1, 0), "100 %");
}

TEST(FormatHours, AlwaysHasHoursMinutesAndSeconds) {
  EXPECT_EQ(FormatHours(0.2), "0:00:00");
  EXPECT_EQ(FormatHours(27), "0:00:27");
  EXPECT_EQ(FormatHours(144), "0:02:24");
  EXPECT_EQ(FormatHours(360'000), "100:00:00");
}

TEST(FormatScientific, HasNoSuperfluousDigits) {
  EXPECT_EQ(FormatScientific(1e-5, 2), "1e-5");
  EXPECT_EQ(FormatScientific(1.05e-5, 2), "1.05e-5");
  EXPECT_EQ(FormatScientific(-9.96e-6, 1), "-1e-5");
  EXPECT_EQ(FormatScientific(2.5e12, 1), "2.5e12");
  EXPECT_EQ(FormatScientific(1e20, 0), "1e20");
}

TEST(WilsonHalfWidth, MatchesItsFormulaAndShrinksWithTheSquareRootOfN) {
  // p = 0.9, n = 10,000: 1.96 * sqrt(0.09 / 10,000) = 0.00588, less than 0.1 % apart from Wilson's.
  EXPECT_NEAR(WilsonHalfWidth(0.9, 10000), 0.00588, 0.00001);
  EXPECT_NEAR(WilsonHalfWidth(0.9, 10000) / WilsonHalfWidth(0.9, 40000), 2, 0.01);
  EXPECT_GT(WilsonHalfWidth(1, 100), 0);
  EXPECT_EQ(WilsonHalfWidth(0.5, 0), 0);
}

}  // namespace
}  // namespace tinyformer
