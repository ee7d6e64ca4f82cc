// tinyformer zoo [list | verify]: the trained models that come along, and whether their cards still
// hold.
#include <CLI/App.hpp>
#include <cstdio>
#include <filesystem>

#include "base/installed_folder.h"
#include "base/temporary_folder.h"
#include "cli/command.h"
#include "cli/target_limits.h"
#include "cli/text_table.h"
#include "compiler/compile.h"
#include "compiler/cost/layer_table.h"
#include "compiler/import/read_onnx.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/quantize_graph.h"
#include "sim/board.h"
#include "sim/build.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

/// $TINYFORMER_ZOO, else ../share/tinyformer/zoo beside the program, else the source tree's.
std::string ZooDirectory() {
  return InstalledFolder("TINYFORMER_ZOO", "zoo", TINYFORMER_ZOO_DIRECTORY);
}

struct Card {
  std::string path, name, target;
  Json json;
};

Card ReadCard(const std::string& path) {
  Card card;
  card.path = path;
  card.json = ReadJson(path);
  if (OptionalKey<std::string>(card.json, "format", path, "a text", "") != "tinyformer-card") {
    throw Error("zoo/card", path, "a card, \"format\": \"tinyformer-card\"", "another format",
                "see zoo/README.md");
  }
  card.name = RequireKey<std::string>(card.json, "name", path, "a text");
  card.target = RequireKey<std::string>(card.json, "target", path, "a text");
  return card;
}

std::vector<Card> ReadCards() {
  std::vector<std::string> paths;
  std::error_code code;
  const std::string folder = ZooDirectory();
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string path = entry.path().string();
    if (path.ends_with(".json") && !path.ends_with(".genome.json")) paths.push_back(path);
  }
  if (code) {
    throw Error("file/missing", folder, "the folder of the zoo", code.message(),
                "set TINYFORMER_ZOO to it, or install again");
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Card> cards;
  for (const std::string& path : paths) cards.push_back(ReadCard(path));
  return cards;
}

std::string Percent(const Json& object, const char* key) {
  if (!object.contains(key) || !object.at(key).is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * object.at(key).get<double>());
  return text;
}

std::string Number(const Json& object, const char* key) {
  if (!object.contains(key) || !object.at(key).is_number()) return "-";
  return WithThousands(object.at(key).get<int64_t>());
}

// What the model needs now, linked; compared with what its card says.
Json Verify(const Card& card) {
  const std::string model = fs::path(card.path).replace_extension(".onnx").string();
  const Board board = FindBoard(card.target);
  CompileOptions options;
  options.target = LimitsOf(board);
  const CompileResult compiled = Compile(QuantizeGraph(Lower(ReadOnnx(model))), options);
  Json result;
  result["name"] = card.name;
  result["fits"] = compiled.fit.ok;
  result["differences"] = Json::array();
  if (!compiled.fit.ok) return result;

  const TemporaryFolder aside;
  WriteSourceTree(compiled.tree, aside.File("firmware"));
  const FirmwareSize size = BuildFirmware(ReadFirmware(aside.File("firmware")), board, false).size;
  const Json bytes = RequireKey<Json>(card.json, "bytes", card.path, "an object");
  auto compare = [&](const char* key, uint64_t now) {
    if (bytes.contains(key) && bytes.at(key) == now) return;
    result["differences"].push_back(std::string(key) + ": the card says " + Number(bytes, key) +
                                    " bytes, now " + WithThousands(static_cast<int64_t>(now)));
  };
  compare("flash", size.flash_bytes);
  compare("ram_peak", size.ram_bytes);
  compare("weights", size.weight_bytes);
  return result;
}

class ZooCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.require_subcommand(0, 1);
    app.fallthrough();
    app.add_subcommand("list", "the models and their figures; without a subcommand, too");
    verify_ =
        app.add_subcommand("verify", "compiles and links every model; compares with its card");
    verify_->add_option("name", name_, "only this model");
  }

  Answer Run(const CommandLine&) override { return verify_->parsed() ? VerifyAll() : List(); }

 private:
  static Answer List() {
    Answer answer;
    answer.json["models"] = Json::array();
    std::vector<std::vector<std::string>> rows = {
        {"model", "target", "float", "pruned", "int8", "flash, B", "RAM, B", "file"}};
    for (const Card& card : ReadCards()) {
      answer.json["models"].push_back(card.json);
      const Json accuracy = card.json.value("accuracy", Json::object());
      const Json bytes = card.json.value("bytes", Json::object());
      rows.push_back({card.name, card.target, Percent(accuracy, "float"),
                      Percent(accuracy, "pruned"), Percent(accuracy, "int8"),
                      Number(bytes, "flash"), Number(bytes, "ram_peak"),
                      fs::path(card.path).replace_extension(".onnx").string()});
    }
    answer.text = TextTable(rows);
    return answer;
  }

  Answer VerifyAll() const {
    Answer answer;
    answer.json["models"] = Json::array();
    bool found = false;
    for (const Card& card : ReadCards()) {
      if (!name_.empty() && card.name != name_) continue;
      found = true;
      const Json result = Verify(card);
      answer.json["models"].push_back(result);
      const bool holds = result.at("fits").get<bool>() && result.at("differences").empty();
      answer.text += card.name + (holds ? ": fits, bytes as its card says\n" : "\n");
      if (!result.at("fits").get<bool>()) answer.text += "  does not fit " + card.target + "\n";
      for (const Json& difference : result.at("differences"))
        answer.text += "  " + difference.get<std::string>() + "\n";
      if (!holds) answer.status = kExitWrongInput;
    }
    if (!found && !name_.empty()) {
      throw Error("zoo/unknown", "model '" + name_ + "'", "one that tinyformer zoo list names",
                  "no card of that name", "see tinyformer zoo list");
    }
    return answer;
  }

  CLI::App* verify_ = nullptr;
  std::string name_;
};

}  // namespace

std::unique_ptr<Command> MakeZooCommand() { return std::make_unique<ZooCommand>(); }

}  // namespace tinyformer
