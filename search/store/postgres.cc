#include "search/store/postgres.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <thread>

#include "base/check.h"
#include "base/interrupt.h"

namespace tinyformer {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;
using Result = std::unique_ptr<PGresult, void (*)(PGresult*)>;

// Object identifiers of PostgreSQL's own types (catalog pg_type); they never change.
constexpr Oid kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kFloat4 = 700, kFloat8 = 701;

// An @ or a / of a password that is not written as %XX: libpq takes what is behind it for a host or
// a database, whose names messages show.
bool HoldsPasswordsRest(std::map<std::string, std::string>& values) {
  return values["host"].find('@', 1) != std::string::npos ||  // at 0: an abstract socket
         (values["user"].empty() && values["dbname"].find('@') != std::string::npos);
}

// What a URL says, by libpq's keywords; nullopt when libpq cannot read it. Its own message would
// repeat the URL, and with it the password.
std::optional<std::map<std::string, std::string>> ParseUrl(const std::string& url) {
  char* message = nullptr;
  std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(url.c_str(), &message), PQconninfoFree);
  PQfreemem(message);
  if (options == nullptr) return std::nullopt;
  std::map<std::string, std::string> values;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  if (HoldsPasswordsRest(values)) return std::nullopt;
  return values;
}

// The address without what is secret.
std::string NameOf(const std::map<std::string, std::string>& address) {
  auto value = [&](const char* key) {
    auto found = address.find(key);
    return found == address.end() ? std::string() : found->second;
  };
  std::string name = "postgresql://";
  if (!value("user").empty()) name += value("user") + "@";
  const bool is_socket = value("host").starts_with("/");
  if (!is_socket) name += value("host");
  if (!value("port").empty()) name += ":" + value("port");
  if (!value("dbname").empty()) name += "/" + value("dbname");
  if (is_socket) name += "?host=" + value("host");
  return name;
}

// libpq's messages end with a line feed, and may have several lines.
std::string OneLine(std::string message) {
  while (!message.empty() && message.back() == '\n') message.pop_back();
  for (size_t at; (at = message.find('\n')) != std::string::npos;) message.replace(at, 1, "; ");
  std::replace(message.begin(), message.end(), '\t', ' ');
  return message.empty() ? "no answer" : message;
}

class PostgresConnection final : public SqlConnection {
 public:
  PostgresConnection(const std::string& url, const StoreOptions& options);

  const std::string& name() const override { return name_; }
  std::vector<SqlRow> Run(const std::string& sql, const std::vector<SqlValue>& values) override;
  void Begin(SqlAccess access) override;
  void Commit() override;
  void Rollback() noexcept override;
  void Recover() override;
  int64_t NowMs() override;
  void LockTables() override;
  std::vector<std::string> Tables() override;
  const char* id_column() const override {
    return "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
  }
  const char* bytes_type() const override { return "BYTEA"; }
  const char* skip_locked() const override { return " FOR UPDATE SKIP LOCKED"; }

 private:
  // True when there is a connection that takes statements; otherwise message_ says why not.
  bool Connect();
  void CheckResult(const PGresult* result);
  [[noreturn]] void FailConnection();
  [[noreturn]] void Fail(const std::string& state, const std::string& message);
  std::string WithoutPassword(std::string text) const;

  std::string url_, name_, password_;
  StoreOptions options_;
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_{nullptr, PQfinish};
  std::string message_;
  // Since when no transaction has been committed for want of a connection.
  std::optional<Clock::time_point> failing_since_;
};

PostgresConnection::PostgresConnection(const std::string& url, const StoreOptions& options)
    : url_(url), options_(options) {
  auto address = ParseUrl(url);
  if (!address) {
    throw Error("store/url", "--store", "postgresql://user@host:port/database",
                "an address that PostgreSQL's library cannot read",
                "write it in this form; special characters as %XX");
  }
  name_ = NameOf(*address);
  password_ = (*address)["password"];
  if (!Connect()) FailConnection();
}

