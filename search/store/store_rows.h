// What the parts of the store share: texts of statements, and rows as structs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/store/sql.h"
#include "search/store/store.h"

namespace tinyformer {

/// A statement that grows together with its values.
struct Query {
  std::string sql;
  std::vector<SqlValue> values;

  Query& operator+=(std::string_view text) {
    sql += text;
    return *this;
  }
  /// A parameter with this value.
  Query& Value(SqlValue value) {
    values.push_back(std::move(value));
    sql += "$" + std::to_string(values.size());
    return *this;
  }
  /// " AND column IN (...)"; nothing for an empty list.
  Query& AndIn(const char* column, const std::vector<std::string>& texts) {
    for (size_t i = 0; i < texts.size(); ++i) {
      sql += i == 0 ? std::string(" AND ") + column + " IN (" : ", ";
      Value(texts[i]);
    }
    if (!texts.empty()) sql += ")";
    return *this;
  }
  std::vector<SqlRow> Run(SqlConnection& connection) const { return connection.Run(sql, values); }
};

/// The columns that TrialFromRow reads, in its order.
inline constexpr std::string_view kTrialColumns =
    "id, kind, number, payload, state, result, error, worker, lease_until_ms, failures, losses, "
    "created_ms, started_ms, finished_ms";
Trial TrialFromRow(const SqlRow& row, const std::string& store);

/// Json from a column; null from NULL.
Json JsonFromColumn(const SqlValue& value, const std::string& store);
std::string TextOrEmpty(const SqlValue& value);

/// Text that both databases hold as it is.
/// Errors  store/name when it is empty, longer than 500 bytes, not UTF-8 or has control characters
void CheckName(const std::string& what, const std::string& name);

/// Where two JSON texts differ first. key: its path, such as "paths.expansion"; empty when they do
/// not differ.
struct JsonDifference {
  std::string key;
  std::string first;
  std::string second;
};
JsonDifference FirstDifference(const std::string& first, const std::string& second);

/// One row of the log; trial 0: of none.
void InsertEvent(SqlConnection& connection, int64_t study, const std::string& worker, int64_t trial,
                 std::string_view kind, const Json& detail);

template <typename Body>
auto Store::Read(Body&& body) {
  std::lock_guard<std::mutex> lock(mutex_);
  return Transact(*connection_, SqlAccess::kRead, body);
}

template <typename Body>
auto Store::Write(Body&& body) {
  std::lock_guard<std::mutex> lock(mutex_);
  return Transact(*connection_, SqlAccess::kWrite, body);
}

}  // namespace tinyformer
