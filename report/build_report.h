// The report: one HTML file that needs nothing else, readable offline, on paper and on a phone.
#pragma once

#include <string>

#include "report/report_input.h"

namespace tinyformer {

/// The page as UTF-8 text. No script, no link to anything outside, every text from the input
/// escaped; a number that was not measured is named as such, with the command that measures it. The
/// same input gives the same bytes.
///
/// Errors  none: ReadReportInput has checked the input
std::string BuildReport(const ReportInput& input);

}  // namespace tinyformer
