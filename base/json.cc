#include "base/json.h"

#include <algorithm>

#include "base/file.h"

template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace tinyformer {

Json ParseJson(std::string_view text, const std::string& name) {
  // Copies and texts of a value take stack for each level.
  constexpr int kMostLevels = 64;
  const auto require_levels = [&](int depth, Json::parse_event_t, Json&) {
    if (depth <= kMostLevels) return true;
    throw Error("json/syntax", name, "at most " + std::to_string(kMostLevels) + " levels",
                "lists or objects within each other, deeper than that", "correct the file");
  };
  try {
    return Json::parse(text.begin(), text.end(), require_levels);
  } catch (const nlohmann::json::parse_error& error) {
    size_t at = std::min(error.byte == 0 ? size_t{0} : error.byte - 1, text.size());
    size_t line = 1 + static_cast<size_t>(
                          std::count(text.begin(), text.begin() + static_cast<long>(at), '\n'));
    size_t start = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    size_t column = start == std::string_view::npos ? at + 1 : at - start;
    throw Error("json/syntax", name, "JSON",
                text.empty() ? "an empty file"
                             : "a syntax error at line " + std::to_string(line) + ", column " +
                                   std::to_string(column),
                "correct the file there");
  } catch (const nlohmann::json::out_of_range& error) {  // "... number overflow parsing '1e999'"
    const std::string what = error.what();
    const size_t number = what.find('\'');
    throw Error("json/syntax", name, "numbers that a double holds",
                number == std::string::npos ? "a larger one" : what.substr(number),
                "correct that number in the file");
  }
}

Json ReadJson(const std::string& path) {
  return ParseJson(ReadFile(path, uint64_t{1} << 30), path);
}

std::string JsonText(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string JsonTypeName(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::string:
      return "the text \"" + value.get<std::string>() + "\"";
    case Json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    default:
      return "the number " + value.dump();
  }
}

Json ToJson(const Error& error) {
  return {{"code", error.code()},
          {"where", error.where()},
          {"expected", error.expected()},
          {"found", error.found()},
          {"fix", error.fix()}};
}

void FailJsonKey(const std::string& name, const std::string& key, const std::string& expected,
                 const std::string& found) {
  throw Error("json/key", name + ": key '" + key + "'", expected, found,
              "correct this key in the file");
}

}  // namespace tinyformer
