// For tests: the built programs as processes, in a folder of their own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "base/json.h"

namespace tinyformer {

/// The words of a command line, without quoting.
inline std::vector<std::string> Words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

/// How a process ended: exit status, or -signal; what it wrote.
struct Ended {
  int status = -1;
  std::string output, errors;
};

/// What is unusual about a start.
struct Surroundings {
  rlim_t max_file_bytes = 0;  // 0: no limit; otherwise writes beyond it fail, as on a full disk
  std::string output;         // the file that standard output goes to; empty: captured
  std::map<std::string, std::string> variables;  // environment
};

/// `tinyformer`, or another built program, in an empty working folder that is removed at the end.
/// Paths are relative to it, so messages are the same in every run; $TMPDIR is the folder
/// temporary/ beside it, so that what stays behind is seen.
class CommandLineTest {
 public:
  explicit CommandLineTest(const std::string& program = "tinyformer") {
    std::string pattern =
        (std::filesystem::path(::testing::TempDir()) / "tinyformer-test-XXXXXX").string();
    TF_CHECK(::mkdtemp(pattern.data()) != nullptr, pattern);
    root_ = std::filesystem::canonical(pattern).string();
    MakeDirectories(root_ + "/here");
    MakeDirectories(root_ + "/temporary");
    const char* build = std::getenv("TINYFORMER_BINARY_DIR");
    program_ =
        std::filesystem::absolute(std::string(build != nullptr ? build : ".") + "/" + program)
            .string();
  }
  ~CommandLineTest() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  CommandLineTest(const CommandLineTest&) = delete;
  CommandLineTest& operator=(const CommandLineTest&) = delete;

  /// The absolute path of a file of the working folder.
  std::string Path(const std::string& name) const { return root_ + "/here/" + name; }
  std::string Read(const std::string& name) const { return ReadFile(Path(name)); }
  void Write(const std::string& name, std::string_view bytes) const {
    WriteFileAtomic(Path(name), bytes);
  }
  bool Exists(const std::string& name) const { return std::filesystem::exists(Path(name)); }

  /// Starts the program; one process at a time.
  pid_t Start(const std::vector<std::string>& arguments,
              const Surroundings& surroundings = {}) const {
    std::vector<char*> argv{const_cast<char*>(program_.c_str())};
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    const std::string work = root_ + "/here", temporary = root_ + "/temporary",
                      err = root_ + "/err";
    const std::string out = surroundings.output.empty() ? root_ + "/out" : surroundings.output;
    const pid_t pid = ::fork();
    TF_CHECK(pid >= 0, "fork: errno", errno);
    if (pid != 0) return pid;
    const int out_file = ::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    const int err_file = ::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (out_file < 0 || err_file < 0 || ::chdir(work.c_str()) != 0) ::_exit(127);
    ::dup2(out_file, 1);
    ::dup2(err_file, 2);
    ::setenv("TMPDIR", temporary.c_str(), 1);
    for (const auto& [name, value] : surroundings.variables)
      ::setenv(name.c_str(), value.c_str(), 1);
    if (surroundings.max_file_bytes > 0) {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{surroundings.max_file_bytes, surroundings.max_file_bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  Ended Wait(pid_t pid) const {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
            std::filesystem::exists(root_ + "/out") ? ReadFile(root_ + "/out") : "",
            ReadFile(root_ + "/err")};
  }

  Ended Run(const std::vector<std::string>& arguments,
            const Surroundings& surroundings = {}) const {
    return Wait(Start(arguments, surroundings));
  }

  /// Wrong input: exit status 2, this whole text, no output, nothing left behind.
  void ExpectRefused(const std::vector<std::string>& arguments, const std::string& text) const {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const Ended ended = Run(arguments);
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(ended.errors, text);
    EXPECT_EQ(ended.output, "");
    EXPECT_EQ(Temporaries(), std::vector<std::string>{});
  }

  /// Runs a command that must succeed, with --json; its one object. `keep` also writes it there.
  Json RunJson(std::vector<std::string> arguments, const std::string& keep = "",
               const Surroundings& surroundings = {}) const {
    arguments.push_back("--json");
    const Ended ended = Run(arguments, surroundings);
    EXPECT_EQ(ended.status, 0) << ended.errors;
    if (!keep.empty()) Write(keep, ended.output);
    return ParseJson(ended.output.empty() ? "{}" : ended.output, "standard output");
  }

  /// Sends the signal as soon as `ready` holds (it is asked again and again; the process must not
  /// end before), and waits.
  Ended StopWhen(pid_t pid, int signal, const std::function<bool()>& ready) const {
    while (!ready()) {
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
          info.si_pid == pid) {
        const Ended ended = Wait(pid);
        ADD_FAILURE() << "ended by itself with status " << ended.status << "\n" << ended.errors;
        return ended;
      }
      ::sched_yield();
    }
    ::kill(pid, signal);
    return Wait(pid);
  }

  /// True once the process has said that it handles SIGINT itself.
  static bool ListensToInterrupts(pid_t pid) {
    const std::string status = ReadFile("/proc/" + std::to_string(pid) + "/status");
    const size_t at = status.find("SigCgt:");
    if (at == std::string::npos) return false;
    return (std::strtoull(status.c_str() + at + 7, nullptr, 16) >> (SIGINT - 1) & 1) != 0;
  }

  /// The processes that the process has started and not waited for, in order.
  static std::vector<pid_t> Children(pid_t pid) {
    const std::string of = std::to_string(pid);
    std::istringstream in(ReadFile("/proc/" + of + "/task/" + of + "/children"));
    return {std::istream_iterator<pid_t>(in), {}};
  }

  /// What a command left behind: entries of $TMPDIR, and half-written files of the working folder,
  /// sorted.
  std::vector<std::string> Temporaries() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(root_ + "/temporary"))
      names.push_back(entry.path().filename().string());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_ + "/here")) {
      const std::string name = entry.path().filename().string();
      if (name.find(".tmp") != std::string::npos) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  /// True when a file whose path ends so lies anywhere below $TMPDIR.
  bool TemporaryExists(const std::string& ending) const {
    std::error_code ignored;
    for (std::filesystem::recursive_directory_iterator it(root_ + "/temporary", ignored), end;
         it != end; it.increment(ignored)) {
      if (ignored) return false;
      if (it->path().string().ends_with(ending)) return true;
    }
    return false;
  }

  /// Path -> bytes of a folder; the folder named `except` at its top left out.
  std::map<std::string, std::string> Files(const std::string& folder,
                                           const std::string& except = "") const {
    std::map<std::string, std::string> files;
    for (std::filesystem::recursive_directory_iterator it(Path(folder)), end; it != end; ++it) {
      if (it.depth() == 0 && it->path().filename() == except) it.disable_recursion_pending();
      if (!it->is_regular_file()) continue;
      const std::string path = it->path().string();
      files[path.substr(Path(folder).size() + 1)] = ReadFile(path);
    }
    return files;
  }

  /// The text with DIR in place of the test's own folder.
  std::string Normalised(std::string text) const {
    for (size_t at; (at = text.find(root_)) != std::string::npos;)
      text.replace(at, root_.size(), "DIR");
    return text;
  }

 private:
  std::string root_, program_;
};

/// The five fields of an error as the program prints them.
inline std::string ErrorText(const std::string& code, const std::string& where,
                             const std::string& expected, const std::string& found,
                             const std::string& fix) {
  return "error[" + code + "] " + where + "\n  expected: " + expected + "\n  found:    " + found +
         "\n  fix:      " + fix + "\n";
}

}  // namespace tinyformer
