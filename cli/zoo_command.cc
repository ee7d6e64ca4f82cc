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

std::vector<std::string> CardPaths() {
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
  return paths;
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

/// Compiles and links the card's model.
///
/// Errors  zoo/does-not-fit, zoo/bytes (it takes other bytes than the card says), zoo/card, those
///         of import, compiler and build
void Verify(const Card& card) {
  const std::string model = fs::path(card.path).replace_extension(".onnx").string();
  const Board board = FindBoard(card.target);
  CompileOptions options;
  options.target = LimitsOf(board);
  const CompileResult compiled = Compile(QuantizeGraph(Lower(ReadOnnx(model))), options);
  if (!compiled.fit.ok) {
    throw Error(
        "zoo/does-not-fit", model, "a model that fits " + card.target, "one that does not",
        "see why: tinyformer compile " + model + " --target " + card.target + " -o firmware");
  }
  const TemporaryFolder aside;
  WriteSourceTree(compiled.tree, aside.File("firmware"));
  const FirmwareSize size = BuildFirmware(ReadFirmware(aside.File("firmware")), board, false).size;
  const Json bytes = RequireKey<Json>(card.json, "bytes", card.path, "an object");
  const Json now = {
      {"flash", size.flash_bytes}, {"ram_peak", size.ram_bytes}, {"weights", size.weight_bytes}};
  std::string expected, found;
  for (const auto& [key, value] : now.items()) {
    if (bytes.contains(key) && bytes.at(key) == value) continue;
    expected += key + " " + Number(bytes, key.c_str()) + ", ";
    found += key + " " + Number(now, key.c_str()) + ", ";
  }
  if (found.empty()) return;
  throw Error("zoo/bytes", card.path, expected + "as the card says", found + "as it is linked now",
              "write the card anew (zoo/README.md)");
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
    for (const std::string& path : CardPaths()) {
      const Card card = ReadCard(path);
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

  /// Every model, whatever is wrong with others.
  Answer VerifyAll() const {
    Answer answer;
    answer.json["models"] = Json::array();
    for (const std::string& path : CardPaths()) {
      Json model = {{"name", fs::path(path).stem().string()}};
      const auto name = model.at("name").get<std::string>();
      if (!name_.empty() && name != name_) continue;
      try {
        Verify(ReadCard(path));
        answer.text += name + ": fits, bytes as its card says\n";
      } catch (const Error& error) {
        model.update(ErrorJson(error));
        answer.text += name + ": not as its card says\n" + error.what() + "\n";
        answer.status = kExitWrongInput;
      }
      answer.json["models"].push_back(model);
    }
    if (answer.text.empty() && !name_.empty()) {
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
