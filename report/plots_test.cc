#include "report/plots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/rng.h"
#include "report/axis.h"
#include "report/svg.h"
#include "report/testing_text.h"

namespace tinyformer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RoundTicks, AreRoundAndCoverTheRange) {
  EXPECT_THAT(RoundTicks(0, 10, 5), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(RoundTicks(7, 7, 5), ElementsAre(7));
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed, "ticks");
    const double low = rng.Uniform(-1000, 1000), high = low + std::pow(10, rng.Uniform(-3, 5));
    const std::vector<double> ticks = RoundTicks(low, high, 5);
    EXPECT_GE(ticks.size(), 2u) << "seed " << seed;
    EXPECT_LE(ticks.size(), 11u) << "seed " << seed;
    EXPECT_GE(ticks.front(), low - (high - low) * 1e-6) << "seed " << seed;
    EXPECT_LE(ticks.back(), high + (high - low) * 1e-6) << "seed " << seed;
  }
}

TEST(ValueRange, PutsAnAxisAroundASingleValue) {
  const auto around = [](double value, bool share) {
    ValueRange range;
    range.Include(value);
    range.Widen(share);
    return std::pair(range.low, range.high);
  };
  EXPECT_EQ(around(0, false), std::pair(-0.5, 0.5));
  EXPECT_EQ(around(1, true), std::pair(0.95, 1.0));
  EXPECT_EQ(around(0, true), std::pair(0.0, 0.05));
  EXPECT_DOUBLE_EQ(around(-40, false).first, -44);
  EXPECT_DOUBLE_EQ(around(-40, false).second, -36);
  ValueRange rounding;
  rounding.Include(0.1 + 0.2);
  rounding.Include(0.3);
  rounding.Widen(true);
  EXPECT_NEAR(rounding.low, 0.25, 1e-9);
  EXPECT_NEAR(rounding.high, 0.35, 1e-9);
  ValueRange none;
  none.Widen(true);
  EXPECT_EQ(std::pair(none.low, none.high), std::pair(0.0, 1.0));
}

TEST(TickLabel, TellsTicksApart) {
  for (double step : {1e-9, 2e-7, 5e-6, 1e-5, 2e-4, 0.05, 1.0, 200.0}) {
    std::set<std::string> labels;
    for (int i = 1; i <= 12; ++i) labels.insert(TickLabel(i * step, step, false));
    EXPECT_EQ(labels.size(), 12u) << step;
  }
}

TEST(FitText, ShortensWithoutCuttingACharacter) {
  EXPECT_EQ(FitText("conv", 100), "conv");
  EXPECT_EQ(FitText("dot1.down.conv", 50), "dot1.d…");
  EXPECT_EQ(FitText("dot1.down.conv", 15), "");
  EXPECT_EQ(FitText("ääääääää", 26), "ä…");
}

TEST(FitName, DropsLeadingPartsOfADottedName) {
  EXPECT_EQ(FitName("dot1.mb1.expand", 100), "dot1.mb1.expand");
  EXPECT_EQ(FitName("dot1.mb1.expand", 70), "mb1.expand");
  EXPECT_EQ(FitName("dot1.mb1.expand", 40), "expand");
  EXPECT_EQ(FitName("dot1.mb1.expand", 30), "");
  EXPECT_EQ(FitName("dot1.mb1.y", 30), "");
}

TEST(LineChart, EqualsItsGoldenFile) {
  const LineChart chart{"Loss & more",
                        "epoch",
                        {{"train", {1, 2, 3}, {3, 2, 1}}, {"validation", {1, 3}, {2.5, 1.5}}}};
  const std::string source = std::getenv("TINYFORMER_SOURCE_DIR");
  EXPECT_EQ(DrawLineChart(chart, 240, 160), ReadFile(source + "/report/testdata/line_chart.svg"))
      << "look at the new drawing, then write it to that file";
}

TEST(LineChart, TicksBetweenEpochsAreLeftOut) {
  const LineChart chart{"t", "epoch", {{"a", {1, 2, 3}, {0, 10, 20}}}};
  const std::string svg = DrawLineChart(chart, 300, 200);
  EXPECT_THAT(svg, HasSubstr(">2</text>"));
  EXPECT_THAT(svg, Not(HasSubstr(">1.5</text>")));
}

