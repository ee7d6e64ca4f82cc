#include "sim/plugin/run_config.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace tinyformer::plugin {

RunConfig ReadRunConfig(const std::string& path) {
  std::ifstream file(path);
  nlohmann::json json = nlohmann::json::parse(file);
  RunConfig config;
  config.cycles = json.at("mode").get<std::string>() == "cycles";
  config.cpu = json.at("cpu");
  config.output_path = std::filesystem::path(path).replace_filename("result.json").string();
  for (const auto& item : json.at("regions")) {
    config.regions.push_back({item.at("name"), item.at("address"), item.at("bytes"),
                              item.at("write"), item.at("execute"), item.at("fetch_cache"),
                              item.at("data_cache")});
  }
  for (const auto& item : json.at("caches")) {
    config.caches.push_back(
        {item.at("bytes"), item.at("ways"), item.at("line_bytes"), item.at("miss_cycles")});
  }
  for (const auto& item : json.at("parts")) {
    config.parts.push_back({item.at("name"), item.at("address"), item.at("bytes")});
  }
  config.layer_marker = json.at("layer_marker");
  config.image_marker = json.at("image_marker");
  config.guard_marker = json.at("guard_marker");
  const auto& guarded = json.at("guarded");
  config.guarded = {"guarded", guarded.at("address"), guarded.at("bytes")};
  return config;
}

}  // namespace tinyformer::plugin
