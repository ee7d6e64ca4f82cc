// tinyformer bench kernels: instructions and estimated cycles of every kernel, beside plain loops.
#include <cstdio>
#include <map>
#include <optional>

#include "base/progress.h"
#include "bench/kernels/measure_kernel.h"
#include "cli/command.h"
#include "cli/text_table.h"

namespace tinyformer {
namespace {

using bench::EngineBuild;
using bench::KernelCase;
using bench::KernelCost;
using bench::KernelRow;

std::string Fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::string Percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f %%", 100 * share);
  return text;
}

// "1.15", a cost for every MAC or element; "-" when nothing was measured.
std::string PerWork(std::optional<uint64_t> cost, int64_t work) {
  return cost ? Fixed(static_cast<double>(*cost) / static_cast<double>(work)) : "-";
}

std::string Ratio(std::optional<uint64_t> slow, uint64_t fast) {
  return slow ? Fixed(static_cast<double>(*slow) / static_cast<double>(fast)) + "x" : "-";
}

std::string Table(const std::vector<KernelRow>& rows) {
  std::vector<std::vector<std::string>> cells = {{"kernel", "shape", "sparsity", "per",
                                                  "instructions", "cycles", "stalls", "plain dense",
                                                  "ratio", "plain one-token", "ratio"}};
  for (const KernelRow& row : rows) {
    const KernelCase& measured = row.measured;
    const auto per = [&](std::optional<uint64_t> cost) { return PerWork(cost, measured.work); };
    std::optional<uint64_t> one_token;
    if (row.one_token_plain) one_token = row.one_token_plain->cycles_estimate;
    cells.push_back({measured.kernel, measured.shape,
                     measured.sparsity > 0 ? Percent(measured.sparsity) : "-", measured.unit,
                     per(row.fast.instructions), per(row.fast.cycles_estimate),
                     per(row.fast.stall_estimate), per(row.dense_plain.cycles_estimate),
                     Ratio(row.dense_plain.cycles_estimate, row.fast.cycles_estimate),
                     per(one_token), Ratio(one_token, row.fast.cycles_estimate)});
  }
  return TextTable(cells) +
         "\nper MAC of the dense layer, or per element of the output. cycles: estimate, ideal "
         "memory; stalls: rough,\non top of them. plain: cycles of engine/ref, the loops as one "
         "would write them, dense and one token at a\ntime from the sparse code.\n";
}

class BenchCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.require_subcommand(1);
    app.fallthrough();
    CLI::App* kernels = app.add_subcommand("kernels", "the engine's kernels in the emulator");
    kernels->add_option("--target", target_, "board")->capture_default_str();
    kernels->add_option("--only", only_, "kernels whose name contains this");
  }

  Answer Run(const CommandLine& line) override {
    const Board board = FindBoard(target_);
    std::vector<KernelCase> cases = bench::KernelCases();
    std::erase_if(cases,
                  [&](const KernelCase& c) { return c.kernel.find(only_) == std::string::npos; });
    if (cases.empty()) {
      throw Error("bench/only", "--only " + only_, "a part of a kernel's name",
                  "no kernel has it in its name", "tinyformer bench kernels lists them");
    }
    std::vector<KernelRow> rows;
    {
      Progress progress("bench", static_cast<int64_t>(cases.size()), "kernels");
      for (KernelCase& measured : cases) {
        rows.push_back(Measure(measured, board));
        progress.Update(static_cast<int64_t>(rows.size()));
      }
    }
    Answer answer;
    answer.json = {
        {"target", board.name}, {"clock_hz", board.clock_hz}, {"kernels", Json::array()}};
    for (const KernelRow& row : rows) answer.json["kernels"].push_back(RowJson(row));
    answer.json["provenance"] =
        ToJson(MakeProvenance(line, "", "QEMU " + board.emulator_machine + ", " + board.cpu, ""));
    answer.text = Table(rows);
    return answer;
  }

 private:
  KernelRow Measure(KernelCase& measured, const Board& board) {
    KernelRow row;
    row.fast = MeasureKernel(measured, board, EngineBuild::kFast);
    if (measured.codec != CodecRequest::kDense)
      row.one_token_plain = MeasureKernel(measured, board, EngineBuild::kPlain);
    KernelCase dense = measured;
    dense.codec = CodecRequest::kDense;
    dense.kernel = measured.kernel.substr(0, measured.kernel.find("_s8") + 3);
    // It does not depend on the weights: once for all rows of a shape.
    const auto [found, missing] = dense_plain_.try_emplace(dense.kernel + dense.shape);
    if (missing) found->second = MeasureKernel(dense, board, EngineBuild::kPlain);
    row.dense_plain = found->second;
    measured.graph = {};
    row.measured = std::move(measured);
    return row;
  }

  std::string target_ = "stm32f746", only_;
  std::map<std::string, KernelCost> dense_plain_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchCommand() { return std::make_unique<BenchCommand>(); }

}  // namespace tinyformer
