// The program that trains, as a process that gets killed, interrupted and misused.
#include <gtest/gtest.h>
#include <poll.h>

#include "base/folder_lock.h"
#include "base/rng.h"
#include "data/testing/image_writer.h"
#include "search/testing_network.h"
#include "tests/command_line.h"

namespace tinyformer {
namespace {

class TrainProcess : public ::testing::Test {
 protected:
  TrainProcess() { at_.Write("genome.json", ToJson(TinyGenome()).dump()); }

  static std::vector<std::string> Train(const std::string& folder,
                                        const std::string& more = "--epochs 2") {
    return Words("train --data synthetic --genome genome.json --batch 16 --lr 0.01 " + more +
                 " --warmup-epochs 0.5 --limit-train 96 --threads 1 --checkpoint-seconds 0 -o " +
                 folder);
  }
  std::string Model(const std::string& folder) const {
    return at_.Read(folder + "/model.safetensors");
  }

  CommandLineTest at_{"tinyformer-train"};
};

/// Lets the process live for some milliseconds; true when it ended by itself before.
bool EndsWithin(pid_t pid, uint64_t milliseconds) {
  for (uint64_t i = 0; i < milliseconds; ++i) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == pid) {
      return true;
    }
    ::poll(nullptr, 0, 1);
  }
  return false;
}

TEST_F(TrainProcess, KilledOrInterruptedAtAnyMomentEndsInTheSameModel) {
  ASSERT_EQ(at_.Run(Train("whole")).status, 0);
  Rng rng(11, "kills");
  int stops = 0;
  for (;;) {
    const pid_t pid = at_.Start(Train("stopped"));
    // At most six stops, later and later, so that the run ends however slow the machine is.
    if (stops >= 6 || EndsWithin(pid, 300 + 100 * static_cast<uint64_t>(stops) + rng.Below(900))) {
      const Ended ended = at_.Wait(pid);
      ASSERT_EQ(ended.status, 0) << ended.errors;
      break;
    }
    const bool kill = ++stops % 2 == 1;
    ::kill(pid, kill ? SIGKILL : SIGINT);
    const int status = at_.Wait(pid).status;
    // An interrupt before the program listens ends it as any program; one after its last look comes
    // too late.
    if (kill) {
      ASSERT_EQ(status, -SIGKILL);
    } else {
      ASSERT_TRUE(status == 130 || status == -SIGINT || status == 0) << status;
    }
  }
  EXPECT_EQ(Model("stopped"), Model("whole")) << "after " << stops << " stops";
}

TEST_F(TrainProcess, InterruptedSavesAndSaysHowToGoOn) {
  const pid_t pid = at_.Start(Train("run", "--epochs 100000"));  // it cannot end by itself
  const Ended ended =
      at_.StopWhen(pid, SIGINT, [&] { return at_.Exists("run/checkpoint.safetensors"); });
  EXPECT_EQ(ended.status, 130);
  EXPECT_NE(ended.errors.find("stopped; the same command goes on from here"), std::string::npos)
      << ended.errors;
}

TEST_F(TrainProcess, ReportsOneJsonObjectAndCompressesWhatItTrained) {
  EXPECT_TRUE(at_.RunJson(Train("dense")).contains("validation_accuracy"));
  const Json compressed =
      at_.RunJson(Words("compress dense --data synthetic -o sparse --epochs 2 --batch 16 --lr 0.003"
                        " --limit-train 96 --threads 1 --sparsity 0.5"));
  EXPECT_NEAR(compressed.at("sparsity").get<double>(), 0.5, 0.01);
  EXPECT_TRUE(at_.Exists("sparse/genome.json"));
}

TEST_F(TrainProcess, CountsTheImagesOfABatchThatIsLarger) {
  const Ended ended =
      at_.Run(Words("train --data synthetic --genome genome.json --epochs 2 --batch 16"
                    " --limit-train 10 --threads 1 -o run"));
  EXPECT_TRUE(ended.errors.starts_with("train 20/20 images, ")) << ended.errors;
}

