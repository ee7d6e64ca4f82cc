#include "report/search_plots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/median.h"
#include "report/axis.h"
#include "report/sample_search.h"
#include "report/testing_text.h"

namespace tinyformer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ScatterChart Points(const std::vector<std::pair<double, double>>& places) {
  ScatterChart chart{"t", "x", false, {}};
  for (const auto& [x, y] : places) chart.points.push_back({x, y, "dot0", "tip", 4, ""});
  return chart;
}

TEST(LowestShown, IsTheLowestButForFewThatLieFarBelow) {
  EXPECT_EQ(LowestShown({}), 0);
  EXPECT_EQ(LowestShown({0.5}), 0.5);
  EXPECT_EQ(LowestShown({0.1, 0.8, 0.9}), 0.1);
  EXPECT_EQ(LowestShown({0.80, 0.85, 0.90, 0.10, 0.82, 0.87}), 0.80);
  EXPECT_EQ(LowestShown({0.5, 0.5, 0.5, 0.5, 0.1}), 0.1);
}

TEST(Scatter, DrawsALimitThatIsNearAndPointsToOneThatIsFar) {
  ScatterChart chart = Points({{100, 0.5}, {200, 0.6}});
  chart.limit_name = "limit";
  chart.limit = 220;
  EXPECT_EQ(Count(DrawScatter(chart, 356, 300), "class=\"limit\""), 1);
  chart.limit = 5000;
  EXPECT_EQ(Count(DrawScatter(chart, 356, 300), "class=\"limit\""), 0);
  EXPECT_THAT(DrawScatter(chart, 356, 300), HasSubstr("limit →"));
}

TEST(Scatter, DrawsWhatLiesFarBelowAtItsBottom) {
  const std::string svg = DrawScatter(
      Points({{1, 0.9}, {2, 0.91}, {3, 0.92}, {4, 0.93}, {5, 0.94}, {6, 0.1}}), 356, 300);
  EXPECT_EQ(Count(svg, "<circle"), 5);
  EXPECT_EQ(Count(svg, "l-5 -8"), 1);
}

TEST(Scatter, PutsLabelsWhereTheyDoNotMeet) {
  ScatterChart chart = Points({{100, 0.5}, {200, 0.6}, {200, 0.6}});
  chart.points[1].label = "candidate 1";
  chart.points[2].label = "final";
  const std::string svg = DrawScatter(chart, 356, 300);
  const auto y_of = [&](const std::string& label) {
    const size_t text = svg.rfind("y=\"", svg.find(">" + label + "<"));
    return std::stod(svg.substr(text + 3));
  };
  const auto x_of = [&](const std::string& label) {
    const size_t text = svg.rfind("x=\"", svg.find(">" + label + "<"));
    return std::stod(svg.substr(text + 3));
  };
  EXPECT_TRUE(std::abs(y_of("candidate 1") - y_of("final")) >= 10 ||
              std::abs(x_of("candidate 1") - x_of("final")) >= 50)
      << svg;
}

TEST(Scatter, KeepsLabelsOffTheLineOfTheLimit) {
  for (double x = 150; x <= 200; x += 5) {  // a winner keeps the limit
    ScatterChart chart = Points({{100, 0.5}, {200, 0.6}, {x, 0.55}});
    chart.limit = 200;
    chart.limit_name = "limit";
    chart.points[2].label = "candidate 1";
    const std::string svg = DrawScatter(chart, 356, 300);
    const auto number = [&](const std::string& key, size_t before) {
      return std::stod(svg.substr(svg.rfind(key + "=\"", before) + key.size() + 2));
    };
    const double label = number("x", svg.find(">candidate 1<"));
    const double line = number("x1", svg.find("/>", svg.find("class=\"limit\"")));
    EXPECT_GT(std::abs(label - line), 37) << x;  // half of the label's width
  }
}

