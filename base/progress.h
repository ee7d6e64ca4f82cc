// Progress for people: a bar with rate and time left on a terminal, plain lines otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace tinyformer {

/// Draws on standard error, so standard output stays clean for --json.
///
/// On a terminal: one line, redrawn at most 10 times a second. Otherwise: a plain line every 30 s
/// and at the end.
class Progress {
 public:
  /// total in units ("images", "epochs"); unit is shown with the rate.
  Progress(std::string label, int64_t total, std::string unit);
  ~Progress();  // the last line; none when nothing was done
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// done units so far; note is shown after the rate ("loss 1.234, accuracy 56.1 %").
  void Update(int64_t done, const std::string& note = "");
  /// Time and rate count from now on; done: work before, which counts for the bar alone.
  void StartAt(int64_t done);

 private:
  void Draw(bool last);

  std::string label_, unit_, note_;
  int64_t total_, done_ = 0, first_ = 0;
  bool terminal_;
  std::chrono::steady_clock::time_point start_, advanced_, drawn_;  // advanced_: done_ last grew
};

/// Prints lines on standard error. On a terminal a bar that stands there makes way for them, and
/// comes back with its next update.
void PrintAboveProgress(const std::string& lines);

/// Seconds until all units are done: `done` of them took `took` seconds, the last one ended `since`
/// seconds ago. It counts down while a unit is worked on. Below 0: nobody knows yet.
double SecondsLeft(int64_t done, int64_t total, double took, double since);

/// "1:02:03", "4:05", "7 s"
std::string FormatDuration(double seconds);

}  // namespace tinyformer
