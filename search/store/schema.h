// The store's tables, and the version of their format.
#pragma once

#include "search/store/sql.h"
#include "search/store/store.h"

namespace tinyformer {

inline constexpr int64_t kStoreFormat = 1;

/// Makes the tables where there are none (kCreate only), and checks that they are ours.
///
/// Errors  store/missing, store/not-a-store, store/other-version
void PrepareTables(SqlConnection& connection, StoreAccess access);

}  // namespace tinyformer
