// Which code and kernel each layer gets: by bytes, by estimated cycles, or by both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/cost/cost.h"

namespace tinyformer {

/// What `--optimize` asks for.
///
/// size      fewest bytes of flash, code included
/// speed     fewest estimated cycles; while the flash estimate exceeds the limit, the change that
///           saves most bytes for each cycle lost is made
/// balanced  smallest sum of two shares of what the whole network would take dense: bytes and
///           cycles. One percent of either is worth one percent of the other, in every layer;
///           kernels whose code takes more than they save are left out
/// ram       as balanced; then kernels with less scratch for all layers at the peak, as long as the
///           arena shrinks, with chains by strips of rows (choose_strips.h)
///
/// Where a code is asked for (CodecRequest), kernels' code bytes count for nothing.
enum class Optimize : uint8_t { kBalanced, kSpeed, kSize, kRam };

/// "balanced", "speed", "size", "ram".
/// Errors  compile/optimize
Optimize ParseOptimize(const std::string& text);

/// One kernel for every node of a quantized graph, of those listed for it. flash_limit_bytes
/// matters to kSpeed only.
///
/// Errors  plan/one-input, plan/one-output, plan/no-layers
std::vector<Kernel> ChooseKernels(const Graph& graph, const KernelLists& lists, CodecRequest codec,
                                  Optimize optimize, int64_t flash_limit_bytes);

/// Of ListKernels(graph, codec).
/// Errors  also plan/no-kernel
std::vector<Kernel> ChooseKernels(const Graph& graph, CodecRequest codec, Optimize optimize,
                                  int64_t flash_limit_bytes);

}  // namespace tinyformer
