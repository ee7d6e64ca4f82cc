#include "cli/local_workers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/train_program.h"

namespace tinyformer {
namespace {

using std::chrono::milliseconds;

// So often in succession workers may die before one has ended a trial.
constexpr int kMostDeaths = 10;

struct Worker {
  std::string log;
  pid_t pid = 0;    // 0: it has ended well
  int output = -1;  // its standard output, a file in memory
};

std::string ReadAll(int file) {
  std::string text;
  char buffer[4096];
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(file, buffer, sizeof buffer, at);
    if (n <= 0) return text;
    text.append(buffer, static_cast<size_t>(n));
    at += n;
  }
}

std::string HowItEnded(int status) {
  return WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                             : "exit status " + std::to_string(WEXITSTATUS(status));
}

class Crew {
 public:
  explicit Crew(const LocalWorkers& workers) : workers_(workers) {
    MakeDirectories(workers.logs);
    for (int i = 1; i <= workers.count; ++i) {
      crew_.push_back({workers.logs + "/" + std::to_string(i) + ".log"});
    }
  }
  // Nobody is left behind, whatever happened.
  ~Crew() {
    Interrupt();
    for (Worker& worker : crew_) {
      while (worker.pid != 0 && ::waitpid(worker.pid, nullptr, 0) < 0 && errno == EINTR) {
      }
      if (worker.output >= 0) ::close(worker.output);
    }
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  bool IsAtWork() const {
    return std::any_of(crew_.begin(), crew_.end(), [](const Worker& w) { return w.pid != 0; });
  }

  void StartAll() {
    for (Worker& worker : crew_) Start(&worker);
  }

  /// Starts those anew that died.
  /// Errors  search/workers-die, a worker's own
  void Look() {
    for (Worker& worker : crew_) {
      int status = 0;
      if (worker.pid == 0 || ::waitpid(worker.pid, &status, WNOHANG) != worker.pid) continue;
      worker.pid = 0;
      ThrowIfInterrupted();  // Ctrl-C reaches workers, too
      if (WIFEXITED(status) && WEXITSTATUS(status) == kExitOk) continue;
      ThrowItsError(worker);
      if (++deaths_ >= kMostDeaths) {
        throw Error("search/workers-die", worker.log, "a worker that ends a trial now and then",
                    std::to_string(deaths_) + " workers died in succession, this one with " +
                        HowItEnded(status),
                    "see what it wrote there; is there memory for " +
                        std::to_string(workers_.count) + " workers?");
      }
      AppendLine(worker.log, "tinyformer: this worker ended with " + HowItEnded(status) +
                                 "; another one goes on");
      Start(&worker);
    }
  }

  void NoteProgress() { deaths_ = 0; }

 private:
  void Start(Worker* worker) {
    if (worker->output >= 0) ::close(worker->output);
    worker->output = ::memfd_create("answer", MFD_CLOEXEC);
    TF_CHECK(worker->output >= 0, "errno", errno);
    const int log = ::open(worker->log.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0644);
    if (log < 0) {
      throw Error("file/write-failed", worker->log, "a file that can be written",
                  std::strerror(errno), "check the folder's owner and permissions");
    }
    worker->pid = StartOwnProgram(workers_.arguments, worker->output, log);
    ::close(log);
  }

  void Interrupt() const {
    for (const Worker& worker : crew_) {
      if (worker.pid != 0) ::kill(worker.pid, SIGTERM);
    }
  }

  static void ThrowItsError(const Worker& worker) {
    const std::string output = ReadAll(worker.output);
    if (output.empty()) return;
    const Json answer = ParseJson(output, worker.log);
    if (!answer.contains("error")) return;
    throw PrintedError(answer, worker.log);
  }

  const LocalWorkers& workers_;
  std::vector<Worker> crew_;
  int deaths_ = 0;  // since a trial ended
};

}  // namespace

int ThreadsOfEach(int count) {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / count);
}

void RunLocalWorkers(const LocalWorkers& workers, const std::function<int64_t()>& ended_trials) {
  constexpr milliseconds kLook(100);
  constexpr int kLooksPerQuestion = 10;
  Crew crew(workers);
  crew.StartAll();
  int64_t ended = ended_trials();
  for (int look = 0; crew.IsAtWork(); ++look) {
    ThrowIfInterrupted();
    std::this_thread::sleep_for(kLook);
    crew.Look();
    if (look % kLooksPerQuestion != 0) continue;
    const int64_t now = ended_trials();
    if (now > ended) crew.NoteProgress();
    ended = now;
  }
}

}  // namespace tinyformer
