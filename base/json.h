// JSON values (nlohmann::ordered_json: keys keep their order) with errors that name the file and
// the key.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tinyformer {

using Json = nlohmann::ordered_json;

/// Parses text; name is what the user calls it (usually a path). Errors  json/syntax (with line and
/// column)
Json ParseJson(std::string_view text, const std::string& name);

/// ReadFile then ParseJson.
Json ReadJson(const std::string& path);

/// The type of a value in a reader's words: "a number", "a text", "a list", ...
std::string JsonTypeName(const Json& value);

[[noreturn]] void FailJsonKey(const std::string& name, const std::string& key,
                              const std::string& expected, const std::string& found);

/// object[key] as T. Errors  json/key when it is absent or of another type
template <typename T>
T RequireKey(const Json& object, const std::string& key, const std::string& name,
             const std::string& expected) {
  if (!object.is_object() || !object.contains(key)) FailJsonKey(name, key, expected, "no such key");
  try {
    return object.at(key).get<T>();
  } catch (const nlohmann::json::exception&) {
    FailJsonKey(name, key, expected, JsonTypeName(object.at(key)));
  }
}

/// object[key] as T, or fallback when absent. Errors  json/key when it is of another type
template <typename T>
T OptionalKey(const Json& object, const std::string& key, const std::string& name,
              const std::string& expected, T fallback) {
  if (!object.is_object() || !object.contains(key)) return fallback;
  return RequireKey<T>(object, key, name, expected);
}

}  // namespace tinyformer
