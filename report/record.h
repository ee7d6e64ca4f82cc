// A measured number with everything that is needed to judge it and to measure it again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"

namespace tinyformer {

/// Where a result came from. Empty texts mean "not recorded", and are shown as such.
struct Provenance {
  std::string command;     // the whole command line
  std::string input_hash;  // XXH64 of what it read
  std::string version;     // of TinyFormer
  std::string commit;
  std::string device;  // "QEMU mps2-an500, Cortex-M7", a CPU's name
  std::string flags;   // compiler flags, options that matter
  std::optional<int64_t> seed;
  bool operator==(const Provenance&) const = default;
};

/// One result.
///
/// Fields  name    what was measured, unique in its file: "accuracy.int8"
///         value   in `unit`; a share is in [0, 1] with unit "share"
///         n       how many samples or repeats stand behind it
///         spread  half width of the 95 % interval for shares, the interquartile range for timings;
///                 0 for exact counts
struct Record {
  std::string name;
  double value = 0;
  std::string unit;
  int64_t n = 1;
  double spread = 0;
  Provenance provenance;
  bool operator==(const Record&) const = default;
};

/// The JSON form: {name, value, unit, n, spread, provenance: {command, input_hash, version, commit,
/// device, flags, seed}}; parts of the provenance that are not recorded are left out. name is what
/// the user calls the file.
///
/// Errors  json/key
Json ToJson(const Record& record);
Record ParseRecord(const Json& json, const std::string& name);
Json ToJson(const Provenance& provenance);
Provenance ParseProvenance(const Json& json, const std::string& name);

}  // namespace tinyformer
