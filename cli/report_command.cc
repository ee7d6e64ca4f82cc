// tinyformer report: what the other commands left in a folder, as one page; of a search's folder,
// the search and its best network.
#include <CLI/App.hpp>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/writable_file.h"
#include "cli/command.h"
#include "cli/search_report.h"
#include "cli/trial_maker.h"
#include "report/build_report.h"
#include "report/report_input.h"

namespace tinyformer {
namespace {

class ReportCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.add_option("folder", folder_,
                   "holds run/, model.onnx, firmware/, compile.json, run.json, profile.json; or a "
                   "search's folder")
        ->required();
    app.add_option("-o,--output", output_, "the HTML file to write")->required();
    app.add_option("--store", store_,
                   "where the search of the folder keeps its trials, when not in search.db there");
  }

  Answer Run(const CommandLine&) override {
    RequireWritableFile(output_);
    const bool is_search = !store_.empty() || std::filesystem::exists(folder_ + "/search.db");
    const ReportInput input = is_search ? ReadSearch() : ReadReportInput(folder_);
    const std::string page = BuildReport(input);
    WriteFileAtomic(output_, page);
    Answer answer;
    answer.json["report"] = output_;
    answer.json["bytes"] = page.size();
    answer.json["missing"] = Json::array();
    answer.text = output_ + ": " + std::to_string(page.size()) + " bytes\n";
    for (const MissingPart& part : input.missing) {
      answer.json["missing"].push_back(
          {{"file", part.file}, {"what", part.what}, {"command", part.command}});
      answer.text += "left out, not measured yet: " + part.what + " (" + part.command + ")\n";
    }
    return answer;
  }

 private:
  ReportInput ReadSearch() const {
    StoreOptions options;
    options.access = StoreAccess::kRead;
    const SearchRecord record = ReadSearchRecord(
        OpenStore(store_.empty() ? folder_ + "/search.db" : store_, options).get());
    ReportInput input;
    const BestNetwork best = FindBestNetwork(record);
    if (best.candidate != nullptr) {
      const std::string network =
          folder_ + "/" +
          (best.compressed != nullptr ? TrialMaker::Place(kFinal, 0)
                                      : TrialMaker::Place(kCandidate, best.candidate->number));
      if (HasReportFiles(network)) input = ReadReportInput(network);
    }
    input.search = ReportSearch(record);
    input.title = "Search of space " + input.search->space;
    return input;
  }

  std::string folder_, output_, store_;
};

}  // namespace

std::unique_ptr<Command> MakeReportCommand() { return std::make_unique<ReportCommand>(); }

}  // namespace tinyformer
