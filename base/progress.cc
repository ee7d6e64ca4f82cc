#include "base/progress.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <utility>

namespace tinyformer {
namespace {

constexpr int kBarCells = 24;

std::atomic<bool> bar_stands = false;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::string FormatDuration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e8) return "unknown";
  long long s = std::llround(seconds);
  char text[32];
  if (s < 60) {
    std::snprintf(text, sizeof text, "%lld s", s);
  } else if (s < 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld", s / 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  }
  return text;
}

Progress::Progress(std::string label, int64_t total, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      terminal_(::isatty(2) == 1),
      start_(std::chrono::steady_clock::now()),
      advanced_(start_),
      drawn_(terminal_ ? start_ - std::chrono::seconds(1) : start_) {}

Progress::~Progress() {
  if (done_ > first_ || total_ <= 0) {
    Draw(true);
  } else if (terminal_) {
    PrintAboveProgress("");  // an error before the first step: its text takes the line
  }
}

void Progress::StartAt(int64_t done) {
  first_ = done_ = done;
  start_ = advanced_ = std::chrono::steady_clock::now();
}

void Progress::Update(int64_t done, const std::string& note) {
  if (done > done_) advanced_ = std::chrono::steady_clock::now();
  done_ = done;
  note_ = note;
  if (SecondsSince(drawn_) >= (terminal_ ? 0.1 : 30.0)) Draw(false);
}

void Progress::Draw(bool last) {
  drawn_ = std::chrono::steady_clock::now();
  double elapsed = SecondsSince(start_);
  double rate = elapsed > 0 ? static_cast<double>(done_ - first_) / elapsed : 0;
  std::string line = label_;
  if (terminal_) {
    int cells =
        total_ > 0 ? static_cast<int>(std::min<int64_t>(kBarCells, kBarCells * done_ / total_)) : 0;
    line += " [" + std::string(static_cast<size_t>(cells), '#') +
            std::string(static_cast<size_t>(kBarCells - cells), '.') + "]";
  }
  char text[160];
  std::snprintf(text, sizeof text, " %lld/%lld %s, %.*f %s/s", static_cast<long long>(done_),
                static_cast<long long>(total_), unit_.c_str(), rate < 10 ? 2 : 0, rate,
                unit_.c_str());
  line += text;
  if (!note_.empty()) line += ", " + note_;
  line += last ? ", took " + FormatDuration(elapsed)
               : ", " +
                     FormatDuration(SecondsLeft(done_ - first_, total_ - first_,
                                                elapsed - SecondsSince(advanced_),
                                                SecondsSince(advanced_))) +
                     " left";
  std::fprintf(stderr, terminal_ ? (last ? "\r\033[K%s\n" : "\r\033[K%s") : "%s\n", line.c_str());
  std::fflush(stderr);
  bar_stands = terminal_ && !last;
}

void PrintAboveProgress(const std::string& lines) {
  std::fprintf(stderr, bar_stands.exchange(false) ? "\r\033[K%s" : "%s", lines.c_str());
}

double SecondsLeft(int64_t done, int64_t total, double took, double since) {
  if (done <= 0) return -1;
  const double each = took / static_cast<double>(done), left = static_cast<double>(total - done);
  return std::max({0.0, each * left - since, each * (left - 1)});
}

}  // namespace tinyformer
