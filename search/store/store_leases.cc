// Who runs which trial: claiming, renewing and ending leases.
#include <unistd.h>

#include "base/check.h"
#include "base/error.h"
#include "search/store/store.h"
#include "search/store/store_rows.h"

namespace tinyformer {
namespace {

// Names one claim among all that will ever be. Its randomness decides nothing else.
std::string MakeToken() {
  unsigned char bytes[12];
  TF_CHECK(::getentropy(bytes, sizeof bytes) == 0);
  std::string token;
  for (unsigned char byte : bytes) {
    token += "0123456789abcdef"[byte >> 4];
    token += "0123456789abcdef"[byte & 15];
  }
  return token;
}

// A trial that may be claimed: the one of the lowest number.
std::vector<SqlRow> FindClaimable(SqlConnection& connection, int64_t study,
                                  const std::vector<std::string>& kinds, int64_t now) {
  Query query;
  query += "SELECT ";
  query += kTrialColumns;
  query += " FROM trials WHERE study = ";
  query.Value(study).AndIn("kind", kinds);
  query += " AND (state = 'waiting' OR (state = 'running' AND lease_until_ms <= ";
  query.Value(now) += ")) ORDER BY number, kind LIMIT 1";
  query += connection.skip_locked();
  return query.Run(connection);
}

// Its worker vanished. True when that happened too often, and the trial is failed.
bool NoteLoss(SqlConnection& connection, int64_t study, const Trial& trial, int64_t most_losses,
              int64_t now) {
  const Json detail = {{"worker", trial.worker}, {"losses", trial.losses + 1}};
  InsertEvent(connection, study, trial.worker, trial.id, "lost", detail);
  if (trial.losses + 1 < most_losses) {
    connection.Run("UPDATE trials SET losses = losses + 1 WHERE id = $1", {trial.id});
    return false;
  }
  const Json error = ToJson(Error(
      "store/workers-vanished", trial.kind + " " + std::to_string(trial.number),
      "a worker that ends it",
      std::to_string(trial.losses + 1) + " workers that vanished, the last was " + trial.worker,
      "see what ended them, memory for example, then have it made again"));
  connection.Run(
      "UPDATE trials SET losses = losses + 1, state = 'failed', error = $2, finished_ms = $3 "
      "WHERE id = $1",
      {trial.id, JsonText(error), now});
  InsertEvent(connection, study, trial.worker, trial.id, "failed", error);
  return true;
}

// After a transaction was run again: whether its first run was committed, and ended this lease.
bool HasEnded(SqlConnection& connection, const Lease& lease) {
  return !connection
              .Run("SELECT id FROM trials WHERE id = $1 AND lease = $2 AND state <> 'running'",
                   {lease.trial, lease.token})
              .empty();
}

}  // namespace

std::optional<ClaimedTrial> Store::Claim(int64_t study, const ClaimRequest& request) {
  CheckName("the worker's name", request.worker);
  const std::string token = MakeToken();
  const std::string select = "SELECT " + std::string(kTrialColumns) + " FROM trials WHERE ";
  bool is_again = false;
  return Write([&]() -> std::optional<ClaimedTrial> {
    // The first run may have been committed without our hearing of it.
    if (std::exchange(is_again, true)) {
      auto mine = connection_->Run(select + "study = $1 AND lease = $2", {study, token});
      if (!mine.empty()) {
        Trial trial = TrialFromRow(mine[0], name());
        return ClaimedTrial{trial, {trial.id, token}};
      }
    }
    for (;;) {
      const int64_t now = connection_->NowMs();
      auto found = FindClaimable(*connection_, study, request.kinds, now);
      if (found.empty()) return std::nullopt;
      Trial trial = TrialFromRow(found[0], name());
      if (trial.state == TrialState::kRunning &&
          NoteLoss(*connection_, study, trial, request.most_losses, now)) {
        continue;
      }
      connection_->Run(
          "UPDATE trials SET state = 'running', worker = $2, lease = $3, lease_until_ms = $4, "
          "started_ms = $5 WHERE id = $1",
          {trial.id, request.worker, token, now + request.lease_ms, now});
      InsertEvent(*connection_, study, request.worker, trial.id, "claimed", Json::object());
      auto claimed = connection_->Run(select + "id = $1", {trial.id});
      return ClaimedTrial{TrialFromRow(claimed.at(0), name()), {trial.id, token}};
    }
  });
}

bool Store::Renew(const Lease& lease, int64_t lease_ms) {
  return Write([&] {
    return !connection_
                ->Run(
                    "UPDATE trials SET lease_until_ms = $3 "
                    "WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING id",
                    {lease.trial, lease.token, connection_->NowMs() + lease_ms})
                .empty();
  });
}

bool Store::Complete(const Lease& lease, const Json& result) {
  const std::string text = JsonText(result);
  return Write([&] {
    auto rows = connection_->Run(
        "UPDATE trials SET state = 'complete', result = $3, finished_ms = $4 "
        "WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING study, worker",
        {lease.trial, lease.token, text, connection_->NowMs()});
    if (!rows.empty()) {
      InsertEvent(*connection_, SqlInteger(rows[0][0]), SqlText(rows[0][1]), lease.trial,
                  "complete", Json::object());
      return true;
    }
    rows = connection_->Run(
        "SELECT result FROM trials WHERE id = $1 AND lease = $2 AND state = 'complete'",
        {lease.trial, lease.token});
    return !rows.empty() && FirstDifference(SqlText(rows[0][0]), text).key.empty();
  });
}

bool Store::Fail(const Lease& lease, const Json& error, int64_t most_failures) {
  const std::string text = JsonText(error);
  return Write([&] {
    auto rows = connection_->Run(
        "UPDATE trials SET failures = failures + 1, error = $3, "
        "state = CASE WHEN failures + 1 >= $4 THEN 'failed' ELSE 'waiting' END, "
        "finished_ms = CASE WHEN failures + 1 >= $4 THEN CAST($5 AS BIGINT) ELSE NULL END "
        "WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING study, worker, state",
        {lease.trial, lease.token, text, most_failures, connection_->NowMs()});
    if (rows.empty()) return HasEnded(*connection_, lease);
    const bool is_final = SqlText(rows[0][2]) == TrialStateName(TrialState::kFailed);
    InsertEvent(*connection_, SqlInteger(rows[0][0]), SqlText(rows[0][1]), lease.trial,
                is_final ? "failed" : "failure", error);
    return true;
  });
}

bool Store::Release(const Lease& lease) {
  return Write([&] {
    auto rows = connection_->Run(
        "UPDATE trials SET state = 'waiting' "
        "WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING study, worker",
        {lease.trial, lease.token});
    if (rows.empty()) return HasEnded(*connection_, lease);
    InsertEvent(*connection_, SqlInteger(rows[0][0]), SqlText(rows[0][1]), lease.trial, "released",
                Json::object());
    return true;
  });
}

}  // namespace tinyformer
