#include "bench/kernels/measure_kernel.h"

#include "base/error.h"
#include "base/temporary_folder.h"
#include "compiler/compile.h"
#include "sim/profile.h"

namespace tinyformer::bench {
namespace {

Json CostJson(const KernelCost& cost) {
  return {{"instructions", cost.instructions},
          {"cycles_estimate", cost.cycles_estimate},
          {"stall_estimate", StallJson(cost.stall_estimate)}};
}

}  // namespace

Kernel KernelOf(const KernelCase& measured) {
  const Node& node = measured.graph.nodes.at(0);
  std::string others;
  for (const Kernel& kernel : ListKernels(measured.graph, node, measured.codec)) {
    if (kernel.name == measured.kernel) return kernel;
    others += (others.empty() ? "" : ", ") + kernel.name;
  }
  throw Error("bench/kernel", measured.kernel + " " + measured.shape, "one of: " + others,
              "this kernel", "correct bench/kernels/kernel_cases.cc");
}

KernelCost MeasureKernel(const KernelCase& measured, const Board& board, EngineBuild build) {
  CompileOptions options;
  options.kernels = {KernelOf(measured)};
  // A layer alone may take more flash than the board has: only its time counts here.
  options.target = {board.name, int64_t{1} << 30, int64_t{1} << 30, board.stack_bytes,
                    board.directory};
  const CompileResult compiled = Compile(measured.graph, options);
  const TemporaryFolder aside;
  const std::string folder = aside.File("firmware");
  WriteSourceTree(compiled.tree, folder);
  const Firmware firmware = ReadFirmware(folder);
  Board flags = board;
  if (build == EngineBuild::kPlain) flags.compiler_flags.push_back("-DTINYFORMER_ENGINE_REF");
  const LayerProfile layer = ProfileFirmware(firmware, flags).layers.at(0);
  return {layer.instructions, layer.cycles_estimate, layer.stall_estimate};
}

Json RowJson(const KernelRow& row) {
  const KernelCase& measured = row.measured;
  Json json = {{"kernel", measured.kernel},
               {"shape", measured.shape},
               {"sparsity", measured.sparsity},
               {"work", measured.work},
               {"unit", measured.unit},
               {"fast", CostJson(row.fast)},
               {"plain_dense", CostJson(row.dense_plain)},
               {"plain_one_token", nullptr}};
  if (row.one_token_plain) json["plain_one_token"] = CostJson(*row.one_token_plain);
  return json;
}

}  // namespace tinyformer::bench
