#include "search/store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/check.h"
#include "base/file.h"

namespace tinyformer {
namespace {

using Clock = std::chrono::steady_clock;

class SqliteConnection final : public SqlConnection {
 public:
  SqliteConnection(std::string path, const StoreOptions& options);
  ~SqliteConnection() override { sqlite3_close(database_); }

  const std::string& name() const override { return path_; }
  std::vector<SqlRow> Run(const std::string& sql, const std::vector<SqlValue>& values) override;
  void Begin(SqlAccess access) override {
    Run(access == SqlAccess::kRead ? "BEGIN" : "BEGIN IMMEDIATE", {});
  }
  void Commit() override { Run("COMMIT", {}); }
  void Rollback() noexcept override;
  void Recover() override { TF_CHECK(false); }
  int64_t NowMs() override;
  void LockTables() override {}  // BEGIN IMMEDIATE keeps all others out
  std::vector<std::string> Tables() override;
  const char* id_column() const override { return "INTEGER PRIMARY KEY AUTOINCREMENT"; }
  const char* bytes_type() const override { return "BLOB"; }
  const char* skip_locked() const override { return ""; }

 private:
  void Open(StoreAccess access);
  void CheckContents();
  void UseWriteAheadLog();
  void Bind(sqlite3_stmt* statement, const std::vector<SqlValue>& values);
  [[noreturn]] void Fail(int code);

