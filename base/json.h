// JSON values (nlohmann::ordered_json: keys keep their order) with errors that name the file and
// the key.
#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

// Compiled once, in json.cc: most units need a dozen of its functions.
extern template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace tinyformer {

using Json = nlohmann::ordered_json;

/// Parses text; name is what the user calls it (usually a path).
/// Errors  json/syntax (with line and column, or the number that no double holds)
Json ParseJson(std::string_view text, const std::string& name);

/// ReadFile then ParseJson.
Json ReadJson(const std::string& path);

/// The value as text, on one line unless indent is given. Names of files may hold bytes that are
/// not UTF-8, which JSON must be: they become U+FFFD.
std::string JsonText(const Json& value, int indent = -1);

/// The type of a value in a reader's words: "a number", "a text", "a list", ...
std::string JsonTypeName(const Json& value);

/// {"code", "where", "expected", "found", "fix"}.
Json ToJson(const Error& error);

[[noreturn]] void FailJsonKey(const std::string& name, const std::string& key,
                              const std::string& expected, const std::string& found);

/// True when value is a T as it stands: nlohmann's get would cut 10.7 to 10 and 2^32 + 8 to 8.
template <typename T>
struct JsonHolds {
  bool operator()(const Json& value) const {
    if constexpr (std::is_same_v<T, bool>) {
      return value.is_boolean();
    } else if constexpr (std::is_integral_v<T>) {
      return value.is_number_unsigned()
                 ? std::in_range<T>(value.get<uint64_t>())
                 : value.is_number_integer() && std::in_range<T>(value.get<int64_t>());
    } else if constexpr (std::is_floating_point_v<T>) {
      return value.is_number();
    } else {
      return true;
    }
  }
};

template <typename T>
struct JsonHolds<std::vector<T>> {
  bool operator()(const Json& value) const {
    return value.is_array() && std::all_of(value.begin(), value.end(), JsonHolds<T>());
  }
};

/// object[key] as T.
/// Errors  json/key when it is absent, of another type, or a number that T does not hold
template <typename T>
T RequireKey(const Json& object, const std::string& key, const std::string& name,
             const std::string& expected) {
  if (!object.is_object() || !object.contains(key)) FailJsonKey(name, key, expected, "no such key");
  const Json& value = object.at(key);
  try {
    if (JsonHolds<T>()(value)) return value.get<T>();
  } catch (const nlohmann::json::exception&) {
    // a text where a number belongs, and the like: said below
  }
  FailJsonKey(name, key, expected, JsonTypeName(value));
}

/// object[key] as T, or fallback when absent.
/// Errors  json/key when it is of another type
template <typename T>
T OptionalKey(const Json& object, const std::string& key, const std::string& name,
              const std::string& expected, T fallback) {
  if (!object.is_object() || !object.contains(key)) return fallback;
  return RequireKey<T>(object, key, name, expected);
}

}  // namespace tinyformer
