#include "search/store/schema.h"

#include <algorithm>

namespace tinyformer {
namespace {

// JSON is TEXT: as it was written, byte for byte. docs/store.md explains every column.
std::vector<std::string> Statements(const SqlConnection& connection) {
  const std::string id = std::string("id ") + connection.id_column();
  return {
      "CREATE TABLE tinyformer_store (format BIGINT NOT NULL)",
      "CREATE TABLE studies (" + id +
          ", name TEXT NOT NULL UNIQUE, settings TEXT NOT NULL,"
          " fingerprint TEXT NOT NULL, created_ms BIGINT NOT NULL)",
      "CREATE TABLE trials (" + id +
          ", study BIGINT NOT NULL REFERENCES studies(id), kind TEXT NOT NULL,"
          " number BIGINT NOT NULL, payload TEXT NOT NULL,"
          " state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'complete', 'failed')),"
          " result TEXT, error TEXT, worker TEXT, lease TEXT, lease_until_ms BIGINT,"
          " failures BIGINT NOT NULL, losses BIGINT NOT NULL,"
          " created_ms BIGINT NOT NULL, started_ms BIGINT, finished_ms BIGINT,"
          " UNIQUE (study, kind, number),"
          " CHECK (state <> 'running' OR (lease IS NOT NULL AND lease_until_ms IS NOT NULL)),"
          " CHECK (state <> 'complete' OR result IS NOT NULL))",
      "CREATE INDEX trials_by_state ON trials (study, state, number)",
      "CREATE TABLE metrics (trial BIGINT NOT NULL REFERENCES trials(id), name TEXT NOT NULL,"
      " step BIGINT NOT NULL, value DOUBLE PRECISION, PRIMARY KEY (trial, name, step))",
      std::string("CREATE TABLE artifacts (trial BIGINT NOT NULL REFERENCES trials(id),"
                  " name TEXT NOT NULL, checksum TEXT NOT NULL, size_bytes BIGINT NOT NULL,"
                  " path TEXT, bytes ") +
          connection.bytes_type() +
          ", PRIMARY KEY (trial, name), CHECK ((path IS NULL) <> (bytes IS NULL)))",
      "CREATE TABLE events (" + id +
          ", study BIGINT NOT NULL REFERENCES studies(id), at_ms BIGINT NOT NULL,"
          " worker TEXT NOT NULL, trial BIGINT REFERENCES trials(id), kind TEXT NOT NULL,"
          " detail TEXT NOT NULL)",
      "CREATE INDEX events_by_study ON events (study, id)",
  };
}

// Whether the tables are there and ours; false when there are none at all.
bool HasTables(SqlConnection& connection) {
  std::vector<std::string> tables = connection.Tables();
  if (tables.empty()) return false;
  if (std::find(tables.begin(), tables.end(), "tinyformer_store") == tables.end()) {
    throw Error("store/not-a-store", connection.name(), "a store that tinyformer made",
                "a database with other tables: " + tables[0], "check the path");
  }
  std::vector<SqlRow> rows = connection.Run("SELECT format FROM tinyformer_store");
  int64_t format = rows.size() == 1 ? SqlInteger(rows[0][0]) : 0;
  if (format != kStoreFormat) {
    throw Error("store/other-version", connection.name(),
                "a store of format " + std::to_string(kStoreFormat),
                "format " + std::to_string(format),
                "use the version of tinyformer that made it, or name a new store");
  }
  return true;
}

}  // namespace

void PrepareTables(SqlConnection& connection, StoreAccess access) {
  if (Transact(connection, SqlAccess::kRead, [&] { return HasTables(connection); })) return;
  if (access != StoreAccess::kCreate) {
    throw Error("store/missing", connection.name(), "a store", "a database without tables",
                "check the path; a search makes the store when it starts");
  }
  Transact(connection, SqlAccess::kWrite, [&] {
    connection.LockTables();
    if (HasTables(connection)) return;  // made by another worker meanwhile
    for (const std::string& statement : Statements(connection)) connection.Run(statement);
    connection.Run("INSERT INTO tinyformer_store (format) VALUES ($1)", {kStoreFormat});
  });
}

}  // namespace tinyformer