bool PostgresConnection::Connect() {
  // What the URL says itself comes last and counts.
  const char* keywords[] = {"application_name",
                            "connect_timeout",
                            "keepalives_idle",
                            "tcp_user_timeout",
                            "dbname",
                            "client_encoding",
                            nullptr};
  const char* values[] = {"tinyformer", "10", "30", "30000", url_.c_str(), "UTF8", nullptr};
  connection_.reset(PQconnectdbParams(keywords, values, /*expand_dbname=*/1));
  TF_CHECK(connection_ != nullptr);
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  if (PQstatus(connection_.get()) == CONNECTION_OK) {
    // A worker that is stopped inside a transaction must not keep its locks.
    Result result(PQexec(connection_.get(),
                         "SET search_path TO tinyformer; SET extra_float_digits TO 1;"
                         "SET bytea_output TO hex;"
                         "SET idle_in_transaction_session_timeout TO '60s'"),
                  PQclear);
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return true;
  }
  message_ = WithoutPassword(OneLine(PQerrorMessage(connection_.get())));
  return false;
}

std::string PostgresConnection::WithoutPassword(std::string text) const {
  if (password_.empty()) return text;
  for (size_t at = 0; (at = text.find(password_, at)) != std::string::npos; at += 3) {
    text.replace(at, password_.size(), "***");
  }
  return text;
}

void PostgresConnection::FailConnection() {
  throw Error("store/connection", name_, "a PostgreSQL server that lets us in", message_,
              "check that it runs, and host, port, user and database; a password belongs into "
              "~/.pgpass");
}

void PostgresConnection::Begin(SqlAccess access) {
  Run(access == SqlAccess::kRead ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                 : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
      {});
}

void PostgresConnection::Commit() {
  Run("COMMIT", {});
  failing_since_.reset();
}

