// tinyformer ops: the operators that compile takes.
#include <CLI/App.hpp>

#include "cli/command.h"
#include "cli/text_table.h"
#include "compiler/ops/op_def.h"

namespace tinyformer {
namespace {

class OpsCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.add_flag("--all", all_, "the compiler's own operators too");
  }

  Answer Run(const CommandLine&) override {
    Answer answer;
    answer.json["ops"] = Json::array();
    std::vector<std::vector<std::string>> rows = {{"operator", "opsets", "accepts"}};
    for (const Json& op : ListOps()) {
      if (!all_ && op.at("level") != "onnx") continue;
      answer.json["ops"].push_back(op);
      rows.push_back({op.at("name"), op.value("opsets", "-"), op.at("accepts")});
    }
    answer.text = TextTable(rows) + "ONNX import takes: " + SupportedOnnxOps() + "\n";
    return answer;
  }

 private:
  bool all_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeOpsCommand() { return std::make_unique<OpsCommand>(); }

}  // namespace tinyformer
