#include <algorithm>

#include "report/format.h"
#include "report/sections.h"

namespace tinyformer {
namespace {

std::string Tile(const std::string& name, const std::string& big, const std::string& after) {
  const bool none = big.empty();
  return "<div class=\"tile\"><div class=\"name\">" + EscapeHtml(name) + "</div><div class=\"big" +
         (none ? " none\">not measured" : "\">" + EscapeHtml(big)) + "</div>" + after + "</div>\n";
}

std::string Note(const std::string& text) {
  return "<div class=\"note\">" + EscapeHtml(text) + "</div>";
}

// What is used of a limit, which limit_text names.
std::string Meter(int64_t used, int64_t limit, const std::string& limit_text) {
  const double share = limit > 0 ? static_cast<double>(used) / static_cast<double>(limit) : 0;
  return std::string("<div class=\"meter\"><i") + (used > limit ? " class=\"over\"" : "") +
         " style=\"width:" + FormatFixed(std::min(share, 1.0) * 100, 1) + "%\"></i></div>" +
         Note(FormatPercent(share, 1) + " of " + limit_text);
}

// board_limit is what the firmware was linked for.
std::string BytesTile(const std::string& name, int64_t used, int64_t limit, int64_t board_limit) {
  const char* whose = limit != board_limit ? ", the search's limit" : "";
  return Tile(name, FormatBytes(used), Meter(used, limit, FormatBytes(limit) + whose));
}

// The compiler's estimate, by which a search judges; without a firmware that of the best trial.
std::optional<int64_t> CompilersCycles(const ReportInput& input) {
  if (input.compile) return input.compile->cycles_estimate;
  const ReportedTrial* best = BestTrialOf(input);
  return best != nullptr ? best->cycles : std::nullopt;
}

std::string CyclesMeter(const ReportInput& input) {
  const int64_t limit = LimitsOf(input).cycles;
  const std::optional<int64_t> cycles = CompilersCycles(input);
  if (limit <= 0 || !cycles) return "";
  return Meter(*cycles, limit,
               GroupDigits(limit) + " cycles, the search's limit (compiler's model)");
}

std::string AccuracyTile(const ReportInput& input) {
  if (!input.run || !input.run->accuracy) {
    if (const ReportedTrial* best = BestTrialOf(input)) {
      return Tile("Accuracy, int8", FormatPercent(*best->value, 2),
                  Note("validation images, by which it was chosen; test images: not measured"));
    }
    return Tile("Accuracy, int8", "", Note("on test images"));
  }
  const ReportedRun& run = *input.run;
  const double accuracy = *run.accuracy;
  return Tile(
      "Accuracy, int8", FormatPercent(accuracy, 2),
      Note("± " + FormatFixed(WilsonHalfWidth(accuracy, run.images) * 100, 2) + " points (95 %), " +
           (run.correct ? GroupDigits(*run.correct) + " of " : "") + ImagesOf(run)));
}

std::string TimeTile(const ReportInput& input) {
  std::optional<int64_t> cycles;
  std::string source, core = input.compile ? input.compile->cycles_core : "";
  if (input.profile && input.profile->cycles_estimate) {
    cycles = input.profile->cycles_estimate;
    source = "emulator's model";
    core = input.cpu;
  } else if (CountedRun(input) && CountedRun(input)->cycles_estimate) {
    cycles = CountedRun(input)->cycles_estimate;
    source = "emulator's model";
    core = input.cpu;
  } else if (input.compile && input.compile->cycles_estimate) {
    cycles = input.compile->cycles_estimate;
    source = "compiler's model";
  }
  if (!cycles && input.plan) {
    int64_t sum = 0;
    for (const ReportedLayer& layer : input.plan->layers) sum += layer.planned_cycles.value_or(0);
    if (sum > 0) cycles = sum;
    source = "compiler's model";
  }
  if (const ReportedTrial* best = BestTrialOf(input); !cycles && best != nullptr) {
    cycles = best->cycles;
    source = "compiler's model";
  }
  if (!cycles) return Tile("One inference, estimated", "", Note("cycles and time"));
  std::string big = FormatShort(static_cast<double>(*cycles)) + " cycles";
  std::string note = source;
  if (input.profile && input.profile->cycles_error && source == "emulator's model") {
    note += ", ± " + FormatPercent(*input.profile->cycles_error, 0);
  }
  if (!core.empty() && !input.cpu.empty() && core != input.cpu) {
    note += ", of a " + core + "; of this " + input.cpu + ": tinyformer profile";
  } else if (input.clock_hz && *input.clock_hz > 0) {
    note = GroupDigits(*cycles) + " cycles, " + note;
    big = FormatShort(static_cast<double>(*cycles) * 1000 / static_cast<double>(*input.clock_hz)) +
          " ms";
    note += ", at " + FormatShort(static_cast<double>(*input.clock_hz)) + "Hz";
  }
  return Tile("One inference, estimated", big, Note(note) + CyclesMeter(input));
}

}  // namespace

std::string SummaryTiles(const ReportInput& input) {
  std::string html = "<div class=\"tiles\">\n" + AccuracyTile(input);
  const ReportedLimits limits = LimitsOf(input);
  if (input.compile) {
    const ReportedCompile& compile = *input.compile;
    html += BytesTile("Flash", compile.flash_bytes, limits.flash_bytes, compile.flash_limit_bytes);
    html +=
        BytesTile("RAM, peak", compile.ram_peak_bytes, limits.ram_bytes, compile.ram_limit_bytes);
  } else if (const ReportedTrial* best = BestTrialOf(input);
             best && best->flash_bytes && best->ram_bytes) {
    html += BytesTile("Flash", *best->flash_bytes, limits.flash_bytes, limits.flash_bytes);
    html += BytesTile("RAM, peak", *best->ram_bytes, limits.ram_bytes, limits.ram_bytes);
  } else {
    html += Tile("Flash", "", Note("the whole ELF"));
    html += Tile("RAM, peak", "", Note("arena, stack and data"));
  }
  return html + TimeTile(input) + "</div>\n";
}

const ReportedTrial* BestTrialOf(const ReportInput& input) {
  if (!input.search) return nullptr;
  const ReportedTrial* compressed = CompressedOf(*input.search);
  return compressed != nullptr ? compressed : WinnerOf(*input.search);
}

ReportedLimits LimitsOf(const ReportInput& input) {
  if (input.search) {
    const ReportedSearch& search = *input.search;
    return {search.flash_limit_bytes, search.ram_limit_bytes, search.cycles_limit};
  }
  if (!input.compile) return {};
  return {input.compile->flash_limit_bytes, input.compile->ram_limit_bytes, 0};
}

Fit FitOf(const ReportInput& input) {
  if (!input.compile) {
    const ReportedTrial* best = BestTrialOf(input);
    if (best == nullptr || !best->flash_bytes) return Fit::kNotMeasured;
    return best->fits ? Fit::kFits : Fit::kAboveSearchLimits;
  }
  const ReportedCompile& compile = *input.compile;
  if (!compile.fits) return Fit::kTooLarge;
  if (!input.search) return Fit::kFits;
  const ReportedLimits limits = LimitsOf(input);
  const bool keeps = compile.flash_bytes <= limits.flash_bytes &&
                     compile.ram_peak_bytes <= limits.ram_bytes &&
                     (limits.cycles == 0 || compile.cycles_estimate.value_or(0) <= limits.cycles);
  return keeps ? Fit::kFits : Fit::kAboveSearchLimits;
}

const ReportedRun* CountedRun(const ReportInput& input) {
  if (input.emulated) return &*input.emulated;
  return input.run ? &*input.run : nullptr;
}

std::string ImagesOf(const ReportedRun& run) {
  return GroupDigits(run.images) + (run.split.empty() ? "" : " " + run.split) + " images";
}

std::string MissingNote(const ReportInput& input, const std::vector<std::string>& files) {
  std::string html;
  for (const MissingPart& part : input.missing) {
    if (std::find(files.begin(), files.end(), part.file) == files.end()) continue;
    const std::string file = "<code>" + EscapeHtml(part.file) + "</code>";
    html += "<div class=\"missing\">Not measured: " + EscapeHtml(part.what) + " (" +
            (part.of_another_firmware ? file + " is of another firmware" : "no " + file) +
            "). To measure: <code>" + EscapeHtml(part.command) + "</code></div>\n";
  }
  return html;
}

}  // namespace tinyformer