  std::string path_;
  int64_t patience_ms_;
  sqlite3* database_ = nullptr;
};

// A URI that opens the file as one that nobody changes: without the log's files beside it, which
// a folder that may not be written cannot hold.
std::string ImmutableUri(const std::string& path) {
  std::string uri = "file:";
  for (char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += c == '%' ? "%25" : c == '?' ? "%3f" : "%23";
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

std::string ParentFolder(const std::string& path) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

void CheckFileSystem(const std::string& path) {
  struct statfs info {};
  if (::statfs(ParentFolder(path).c_str(), &info) != 0) return;
  std::string_view system = NetworkFileSystemName(info.f_type);
  if (system.empty()) return;
  throw Error(
      "store/network-file-system", path,
      "a file on a disk of this machine: SQLite needs locks and shared memory",
      "a file on " + std::string(system),
      "name a file on a local disk, or a PostgreSQL server: postgresql://user@host/database");
}

SqliteConnection::SqliteConnection(std::string path, const StoreOptions& options)
    : path_(std::move(path)), patience_ms_(options.patience_ms) {
  struct stat info {};
  bool is_there = ::stat(path_.c_str(), &info) == 0;
  if (is_there && S_ISDIR(info.st_mode)) {
    throw Error("store/is-directory", path_, "the store's file", "a folder",
                "name the file inside it, for example " +
                    (std::filesystem::path(path_) / "search.db").string());
  }
  if (is_there && !S_ISREG(info.st_mode)) {
    throw Error("store/not-a-store", path_, "a store that tinyformer made",
                "a device, a pipe or a socket", "check the path");
  }
  if (!is_there && options.access != StoreAccess::kCreate) {
    throw Error("store/missing", path_, "a store", "nothing at this path",
                "check the path; a search makes the store when it starts");
  }
  if (!is_there) MakeDirectories(ParentFolder(path_));
  if (options.access != StoreAccess::kRead) CheckFileSystem(path_);
  try {
    Open(options.access);
    CheckContents();
    if (options.access != StoreAccess::kRead) UseWriteAheadLog();
  } catch (...) {
    sqlite3_close(database_);
    throw;
  }
}

void SqliteConnection::Open(StoreAccess access) {
  int flags = access == StoreAccess::kCreate  ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
              : access == StoreAccess::kWrite ? SQLITE_OPEN_READWRITE
                                              : SQLITE_OPEN_READONLY;
  // Without a folder in front, ":memory:" would not be a file.
  std::string file = path_[0] == '/' ? path_ : "./" + path_;
  bool is_frozen = access == StoreAccess::kRead &&
                   ::access(ParentFolder(path_).c_str(), W_OK) != 0 &&
                   !std::filesystem::exists(path_ + "-wal");
  if (is_frozen) {
    flags |= SQLITE_OPEN_URI;
    file = ImmutableUri(file);
  }
  int code = sqlite3_open_v2(file.c_str(), &database_, flags, nullptr);
  TF_CHECK(database_ != nullptr, "code", code);
  if (code != SQLITE_OK) Fail(code);
  sqlite3_extended_result_codes(database_, 1);
  sqlite3_busy_timeout(database_, static_cast<int>(std::min<int64_t>(patience_ms_, INT32_MAX)));
  if (access != StoreAccess::kRead && sqlite3_db_readonly(database_, "main") == 1) {
    Fail(SQLITE_READONLY);
  }
}

void SqliteConnection::CheckContents() {
  Run("PRAGMA foreign_keys = ON", {});
  // A transaction that was reported as done outlives a loss of power, too.
  Run("PRAGMA synchronous = FULL", {});
  std::vector<SqlRow> problems = Run("PRAGMA quick_check(1)", {});
  if (problems.empty() || SqlText(problems[0][0]) != "ok") Fail(SQLITE_CORRUPT);
}

void SqliteConnection::UseWriteAheadLog() {
  // While another connection is just doing the same, SQLite does not wait by itself.
  const auto deadline = Clock::now() + std::chrono::milliseconds(patience_ms_);
  while (SqlText(Run("PRAGMA journal_mode", {})[0][0]) != "wal") {
    try {
      Run("PRAGMA journal_mode = WAL", {});
      return;
    } catch (const Error& error) {
      if (error.code() != "store/busy" || Clock::now() > deadline) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

void SqliteConnection::Bind(sqlite3_stmt* statement, const std::vector<SqlValue>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    int at = sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
    TF_CHECK(at > 0, sqlite3_sql(statement), "parameter", i + 1);
    int code = SQLITE_OK;
    if (SqlIsNull(values[i])) {
      code = sqlite3_bind_null(statement, at);
    } else if (const auto* integer = std::get_if<int64_t>(&values[i])) {
      code = sqlite3_bind_int64(statement, at, *integer);
    } else if (const auto* real = std::get_if<double>(&values[i])) {
      code = sqlite3_bind_double(statement, at, *real);
    } else if (const auto* text = std::get_if<std::string>(&values[i])) {
      code = sqlite3_bind_text64(statement, at, text->data(), text->size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    } else {
      const std::string& bytes = std::get<SqlBytes>(values[i]).bytes;
      code = sqlite3_bind_blob64(statement, at, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
    if (code != SQLITE_OK) Fail(code);
  }
}

SqlValue ColumnValue(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_NULL:
      return std::monostate();
    default:
      break;
  }
  bool is_text = sqlite3_column_type(statement, column) == SQLITE_TEXT;
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
  auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
  std::string bytes = data == nullptr ? std::string() : std::string(data, size);
  if (is_text) return bytes;
  return SqlBytes{std::move(bytes)};
}

std::vector<SqlRow> SqliteConnection::Run(const std::string& sql,
                                          const std::vector<SqlValue>& values) {
  sqlite3_stmt* prepared = nullptr;
  errno = 0;
  int code = sqlite3_prepare_v2(database_, sql.c_str(), -1, &prepared, nullptr);
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared, sqlite3_finalize);
  if (code != SQLITE_OK) Fail(code);
  Bind(prepared, values);
  std::vector<SqlRow> rows;
  errno = 0;
  while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
    SqlRow row;
    for (int i = 0; i < sqlite3_column_count(prepared); ++i)
      row.push_back(ColumnValue(prepared, i));
    rows.push_back(std::move(row));
  }
  if (code != SQLITE_DONE) Fail(code);
  return rows;
}

void SqliteConnection::Rollback() noexcept {
  // After a full disk SQLite has done it already.
  if (sqlite3_get_autocommit(database_) == 0) {
    sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

int64_t SqliteConnection::NowMs() {
  return SqlInteger(
      Run("SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER)", {})[0][0]);
}

std::vector<std::string> SqliteConnection::Tables() {
  std::vector<std::string> names;
  for (const SqlRow& row :
       Run("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
           "ORDER BY name",
           {})) {
    names.push_back(SqlText(row[0]));
  }
  return names;
}

void SqliteConnection::Fail(int code) {
  // A failed COMMIT leaves the system's error in errno alone.
  const int last_error = errno;
  int system_error = sqlite3_system_errno(database_);
  if (system_error == 0) system_error = last_error;
  const std::string message = sqlite3_errmsg(database_);
  const int primary = code & 0xff;
  const bool is_out_of_room =
      system_error == ENOSPC || system_error == EFBIG || system_error == EDQUOT;
  if (primary == SQLITE_FULL || (primary == SQLITE_IOERR && is_out_of_room)) {
    throw Error("store/disk-full", path_, "room for what is to be written",
                std::strerror(is_out_of_room ? system_error : ENOSPC),
                "free some disk space, then run the same command again: nothing is half written");
  }
  switch (primary) {
    case SQLITE_NOTADB:
      throw Error("store/not-a-store", path_, "a store that tinyformer made",
                  "a file of another kind", "check the path");
    case SQLITE_CORRUPT:
      throw Error("store/corrupt", path_, "a whole SQLite file", "damaged or missing pages",
                  "go on from a copy of it, or save what sqlite3's .recover can read");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw Error("store/read-only", path_, "a file and a folder that may be written",
                  "no permission to write", "check their permissions and the disk's mount");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error("store/busy", path_,
                  "its lock within " + std::to_string(patience_ms_ / 1000) + " s",
                  "another process that holds it all that time",
                  "end the process that has the file open (fuser " + path_ + ")");
    case SQLITE_CANTOPEN:
      throw Error("store/cannot-open", path_, "a file that can be opened",
                  system_error == 0 ? message : std::strerror(system_error),
                  "check the path and its permissions");
    case SQLITE_IOERR:
      throw Error("store/disk-error", path_, "a disk that reads and writes",
                  system_error == 0 ? message : std::strerror(system_error),
                  "check the disk, then run the same command again");
    default:
      throw Error("store/database", path_, "a statement that SQLite takes", message,
                  "check that no other program has changed the store's tables");
  }
}

}  // namespace

std::unique_ptr<SqlConnection> ConnectSqlite(const std::string& path, const StoreOptions& options) {
  return std::make_unique<SqliteConnection>(path, options);
}

std::string_view NetworkFileSystemName(int64_t statfs_type) {
  switch (static_cast<uint32_t>(statfs_type)) {
    case 0x6969:
      return "NFS";
    case 0x517b:
    case 0xff534d42:
    case 0xfe534d42:
      return "SMB";
    case 0x5346414f:
      return "AFS";
    case 0x0bd00bd0:
      return "Lustre";
    case 0x47504653:
      return "GPFS";
    case 0x19830326:
      return "BeeGFS";
    case 0x00c36400:
      return "Ceph";
    default:
      return "";
  }
}

}  // namespace tinyformer
