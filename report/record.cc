#include "report/record.h"

namespace tinyformer {

Json ToJson(const Provenance& provenance) {
  Json json = Json::object();
  auto put = [&](const char* key, const std::string& text) {
    if (!text.empty()) json[key] = text;
  };
  put("command", provenance.command);
  put("input_hash", provenance.input_hash);
  put("version", provenance.version);
  put("commit", provenance.commit);
  put("device", provenance.device);
  put("flags", provenance.flags);
  if (provenance.seed) json["seed"] = *provenance.seed;
  return json;
}

Provenance ParseProvenance(const Json& json, const std::string& name) {
  auto text = [&](const char* key) {
    return OptionalKey<std::string>(json, key, name, "a text", "");
  };
  Provenance provenance{text("command"), text("input_hash"), text("version"), text("commit"),
                        text("device"),  text("flags"),      std::nullopt};
  if (json.is_object() && json.contains("seed")) {
    provenance.seed = RequireKey<int64_t>(json, "seed", name, "a whole number");
  }
  return provenance;
}

Json ToJson(const Record& record) {
  Json json = Json::object();
  json["name"] = record.name;
  json["value"] = record.value;
  json["unit"] = record.unit;
  json["n"] = record.n;
  json["spread"] = record.spread;
  json["provenance"] = ToJson(record.provenance);
  return json;
}

Record ParseRecord(const Json& json, const std::string& name) {
  Record record;
  record.name = RequireKey<std::string>(json, "name", name, "a text");
  record.value = RequireKey<double>(json, "value", name, "a number");
  record.unit = RequireKey<std::string>(json, "unit", name, "a text");
  record.n = OptionalKey<int64_t>(json, "n", name, "a whole number", 1);
  record.spread = OptionalKey<double>(json, "spread", name, "a number", 0);
  if (json.contains("provenance")) {
    record.provenance = ParseProvenance(json.at("provenance"), name);
  }
  return record;
}

}  // namespace tinyformer
