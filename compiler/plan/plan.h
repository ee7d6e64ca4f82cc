// The plan: execution order, kernel and code of every layer, and where every tensor lies.
//
// Start here:  Plan, MakePlan. Costs are added by compiler/cost, C++ text is made of it by
// compiler/emit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/plan/arena.h"
#include "compiler/plan/kernel.h"
#include "compiler/plan/strips.h"

namespace tinyformer {

/// Where a value's bytes are while the network runs.
///
/// kInput and kOutput are the caller's buffers (read and written in place, never copied); kArena
/// has an offset in bytes, through all blocks of the arena's space; kStrip likewise, but only a
/// strip's rows lie there; kConstant lies in flash.
struct Location {
  enum class Kind : uint8_t { kNone, kInput, kOutput, kArena, kStrip, kConstant };
  Kind kind = Kind::kNone;
  int64_t offset = 0;
};

/// One executed node. Nodes that only rename memory (reshape) are not layers. A layer's id is its
/// index + 1.
struct LayerPlan {
  int node = 0;  // index into graph.nodes
  Kernel kernel;
  int64_t scratch_offset = 0;  // in the arena; meaningful when kernel.scratch_bytes > 0
  int strips = -1;             // index into Plan::strips; -1: computed whole
};

/// One buffer of the arena: an activation (with the values that take it over in place, in order) or
/// a layer's scratch.
struct TensorPlan {
  std::string name;
  int64_t bytes = 0;
  int64_t offset = 0;
  int first_layer = 0;  // layer indices, both included
  int last_layer = 0;
  bool scratch = false;
  std::vector<std::string> holds;  // names of the values, first to last; empty for scratch
  std::string regions;             // "dtcm", "dtcm+sram1"; empty when the space names none
  int64_t accesses = 0;            // bytes moved to and from it, roughly
};

/// A strategy's result, for the comparison that is printed.
struct StrategyBytes {
  std::string name;
  int64_t bytes = 0;
};

struct Plan {
  std::vector<LayerPlan> layers;
  std::vector<TensorPlan> tensors;
  std::vector<StripSchedule> strips;
  std::vector<Location> locations;  // by ValueId
  std::string strategy;
  std::vector<StrategyBytes> strategies;
  int64_t arena_bytes = 0;
  int64_t arena_lower_bound_bytes = 0;
  std::vector<int64_t> live_bytes;  // by layer
  ArenaSpace space;
  std::vector<int64_t> block_bytes;  // used of every block of the space, at least one
  int64_t slow_accesses = 0;         // of the tensors' accesses, those outside fast regions
};

/// Plans a quantized graph with these kernels, one for each node of the graph.
///
/// The graph's one input and one output stay in the caller's memory and are not part of the arena.
/// An output takes over an operand's memory where the kernel allows it and nothing reads the
/// operand afterwards. `strips` are chains of the graph that are computed by strips of rows. Of
/// layouts of equal size the one wins that keeps most accesses in the fast regions of `space`,
/// unless only the arena's bytes matter (Placement).
///
/// Errors  plan/one-input, plan/one-output, plan/no-layers
Plan MakePlan(const Graph& graph, const std::vector<Kernel>& kernels,
              const std::vector<StripSchedule>& strips = {}, const ArenaSpace& space = {},
              Placement placement = Placement::kFastMemory);

/// ListKernels for every node, the smallest of each, then MakePlan.
Plan MakePlan(const Graph& graph, CodecRequest request);

/// The layer during which most bytes are alive; the first of equals; -1 when nothing lies in the
/// arena.
int PeakLayer(const Plan& plan);

}  // namespace tinyformer
