// What a planned network costs: bytes of flash and RAM, multiply-accumulates, estimated cycles; by
// layer and in total.
//
// Start here:  EstimateLayers, EstimateUse. Search prices candidates with the same functions that
// `compile` prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/plan/plan.h"

namespace tinyformer {

/// What a genome or graph costs.
struct ResourceUse {
  int64_t flash_bytes = 0;      // constants and estimated code
  int64_t sram_peak_bytes = 0;  // arena, stack reserve and static data
  int64_t macs = 0;             // as if every weight were stored
  // Of the weights that kernels multiply (fillers of run length included).
  int64_t effective_macs = 0;
  int64_t cycles = 0;  // estimated, Cortex-M7
  // Of flash_bytes, the constants: coded weights, biases, tables, padding.
  int64_t weight_bytes = 0;
  bool operator==(const ResourceUse&) const = default;
};

/// One layer's share.
///
/// weight_bytes   what the layer's constants take in flash: coded weights, biases, multipliers,
///                tables
/// padding_bytes  what the linker puts between them, so that each starts at a multiple of four
/// dense_bytes    weight_bytes with dense weights
struct LayerCost {
  std::string name;
  std::string op;
  int64_t weight_bytes = 0;
  int64_t padding_bytes = 0;
  int64_t dense_bytes = 0;
  int64_t macs = 0;
  int64_t effective_macs = 0;
  int64_t cycles = 0;
};

/// Prices one node with one kernel.
///
/// MACs  conv2d, depthwise_conv2d, linear: weights * output positions (borders counted whole, as in
///       the literature); attention: 2 T^2 d; attention_pool: T d; others 0
LayerCost EstimateLayer(const Graph& graph, const Node& node, const Kernel& kernel);

/// One LayerCost a layer of the plan, in order.
std::vector<LayerCost> EstimateLayers(const Graph& graph, const Plan& plan);

/// Bytes of everything that is neither weights nor kernels: start-up, vectors, layer descriptors,
/// the calls. Layers that only rename memory have an empty kernel and take none.
int64_t EstimateProgramBytes(const std::vector<std::string>& kernels);

/// Code of these layers' kernels and EstimateProgramBytes: flash without the layers' constants.
int64_t EstimateCodeBytes(const std::vector<std::string>& kernels);

/// Sums of EstimateLayers, code of the kernels used and EstimateProgramBytes; RAM = arena +
/// stack_bytes.
ResourceUse EstimateUse(const Graph& graph, const Plan& plan, int64_t stack_bytes);

}  // namespace tinyformer
