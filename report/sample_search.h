// For tests: a search with made-up but plausible numbers, of every kind of trial and outcome.
#pragma once

#include "report/reported_search.h"

namespace tinyformer {

/// 8 supernets, 24 screened candidates of which some are stopped and one fails, the compression
/// stage, 12 paths and 9 random networks trained alone. The names hold `name`, which may be any
/// text. The same arguments give the same search.
ReportedSearch SampleSearch(const std::string& name = "sample");

}  // namespace tinyformer
