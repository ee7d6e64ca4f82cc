#include "search/supernet_choices.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/testing_error.h"
#include "search/read_space.h"
#include "search/testing_network.h"

namespace tinyformer {
namespace {

SupernetChoices PaperA() {
  return MakeChoices(FindSpace("paper"), {0, {{44, 1, 1, 4}, {192, 1, 1, 4}}, 768}, ImageTask());
}

TEST(SupernetChoices, AreTheSameAfterWritingAndReading) {
  for (const SupernetChoices& choices : {PaperA(), SmallChoices()})
    EXPECT_EQ(ParseChoices(ToJson(choices), "s.json"), choices);
}

TEST(SupernetChoices, SayWhatIsWrongInAFile) {
  const auto text = [](const char* pointer, const Json& value) {
    Json json = ToJson(PaperA());
    json[Json::json_pointer(pointer)] = value;
    return ErrorText([&] { ParseChoices(json, "s.json"); });
  };
  const std::string fix = "\n  fix:      correct this value in the file";
  EXPECT_EQ(text("/version", 2),
            "error[supernet/version] s.json\n  expected: format tinyformer-supernet, version 1\n"
            "  found:    format tinyformer-supernet, version 2\n"
            "  fix:      write the file with this program's version");
  EXPECT_EQ(text("/supernet/dots/1/dim", 2),
            "error[supernet/value] s.json: supernet.dots[1].dim\n"
            "  expected: a whole number from 4 to 1024\n  found:    2" +
                fix);
  EXPECT_EQ(text("/supernet/dots/0/heads", 3),
            "error[supernet/value] s.json: supernet.dots[0].heads\n"
            "  expected: a divisor of the DoT's dim 44\n  found:    3" +
                fix);
  EXPECT_EQ(text("/supernet/dots", Json::array()),
            "error[supernet/value] s.json: supernet.dots\n"
            "  expected: a list of 1 to 4 objects\n  found:    0 of them" +
                fix);
  EXPECT_EQ(text("/paths/expansion", {2, 2}),
            "error[supernet/value] s.json: paths.expansion\n"
            "  expected: every value once\n  found:    2 a second time" +
                fix);
  EXPECT_EQ(text("/paths/residual", Json::array()),
            "error[supernet/value] s.json: paths.residual\n"
            "  expected: a list of true and false\n  found:    an empty list" +
                fix);
  EXPECT_EQ(text("/paths/pooling", {"max"}),
            "error[supernet/value] s.json: paths.pooling\n"
            "  expected: one of seqpool, average, global\n  found:    max" +
                fix);
  EXPECT_EQ(text("/input", {28, 28, 3}),
            "error[supernet/value] s.json: input\n"
            "  expected: height and width that divide by 8, the supernet's downsampling\n"
            "  found:    28 x 28" +
                fix);
}

TEST(SupernetChoices, TakeItsPathsAndNoOtherGenome) {
  const SupernetChoices choices = PaperA();
  Genome genome = ReferencePointA();
  RequirePath(choices, genome, "g.json");  // its name and pruning count for nothing
  const auto text = [&] { return ErrorText([&] { RequirePath(choices, genome, "g.json"); }); };
  const std::string fix =
      "\n  fix:      take a genome of this supernet's paths, or train it from fresh weights";
  genome.dots[1].mobilenets[0].expansion = 3;
  EXPECT_EQ(text(),
            "error[supernet/not-a-path] g.json: dot2.mb1\n"
            "  expected: one of 2, 4, 6\n  found:    3" +
                fix);
  genome = ReferencePointA();
  genome.dots[0].transformers[0].heads = 2;
  EXPECT_EQ(text(),
            "error[supernet/not-a-path] g.json: dot1.tr1 heads\n"
            "  expected: 4\n  found:    2" +
                fix);
  genome = ReferencePointA();
  genome.dots[0].transformers[0].convs = false;
  EXPECT_EQ(text(),
            "error[supernet/not-a-path] g.json: dot1.tr1\n"
            "  expected: one of 2, 2-residual, 4, 4-residual\n  found:    2-without-convs" +
                fix);
  genome = ReferencePointA();
  genome.dots[1].dim = 96;
  EXPECT_EQ(text(),
            "error[supernet/not-a-path] g.json: dot2 dim\n"
            "  expected: 192\n  found:    96" +
                fix);
}

// What a path chose in the modules that we look at.
std::vector<std::string> Chosen(const Genome& path) {
  const TransformerGene& transformer = path.dots[1].transformers[0];
  return {"down " + path.dots[0].downsample.kind,
          "mobilenet " + std::to_string(path.dots[0].mobilenets[0].expansion),
          "transformer " + std::to_string(transformer.mlp_ratio) +
              (transformer.residual ? "-residual" : ""),
          "pool " + path.pooling};
}

TEST(DrawPath, ReachesEveryCandidateUniformlyWhateverTheSampling) {
  const SupernetChoices choices = PaperA();
  for (const PathSampling sampling : {PathSampling::kUniform, PathSampling::kFair}) {
    for (uint64_t seed = 0; seed < 3; ++seed) {
      std::map<std::string, int> counts;
      for (int64_t step = 0; step < 1200; ++step) {
        const Genome path = DrawPath(choices, sampling, seed, step);
        ASSERT_EQ(DrawPath(choices, sampling, seed, step), path);
        RequirePath(choices, path, "path");
        for (const std::string& chosen : Chosen(path)) ++counts[chosen];
      }
      ASSERT_EQ(counts.size(), 3 + 3 + 4 + 2);
      for (const auto& [name, count] : counts) {
        const int expected = name.starts_with("pool")          ? 600
                             : name.starts_with("transformer") ? 300
                                                               : 400;
        // Five standard deviations of a binomial, at most sqrt(1200 / 4); fair: exactly.
        EXPECT_NEAR(count, expected, sampling == PathSampling::kFair ? 0 : 87)
            << name << " seed " << seed;
      }
    }
  }
}

TEST(DrawPath, FairTakesEachCandidateOnceInEveryRound) {
  const SupernetChoices choices = PaperA();
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::set<std::string> round;
    for (int64_t step = 0; step < 40; ++step) {
      if (step % 4 == 0) round.clear();
      const Genome path = DrawPath(choices, PathSampling::kFair, seed, step);
      EXPECT_TRUE(round.insert(Chosen(path)[2]).second) << "seed " << seed << " step " << step;
    }
  }
}

TEST(SharedName, IsTheNetworksButForTheLastLinear) {
  const Genome path = ReferencePointA();
  EXPECT_EQ(SharedName(path, "dot1.mb1.expand.weight"), "dot1.mb1.expand.weight");
  EXPECT_EQ(SharedName(path, "last.weight"), "last@seqpool.weight");
  EXPECT_EQ(SharedName(path, "head.bias"), "head.bias");
}

}  // namespace
}  // namespace tinyformer