TEST(Scatter, SurvivesNoPointsOnePointAndNoNumbers) {
  for (const ScatterChart& chart : {Points({}), Points({{0, 0}}), Points({{5, 0.5}, {5, 0.5}}),
                                    Points({{std::nan(""), 0.5}, {1, INFINITY}, {2, 0.5}})}) {
    const std::string svg = DrawScatter(chart, 300, 200);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
}

TEST(Median, IsTheMiddle) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
}

TEST(Strips, MarkTheMedianOfSeveralValues) {
  const std::string svg = DrawStrips(
      {{"a <b>", "dot0", {0.5, 0.6, 0.7}, {"x", "y", "z"}}, {"c", "dot1", {0.8}, {"w"}}}, 400);
  EXPECT_EQ(Count(svg, "class=\"median\""), 1);
  EXPECT_EQ(Count(svg, "<circle"), 4);
  EXPECT_THAT(svg, HasSubstr("a &lt;b&gt;"));
}

TEST(Evolution, DrawsEveryTrialOnce) {
  const ReportedSearch search = SampleSearch();
  const std::string svg = DrawEvolution(search, 1110, 340);
  // 8 supernets, 18 candidates of which one failed and one lies far below, 6 stopped, 1 final.
  EXPECT_EQ(Count(svg, "<circle"), 8 + 16 + 6 + 1);
  EXPECT_EQ(Count(svg, "class=\"stopped\""), 6);
  EXPECT_EQ(Count(svg, ">×</text>"), 1);
  EXPECT_EQ(Count(svg, "l-5 -8"), 1);
  EXPECT_EQ(Count(svg, "class=\"line"), 2);
  EXPECT_THAT(svg, HasSubstr("candidate 9 failed: train/not-finite"));
}

TEST(Evolution, SurvivesAnEmptySearch) {
  EXPECT_THAT(DrawEvolution({}, 400, 300), Not(HasSubstr("nan")));
  EXPECT_THAT(DrawWorkers({}, 400), Not(HasSubstr("nan")));
}

TEST(Workers, DrawARowForEachWorker) {
  const ReportedSearch search = SampleSearch();
  const std::string svg = DrawWorkers(search, 1110);
  EXPECT_EQ(Count(svg, "<rect"), static_cast<int>(search.trials.size()));
  EXPECT_THAT(svg, HasSubstr(">node-b:77</text>"));
  EXPECT_THAT(svg, HasSubstr("hours since the first trial began"));
}

TEST(Architecture, DrawsABoxAPartAndTheWaysAroundResidualOnes) {
  const ReportedSearch search = SampleSearch();
  const std::vector<PartUse> uses(search.parts.size(), {100, 0.5, 1234, 99});
  for (int width : {1110, 356}) {
    const std::string svg = DrawArchitecture(search, uses, width);
    EXPECT_EQ(Count(svg, "class=\"box tensor"), 9) << width;
    EXPECT_EQ(Count(svg, "class=\"around\""), 3) << width;
    EXPECT_THAT(svg, HasSubstr("16 × 16 × 44")) << width;
    EXPECT_THAT(svg, HasSubstr("10 classes")) << width;
    EXPECT_THAT(svg, HasSubstr("1,234 B")) << width;
  }
}

TEST(Choices, AreBarsToBothSides) {
  const std::string svg =
      DrawChoices({{"a<b", "x", 3, 0.5, 0.02, 0.01}, {"a<b", "y", 1, 0.4, -0.04, 0}}, 0.04, 530);
  EXPECT_EQ(Count(svg, "class=\"bar\""), 1);
  EXPECT_EQ(Count(svg, "class=\"worse\""), 1);
  EXPECT_EQ(Count(svg, "class=\"whisker\""), 1);
  EXPECT_EQ(Count(svg, ">a&lt;b</text>"), 1);
  EXPECT_THAT(svg, HasSubstr(">−4.00</text>"));
}

}  // namespace
}  // namespace tinyformer