TEST(LineChart, DrawsAnAxisAroundASingleEpoch) {
  const std::string svg = DrawLineChart({"t", "epoch", {{"learning rate", {1}, {1e-5}}}}, 540, 260);
  EXPECT_EQ(Count(svg, ">1</text>"), 1);
  for (const char* other : {">0.6</text>", ">1.0</text>", ">1.4</text>", ">0.0</text>"})
    EXPECT_EQ(Count(svg, other), 0) << other;
  for (const char* tick : {">9.5e-6</text>", ">1e-5</text>", ">1.05e-5</text>"})
    EXPECT_EQ(Count(svg, tick), 1) << tick;
  EXPECT_THAT(svg, HasSubstr("learning rate: 1e-5"));
  const std::string share = DrawLineChart({"t", "epoch", {{"a", {1}, {0.98}}}, true}, 540, 260);
  EXPECT_EQ(Count(share, ">100 %</text>"), 1);
  EXPECT_EQ(Count(share, ">94 %</text>"), 1);
}

TEST(LineChart, TheLegendGoesOnInAnotherRow) {
  const std::string name = "validation accuracy";
  const LineChart chart{"t", "epoch", {{name, {1, 2}, {1, 2}}, {name, {1, 2}, {1, 2}}}};
  EXPECT_THAT(DrawLineChart(chart, 540, 260), Not(HasSubstr("y=\"37\"")));
  const std::string narrow = DrawLineChart(chart, 300, 200);
  EXPECT_THAT(narrow, HasSubstr("x=\"73\" y=\"19\""));
  EXPECT_THAT(narrow, HasSubstr("x=\"73\" y=\"37\""));
}

TEST(LineChart, LeavesAGapWhereAValueIsMissing) {
  const LineChart chart{"t", "epoch", {{"a", {1, 2, 3, 4}, {1, std::nan(""), 3, 4}}}};
  const std::string svg = DrawLineChart(chart, 300, 200);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, HasSubstr(" M"));
}

