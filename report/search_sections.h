// The report's sections about a search: each turns its part of ReportedSearch into an HTML
// fragment, or says what is missing.
#pragma once

#include <string>

#include "report/plots.h"
#include "report/report_input.h"
#include "report/reported_search.h"

namespace tinyformer {

/// What was searched, and what each stage has come to.
std::string SearchSection(const ReportedSearch& search);
/// Accuracy against flash, RAM and cycles, all candidates, their fronts and limits.
std::string ParetoSection(const ReportedSearch& search);
/// Every trial in its order, and the workers.
std::string EvolutionSection(const ReportedSearch& search);
/// The best network's parts: drawing and table. Of input, the firmware's layers.
std::string ArchitectureSection(const ReportedSearch& search, const ReportInput& input);
/// Marginal means of every choice.
std::string ChoicesSection(const ReportedSearch& search);
/// The supernet's order of paths against that of training alone; random networks against the
/// winner. Empty when the search makes no such checks.
std::string ChecksSection(const ReportedSearch& search);
/// Alg. 1's histogram of parameters; empty when the space was not analysed.
std::string SpaceSection(const ReportedSearch& search);

/// The histogram of a space's parameters, with the band of Alg. 1.
Histogram ParameterHistogram(const std::string& space, const ReportedSpace& analysis);

}  // namespace tinyformer
