// What the emulator plugin is told about a run: memory map, markers, RAM parts to watch, cycle
// model parameters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyformer::plugin {

/// A range of addresses with permissions and, for the stall estimate, the caches in front of it
/// (-1: none).
struct Region {
  std::string name;
  uint32_t address = 0;
  uint32_t bytes = 0;
  bool write = false;
  bool execute = false;
  int fetch_cache = -1;
  int data_cache = -1;

  bool Contains(uint32_t at, uint32_t size) const {
    return at >= address && at - address <= bytes && bytes - (at - address) >= size;
  }
};

/// A named part of RAM whose written bytes are counted ("arena", "stack", "data", "bss").
struct Part {
  std::string name;
  uint32_t address = 0;
  uint32_t bytes = 0;
};

struct CacheParameters {
  uint32_t bytes, ways, line_bytes, miss_cycles;
};

struct RunConfig {
  bool cycles = false;      ///< run the cycle model (slower); otherwise count instructions only
  std::string cpu;          ///< whose cycle model
  std::string output_path;  ///< where the result goes: result.json beside the config
  std::vector<Region> regions;
  std::vector<CacheParameters> caches;
  std::vector<Part> parts;
  uint32_t layer_marker = 0;  ///< address of tf_profile_marker[256], 0 = none
  /// Address of tf_image_marker[2], 0 = none: the whole run counts as one image.
  uint32_t image_marker = 0;
  uint32_t guard_marker = 0;  ///< address of tf_guard_marker[8], 0 = none
  Part guarded;               ///< tf_guarded_memory; no bytes: none
};

/// Reads the file that sim/emulator.cc wrote. Throws std::exception with a message on anything
/// unexpected.
RunConfig ReadRunConfig(const std::string& path);

}  // namespace tinyformer::plugin
