#include "search/store/store_rows.h"

#include <algorithm>
#include <set>

namespace tinyformer {
namespace {

TrialState TrialStateFromName(const std::string& name, const std::string& store) {
  for (TrialState state :
       {TrialState::kWaiting, TrialState::kRunning, TrialState::kComplete, TrialState::kFailed}) {
    if (name == TrialStateName(state)) return state;
  }
  throw Error("store/contents", store, "a trial that is waiting, running, complete or failed",
              "state '" + name + "'", "go on from a copy: another program has changed it");
}

int64_t IntegerOrZero(const SqlValue& value) { return SqlIsNull(value) ? 0 : SqlInteger(value); }

// As text for a message: short enough for one line.
std::string Shown(const nlohmann::json* value) {
  constexpr size_t kMost = 200;
  if (value == nullptr) return "nothing";
  std::string text = value->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  return text;
}

// nlohmann::json rather than Json: the order of keys does not matter here.
JsonDifference Compare(const std::string& key, const nlohmann::json* first,
                       const nlohmann::json* second) {
  if (first != nullptr && second != nullptr) {
    if (*first == *second) return {};
    if (first->is_object() && second->is_object()) {
      std::set<std::string> names;
      for (const auto* object : {first, second}) {
        for (const auto& item : object->items()) names.insert(item.key());
      }
      auto member = [](const nlohmann::json& object, const std::string& name) {
        auto found = object.find(name);
        return found == object.end() ? nullptr : &*found;
      };
      for (const std::string& name : names) {
        JsonDifference inner = Compare(key.empty() ? name : key + "." + name, member(*first, name),
                                       member(*second, name));
        if (!inner.key.empty()) return inner;
      }
    }
  }
  return {key.empty() ? "(all of it)" : key, Shown(first), Shown(second)};
}

}  // namespace

std::string_view TrialStateName(TrialState state) {
  switch (state) {
    case TrialState::kWaiting:
      return "waiting";
    case TrialState::kRunning:
      return "running";
    case TrialState::kComplete:
      return "complete";
    case TrialState::kFailed:
      return "failed";
  }
  return "";
}

Trial TrialFromRow(const SqlRow& row, const std::string& store) {
  Trial trial;
  trial.id = SqlInteger(row[0]);
  trial.kind = SqlText(row[1]);
  trial.number = SqlInteger(row[2]);
  trial.payload = JsonFromColumn(row[3], store);
  trial.state = TrialStateFromName(SqlText(row[4]), store);
  trial.result = JsonFromColumn(row[5], store);
  trial.error = JsonFromColumn(row[6], store);
  trial.worker = TextOrEmpty(row[7]);
  trial.lease_until_ms = IntegerOrZero(row[8]);
  trial.failures = SqlInteger(row[9]);
  trial.losses = SqlInteger(row[10]);
  trial.created_ms = SqlInteger(row[11]);
  trial.started_ms = IntegerOrZero(row[12]);
  trial.finished_ms = IntegerOrZero(row[13]);
  return trial;
}

Json JsonFromColumn(const SqlValue& value, const std::string& store) {
  if (SqlIsNull(value)) return {};
  try {
    return ParseJson(SqlText(value), store);
  } catch (const Error& error) {
    if (error.code() != "json/syntax") throw;
    throw Error("store/contents", store, "columns of JSON", error.found(),
                "go on from a copy: the file is damaged, or another program has changed it");
  }
}

std::string TextOrEmpty(const SqlValue& value) {
  return SqlIsNull(value) ? std::string() : SqlText(value);
}

void CheckName(const std::string& what, const std::string& name) {
  constexpr size_t kMostBytes = 500;
  std::string found;
  if (name.empty()) {
    found = "nothing";
  } else if (name.size() > kMostBytes) {
    found = std::to_string(name.size()) + " bytes";
  } else if (std::any_of(name.begin(), name.end(),
                         [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    found = "control characters";
  } else if (JsonText(name) != Json(name).dump(-1, ' ', false, Json::error_handler_t::ignore)) {
    found = "bytes that are not UTF-8";
  } else {
    return;
  }
  throw Error("store/name", what, "1 to 500 bytes of printable UTF-8", found, "use another name");
}

JsonDifference FirstDifference(const std::string& first, const std::string& second) {
  if (first == second) return {};
  nlohmann::json a = nlohmann::json::parse(first, nullptr, false);
  nlohmann::json b = nlohmann::json::parse(second, nullptr, false);
  return Compare("", &a, &b);
}

void InsertEvent(SqlConnection& connection, int64_t study, const std::string& worker, int64_t trial,
                 std::string_view kind, const Json& detail) {
  connection.Run(
      "INSERT INTO events (study, at_ms, worker, trial, kind, detail) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      {study, connection.NowMs(), worker, trial == 0 ? SqlValue() : SqlValue(trial),
       std::string(kind), JsonText(detail)});
}

}  // namespace tinyformer