TEST(LineChart, SurvivesNoDataOnePointAndFlatLines) {
  for (const std::vector<double>& y : {std::vector<double>{}, {5}, {5, 5, 5}, {0}}) {
    LineChart chart{"t", "epoch", {{"a", {}, y}}};
    for (size_t i = 0; i < y.size(); ++i) chart.lines[0].x.push_back(static_cast<double>(i));
    const std::string svg = DrawLineChart(chart, 300, 200);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
}

Histogram SmallHistogram() {
  return {"Networks & more",
          "parameters",
          "networks",
          250000,
          {{"all", {3, 0, 5, 1}}, {"fit", {3, 0, 2, 0}}},
          200000,
          700000,
          "accepted"};
}

TEST(Histogram, DrawsOneBarForEachCountAndTheBand) {
  const std::string svg = DrawHistogram(SmallHistogram(), 400, 240);
  EXPECT_EQ(Count(svg, "<title>"), 5);
  EXPECT_EQ(Count(svg, "class=\"band\""), 1);
  EXPECT_THAT(svg, HasSubstr("all, 0.5 M to 0.75 M: 5"));
  EXPECT_THAT(svg, HasSubstr(">accepted</text>"));
  EXPECT_THAT(svg, HasSubstr(">parameters</text>"));
  EXPECT_THAT(svg, HasSubstr(">networks</text>"));
  EXPECT_THAT(svg, HasSubstr("Networks &amp; more"));
}

TEST(Histogram, ShowsWhatIsBehindWhereBothCountsAreEqual) {
  const std::string svg = DrawHistogram(SmallHistogram(), 400, 240);
  const auto number = [&](const std::string& title, const std::string& key) {
    const size_t at = svg.rfind(" " + key + "=\"", svg.find("<title>" + title));
    return std::stod(svg.substr(at + key.size() + 3));
  };
  const std::string all = "all, 0 to 0.25 M: 3", fit = "fit, 0 to 0.25 M: 3";
  EXPECT_EQ(number(all, "height"), number(fit, "height"));
  EXPECT_LT(number(all, "x") + 2, number(fit, "x"));
  EXPECT_GT(number(all, "x") + number(all, "width"), number(fit, "x") + number(fit, "width") + 2);
}

TEST(Histogram, EndsTheBandWhereTheValuesEnd) {
  Histogram histogram = SmallHistogram();
  histogram.band_high = 9e9;
  EXPECT_THAT(DrawHistogram(histogram, 400, 240), HasSubstr("width=\"267.2\""));
  EXPECT_THAT(DrawHistogram(histogram, 400, 240), Not(HasSubstr("beyond")));
  histogram.band_low = 2e6;  // wholly beyond
  const std::string svg = DrawHistogram(histogram, 400, 240);
  EXPECT_EQ(Count(svg, "class=\"band\""), 0);
  EXPECT_THAT(svg, HasSubstr(">accepted: 2.00 M to 9.00 G, beyond this plot →</text>"));
}

TEST(Histogram, SurvivesNoSeriesAndNoCounts) {
  for (const std::vector<HistogramSeries>& series :
       {std::vector<HistogramSeries>{}, {{"a", {}}}, {{"a", {0, 0}}}}) {
    const std::string svg = DrawHistogram({"t", "x", "y", 1, series, 0, 0, ""}, 300, 200);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
}

TEST(StandaloneSvg, HasItsNameSpaceStyleTitleAndAMargin) {
  const std::string svg = StandaloneSvg(DrawHistogram(SmallHistogram(), 400, 240));
  EXPECT_EQ(svg.rfind("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 432 300\"", 0), 0u);
  EXPECT_THAT(svg, HasSubstr(" y=\"30\">Networks &amp; more</text>"));
  EXPECT_THAT(svg, HasSubstr("<g transform=\"translate(16 44)\">"));
  EXPECT_EQ(Count(svg, "<style>"), 1);
  EXPECT_EQ(Count(svg, "<svg "), 1);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(BarChart, DrawsOneBarEachAndEscapesItsLabel) {
  const std::string svg = DrawBarChart({{"a<b", 1, "1 k", "tip"}, {"c", 0, "0", ""}}, 300);
  EXPECT_EQ(Count(svg, "class=\"bar\""), 2);
  EXPECT_THAT(svg, HasSubstr("a&lt;b"));
  EXPECT_THAT(svg, HasSubstr("<title>tip</title>"));
}

TEST(ConfusionMatrix, PrintsCountsAndTheShareOfEveryRow) {
  const std::string svg = DrawConfusionMatrix({{3, 1}, {0, 4}}, {"cat"}, 300);
  EXPECT_EQ(Count(svg, "class=\"cell\""), 4);
  EXPECT_EQ(Count(svg, "class=\"miss\""), 1);
  EXPECT_THAT(svg, HasSubstr("cat called 1: 1 (25.0 %)"));
  EXPECT_THAT(svg, HasSubstr(">75.0 %<"));
  EXPECT_THAT(svg, HasSubstr(">100.0 %<"));
}

TEST(ConfusionMatrix, DrawsManyClassesWithoutText) {
  const std::vector<std::vector<int64_t>> counts(100, std::vector<int64_t>(100, 1));
  EXPECT_THAT(DrawConfusionMatrix(counts, {}, 400), Not(HasSubstr("class=\"count\"")));
}

ReportedPlan SmallPlan() {
  ReportedPlan plan;
  plan.arena_bytes = 100;
  plan.layers.resize(3);
  plan.tensors = {{"a", 40, 0, 0, 1}, {"b", 60, 40, 1, 2}, {"c", 30, 0, 2, 2}};
  plan.live_bytes = {40, 100, 90};
  return plan;
}

TEST(MemoryMap, DrawsEveryTensorAndMarksThePeak) {
  const std::string svg = DrawMemoryMap(SmallPlan(), 400, 300);
  EXPECT_EQ(Count(svg, "class=\"tensor tensor"), 3);
  EXPECT_THAT(svg, HasSubstr("peak 100 B in layer 2"));
  EXPECT_THAT(svg, HasSubstr("b: 60 B at offset 40, layers 2 to 3"));
}

TEST(MemoryMap, GivesNeighboursDifferentColours) {
  const std::string svg = DrawMemoryMap(SmallPlan(), 400, 300);
  for (const char* colour : {"tensor0\"", "tensor1\"", "tensor2\""})
    EXPECT_EQ(Count(svg, colour), 1) << colour;
}

TEST(MemoryMap, SurvivesAnEmptyPlan) {
  EXPECT_THAT(DrawMemoryMap({}, 400, 300), Not(HasSubstr("nan")));
  EXPECT_EQ(PeakLayer({}), 0u);
}

}  // namespace
}  // namespace tinyformer
