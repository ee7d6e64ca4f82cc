// A connection to the database that holds a store, and the little SQL that SQLite and PostgreSQL
// share.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/error.h"

namespace tinyformer {

/// Bytes in a column of that type; a std::string is UTF-8 text without NUL.
struct SqlBytes {
  std::string bytes;
};
/// NULL, BIGINT, DOUBLE PRECISION, TEXT, or bytes.
using SqlValue = std::variant<std::monostate, int64_t, double, std::string, SqlBytes>;
using SqlRow = std::vector<SqlValue>;

/// What a transaction may do. A read-only one never waits for a writer.
enum class SqlAccess { kRead, kWrite };

/// The connection broke, or the server undid the transaction for another's sake: the same
/// transaction is to be run again after Recover. Never leaves Transact.
class TransactionLost : public std::exception {};

/// One connection, for one thread at a time.
///
/// SQL     Written once for both: parameters $1, $2, ...; INSERT ... ON CONFLICT; RETURNING. What
///         differs is asked for: id_column, bytes_type, skip_locked, NowMs, Tables.
/// Errors  store/corrupt, store/not-a-store, store/disk-full, store/read-only, store/disk-error,
///         store/busy, store/connection, store/permission, store/database
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;

  /// The store by the user's name for it: its path, or its URL without a password.
  virtual const std::string& name() const = 0;

  /// Runs one statement; values[0] is $1. The rows that it returns.
  virtual std::vector<SqlRow> Run(const std::string& sql,
                                  const std::vector<SqlValue>& values = {}) = 0;

  virtual void Begin(SqlAccess access) = 0;
  virtual void Commit() = 0;
  /// Ends a transaction without a trace; nothing when there is none.
  virtual void Rollback() noexcept = 0;
  /// After TransactionLost: connects again, or throws store/connection when that has not worked for
  /// a while.
  /// Errors  Interrupted
  virtual void Recover() = 0;

  /// The database's clock, in milliseconds since 1970: the one clock that leases are compared on.
  virtual int64_t NowMs() = 0;
  /// Keeps others from creating the tables until the transaction ends.
  virtual void LockTables() = 0;
  /// The tables that there are, in order of their names.
  virtual std::vector<std::string> Tables() = 0;

  /// Type of a key that counts up by itself.
  virtual const char* id_column() const = 0;
  virtual const char* bytes_type() const = 0;
  /// After a SELECT: locks its rows and passes over those that another worker has locked.
  virtual const char* skip_locked() const = 0;
};

/// Runs body in a transaction: all of it happens, or nothing. It is run again when the connection
/// broke on the way, so a body must do no harm when what it did was committed after all.
///
/// Errors  the body's, and store/contents when a value is not of the type that the body asks for
template <typename Body>
auto Transact(SqlConnection& connection, SqlAccess access, Body&& body) -> decltype(body()) {
  for (;;) {
    try {
      connection.Begin(access);
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        connection.Commit();
        return;
      } else {
        auto result = body();
        connection.Commit();
        return result;
      }
    } catch (const TransactionLost&) {
      connection.Recover();
    } catch (const std::bad_variant_access&) {
      connection.Rollback();
      throw Error("store/contents", connection.name(), "the values that tinyformer writes",
                  "a column that holds another type",
                  "go on from a copy: another program has changed it");
    } catch (...) {
      connection.Rollback();
      throw;
    }
  }
}

inline int64_t SqlInteger(const SqlValue& value) { return std::get<int64_t>(value); }
inline const std::string& SqlText(const SqlValue& value) { return std::get<std::string>(value); }
inline bool SqlIsNull(const SqlValue& value) {
  return std::holds_alternative<std::monostate>(value);
}

}  // namespace tinyformer
