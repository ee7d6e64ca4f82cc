// What trials leave behind: metrics, artifacts and events.
#include <cmath>
#include <filesystem>
#include <limits>

#include "base/check.h"
#include "base/file.h"
#include "search/store/store.h"
#include "search/store/store_rows.h"

namespace tinyformer {
namespace {

// Locks the trial, so that nobody takes it over before the transaction ends.
bool Holds(SqlConnection& connection, const Lease& lease) {
  return !connection
              .Run(
                  "UPDATE trials SET lease = lease "
                  "WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING id",
                  {lease.trial, lease.token})
              .empty();
}

// Whether a path stays below the folder that it is relative to.
bool IsBelow(const std::string& path) {
  std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
  return !normal.empty() && normal.is_relative() && *normal.begin() != ".." && normal != ".";
}

bool PutRow(SqlConnection& connection, const Lease& lease, const Artifact& artifact,
            const SqlValue& bytes) {
  if (!Holds(connection, lease)) return false;
  connection.Run(
      "INSERT INTO artifacts (trial, name, checksum, size_bytes, path, bytes) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (trial, name) DO UPDATE SET "
      "checksum = excluded.checksum, size_bytes = excluded.size_bytes, path = excluded.path, "
      "bytes = excluded.bytes",
      {lease.trial, artifact.name, artifact.checksum, artifact.size_bytes,
       artifact.path.empty() ? SqlValue() : SqlValue(artifact.path), bytes});
  return true;
}

}  // namespace

bool Store::AddMetrics(const Lease& lease, const std::vector<Metric>& metrics) {
  for (const Metric& metric : metrics) CheckName("the metric's name", metric.name);
  return Write([&] {
    if (!Holds(*connection_, lease)) return false;
    for (const Metric& metric : metrics) {
      // SQLite has no NaN; NULL stands for it in both.
      SqlValue value = std::isnan(metric.value) ? SqlValue() : SqlValue(metric.value);
      connection_->Run(
          "INSERT INTO metrics (trial, name, step, value) VALUES ($1, $2, $3, $4) "
          "ON CONFLICT (trial, name, step) DO UPDATE SET value = excluded.value",
          {lease.trial, metric.name, metric.step, value});
    }
    return true;
  });
}

std::vector<Metric> Store::Metrics(int64_t trial) {
  return Read([&] {
    std::vector<Metric> metrics;
    for (const SqlRow& row : connection_->Run(
             "SELECT name, step, value FROM metrics WHERE trial = $1 ORDER BY name, step",
             {trial})) {
      double value =
          SqlIsNull(row[2]) ? std::numeric_limits<double>::quiet_NaN() : std::get<double>(row[2]);
      metrics.push_back({SqlText(row[0]), SqlInteger(row[1]), value});
    }
    return metrics;
  });
}

bool Store::PutArtifact(const Lease& lease, const std::string& name, std::string_view bytes) {
  CheckName("the artifact's name", name);
  TF_CHECK(bytes.size() <= kMostArtifactBytes, "bytes", bytes.size());
  const Artifact artifact = {name, Checksum(bytes), static_cast<int64_t>(bytes.size()), ""};
  const SqlValue value = SqlBytes{std::string(bytes)};
  return Write([&] { return PutRow(*connection_, lease, artifact, value); });
}

bool Store::PutArtifactFile(const Lease& lease, const std::string& name, const std::string& folder,
                            const std::string& path) {
  CheckName("the artifact's name", name);
  CheckName("the artifact's path", path);
  TF_CHECK(IsBelow(path), "path", path);
  const std::string bytes = ReadFile((std::filesystem::path(folder) / path).string());
  const Artifact artifact = {name, Checksum(bytes), static_cast<int64_t>(bytes.size()), path};
  return Write([&] { return PutRow(*connection_, lease, artifact, SqlValue()); });
}

std::vector<Artifact> Store::Artifacts(int64_t trial) {
  return Read([&] {
    std::vector<Artifact> artifacts;
    for (const SqlRow& row :
         connection_->Run("SELECT name, checksum, size_bytes, path FROM artifacts WHERE trial = $1 "
                          "ORDER BY name",
                          {trial})) {
      artifacts.push_back(
          {SqlText(row[0]), SqlText(row[1]), SqlInteger(row[2]), TextOrEmpty(row[3])});
    }
    return artifacts;
  });
}

std::string Store::ReadArtifact(int64_t trial, const std::string& name, const std::string& folder) {
  const std::string where =
      "artifact '" + name + "' of trial " + std::to_string(trial) + " in " + this->name();
  std::string checksum, path, bytes;
  Read([&] {
    auto rows = connection_->Run(
        "SELECT checksum, path, bytes FROM artifacts WHERE trial = $1 AND name = $2",
        {trial, name});
    if (rows.empty()) {
      throw Error("store/artifact-missing", where, "an artifact of this name", "none",
                  "look at the table artifacts: which names has this trial?");
    }
    checksum = SqlText(rows[0][0]);
    path = TextOrEmpty(rows[0][1]);
    if (path.empty()) bytes = std::get<SqlBytes>(rows[0][2]).bytes;
  });
  if (!path.empty()) {
    if (!IsBelow(path)) {
      throw Error("store/contents", where, "a path below the study's folder", path,
                  "go on from a copy: another program has changed it");
    }
    bytes = ReadFile((std::filesystem::path(folder) / path).string());
  }
  if (Checksum(bytes) != checksum) {
    throw Error("store/artifact-checksum", where, "bytes with the checksum " + checksum,
                Checksum(bytes), "remove the trial's files and run it again, or use a copy");
  }
  return bytes;
}

void Store::AddEvent(int64_t study, const std::string& worker, std::string_view kind,
                     const Json& detail, int64_t trial) {
  CheckName("the event's kind", std::string(kind));
  if (!worker.empty()) CheckName("the worker's name", worker);
  Write([&] { InsertEvent(*connection_, study, worker, trial, kind, detail); });
}

std::vector<Event> Store::Events(int64_t study, int64_t after, int64_t most) {
  return Read([&] {
    std::vector<Event> events;
    for (const SqlRow& row :
         connection_->Run("SELECT id, at_ms, worker, trial, kind, detail FROM events "
                          "WHERE study = $1 AND id > $2 ORDER BY id LIMIT $3",
                          {study, after, most})) {
      events.push_back({SqlInteger(row[0]), SqlInteger(row[1]), SqlText(row[2]),
                        SqlIsNull(row[3]) ? 0 : SqlInteger(row[3]), SqlText(row[4]),
                        JsonFromColumn(row[5], name())});
    }
    return events;
  });
}

}  // namespace tinyformer