void PostgresConnection::Rollback() noexcept {
  if (PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return;
  Result result(PQexec(connection_.get(), "ROLLBACK"), PQclear);
}

void PostgresConnection::Recover() {
  if (!failing_since_) failing_since_ = Clock::now();
  const Clock::time_point deadline = *failing_since_ + Milliseconds(options_.patience_ms);
  Rollback();
  if (PQstatus(connection_.get()) != CONNECTION_OK && options_.on_wait) {
    options_.on_wait("lost the connection to " + name_ + " (" + message_ + "); trying again");
  }
  for (Milliseconds pause(50);; pause = std::min(pause * 2, Milliseconds(5'000))) {
    const Clock::time_point until = std::min(Clock::now() + pause, deadline);
    while (Clock::now() < until) {
      ThrowIfInterrupted();
      std::this_thread::sleep_for(Milliseconds(10));
    }
    if (PQstatus(connection_.get()) == CONNECTION_OK || Connect()) break;
    if (Clock::now() >= deadline) FailConnection();
  }
  // A server that takes connections and ends them again does not keep us for ever.
  if (Clock::now() >= deadline) FailConnection();
}

SqlValue ValueOf(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return std::monostate();
  const char* text = PQgetvalue(result, row, column);
  const char* end = text + PQgetlength(result, row, column);
  switch (PQftype(result, column)) {
    case kInt2:
    case kInt4:
    case kInt8: {
      int64_t value = 0;
      TF_CHECK(std::from_chars(text, end, value).ptr == end, text);
      return value;
    }
    case kFloat4:
    case kFloat8: {
      double value = 0;  // from_chars also reads PostgreSQL's NaN and Infinity
      TF_CHECK(std::from_chars(text, end, value).ptr == end, text);
      return value;
    }
    case kBytea: {
      size_t size = 0;
      std::unique_ptr<unsigned char, void (*)(void*)> bytes(
          PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &size), PQfreemem);
      TF_CHECK(bytes != nullptr);
      return SqlBytes{std::string(reinterpret_cast<const char*>(bytes.get()), size)};
    }
    default:
      return std::string(text, end);
  }
}

// A double in the fewest digits that read back as the same double.
std::string ShortestText(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

std::vector<SqlRow> PostgresConnection::Run(const std::string& sql,
                                            const std::vector<SqlValue>& values) {
  std::vector<std::string> texts(values.size());
  std::vector<const char*> pointers(values.size());
  std::vector<int> lengths(values.size()), formats(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (SqlIsNull(values[i])) continue;
    if (const auto* integer = std::get_if<int64_t>(&values[i])) {
      texts[i] = std::to_string(*integer);
    } else if (const auto* real = std::get_if<double>(&values[i])) {
      texts[i] = ShortestText(*real);
    } else if (const auto* bytes = std::get_if<SqlBytes>(&values[i])) {
      texts[i] = bytes->bytes;
      formats[i] = 1;
    } else {
      texts[i] = SqlText(values[i]);
    }
    pointers[i] = texts[i].c_str();
    lengths[i] = static_cast<int>(texts[i].size());
  }
  Result result(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                             nullptr, pointers.data(), lengths.data(), formats.data(), 0),
                PQclear);
  CheckResult(result.get());
  std::vector<SqlRow> rows(static_cast<size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      rows[static_cast<size_t>(row)].push_back(ValueOf(result.get(), row, column));
    }
  }
  return rows;
}

void PostgresConnection::CheckResult(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return;
  const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string state = code == nullptr ? "" : code;
  message_ =
      WithoutPassword(OneLine(primary == nullptr ? PQerrorMessage(connection_.get()) : primary));
  // libpq's own errors have no state: the connection broke, though it may not call it so yet.
  if (state.empty()) connection_.reset();
  // Server stopping or starting, idle for too long; victims of serialisation and of deadlocks.
  const bool is_lost = PQstatus(connection_.get()) != CONNECTION_OK || state.starts_with("08") ||
                       state.starts_with("57P0") || state == "25P03" || state == "40001" ||
                       state == "40P01";
  if (is_lost) throw TransactionLost();
  Fail(state, message_);
}

void PostgresConnection::Fail(const std::string& state, const std::string& message) {
  if (state == "53100") {
    throw Error("store/disk-full", name_, "room for what is to be written", message,
                "free some disk space on the server, then run the same command again: nothing is "
                "half written");
  }
  if (state == "25006") {
    throw Error("store/read-only", name_, "a database that may be written", message,
                "name the server that takes writes, not its copy");
  }
  if (state == "42501") {
    throw Error("store/permission", name_, "the right to use the schema tinyformer", message,
                "let the database's owner run GRANT CREATE ON DATABASE, or let the owner make the "
                "store");
  }
  if (state.starts_with("XX00")) {
    throw Error("store/corrupt", name_, "a whole database", message,
                "look at the server's log, and go on from a backup");
  }
  throw Error("store/database", name_, "a statement that PostgreSQL takes",
              message + " (SQLSTATE " + state + ")",
              "check that no other program has changed the schema tinyformer");
}

int64_t PostgresConnection::NowMs() {
  return SqlInteger(
      Run("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", {})[0][0]);
}

void PostgresConnection::LockTables() {
  Run("SELECT pg_advisory_xact_lock(7305804385369681506)", {});  // a number of our own
  Run("CREATE SCHEMA IF NOT EXISTS tinyformer", {});
}

std::vector<std::string> PostgresConnection::Tables() {
  std::vector<std::string> names;
  for (const SqlRow& row : Run("SELECT CAST(tablename AS TEXT) FROM pg_catalog.pg_tables "
                               "WHERE schemaname = 'tinyformer' ORDER BY tablename",
                               {})) {
    names.push_back(SqlText(row[0]));
  }
  return names;
}

}  // namespace

std::unique_ptr<SqlConnection> ConnectPostgres(const std::string& url,
                                               const StoreOptions& options) {
  return std::make_unique<PostgresConnection>(url, options);
}

}  // namespace tinyformer
