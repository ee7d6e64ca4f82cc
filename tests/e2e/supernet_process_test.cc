// tinyformer-train supernet as a process: killed, misused, and shown other test images.
#include <gtest/gtest.h>
#include <poll.h>

#include "base/rng.h"
#include "data/testing/image_writer.h"
#include "search/testing_network.h"
#include "tests/command_line.h"

namespace tinyformer {
namespace {

class SupernetProcess : public ::testing::Test {
 protected:
  SupernetProcess() {
    Images("photos", 40);
    const SupernetChoices choices = SmallChoices();
    at_.Write("s.json", ToJson(choices).dump());
    Json paths = Json::array();
    for (int64_t step = 0; step < 3; ++step) {
      Genome path = DrawPath(choices, PathSampling::kUniform, 9, step);
      path.last_prune = {0.5, 4};
      paths.push_back(ToJson(path));
    }
    at_.Write("paths.json", paths.dump());
    at_.Write("g.json", paths[0].dump());
  }

  /// Reddish and bluish images of 8x8, and test images of that brightness.
  void Images(const std::string& folder, int brightness) const {
    Rng rng(1, "images");
    for (int i = 0; i < 64; ++i) {
      const auto red = static_cast<uint8_t>(80 + rng.Below(100));
      const auto blue = static_cast<uint8_t>(80 + rng.Below(100));
      const std::string name = "/" + std::to_string(i) + ".png";
      const bool first = i % 2 == 0;
      at_.Write(folder + "/train/" + (first ? "red" : "blue") + name,
                testing::Png(testing::Plain(8, 8, first ? 255 : red, 60, first ? blue : 255)));
      if (brightness > 0 && i < 4) {
        const auto grey = static_cast<uint8_t>(brightness + i);
        at_.Write(folder + "/test/" + (first ? "red" : "blue") + name,
                  testing::Png(testing::Plain(8, 8, grey, grey, grey)));
      }
    }
  }

  static std::vector<std::string> Train(const std::string& output,
                                        const std::string& more = "--epochs 3",
                                        const std::string& data = "folder:photos") {
    return Words(
        "supernet --choices s.json --paths paths.json --batch 8 --lr 0.01 --threads 1 "
        "--recalibration-batches 2 --checkpoint-seconds 0 --amp off --data " +
        data + " -o " + output + " " + more);
  }
  Surroundings Cached(const std::string& folder) const {
    Surroundings surroundings;
    surroundings.variables["TINYFORMER_CACHE"] = at_.Path(folder);
    return surroundings;
  }
  void ExpectSame(const std::string& a, const std::string& b) const {
    for (const char* file : {"/supernet.safetensors", "/scores.json"})
      EXPECT_EQ(at_.Read(a + file), at_.Read(b + file)) << b << file;
  }

  CommandLineTest at_{"tinyformer-train"};
};

TEST_F(SupernetProcess, KilledOrInterruptedAtAnyMomentEndsInTheSameScores) {
  ASSERT_EQ(at_.Run(Train("whole")).status, 0);
  Rng rng(5, "kills");
  for (int stop = 0; stop < 4; ++stop) {
    const pid_t pid = at_.Start(Train("stopped"));
    ::poll(nullptr, 0, static_cast<int>(200 + 150 * stop + rng.Below(600)));
    ::kill(pid, stop % 2 == 0 ? SIGKILL : SIGINT);
    const int status = at_.Wait(pid).status;
    ASSERT_TRUE(status == -SIGKILL || status == 130 || status == -SIGINT || status == 0) << status;
  }
  ASSERT_EQ(at_.Run(Train("stopped")).status, 0);
  ExpectSame("whole", "stopped");
}

TEST_F(SupernetProcess, PrintsTheScoresAndGivesACandidateItsWeights) {
  const Json printed = at_.RunJson(Train("run"));
  ASSERT_EQ(printed.at("scores").size(), 3);
  EXPECT_EQ(printed.at("scores"), ParseJson(at_.Read("run/scores.json"), "scores").at("scores"));
  EXPECT_EQ(printed.at("scores").at(0).at("genome"), ParseJson(at_.Read("g.json"), "genome"));
  at_.RunJson(
      Words("train --genome g.json --supernet run --data folder:photos --epochs 1 --batch 8"
            " --threads 1 -o candidate"));
  const Json recipe = ParseJson(at_.Read("candidate/config.json"), "config").at("recipe");
  EXPECT_EQ(recipe.at("supernet"), "run");
  EXPECT_EQ(recipe.at("supernet_weights").get<std::string>().size(), 16);
}

// Data discipline: other test images, or none at all, change nothing.
TEST_F(SupernetProcess, DoesNotDependOnTestImages) {
  Images("others", 200);
  Images("none", 0);
  ASSERT_EQ(at_.Run(Train("a"), Cached("cache-a")).status, 0);
  for (const std::string folder : {"others", "none"}) {
    const Ended ended =
        at_.Run(Train("of-" + folder, "--epochs 3", "folder:" + folder), Cached("cache-" + folder));
    ASSERT_EQ(ended.status, 0) << ended.errors;
    ExpectSame("a", "of-" + folder);
  }
}

TEST_F(SupernetProcess, SaysWhatIsWrong) {
  at_.ExpectRefused(
      Train("run", "--sampling never"),
      ErrorText("cli/usage", "tinyformer-train supernet",
                "options as tinyformer-train supernet --help lists them",
                "--sampling: never not in {uniform,fair}", "correct the command line"));
  at_.ExpectRefused(
      Train("run", "--epochs 1", "synthetic"),
      ErrorText("train/data-shape", "synthetic", "8x8x3 images of 2 classes",
                "32x32x3 images of 10 classes",
                "use a supernet made for this data: set input, [height, width, channels], "
                "and classes in its file"));
  const auto candidate = Words("train --genome g.json --supernet run --data folder:photos -o new");
  at_.ExpectRefused(
      candidate,
      ErrorText("train/no-supernet", "run",
                "a trained supernet: a folder with supernet.json and supernet.safetensors",
                "no supernet.json",
                "finish its training first: tinyformer-train supernet ... -o run"));
  ASSERT_EQ(at_.Run(Train("run", "--epochs 1")).status, 0);
  at_.ExpectRefused(
      Train("run", "--epochs 2"),
      ErrorText(
          "train/resume-changed", "run", "epochs 1, as this run was started", "epochs 2",
          "use the same value to go on; for a new run take another folder, or remove this one"));
  at_.Write("g.json", ToJson(TinyGenome()).dump());
  at_.ExpectRefused(
      candidate,
      ErrorText("supernet/not-a-path", "g.json: height", "8", "32",
                "take a genome of this supernet's paths, or train it from fresh weights"));
  EXPECT_FALSE(at_.Exists("new"));
}

}  // namespace
}  // namespace tinyformer
