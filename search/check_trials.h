// CheckTrials: the JSON that a search finds in its store is what a search wrote.
#pragma once

#include <string>
#include <vector>

#include "search/settings.h"
#include "search/store/store.h"

namespace tinyformer {

/// Payloads, results and errors have all that is read of them: points lie in the space, supernets
/// and candidates that they name are there, genomes are whole. After it they are trusted. `store`
/// is what the user calls it.
///
/// Errors  store/contents (the trial, and what of it is something else)
void CheckTrials(const SearchSettings& settings, const std::vector<Trial>& trials,
                 const std::string& store);

}  // namespace tinyformer
