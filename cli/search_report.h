// What `tinyformer report` shows of a search, from its record.
#pragma once

#include "report/reported_search.h"
#include "search/record.h"

namespace tinyformer {

/// The record as the report takes it: trials, the best network's parts, marginal means of choices,
/// rank correlations. A search that goes on has what has ended.
///
/// Errors  json/*, genome/* for payloads that are not ours
ReportedSearch ReportSearch(const SearchRecord& record);

}  // namespace tinyformer
