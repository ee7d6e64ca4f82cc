// A store in a PostgreSQL database, for the workers of many machines.
#pragma once

#include <memory>
#include <string>

#include "search/store/sql.h"
#include "search/store/store.h"

namespace tinyformer {

/// Connects to postgresql://[user[:password]@][host][:port][/database][?key=value...]; what the URL
/// leaves out comes from libpq's environment (PGUSER, PGPASSWORD, ~/.pgpass). The tables lie in the
/// schema "tinyformer". A connection that breaks later is made anew for options.patience_ms.
///
/// Errors  store/url, store/connection (at once when the first connection does not succeed), and
///         those of SqlConnection. No message holds the password.
std::unique_ptr<SqlConnection> ConnectPostgres(const std::string& url, const StoreOptions& options);

}  // namespace tinyformer
