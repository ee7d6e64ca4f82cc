// tinyformer bench: the speed of training (tinyformer-train does it), and instructions and
// estimated cycles of every kernel, beside plain loops.
#include <CLI/App.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>

#include "base/parallel.h"
#include "base/progress.h"
#include "bench/kernels/measure_kernel.h"
#include "cli/command.h"
#include "cli/text_table.h"
#include "cli/train_program.h"

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

KernelCase DenseCase(KernelCase measured) {
  measured.codec = CodecRequest::kDense;
  measured.kernel = measured.kernel.substr(0, measured.kernel.find("_s8") + 3);
  return measured;
}

class BenchCommand : public Command {
 public:
  void Declare(CLI::App& app) override {
    app.require_subcommand(1);
    app.fallthrough();
    CLI::App* kernels = app.add_subcommand("kernels", "the engine's kernels in the emulator");
    train_ =
        app.add_subcommand("train", "how fast this machine trains, as a share of its arithmetic");
    kernels->add_option("--target", target_, "board")->capture_default_str();
    kernels->add_option("--only", only_, "kernels whose name contains this");
  }

  Answer Run(const CommandLine& line) override {
    // With options of its own it never comes here: cli/main.cc.
    if (train_->parsed()) BecomeTrainProgram({"bench", "train", "--json"});
    const Board board = FindBoard(target_);
    std::vector<KernelCase> cases = bench::KernelCases();
    std::erase_if(cases,
                  [&](const KernelCase& c) { return c.kernel.find(only_) == std::string::npos; });
    if (cases.empty()) {
      throw Error("bench/only", "--only " + only_, "a part of a kernel's name",
                  "no kernel has it in its name", "tinyformer bench kernels lists them");
    }
    const std::vector<KernelRow> rows = Measure(std::move(cases), board);
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
  static std::vector<KernelRow> Measure(std::vector<KernelCase> cases, const Board& board) {
    std::vector<KernelRow> rows(cases.size());
    std::map<std::string, KernelCost> dense_plain;
    std::vector<std::function<void()>> work;
    for (size_t i = 0; i < cases.size(); ++i) {
      KernelRow& row = rows[i];
      row.measured = std::move(cases[i]);
      work.push_back([&] { row.fast = MeasureKernel(row.measured, board, EngineBuild::kFast); });
      if (row.measured.codec != CodecRequest::kDense) {
        work.push_back(
            [&] { row.one_token_plain = MeasureKernel(row.measured, board, EngineBuild::kPlain); });
      }
      // It does not depend on the weights: once for all rows of a shape.
      KernelCase dense = DenseCase(row.measured);
      const auto [place, missing] = dense_plain.try_emplace(dense.kernel + dense.shape);
      if (!missing) continue;
      work.push_back([&board, dense = std::move(dense), cost = &place->second] {
        *cost = MeasureKernel(dense, board, EngineBuild::kPlain);
      });
    }
    const auto count = static_cast<int64_t>(work.size());
    Progress progress("bench", count, "measurements");
    ParallelFor(
        count, 0, [&](int64_t i) { work[static_cast<size_t>(i)](); }, &progress);
    for (KernelRow& row : rows) {
      const KernelCase dense = DenseCase(row.measured);
      row.dense_plain = dense_plain.at(dense.kernel + dense.shape);
    }
    return rows;
  }

  CLI::App* train_ = nullptr;
  std::string target_ = "stm32f746", only_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchCommand() { return std::make_unique<BenchCommand>(); }

}  // namespace tinyformer
