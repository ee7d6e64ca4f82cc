#include "cli/local_workers.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/testing_error.h"

namespace tinyformer {
namespace {

// Workers are this test itself, once more: they do what the variable says.
constexpr const char* kWorker = "TINYFORMER_LOCAL_WORKERS_TEST";

std::string RunCrew(int count, const char* work) {
  const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string logs = "local_workers_" + name;
  std::filesystem::remove_all(logs);
  MakeDirectories(logs + "/3.log");  // a folder where a third worker's log would be
  ::setenv(kWorker, work, 1);
  std::string text = ErrorText([&] {
    RunLocalWorkers({count, {"--gtest_filter=LocalWorkers." + name, "--gtest_brief=1"}, logs},
                    [] { return 0; });
  });
  ::unsetenv(kWorker);
  return text;
}

bool HasChildren() { return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

TEST(LocalWorkers, ThatDieAgainAndAgainAreSaid) {
  if (std::getenv(kWorker) != nullptr) {
    ::ftruncate(STDOUT_FILENO, 0);  // what the test program says first
    ::raise(SIGKILL);
  }
  const std::string text = RunCrew(2, "dies");
  const std::string log = text.substr(0, text.find('\n'));
  EXPECT_TRUE(log == "error[search/workers-die] local_workers_ThatDieAgainAndAgainAreSaid/1.log" ||
              log == "error[search/workers-die] local_workers_ThatDieAgainAndAgainAreSaid/2.log")
      << log;
  EXPECT_EQ(text.substr(log.size()),
            "\n  expected: a worker that ends a trial now and then\n"
            "  found:    10 workers died in succession, this one with signal 9\n"
            "  fix:      see what it wrote there; is there memory for 2 workers?");
  EXPECT_FALSE(HasChildren());
}

TEST(LocalWorkers, OneThatAnInterruptEndedIsNotStartedAnew) {
  if (std::getenv(kWorker) != nullptr) {
    ::kill(::getppid(), SIGTERM);
    ::_exit(130);
  }
  const auto interrupted = [] {
    CatchInterrupts();
    try {
      RunCrew(1, "interrupts");
    } catch (const Interrupted&) {
      ::_exit(HasChildren() ? 1 : 130);
    }
  };
  EXPECT_EXIT(interrupted(), testing::ExitedWithCode(130), "");
  const std::string log = "local_workers_OneThatAnInterruptEndedIsNotStartedAnew/1.log";
  EXPECT_EQ(ReadFile(log).find("another one goes on"), std::string::npos);
}

TEST(LocalWorkers, NoneIsLeftBehindWhenOneCannotStart) {
  if (std::getenv(kWorker) != nullptr) {
    for (;;) ::pause();  // until it is told to end
  }
  EXPECT_EQ(RunCrew(3, "waits"),
            "error[file/write-failed] local_workers_NoneIsLeftBehindWhenOneCannotStart/3.log\n"
            "  expected: a file that can be written\n"
            "  found:    Is a directory\n"
            "  fix:      check the folder's owner and permissions");
  EXPECT_FALSE(HasChildren());
}

}  // namespace
}  // namespace tinyformer
