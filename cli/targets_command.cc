// tinyformer targets: the boards.
#include <CLI/App.hpp>

#include "cli/command.h"
#include "cli/text_table.h"
#include "compiler/cost/layer_table.h"
#include "sim/board.h"

namespace tinyformer {
namespace {

Json MemoryJson(const Board& board) {
  Json list = Json::array();
  for (const MemoryRegion& region : board.memory) {
    list.push_back({{"name", region.name},
                    {"kind", KindName(region.kind)},
                    {"address", region.address},
                    {"bytes", region.bytes},
                    {"cached", !region.data_cache.empty()}});
  }
  return list;
}

class TargetsCommand : public Command {
 public:
  void Declare(CLI::App&) override {}

  Answer Run(const CommandLine&) override {
    Answer answer;
    answer.json["targets"] = Json::array();
    std::vector<std::vector<std::string>> rows = {{"name", "flash, B", "RAM, B", "what"}};
    for (const std::string& name : BoardNames()) {
      const Board board = FindBoard(name);
      answer.json["targets"].push_back({{"name", board.name},
                                        {"title", board.title},
                                        {"cpu", board.cpu},
                                        {"clock_hz", board.clock_hz},
                                        {"flash_bytes", board.FlashBytes()},
                                        {"ram_bytes", board.RamBytes()},
                                        {"stack_bytes", board.stack_bytes},
                                        {"memory", MemoryJson(board)}});
      rows.push_back({board.name, WithThousands(static_cast<int64_t>(board.FlashBytes())),
                      WithThousands(static_cast<int64_t>(board.RamBytes())), board.title});
    }
    answer.text = TextTable(rows);
    return answer;
  }
};

}  // namespace

std::unique_ptr<Command> MakeTargetsCommand() { return std::make_unique<TargetsCommand>(); }

}  // namespace tinyformer
