// A store in one SQLite file, for the workers of one machine.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "search/store/sql.h"
#include "search/store/store.h"

namespace tinyformer {

/// Opens the file and reads all of it once (PRAGMA quick_check). Made with StoreAccess::kCreate,
/// with its folders.
///
/// Errors  store/missing, store/is-directory, store/network-file-system, store/cannot-open,
///         file/write-failed (its folder), and those of SqlConnection
std::unique_ptr<SqlConnection> ConnectSqlite(const std::string& path, const StoreOptions& options);

/// The name of the network file system that statfs calls by this number; empty for others. Locks
/// and shared memory, which SQLite needs, do not work between the machines of such a one.
std::string_view NetworkFileSystemName(int64_t statfs_type);

}  // namespace tinyformer
