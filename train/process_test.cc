// The program itself, as a process that gets killed, interrupted and misused.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "train/testing_data.h"

namespace tinyformer {
namespace {

struct Ended {
  int status = -1;  // exit status, or -signal
  std::string output, errors;
};

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::path(::testing::TempDir()) /
            ("train_process_" + std::string(info->name()));
    std::filesystem::remove_all(root_);
    Genome genome = SmallGenome();
    genome.height = genome.width = 32;
    genome.classes = 10;
    WriteFileAtomic(Path("genome.json"), ToJson(genome).dump());
    const char* build = std::getenv("TINYFORMER_BINARY_DIR");
    program_ = std::string(build != nullptr ? build : ".") + "/tinyformer-train";
  }
  ~ProcessTest() override { std::filesystem::remove_all(root_); }

  std::string Path(const std::string& name) const { return (root_ / name).string(); }

  std::vector<std::string> Train(const std::string& folder) const {
    return {program_,
            "train",
            "--data",
            "synthetic",
            "--genome",
            Path("genome.json"),
            "-o",
            Path(folder),
            "--epochs",
            "2",
            "--batch",
            "16",
            "--lr",
            "0.01",
            "--warmup-epochs",
            "0.5",
            "--limit-train",
            "96",
            "--threads",
            "1",
            "--checkpoint-seconds",
            "0"};
  }

  /// Starts a process; with its output and errors in files beside the runs. max_file_bytes 0: no
  /// limit.
  pid_t Start(const std::vector<std::string>& arguments, rlim_t max_file_bytes = 0) const {
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    const std::string out = Path("out"), err = Path("err");
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::dup2(::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), 1);
    ::dup2(::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), 2);
    if (max_file_bytes > 0) {
      ::signal(SIGXFSZ, SIG_IGN);  // writes beyond the limit fail like on a full disk instead
      const rlimit limit{max_file_bytes, max_file_bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  Ended Wait(pid_t pid) const {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), ReadFile(Path("out")),
            ReadFile(Path("err"))};
  }

  Ended Run(const std::vector<std::string>& arguments) const { return Wait(Start(arguments)); }

  std::string Model(const std::string& folder) const {
    return ReadFile(Path(folder) + "/model.safetensors");
  }

  std::filesystem::path root_;
  std::string program_;
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

TEST_F(ProcessTest, KilledOrInterruptedAtAnyMomentEndsInTheSameModel) {
  ASSERT_EQ(Run(Train("whole")).status, 0);
  Rng rng(11, "kills");
  int stops = 0;
  for (;;) {
    const pid_t pid = Start(Train("stopped"));
    // At most six stops, later and later, so that the run ends however slow the machine is.
    if (stops >= 6 || EndsWithin(pid, 300 + 100 * static_cast<uint64_t>(stops) + rng.Below(900))) {
      const Ended ended = Wait(pid);
      ASSERT_EQ(ended.status, 0) << ended.errors;
      break;
    }
    const bool kill = ++stops % 2 == 1;
    ::kill(pid, kill ? SIGKILL : SIGINT);
    const int status = Wait(pid).status;
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

TEST_F(ProcessTest, InterruptedSavesAndSaysHowToGoOn) {
  std::vector<std::string> arguments = Train("run");
  arguments[9] = "100000";  // epochs: it cannot end by itself
  const pid_t pid = Start(arguments);
  while (!std::filesystem::exists(Path("run/checkpoint.safetensors"))) {
    ASSERT_FALSE(EndsWithin(pid, 10)) << Wait(pid).errors;
  }
  ::kill(pid, SIGINT);
  const Ended ended = Wait(pid);
  EXPECT_EQ(ended.status, 130);
  EXPECT_NE(ended.errors.find("stopped; the same command goes on from here"), std::string::npos)
      << ended.errors;
}

TEST_F(ProcessTest, ReportsOneJsonObjectAndCompressesWhatItTrained) {
  std::vector<std::string> arguments = Train("dense");
  arguments.push_back("--json");
  const Ended trained = Run(arguments);
  ASSERT_EQ(trained.status, 0) << trained.errors;
  EXPECT_TRUE(ParseJson(trained.output, "output").contains("validation_accuracy"));
  const Ended compressed = Run(
      {program_,   "compress",  Path("dense"), "--data",     "synthetic", "-o",    Path("sparse"),
       "--epochs", "2",         "--batch",     "16",         "--lr",      "0.003", "--limit-train",
       "96",       "--threads", "1",           "--sparsity", "0.5",       "--json"});
  ASSERT_EQ(compressed.status, 0) << compressed.errors;
  EXPECT_NEAR(ParseJson(compressed.output, "output").at("sparsity").get<double>(), 0.5, 0.01);
  EXPECT_TRUE(std::filesystem::exists(Path("sparse/genome.json")));
}

TEST_F(ProcessTest, KeepsTheOldCheckpointWhenTheDiskIsFull) {
  std::vector<std::string> arguments = Train("run");
  ASSERT_EQ(Run(arguments).status, 0);
  const std::string before = ReadFile(Path("run/checkpoint.safetensors"));
  std::filesystem::remove(Path("run/model.safetensors"));
  const Ended full = Wait(Start(arguments, 16 * 1024));
  EXPECT_EQ(full.status, 2) << full.errors;
  EXPECT_NE(full.errors.find("error[file/write-failed]"), std::string::npos) << full.errors;
  EXPECT_EQ(ReadFile(Path("run/checkpoint.safetensors")), before);
  EXPECT_FALSE(std::filesystem::exists(Path("run/model.safetensors")));
}

TEST_F(ProcessTest, RefusesDataOfAnotherShapeThanTheGenomes) {
  Genome genome = SmallGenome();
  WriteFileAtomic(Path("genome.json"), ToJson(genome).dump());
  const Ended ended = Run(Train("run"));
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(
      ended.errors,
      "error[train/data-shape] synthetic\n"
      "  expected: 8x8x3 images of 2 classes\n"
      "  found:    32x32x3 images of 10 classes\n"
      "  fix:      use a genome made for this data: its height, width, channels and classes\n");
}

TEST_F(ProcessTest, RefusesARandAugmentItCannotRead) {
  std::vector<std::string> arguments = Train("run");
  arguments.push_back("--randaugment");
  arguments.push_back("2;9");
  const Ended ended = Run(arguments);
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.errors,
            "error[train/option] --randaugment\n"
            "  expected: OPS,MAGNITUDE\n"
            "  found:    '2;9'\n"
            "  fix:      write for example --randaugment 2,9\n");
}

TEST_F(ProcessTest, PrintsHelpForEveryCommand) {
  for (const char* command : {"train", "compress"}) {
    const Ended ended = Run({program_, command, "--help"});
    EXPECT_EQ(ended.status, 0);
    EXPECT_NE(ended.output.find("--label-smoothing"), std::string::npos) << command;
  }
  EXPECT_EQ(Run({program_, "train", "--no-such-option"}).status, 2);
}

}  // namespace
}  // namespace tinyformer
