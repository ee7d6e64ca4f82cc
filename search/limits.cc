#include "search/limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

namespace tinyformer {
namespace {

constexpr const char* kExample = "write for example --limit flash=980kB,ram=300KiB,latency=500ms";

[[noreturn]] void Fail(const std::string& part, const std::string& expected,
                       const std::string& found) {
  throw Error("search/limit", "--limit " + part, expected, found, kExample);
}

double Share(int64_t use, int64_t limit) {
  return static_cast<double>(use) / static_cast<double>(std::max<int64_t>(limit, 1));
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

bool Fits(const ResourceUse& use, const SearchLimits& limits) {
  return use.flash_bytes <= limits.flash_bytes && use.sram_peak_bytes <= limits.ram_bytes &&
         (limits.cycles == 0 || use.cycles <= limits.cycles);
}

double LargestShare(const ResourceUse& use, const SearchLimits& limits) {
  return std::max({Share(use.flash_bytes, limits.flash_bytes),
                   Share(use.sram_peak_bytes, limits.ram_bytes),
                   limits.cycles == 0 ? 0.0 : Share(use.cycles, limits.cycles)});
}

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
      throw Error("search/limit", "--limit latency", "a target with a Cortex-M7",
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

Json ToJson(const SearchLimits& limits) {
  return {{"flash_bytes", limits.flash_bytes},
          {"ram_bytes", limits.ram_bytes},
          {"cycles", limits.cycles == 0 ? Json() : Json(limits.cycles)}};
}

}  // namespace tinyformer
