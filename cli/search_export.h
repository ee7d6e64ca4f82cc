// A search in another program's format.
#pragma once

#include <string>

#include "cli/command.h"

namespace tinyformer {

/// Writes the search of the store as Optuna's journal: studies "supernets" and "candidates". json:
/// journal, studies (name and number of trials). Only reads the store.
///
/// Errors  file/write-failed (before the store is read), search/no-study, those of Store
Answer ExportToOptuna(const std::string& store, const std::string& journal);

}  // namespace tinyformer
