// A search as Optuna studies: its supernets, and its candidates.
#pragma once

#include <functional>
#include <vector>

#include "search/optuna_journal.h"
#include "search/record.h"

namespace tinyformer {

/// The curves of the trial of this id, as Store::Metrics gives them.
using MetricsFunction = std::function<std::vector<Metric>(int64_t trial)>;

/// "supernets" with the objective score and the parameters of SupernetAxes; "candidates" with the
/// search's objectives and the parameters of PathAxes, early stopped ones as pruned. A curve is the
/// accuracy on validation images, over the epochs of dense training and then of pruning (a
/// supernet's: the training loss).
std::vector<OptunaStudy> MakeOptunaStudies(const SearchRecord& record,
                                           const MetricsFunction& metrics);

}  // namespace tinyformer
