#include "search/costs.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "compiler/quantize/clear_unread_channels.h"
#include "search/blocks.h"
#include "search/network.h"
#include "search/priced_graph.h"

namespace tinyformer {
namespace {

// A layer's weights with the canonical mask: in OHWI order, 1 where one stays. Rows of output
// channels that nothing reads are cleared.
std::vector<int8_t> CanonicalWeights(const LayerSpec& layer, const ReadChannels& outputs) {
  const auto elements = static_cast<size_t>(layer.weights), row = elements / outputs.size();
  std::vector<int8_t> weights(elements, 1);
  if (layer.sparsity > 0) {
    const std::vector<bool> keep = CanonicalMask(layer);
    const auto block = static_cast<size_t>(layer.block);
    for (size_t i = 0; i < keep.size(); ++i) {
      if (!keep[i]) std::fill_n(&weights[i * block], block, int8_t{0});
    }
  }
  for (size_t o = 0; o < outputs.size(); ++o) {
    if (!outputs[o]) std::fill_n(&weights[o * row], row, int8_t{0});
  }
  return weights;
}

// The input channels that these weights read.
ReadChannels InputsRead(const LayerSpec& layer, const std::vector<int8_t>& weights) {
  const auto channels = static_cast<size_t>(layer.in);
  ReadChannels read(channels, false);
  const auto all = [&] { return std::find(read.begin(), read.end(), false) == read.end(); };
  if (layer.kind == LayerSpec::Kind::kDepthwise) {
    const size_t taps = weights.size() / channels;
    for (size_t i = 0; i < weights.size(); ++i) read[i / taps] = read[i / taps] || weights[i] != 0;
    return read;
  }
  for (size_t at = 0; at < weights.size() && !all(); at += channels) {
    for (size_t c = 0; c < channels; ++c) read[c] = read[c] || weights[at + c] != 0;
  }
  return read;
}

ResourceUse UseOf(const PlannedNetwork& planned, const TargetLimits& target) {
  ResourceUse use = planned.use;
  const int64_t missing = ExcessOf(target, planned, 0).block;
  if (missing > 0) use.sram_peak_bytes = std::max(use.sram_peak_bytes, target.ram_bytes + missing);
  return use;
}

}  // namespace

// What is known of layers' canonical weights, by everything that it depends on.
class GenomePricer::Layers {
 public:
  struct Entry {
    std::vector<CodecChoice> codecs;
    ReadChannels inputs_read;
  };

  explicit Layers(CodecRequest codec) : codec_(codec) {}

  const Entry& Find(const LayerSpec& layer, const std::string& op, const ReadChannels& outputs) {
    // Rows that are all read are the usual case: no need to compare them.
    const bool all = std::find(outputs.begin(), outputs.end(), false) == outputs.end();
    Key key{layer.kind,     layer.in,    layer.out,    layer.kernel,
            layer.sparsity, layer.block, layer.pixels, all ? ReadChannels() : outputs};
    const auto found = entries_.find(key);
    if (found != entries_.end()) return found->second;
    const std::vector<int8_t> weights = CanonicalWeights(layer, outputs);
    const int64_t inner = layer.kind == LayerSpec::Kind::kDepthwise ? layer.kernel : layer.in;
    return entries_
        .emplace(std::move(key), Entry{ListCodecs(weights, inner, SparseBlocks(op), codec_),
                                       InputsRead(layer, weights)})
        .first->second;
  }

 private:
  using Key = std::tuple<LayerSpec::Kind, int, int, int, double, int, int, ReadChannels>;

  const CodecRequest codec_;
  std::map<Key, Entry> entries_;
};

GenomePricer::GenomePricer(const PlanOptions& options)
    : options_(options), layers_(std::make_unique<Layers>(options.codec)) {
  TF_CHECK(options.kernels.empty(), "kernels are chosen for each genome");
}

GenomePricer::~GenomePricer() = default;

ResourceUse GenomePricer::Price(const Genome& genome) {
  const std::map<std::string, LayerSpec> specs = LayersByName(genome);
  const Graph graph = BuildPricedGraph(genome, specs);
  std::map<std::string, const Layers::Entry*> entries;
  VisitReadChannels(graph, [&](const Node& node, const ReadChannels& outputs) {
    const Layers::Entry& entry = layers_->Find(specs.at(node.name), node.op, outputs);
    entries[node.name] = &entry;
    return entry.inputs_read;
  });
  KernelLists lists;
  for (const Node& node : graph.nodes) {
    const auto entry = entries.find(node.name);
    lists.push_back(ListKernels(
        graph, node, entry == entries.end() ? std::vector<CodecChoice>() : entry->second->codecs));
  }
  PlannedNetwork planned = PlanNetwork(graph, lists, options_, Placement::kFewestBytes);
  const ArenaSpace& space = options_.target.arena;
  if (space.blocks.size() > 1 &&
      planned.plan.arena_bytes > space.Capacity(space.blocks.size() - 1)) {
    // Whether the last block holds its share depends on where the tensors come to lie.
    planned = PlanNetwork(graph, lists, options_, Placement::kFastMemory);
  }
  return UseOf(planned, options_.target);
}

ResourceUse PriceGenome(const Genome& genome, const PlanOptions& options) {
  return GenomePricer(options).Price(genome);
}

ResourceUse PriceGraph(const Graph& quantized, const PlanOptions& options) {
  return UseOf(PlanNetwork(quantized, options), options.target);
}

}  // namespace tinyformer
