#include "sim/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "base/check.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace tinyformer {
namespace {

constexpr size_t kMaxOutput = 1 << 20;
constexpr int kPollMilliseconds = 50, kGraceMilliseconds = 1000;
constexpr int kNotStarted = 127;

// The child's half after fork: only async-signal-safe calls.
[[noreturn]] void BecomeProgram(char* const* arguments, const char* directory, int output,
                                pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNotStarted);
  ::setpgid(0, 0);  // Ctrl-C goes to us only; we then end the child
  rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::chdir(directory) != 0) ::_exit(kNotStarted);
  ::dup2(nothing, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::execvp(arguments[0], arguments);
  ::_exit(kNotStarted);
}

// Appends what can be read; false at the end of the stream.
bool Drain(int fd, std::string* output) {
  char buffer[4096];
  ssize_t n = ::read(fd, buffer, sizeof buffer);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  size_t room = kMaxOutput - std::min(kMaxOutput, output->size());
  output->append(buffer, std::min(static_cast<size_t>(n), room));
  return true;
}

// A compiler driver removes its temporary files on SIGTERM; what it started is in its group. The
// child is left to be waited for.
void AskGroupToEnd(pid_t child) {
  ::kill(-child, SIGTERM);
  for (int waited = 0; waited < kGraceMilliseconds; waited += kPollMilliseconds) {
    siginfo_t info{};
    const int ended = ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT);
    if (ended == 0 && info.si_pid == child) break;
    ::poll(nullptr, 0, kPollMilliseconds);
  }
}

bool FoundOnPath(const std::string& program) {
  if (program.find('/') != std::string::npos) return ::access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::string folders = path ? path : "";
  for (size_t begin = 0; begin <= folders.size();) {
    size_t end = std::min(folders.find(':', begin), folders.size());
    std::string candidate = folders.substr(begin, end - begin) + "/" + program;
    if (::access(candidate.c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

ProcessResult RunProcess(const std::vector<std::string>& arguments, const std::string& directory,
                         double timeout_seconds) {
  TF_CHECK(!arguments.empty());
  ProcessResult result;
  if (!FoundOnPath(arguments[0])) return result;
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int pipe_ends[2];
  TF_CHECK(::pipe2(pipe_ends, O_CLOEXEC) == 0, "errno", errno);
  pid_t parent = ::getpid();
  pid_t child = ::fork();
  TF_CHECK(child >= 0, "fork: errno", errno);
  if (child == 0) BecomeProgram(argv.data(), directory.c_str(), pipe_ends[1], parent);
  ::close(pipe_ends[1]);
  result.started = true;

  auto deadline = std::chrono::steady_clock::now() +
                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                      std::chrono::duration<double>(timeout_seconds));
  bool interrupted = false;
  for (bool open = true; open;) {
    pollfd event{pipe_ends[0], POLLIN, 0};
    int ready = ::poll(&event, 1, kPollMilliseconds);
    if (ready > 0) open = Drain(pipe_ends[0], &result.output);
    interrupted = InterruptRequested();
    result.timed_out = std::chrono::steady_clock::now() >= deadline;
    if (interrupted || result.timed_out) break;
  }
  if (interrupted) AskGroupToEnd(child);
  if (interrupted || result.timed_out) {
    ::kill(-child, SIGKILL);
    ::kill(child, SIGKILL);  // it may not have reached setpgid yet
  }
  ::close(pipe_ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (interrupted) throw Interrupted();
  if (WIFEXITED(status)) result.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

}  // namespace tinyformer