TEST_F(TrainProcess, WaitsWhileAnotherCommandWorksInItsFolder) {
  MakeDirectories(at_.Path("run"));
  const FolderLock other(at_.Path("run/lock"));
  const pid_t pid = at_.Start(Train("run"));
  const Ended ended = at_.StopWhen(
      pid, SIGINT, [&] { return at_.Exists("../err") && !at_.Read("../err").empty(); });
  EXPECT_EQ(ended.status, 130);
  EXPECT_EQ(ended.errors,
            "another command works in run: waiting for it\n"
            "stopped; the same command goes on from here\n");
  EXPECT_FALSE(at_.Exists("run/config.json"));
}

TEST_F(TrainProcess, KeepsTheOldCheckpointWhenTheDiskIsFull) {
  ASSERT_EQ(at_.Run(Train("run")).status, 0);
  const std::string before = at_.Read("run/checkpoint.safetensors");
  std::filesystem::remove(at_.Path("run/model.safetensors"));
  Surroundings small_disk;
  small_disk.max_file_bytes = 16 * 1024;
  const Ended full = at_.Run(Train("run"), small_disk);
  EXPECT_EQ(full.status, 2) << full.errors;
  EXPECT_NE(full.errors.find("error[file/write-failed]"), std::string::npos) << full.errors;
  EXPECT_EQ(at_.Read("run/checkpoint.safetensors"), before);
  EXPECT_FALSE(at_.Exists("run/model.safetensors"));
}

TEST_F(TrainProcess, RefusesDataOfAnotherShapeThanTheGenomes) {
  Genome genome = TinyGenome();
  genome.height = genome.width = 8;
  genome.classes = 2;
  at_.Write("genome.json", ToJson(genome).dump());
  const Ended ended = at_.Run(Train("run"));
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.errors, ErrorText("train/data-shape", "synthetic", "8x8x3 images of 2 classes",
                                    "32x32x3 images of 10 classes",
                                    "use a genome made for this data: set input, [height, width, "
                                    "channels], and classes in its file"));
}

TEST_F(TrainProcess, ReferenceAIsMadeForTheImages) {
  for (int i = 0; i < 24; ++i) {
    const auto grey = static_cast<uint8_t>(10 * i);
    at_.Write("photos/train/" + std::string(1, static_cast<char>('a' + i % 3)) + "/" +
                  std::to_string(i) + ".png",
              testing::Png(testing::Plain(9, 7, grey, grey, grey)));
  }
  Surroundings cached;
  cached.variables["TINYFORMER_CACHE"] = at_.Path("cache");
  const Ended ended = at_.Run(
      Words("train --genome reference-a --data folder:photos --epochs 1 --batch 4 --limit-train 4"
            " --threads 1 --amp off -o run"),
      cached);
  EXPECT_EQ(ended.status, 0) << ended.errors;
  Genome expected = ReferencePointA();
  expected.classes = 3;
  EXPECT_EQ(ParseGenome(ParseJson(at_.Read("run/genome.json"), "genome"), "genome"), expected);
}

TEST_F(TrainProcess, RefusesARandAugmentItCannotRead) {
  const Ended ended = at_.Run(Train("run", "--randaugment 2;9"));
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.errors, ErrorText("train/option", "--randaugment", "OPS,MAGNITUDE", "'2;9'",
                                    "write for example --randaugment 2,9"));
}

TEST_F(TrainProcess, PrintsHelpForEveryCommand) {
  for (const char* command : {"train", "compress"}) {
    const Ended ended = at_.Run({command, "--help"});
    EXPECT_EQ(ended.status, 0);
    EXPECT_NE(ended.output.find("--label-smoothing"), std::string::npos) << command;
  }
  EXPECT_EQ(at_.Run(Words("train --no-such-option")).status, 2);
}

}  // namespace
}  // namespace tinyformer
