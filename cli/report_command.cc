// tinyformer report: what the other commands left in a folder, as one page.
#include "base/file.h"
#include "cli/command.h"
#include "report/build_report.h"
#include "report/report_input.h"

namespace tinyformer {
namespace {

class ReportCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.add_option("folder", folder_,
                   "holds run/, model.onnx, firmware/, compile.json, run.json, profile.json")
        ->required();
    app.add_option("-o,--output", output_, "the HTML file to write")->required();
  }

  Answer Run(const CommandLine&) override {
    const ReportInput input = ReadReportInput(folder_);
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
  std::string folder_, output_;
};

}  // namespace

std::unique_ptr<Command> MakeReportCommand() { return std::make_unique<ReportCommand>(); }

}  // namespace tinyformer
