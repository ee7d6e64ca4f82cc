// The report's sections: each turns its part of the input into an HTML fragment, or says what is
// missing and how to get it.
#pragma once

#include <string>
#include <vector>

#include "report/report_input.h"

namespace tinyformer {

/// Tiles: accuracy, flash, RAM, time of one inference.
std::string SummaryTiles(const ReportInput& input);
/// Accuracy of the float, pruned and int8 model, and the confusion matrix.
std::string AccuracySection(const ReportInput& input);
/// Curves of the dense training and of the compression.
std::string TrainingSection(const ReportInput& input);
/// The arena over time.
std::string MemorySection(const ReportInput& input);
/// Flash by part.
std::string FlashSection(const ReportInput& input);
/// Bars of the heaviest layers and the table of all.
std::string LayersSection(const ReportInput& input);
/// Every number with how it was obtained, then what was not measured.
std::string ProvenanceSection(const ReportInput& input);

/// Layers of the plan (or of compile.json, or of the profile), with the profile's counts where its
/// layers have the same names in the same order.
std::vector<ReportedLayer> MergeLayers(const ReportInput& input);

/// The run that counted instructions and stack: the second one if there is one, else the first;
/// nullptr without runs.
const ReportedRun* CountedRun(const ReportInput& input);

/// "10,000 test images": how many a run classified, and of which split where it says so.
std::string ImagesOf(const ReportedRun& run);

/// The trial that gave the search's best network, after the compression stage where that is over;
/// nullptr without a search or without one that has ended well.
const ReportedTrial* BestTrialOf(const ReportInput& input);

/// What the network has to keep: the search's limits where a search found it, else the board's.
struct ReportedLimits {
  int64_t flash_bytes = 0, ram_bytes = 0, cycles = 0;  // 0: none, or not known
};
ReportedLimits LimitsOf(const ReportInput& input);

/// Whether the linked firmware keeps the limits.
enum class Fit { kNotMeasured, kFits, kAboveSearchLimits, kTooLarge };
Fit FitOf(const ReportInput& input);

/// Every number of the report as a record.
std::vector<Record> CollectRecords(const ReportInput& input);

/// "Not measured: ..." for the parts whose file is one of `files` and missing; empty when none is.
std::string MissingNote(const ReportInput& input, const std::vector<std::string>& files);

}  // namespace tinyformer
