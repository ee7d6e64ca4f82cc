#include "compiler/plan/plan.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "compiler/plan/access.h"

namespace tinyformer {
namespace {

// Which values share memory: reshapes always, outputs written in place when it is safe.
class Sharing {
 public:
  explicit Sharing(size_t values) : parent_(values) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  ValueId Root(ValueId id) const {
    while (parent_[static_cast<size_t>(id)] != id) id = parent_[static_cast<size_t>(id)];
    return id;
  }
  void Merge(ValueId from, ValueId into) { parent_[static_cast<size_t>(Root(from))] = Root(into); }

 private:
  std::vector<ValueId> parent_;
};

// What is known of a root: its life in layers and whether the caller owns it.
struct Memory {
  int first = -1;
  int last = -1;
  Location::Kind kind = Location::Kind::kNone;
  std::vector<ValueId> values;
};

class Planner {
 public:
  Planner(const Graph& graph, const std::vector<Kernel>& kernels,
          const std::vector<StripSchedule>& strips, const ArenaSpace& space, Placement placement)
      : graph_(graph), kernels_(kernels), placement_(placement), sharing_(graph.values.size()) {
    TF_CHECK(kernels.size() == graph.nodes.size(), "kernels", kernels.size());
    plan_.strips = strips;
    plan_.space = space;
  }

  Plan Run() {
    ThrowIfInterrupted();
    CheckEnds();
    ListLayers();
    MergeRenamings();
    MergeInPlace();
    CollectMemory();
    PlaceMemory();
    return plan_;
  }

 private:
  void CheckEnds() const {
    if (graph_.inputs.size() != 1) {
      throw Error("plan/one-input", "model '" + graph_.name + "'", "one input",
                  std::to_string(graph_.inputs.size()) + " inputs",
                  "export the model with a single input tensor");
    }
    if (graph_.outputs.size() != 1) {
      throw Error("plan/one-output", "model '" + graph_.name + "'", "one output",
                  std::to_string(graph_.outputs.size()) + " outputs",
                  "export the model with a single output tensor");
    }
  }

  bool Renames(size_t node) const { return kernels_[node].name.empty(); }

  void ListLayers() {
    layer_of_node_.assign(graph_.nodes.size(), -1);
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (Renames(i)) continue;
      layer_of_node_[i] = static_cast<int>(plan_.layers.size());
      plan_.layers.push_back({static_cast<int>(i), kernels_[i], 0, -1});
    }
    for (size_t i = 0; i < plan_.strips.size(); ++i) {
      const StripChain& chain = plan_.strips[i].chain;
      for (int node = chain.first; node <= chain.last; ++node) {
        const int layer = layer_of_node_.at(static_cast<size_t>(node));
        TF_CHECK(layer >= 0 && plan_.layers[static_cast<size_t>(layer)].strips < 0, "node", node);
        plan_.layers[static_cast<size_t>(layer)].strips = static_cast<int>(i);
      }
    }
  }

  const StripSchedule* StripsOf(int layer) const {
    const int strips = plan_.layers[static_cast<size_t>(layer)].strips;
    return strips < 0 ? nullptr : &plan_.strips[static_cast<size_t>(strips)];
  }
  // The layers of a chain run at the same time: the first and last that do with this one.
  int Begin(int layer) const {
    const StripSchedule* strips = StripsOf(layer);
    return strips == nullptr ? layer : layer_of_node_[static_cast<size_t>(strips->chain.first)];
  }
  int End(int layer) const {
    const StripSchedule* strips = StripsOf(layer);
    return strips == nullptr ? layer : layer_of_node_[static_cast<size_t>(strips->chain.last)];
  }

