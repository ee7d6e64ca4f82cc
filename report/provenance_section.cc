#include "report/format.h"
#include "report/sections.h"
#include "report/table.h"

namespace tinyformer {
namespace {

std::string ShowValue(const Record& record) {
  if (record.unit == "share") return FormatPercent(record.value, 2);
  return GroupDigits(static_cast<int64_t>(record.value)) + " " + record.unit;
}

std::string OrNotRecorded(const std::string& text) { return text.empty() ? "not recorded" : text; }

void Add(std::vector<Record>& records, const std::string& name, std::optional<int64_t> value,
         const std::string& unit, int64_t n, const Provenance& provenance) {
  if (value) records.push_back({name, static_cast<double>(*value), unit, n, 0, provenance});
}

}  // namespace

std::vector<Record> CollectRecords(const ReportInput& input) {
  std::vector<Record> records;
  if (input.run) {
    const ReportedRun& run = *input.run;
    auto share = [&](const char* name, std::optional<double> value) {
      if (!value) return;
      records.push_back(
          {name, *value, "share", run.images, WilsonHalfWidth(*value, run.images), run.provenance});
    };
    share("accuracy.float", run.accuracy_float);
    share("accuracy.pruned", run.accuracy_pruned);
    share("accuracy.int8", run.accuracy);
  }
  if (const ReportedRun* counted = CountedRun(input)) {
    const ReportedRun& run = *counted;
    Add(records, "instructions.min", run.instructions_min, "instr.", run.images, run.provenance);
    Add(records, "instructions.max", run.instructions_max, "instr.", run.images, run.provenance);
    Add(records, "stack.peak", run.stack_peak_bytes, "B", run.images, run.provenance);
    Add(records, "ram.touched", run.ram_touched_bytes, "B", run.images, run.provenance);
  }
  if (input.compile) {
    const ReportedCompile& compile = *input.compile;
    const Provenance& from = compile.provenance;
    Add(records, "flash", compile.flash_bytes, "B", 1, from);
    Add(records, "flash.code", compile.code_bytes, "B", 1, from);
    Add(records, "flash.weights", compile.weight_bytes, "B", 1, from);
    Add(records, "ram.peak", compile.ram_peak_bytes, "B", 1, from);
    Add(records, "ram.arena", compile.arena_bytes, "B", 1, from);
    Add(records, "ram.arena.lower_bound", compile.arena_lower_bound_bytes, "B", 1, from);
    Add(records, "macs", compile.macs, "MAC", 1, from);
    Add(records, "macs.effective", compile.effective_macs, "MAC", 1, from);
    Add(records, "cycles.compiler", compile.cycles_estimate, "cycles, est.", 1, from);
  }
  if (input.profile) {
    const ReportedProfile& profile = *input.profile;
    Add(records, "instructions", profile.instructions, "instr.", 1, profile.provenance);
    Add(records, "cycles.emulator", profile.cycles_estimate, "cycles, est.", 1, profile.provenance);
    Add(records, "cycles.stalls", profile.stall_estimate, "cycles, est.", 1, profile.provenance);
  }
  Add(records, "model.onnx", input.onnx_bytes, "B", 1,
      {"", input.onnx_hash, "", "", "", "", std::nullopt});
  return records;
}

std::string ProvenanceSection(const ReportInput& input) {
  std::vector<std::vector<TableCell>> rows;
  for (const Record& record : CollectRecords(input)) {
    const Provenance& from = record.provenance;
    std::string made = from.version;
    if (!from.commit.empty()) made += (made.empty() ? "" : ", ") + from.commit;
    std::string device = from.device;
    if (!from.flags.empty()) device += (device.empty() ? "" : "; ") + from.flags;
    rows.push_back({record.name, ShowValue(record), GroupDigits(record.n),
                    record.spread > 0                 ? "± " + FormatPercent(record.spread, 2)
                    : record.unit.ends_with(", est.") ? "model's error"
                                                      : "exact",
                    OrNotRecorded(from.command), OrNotRecorded(from.input_hash),
                    from.seed ? std::to_string(*from.seed) : "–", OrNotRecorded(made),
                    device.empty() ? "–" : device});
  }
  const Provenance& training = input.training_provenance;
  if (input.training) {
    rows.push_back(
        {"training curves", "", "", "", OrNotRecorded(training.command),
         OrNotRecorded(training.input_hash), training.seed ? std::to_string(*training.seed) : "–",
         OrNotRecorded(training.version), training.device.empty() ? "–" : training.device});
  }
  if (const ReportedTrial* best = BestTrialOf(input)) {
    const ReportedSearch& search = *input.search;
    rows.push_back(
        {"accuracy of the search's best network, validation images", FormatPercent(*best->value, 2),
         "", "", "tinyformer search", OrNotRecorded(search.data_fingerprint),
         std::to_string(search.seed), "not recorded",
         "trial " + best->kind + " " + std::to_string(best->number) + " of " + search.store});
  }
  std::string html = "<div class=\"prose\">\n" +
                     DrawTable({{"number"},
                                {"value", true},
                                {"n", true},
                                {"spread", true},
                                {"command"},
                                {"input hash"},
                                {"seed", true},
                                {"version"},
                                {"device, flags"}},
                               rows) +
                     "</div>\n";
  if (input.missing.empty()) return html;
  html += "<h3>Not measured</h3>\n";
  for (const MissingPart& part : input.missing) html += MissingNote(input, {part.file});
  return html;
}

}  // namespace tinyformer
