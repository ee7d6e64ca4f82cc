#include "cli/limit_option.h"

#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "base/error.h"

namespace tinyformer {
namespace {

constexpr const char* kExample = "write for example --limit flash=980kB,ram=300KiB";

[[noreturn]] void Fail(const std::string& part, const std::string& expected,
                       const std::string& found) {
  throw Error("cli/limit", "--limit " + part, expected, found, kExample);
}

// "980kB" in units of 1; the number is above 0.
int64_t ParseAmount(const std::string& part, const std::string& text,
                    const std::map<std::string, double>& units, const std::string& expected) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  const auto unit = units.find(std::string(stopped, end));
  if (error != std::errc() || unit == units.end() || !(number > 0))
    Fail(part, expected, "'" + text + "'");
  const double amount = number * unit->second;
  if (!(amount >= 1 && amount < 1e15)) Fail(part, expected, "'" + text + "'");
  return std::llround(amount);
}

}  // namespace

SearchLimits ParseLimits(const std::string& text, const SearchLimits& target, uint64_t clock_hz) {
  const std::map<std::string, double> bytes = {{"", 1},     {"B", 1},      {"kB", 1000},
                                               {"MB", 1e6}, {"KiB", 1024}, {"MiB", 1024 * 1024}};
  const double clock = static_cast<double>(clock_hz);
  const std::map<std::string, double> time = {{"cycles", 1}, {"ms", clock / 1000}, {"s", clock}};
  SearchLimits limits = target;
  std::set<std::string> seen;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    if (equals == std::string::npos || (name != "flash" && name != "ram" && name != "latency"))
      Fail("'" + part + "'", "flash=, ram= or latency=", "'" + name + "'");
    if (!seen.insert(name).second) Fail(name, "each limit once", name + " a second time");
    const std::string value = part.substr(equals + 1);
    if (name == "latency" && clock_hz == 0) {
      throw Error("cli/limit", "--limit latency", "a target with a Cortex-M7",
                  "another core, whose cycles are not estimated before it is built",
                  "leave latency out, or take another --target");
    }
    if (name == "latency") {
      limits.cycles = ParseAmount(name, value, time, "a number with its unit: cycles, ms or s");
      continue;
    }
    int64_t& limit = name == "flash" ? limits.flash_bytes : limits.ram_bytes;
    const int64_t most = limit;
    limit = ParseAmount(name, value, bytes, "a number of bytes, or with kB, MB, KiB or MiB");
    if (limit > most) {
      Fail(name, "at most the target's " + std::to_string(most) + " bytes",
           std::to_string(limit) + " bytes");
    }
  }
  return limits;
}

}  // namespace tinyformer
