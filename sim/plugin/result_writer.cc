#include "sim/plugin/result_writer.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace tinyformer::plugin {
namespace {

using Json = nlohmann::ordered_json;

Json TotalsJson(const Totals& totals) {
  return {{"instructions", totals.instructions},
          {"cycles", totals.cycles},
          {"stall_cycles", totals.stall_cycles},
          {"mispredictions", totals.mispredictions},
          {"unaligned", totals.unaligned}};
}

const char* KindName(Violation::Kind kind) {
  switch (kind) {
    case Violation::Kind::kLoad:
      return "load";
    case Violation::Kind::kStore:
      return "store";
    case Violation::Kind::kGuardedLoad:
      return "guarded load";
    case Violation::Kind::kGuardedStore:
      return "guarded store";
    case Violation::Kind::kUnequalWork:
      return "unequal work";
    case Violation::Kind::kExecute:
      break;
  }
  return "execute";
}

}  // namespace

bool WriteResult(const RunConfig& config, const Attribution& attribution, const Totals& totals,
                 const MemoryMonitor& memory, const std::optional<Violation>& violation) {
  Json json = {{"format", "tinyformer-emulator-run"},
               {"version", 1},
               {"mode", config.cycles ? "cycles" : "count"},
               {"total", TotalsJson(totals)}};
  Json images = TotalsJson(attribution.images_total());
  images["count"] = attribution.images();
  images["instructions_min"] = attribution.smallest();
  images["instructions_max"] = attribution.largest();
  json["images"] = images;
  json["layers"] = Json::array();
  for (int id = 0; id < Attribution::kLayers; ++id) {
    const Totals& layer = attribution.layers()[static_cast<size_t>(id)];
    if (layer.instructions == 0) continue;
    Json entry = TotalsJson(layer);
    entry["id"] = id;
    entry["visits"] = attribution.visits()[static_cast<size_t>(id)];
    json["layers"].push_back(entry);
  }
  json["parts"] = Json::array();
  for (const Part& part : config.parts) {
    json["parts"].push_back(
        {{"name", part.name},
         {"bytes", part.bytes},
         {"written_bytes", memory.WrittenBytes(part)},
         {"depth_bytes", part.address + part.bytes - memory.LowestWritten(part)}});
  }
  json["violation"] = nullptr;
  if (violation) {
    json["violation"] = {{"kind", KindName(violation->kind)}, {"address", violation->address},
                         {"bytes", violation->bytes},         {"pc", violation->pc},
                         {"expected", violation->expected},   {"found", violation->found},
                         {"layer", attribution.layer()}};
  }
  std::ofstream file(config.output_path, std::ios::binary);
  file << json.dump(1) << '\n';
  file.close();
  return static_cast<bool>(file);
}

}  // namespace tinyformer::plugin
