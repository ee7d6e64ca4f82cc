// bench_cycle_model: how far the Cortex-M7 cycle estimate is from published figures.
#include <cstdio>
#include <cstring>

#include "base/json.h"
#include "base/run_main.h"
#include "base/temporary_folder.h"
#include "bench/cycle_model/checks.h"

namespace {

using tinyformer::Json;
using tinyformer::bench::CheckRow;

constexpr const char* kUsage =
    "usage: bench_cycle_model [--aes DIR] [--coremark DIR] [--cmsis DIR] [--json]\n"
    "  --aes DIR       a checkout of github.com/jnk0le/cortexm-AES\n"
    "  --coremark DIR  a checkout of github.com/eembc/coremark\n"
    "  --cmsis DIR     a checkout of github.com/ARM-software/CMSIS_5 at tag 5.4.0\n"
    "  --json          one JSON object instead of the table\n";

void PrintTable(const std::vector<CheckRow>& rows) {
  std::printf("%-12s %-36s %12s %12s %8s  %s\n", "check", "what", "model", "published", "error",
              "unit");
  for (const CheckRow& row : rows) {
    std::printf("%-12s %-36s %12.6g ", row.check.c_str(), row.name.c_str(), row.modelled);
    if (row.published > 0) {
      std::printf("%12.6g %+7.1f%%  %s\n", row.published, 100 * row.Error(), row.unit.c_str());
    } else {
      std::printf("%12s %8s  %s\n", "-", "-", row.unit.c_str());
    }
  }
}

Json RowsJson(const std::vector<CheckRow>& rows) {
  Json list = Json::array();
  for (const CheckRow& row : rows) {
    Json item = {{"check", row.check},
                 {"name", row.name},
                 {"unit", row.unit},
                 {"modelled", row.modelled},
                 {"source", row.source}};
    if (row.published > 0) {
      item["published"] = row.published;
      item["error"] = row.Error();
    }
    list.push_back(item);
  }
  return {{"results", list}};
}

void Append(std::vector<CheckRow>* rows, const std::vector<CheckRow>& more) {
  rows->insert(rows->end(), more.begin(), more.end());
}

}  // namespace

int main(int argc, char** argv) {
  std::string aes, coremark, cmsis;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(argv[i], "--aes") == 0 && i + 1 < argc) {
      aes = argv[++i];
    } else if (std::strcmp(argv[i], "--coremark") == 0 && i + 1 < argc) {
      coremark = argv[++i];
    } else if (std::strcmp(argv[i], "--cmsis") == 0 && i + 1 < argc) {
      cmsis = argv[++i];
    } else {
      bool help = std::strcmp(argv[i], "--help") == 0;
      std::fputs(kUsage, help ? stdout : stderr);
      return help ? 0 : 2;
    }
  }
  return tinyformer::RunMain([&] {
    tinyformer::Board board = tinyformer::FindBoard("stm32f746");
    tinyformer::Board m4 = tinyformer::FindBoard("cortex-m4");
    tinyformer::TemporaryFolder work;
    const std::string sources = TINYFORMER_CYCLE_MODEL_BENCH_DIRECTORY;
    std::vector<CheckRow> rows = tinyformer::bench::CheckSequences(board, work.path());
    Append(&rows, tinyformer::bench::CheckMixedProgram(board, sources, work.path()));
    if (!aes.empty()) {
      Append(&rows, tinyformer::bench::CheckAes(board, sources, aes, work.path()));
      Append(&rows, tinyformer::bench::CheckAes(m4, sources, aes, work.path()));
    }
    if (!coremark.empty()) {
      Append(&rows, tinyformer::bench::CheckCoreMark(board, sources, coremark, work.path()));
      Append(&rows, tinyformer::bench::CheckCoreMark(m4, sources, coremark, work.path()));
    }
    if (!cmsis.empty()) {
      Append(&rows, tinyformer::bench::CheckCmsisNn(board, sources, cmsis, work.path()));
    }
    if (json) {
      std::puts(RowsJson(rows).dump(1).c_str());
    } else {
      PrintTable(rows);
    }
    return 0;
  });
}
