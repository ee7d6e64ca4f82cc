// The measured tables: fitted, checked on layers that the fit has not seen, and as source text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "bench/cost_model/fit.h"
#include "bench/cost_model/measure_layers.h"

namespace tinyformer::bench {

/// One line of the cycle table with its errors.
struct FittedLine {
  std::string line;
  WorkCounts cycles{};
  size_t fitted_layers = 0, other_layers = 0;
  ErrorSummary fitted, other;  // of the layers of the fit, and of the others
  std::string worst_layer;     // among the others: its shapes
};

/// Fits every line on three of four of its layers and checks it on the rest.
std::vector<FittedLine> FitLines(const std::vector<RandomLayer>& layers,
                                 const std::vector<uint64_t>& cycles);

/// Median and worst errors, line by line, for a terminal.
std::string ErrorTable(const std::vector<FittedLine>& lines);

/// [{line, fitted: {layers, median, worst}, other: {...}, cycles: {product: 0.72, ...}}, ...]
Json LinesJson(const std::vector<FittedLine>& lines);

/// The text of compiler/cost/measured_costs.inc.
std::string TablesText(std::vector<FittedLine> lines, const MeasuredCode& code);

}  // namespace tinyformer::bench