  void MergeRenamings() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!Renames(i)) continue;
      const Node& node = graph_.nodes[i];
      sharing_.Merge(node.outputs.at(0), node.inputs.at(0));
    }
    if (sharing_.Root(graph_.outputs[0]) == sharing_.Root(graph_.inputs[0])) {
      throw Error("plan/no-layers", "model '" + graph_.name + "'",
                  "at least one operator that computes", "an output that is the input",
                  "check that the right model was exported");
    }
  }

  // For every root, the last node that reads anything in its memory; -1 where none does.
  void FindLastReaders() {
    last_reader_.assign(graph_.values.size(), -1);
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (ValueId id : graph_.nodes[i].inputs) {
        if (id != kNoValue && !Renames(i)) LastReader(id) = static_cast<int>(i);
      }
    }
  }
  int& LastReader(ValueId id) { return last_reader_[static_cast<size_t>(sharing_.Root(id))]; }

  bool IsCallers(ValueId id) const {
    const ValueId root = sharing_.Root(id);
    return root == sharing_.Root(graph_.inputs[0]) || root == sharing_.Root(graph_.outputs[0]);
  }

  bool MayTakeOver(const Node& node, size_t node_index, size_t operand) {
    const ValueId in = node.inputs.at(operand), out = node.outputs.at(0);
    if (graph_.value(in).is_constant() || IsCallers(in) || IsCallers(out)) return false;
    const Value &x = graph_.value(in), &y = graph_.value(out);
    if (ElementCount(x.shape) != ElementCount(y.shape) || x.type != y.type) return false;
    const std::vector<size_t>& allowed = kernels_[node_index].in_place;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const bool same =
          node.inputs[i] != kNoValue && sharing_.Root(node.inputs[i]) == sharing_.Root(in);
      if (same && std::find(allowed.begin(), allowed.end(), i) == allowed.end()) return false;
    }
    return LastReader(in) == static_cast<int>(node_index);
  }

  void MergeInPlace() {
    FindLastReaders();
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!Renames(i) && StripsOf(layer_of_node_[i]) != nullptr) continue;
      const Node& node = graph_.nodes[i];
      for (size_t operand : kernels_[i].in_place) {
        if (!MayTakeOver(node, i, operand)) continue;
        const ValueId in = node.inputs[operand], out = node.outputs.at(0);
        const int last = std::max(LastReader(in), LastReader(out));
        sharing_.Merge(out, in);
        LastReader(in) = last;
        break;
      }
    }
  }

  Memory& MemoryOf(ValueId id) { return memory_[static_cast<size_t>(sharing_.Root(id))]; }

  void CollectMemory() {
    memory_.assign(graph_.values.size(), {});
    for (ValueId id = 0; id < static_cast<ValueId>(graph_.values.size()); ++id) {
      if (graph_.value(id).is_constant()) MemoryOf(id).kind = Location::Kind::kConstant;
    }
    MemoryOf(graph_.inputs[0]).kind = Location::Kind::kInput;
    MemoryOf(graph_.outputs[0]).kind = Location::Kind::kOutput;
    for (const StripSchedule& strips : plan_.strips) {
      for (int node = strips.chain.first; node < strips.chain.last; ++node) {
        const ValueId between = graph_.nodes[static_cast<size_t>(node)].outputs.at(0);
        MemoryOf(between).kind = Location::Kind::kStrip;
      }
    }
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      for (ValueId id : node.outputs) {
        Memory& memory = MemoryOf(id);
        memory.values.push_back(id);
        if (memory.kind == Location::Kind::kNone) memory.kind = Location::Kind::kArena;
        if (Renames(i)) continue;
        if (memory.first < 0) memory.first = Begin(layer_of_node_[i]);
        memory.last = std::max(memory.last, End(layer_of_node_[i]));
      }
      for (ValueId id : node.inputs) {
        if (id != kNoValue && !Renames(i)) {
          Memory& memory = MemoryOf(id);
          memory.last = std::max(memory.last, End(layer_of_node_[i]));
        }
      }
    }
  }

  void AddTensor(const std::string& name, int64_t bytes, int first, int last, bool scratch,
                 std::vector<std::string> holds) {
    plan_.tensors.push_back({name, bytes, 0, first, last, scratch, std::move(holds), "", 0});
    buffers_.push_back({name, bytes, first, last, scratch, 0});
  }

  // Adds each layer's accesses to the buffers of its operands, output and scratch.
  void CountAccesses(const std::vector<int>& tensor_of_root,
                     const std::vector<int>& scratch_of_layer) {
    const auto add = [&](int tensor, int64_t bytes) {
      if (tensor >= 0) buffers_[static_cast<size_t>(tensor)].accesses += bytes;
    };
    const auto tensor_of = [&](ValueId id) {
      return tensor_of_root[static_cast<size_t>(sharing_.Root(id))];
    };
    for (size_t layer = 0; layer < plan_.layers.size(); ++layer) {
      const Node& node = graph_.nodes[static_cast<size_t>(plan_.layers[layer].node)];
      const AccessedBytes accesses = EstimateAccesses(graph_, node, plan_.layers[layer].kernel);
      for (ValueId id : node.inputs) {
        if (id != kNoValue) add(tensor_of(id), accesses.input);
      }
      add(tensor_of(node.outputs.at(0)), accesses.output);
      add(scratch_of_layer[layer], accesses.scratch);
    }
  }

  void PlaceMemory() {
    std::vector<int> tensor_of_root(graph_.values.size(), -1);
    std::vector<int> scratch_of_layer(plan_.layers.size(), -1);
    std::vector<int> tensor_of_strips(plan_.strips.size(), -1);
    for (size_t layer = 0; layer < plan_.layers.size(); ++layer) {
      const Node& node = graph_.nodes[static_cast<size_t>(plan_.layers[layer].node)];
      const ValueId root = sharing_.Root(node.outputs.at(0));
      const Memory& memory = memory_[static_cast<size_t>(root)];
      if (memory.kind == Location::Kind::kArena && tensor_of_root[static_cast<size_t>(root)] < 0) {
        tensor_of_root[static_cast<size_t>(root)] = static_cast<int>(plan_.tensors.size());
        const Value& first = graph_.value(memory.values.front());
        std::vector<std::string> holds;
        for (ValueId id : memory.values) holds.push_back(graph_.value(id).name);
        AddTensor(first.name, ElementCount(first.shape) * DTypeBytes(first.type), memory.first,
                  memory.last, false, holds);
      }
      const int at = static_cast<int>(layer);
      const StripSchedule* strips = StripsOf(at);
      if (Begin(at) < at) {
        scratch_of_layer[layer] = scratch_of_layer[layer - 1];
        continue;
      }
      if (strips != nullptr) {
        tensor_of_strips[static_cast<size_t>(plan_.layers[layer].strips)] =
            static_cast<int>(plan_.tensors.size());
        AddTensor("strips from " + node.name, strips->window_bytes + strips->output_bytes, at,
                  End(at), true, {});
      }
      const int64_t scratch =
          strips != nullptr ? strips->scratch_bytes : plan_.layers[layer].kernel.scratch_bytes;
      if (scratch > 0) {
        scratch_of_layer[layer] = static_cast<int>(plan_.tensors.size());
        AddTensor("scratch of " + node.name, scratch, at, End(at), true, {});
      }
    }

    for (size_t i = 0; i < plan_.strips.size(); ++i) {
      const StripChain& chain = plan_.strips[i].chain;
      for (int node = chain.first; node < chain.last; ++node) {
        const ValueId between = graph_.nodes[static_cast<size_t>(node)].outputs.at(0);
        tensor_of_root[static_cast<size_t>(sharing_.Root(between))] = tensor_of_strips[i];
      }
    }
    CountAccesses(tensor_of_root, scratch_of_layer);
    const std::vector<ArenaLayout> layouts = PlaceBuffers(buffers_, plan_.space, placement_);
    const ArenaLayout& best = BestLayout(buffers_, layouts, plan_.space);
    for (const ArenaLayout& layout : layouts) {
      plan_.strategies.push_back({layout.strategy, layout.bytes});
    }
    plan_.strategy = best.strategy;
    plan_.arena_bytes = best.bytes;
    plan_.arena_lower_bound_bytes = ArenaLowerBound(buffers_);
    plan_.live_bytes = LiveBytes(buffers_, static_cast<int>(plan_.layers.size()));
    plan_.block_bytes = UsedBytes(buffers_, best.offsets, plan_.space);
    plan_.slow_accesses = SlowAccesses(buffers_, best.offsets, plan_.space);
    for (size_t i = 0; i < plan_.tensors.size(); ++i) {
      TensorPlan& tensor = plan_.tensors[i];
      tensor.offset = best.offsets[i];
      tensor.regions = plan_.space.NamesOf(tensor.offset, tensor.bytes);
      tensor.accesses = buffers_[i].accesses;
    }
    for (size_t layer = 0; layer < plan_.layers.size(); ++layer) {
      if (scratch_of_layer[layer] >= 0) {
        plan_.layers[layer].scratch_offset =
            best.offsets[static_cast<size_t>(scratch_of_layer[layer])];
      }
    }
    plan_.locations.resize(graph_.values.size());
    for (size_t id = 0; id < graph_.values.size(); ++id) {
      const auto root = static_cast<size_t>(sharing_.Root(static_cast<ValueId>(id)));
      plan_.locations[id].kind = memory_[root].kind;
      if (memory_[root].kind == Location::Kind::kArena) {
        TF_CHECK(tensor_of_root[root] >= 0, graph_.values[id].name);
        plan_.locations[id].offset = best.offsets[static_cast<size_t>(tensor_of_root[root])];
      }
    }
    PlaceStrips(tensor_of_strips);
  }

  // Where the tensors between the layers of a chain have their rows.
  void PlaceStrips(const std::vector<int>& tensor_of_strips) {
    for (size_t i = 0; i < plan_.strips.size(); ++i) {
      const StripSchedule& strips = plan_.strips[i];
      const int64_t window = plan_.tensors[static_cast<size_t>(tensor_of_strips[i])].offset;
      for (int node = strips.chain.first; node < strips.chain.last; ++node) {
        const ValueId between = graph_.nodes[static_cast<size_t>(node)].outputs.at(0);
        const bool apart = node == strips.chain.window() && strips.output_bytes > 0;
        plan_.locations[static_cast<size_t>(between)].offset =
            window + (apart ? strips.window_bytes : 0);
      }
    }
  }

  const Graph& graph_;
  const std::vector<Kernel>& kernels_;
  const Placement placement_;
  Sharing sharing_;
  std::vector<int> layer_of_node_;
  std::vector<int> last_reader_;  // by root
  std::vector<Memory> memory_;    // by root
  std::vector<ArenaBuffer> buffers_;
  Plan plan_;
};

}  // namespace

Plan MakePlan(const Graph& graph, const std::vector<Kernel>& kernels,
              const std::vector<StripSchedule>& strips, const ArenaSpace& space,
              Placement placement) {
  return Planner(graph, kernels, strips, space, placement).Run();
}

Plan MakePlan(const Graph& graph, CodecRequest request) {
  std::vector<Kernel> kernels;
  for (const Node& node : graph.nodes) {
    kernels.push_back(SmallestKernel(ListKernels(graph, node, request)));
  }
  return MakePlan(graph, kernels);
}

int PeakLayer(const Plan& plan) {
  if (plan.tensors.empty()) return -1;
  return static_cast<int>(std::max_element(plan.live_bytes.begin(), plan.live_bytes.end()) -
                          plan.live_bytes.begin());
}

}  // namespace tinyformer
