#include "cli/train_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace tinyformer {
namespace {

constexpr int kNotStarted = 127;
constexpr int kSignalStatus = 128;

// argv for execv; the strings must outlive it.
std::vector<char*> Argv(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  return argv;
}

[[noreturn]] void FailMissing(const std::string& program) {
  throw Error("cli/train-missing", program, "the program that trains, beside tinyformer",
              "it is not there, or may not be executed",
              "build with libtorch (tools/setup installs it), without -DTINYFORMER_TRAIN=OFF");
}

}  // namespace

std::string FindTrainProgram() {
  std::error_code code;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", code);
  std::string program = (self.parent_path() / "tinyformer-train").string();
  if (const char* named = std::getenv("TINYFORMER_TRAIN"); named && *named) program = named;
  if (::access(program.c_str(), X_OK) != 0) FailMissing(program);
  return program;
}

void BecomeTrainProgram(const std::vector<std::string>& arguments) {
  const std::string program = FindTrainProgram();
  ::execv(program.c_str(), Argv(program, arguments).data());
  FailMissing(program);
}

namespace {

// Between fork and exec our handler would swallow a signal that is meant for the program: it waits,
// and then ends the child.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t stops;
    ::sigemptyset(&stops);
    for (int signal : kStops) ::sigaddset(&stops, signal);
    ::sigprocmask(SIG_BLOCK, &stops, &before_);
  }
  ~HeldSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  void ReleaseInChild() const {
    for (int signal : kStops) {
      struct sigaction action {};
      ::sigaction(signal, nullptr, &action);
      if (action.sa_handler != SIG_IGN) ::signal(signal, SIG_DFL);
    }
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  static constexpr int kStops[] = {SIGINT, SIGTERM, SIGHUP};
  sigset_t before_;
};

pid_t Start(const std::string& program, const std::vector<std::string>& arguments, int output,
            int errors) {
  const std::vector<char*> argv = Argv(program, arguments);
  const pid_t parent = ::getpid();
  const HeldSignals held;
  const pid_t child = ::fork();
  TF_CHECK(child >= 0, "fork: errno", errno);
  if (child != 0) return child;
  held.ReleaseInChild();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // killed with us, it saves its work
  if (::getppid() != parent) ::_exit(kNotStarted);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execv(program.c_str(), argv.data());
  ::_exit(kNotStarted);
}

ProgramResult RunProgram(const std::string& program, const std::vector<std::string>& arguments) {
  int ends[2];
  TF_CHECK(::pipe2(ends, O_CLOEXEC) == 0, "errno", errno);
  const pid_t child = Start(program, arguments, ends[1], STDERR_FILENO);
  ::close(ends[1]);

  ProgramResult result;
  bool passed_on = false;
  for (;;) {
    if (InterruptRequested() && !passed_on) {
      ::kill(child, SIGTERM);
      passed_on = true;
    }
    // An interrupt may come just before we wait.
    constexpr int kLookMs = 200;
    pollfd end = {ends[0], POLLIN, 0};
    if (::poll(&end, 1, kLookMs) <= 0) continue;
    char buffer[4096];
    const ssize_t n = ::read(ends[0], buffer, sizeof buffer);
    if (n == 0) break;
    if (n > 0) result.output.append(buffer, static_cast<size_t>(n));
    if (n < 0 && errno != EINTR) break;
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.status = WIFSIGNALED(status) ? kSignalStatus + WTERMSIG(status) : WEXITSTATUS(status);
  if (result.status == kNotStarted) FailMissing(program);
  return result;
}

}  // namespace

ProgramResult RunTrainProgram(const std::vector<std::string>& arguments) {
  return RunProgram(FindTrainProgram(), arguments);
}

ProgramResult RunOwnProgram(const std::vector<std::string>& arguments) {
  return RunProgram("/proc/self/exe", arguments);
}

Error PrintedError(const Json& answer, const std::string& name) {
  const Json error = RequireKey<Json>(answer, "error", name, "an object");
  const auto text = [&](const char* key) {
    return RequireKey<std::string>(error, key, name, "a text");
  };
  return {text("code"), text("where"), text("expected"), text("found"), text("fix")};
}

pid_t StartOwnProgram(const std::vector<std::string>& arguments, int output, int errors) {
  return Start("/proc/self/exe", arguments, output, errors);
}

}  // namespace tinyformer
