#include "search/store/store.h"

#include <algorithm>

#include "search/store/postgres.h"
#include "search/store/schema.h"
#include "search/store/sqlite.h"
#include "search/store/store_rows.h"

namespace tinyformer {
namespace {

Study StudyFromRow(const SqlRow& row, const std::string& store) {
  return {SqlInteger(row[0]), SqlText(row[1]), JsonFromColumn(row[2], store), SqlText(row[3]),
          SqlInteger(row[4])};
}

void CheckSettings(const SqlRow& row, const std::string& settings, const std::string& fingerprint,
                   const std::string& store) {
  JsonDifference difference = FirstDifference(SqlText(row[2]), settings);
  if (difference.key.empty() && SqlText(row[3]) != fingerprint) {
    difference = {"fingerprint", SqlText(row[3]), fingerprint};
  }
  if (difference.key.empty()) return;
  throw Error(
      "store/other-settings", "study '" + SqlText(row[1]) + "' in " + store,
      difference.key + " = " + difference.first + ", as when the study was made",
      difference.key + " = " + difference.second,
      "go on with the settings that it was made with (tinyformer search --worker does), or take "
      "another store");
}

}  // namespace

Store::Store(std::unique_ptr<SqlConnection> connection, StoreAccess access)
    : connection_(std::move(connection)) {
  PrepareTables(*connection_, access);
}

Store::~Store() = default;

const std::string& Store::name() const { return connection_->name(); }

Study Store::OpenStudy(const std::string& name, const Json& settings,
                       const std::string& fingerprint) {
  CheckName("the study's name", name);
  CheckName("the study's fingerprint", fingerprint);
  const std::string text = JsonText(settings);
  return Write([&] {
    connection_->Run(
        "INSERT INTO studies (name, settings, fingerprint, created_ms) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (name) DO NOTHING",
        {name, text, fingerprint, connection_->NowMs()});
    SqlRow row = connection_->Run(
        "SELECT id, name, settings, fingerprint, created_ms FROM studies WHERE name = $1",
        {name})[0];
    CheckSettings(row, text, fingerprint, this->name());
    return StudyFromRow(row, this->name());
  });
}

std::vector<Study> Store::Studies() {
  return Read([&] {
    std::vector<Study> studies;
    for (const SqlRow& row : connection_->Run(
             "SELECT id, name, settings, fingerprint, created_ms FROM studies ORDER BY id")) {
      studies.push_back(StudyFromRow(row, name()));
    }
    return studies;
  });
}

void Store::AddTrials(int64_t study, const std::vector<NewTrial>& trials) {
  // In one order, so that two writers never wait for each other.
  std::vector<const NewTrial*> sorted;
  for (const NewTrial& trial : trials) {
    CheckName("the trial's kind", trial.kind);
    sorted.push_back(&trial);
  }
  std::sort(sorted.begin(), sorted.end(), [](const NewTrial* a, const NewTrial* b) {
    return std::tie(a->kind, a->number) < std::tie(b->kind, b->number);
  });
  Write([&] {
    const int64_t now = connection_->NowMs();
    int64_t added = 0;
    for (const NewTrial* trial : sorted) {
      const std::string payload = JsonText(trial->payload);
      auto ids = connection_->Run(
          "INSERT INTO trials (study, kind, number, payload, state, failures, losses, created_ms) "
          "VALUES ($1, $2, $3, $4, 'waiting', 0, 0, $5) "
          "ON CONFLICT (study, kind, number) DO NOTHING RETURNING id",
          {study, trial->kind, trial->number, payload, now});
      added += static_cast<int64_t>(ids.size());
      if (!ids.empty()) continue;
      auto rows = connection_->Run(
          "SELECT payload FROM trials WHERE study = $1 AND kind = $2 AND number = $3",
          {study, trial->kind, trial->number});
      JsonDifference difference = FirstDifference(SqlText(rows.at(0)[0]), payload);
      if (difference.key.empty()) continue;
      throw Error("store/other-payload",
                  "trial '" + trial->kind + " " + std::to_string(trial->number) + "' in " + name(),
                  difference.key + " = " + difference.first + ", as it is there",
                  difference.key + " = " + difference.second,
                  "let workers of one study be of the same version: two of them disagree");
    }
    if (added > 0) {
      InsertEvent(*connection_, study, "", 0, "added",
                  {{"kind", sorted[0]->kind}, {"trials", added}});
    }
  });
}

std::vector<Trial> Store::Trials(int64_t study, const TrialFilter& filter) {
  std::vector<std::string> states;
  for (TrialState state : filter.states) states.emplace_back(TrialStateName(state));
  Query query;
  query += "SELECT ";
  query += kTrialColumns;
  query += " FROM trials WHERE study = ";
  query.Value(study) += " AND number >= ";
  query.Value(filter.first) += " AND number < ";
  query.Value(filter.end);
  query.AndIn("kind", filter.kinds).AndIn("state", states);
  query += " ORDER BY kind, number";
  return Read([&] {
    std::vector<Trial> trials;
    for (const SqlRow& row : query.Run(*connection_)) trials.push_back(TrialFromRow(row, name()));
    return trials;
  });
}

int64_t Store::RetryFailed(int64_t study, const std::vector<std::string>& kinds) {
  Query query;
  query +=
      "UPDATE trials SET state = 'waiting', failures = 0, losses = 0, finished_ms = NULL "
      "WHERE state = 'failed' AND study = ";
  query.Value(study).AndIn("kind", kinds) += " RETURNING id";
  return Write([&] {
    auto ids = query.Run(*connection_);
    for (const SqlRow& row : ids) {
      InsertEvent(*connection_, study, "", SqlInteger(row[0]), "retried", Json::object());
    }
    return static_cast<int64_t>(ids.size());
  });
}

bool IsServerUrl(const std::string& url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::unique_ptr<Store> OpenStore(const std::string& url, const StoreOptions& options) {
  constexpr std::string_view kSqlite = "sqlite:";
  auto fail = [](const std::string& found) {
    throw Error("store/url", "--store",
                "a path, sqlite:PATH or postgresql://user@host:port/database", found,
                "name the store in one of these forms, for example out/search.db");
  };
  if (IsServerUrl(url)) {
    return std::make_unique<Store>(ConnectPostgres(url, options), options.access);
  }
  // Of another address nothing but the scheme is shown: the rest may hold a password.
  const bool is_sqlite = url.starts_with(kSqlite);
  const size_t scheme = url.find("://");
  if (!is_sqlite && scheme != std::string::npos) fail(url.substr(0, scheme) + "://...");
  const std::string path = is_sqlite ? url.substr(kSqlite.size()) : url;
  if (path.empty() || path.find('\0') != std::string::npos) fail("no path");
  return std::make_unique<Store>(ConnectSqlite(path, options), options.access);
}

}  // namespace tinyformer
