#include "bench/search_costs/compare_costs.h"

#include <algorithm>
#include <ctime>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/temporary_folder.h"
#include "cli/target_limits.h"
#include "compiler/compile.h"
#include "search/costs.h"
#include "search/network.h"
#include "search/priced_graph.h"
#include "search/testing_costs.h"
#include "sim/firmware.h"

namespace tinyformer::bench {
namespace {

Graph NetworkOf(const Genome& genome, uint64_t seed) {
  return QuantizedNetwork(genome, CanonicalWeights(genome, seed));
}

double ProcessorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// docs/quantization.md: within these no layer's sums leave int32, whatever its weights are.
void RequireInt32(const Graph& graph, const std::string& name) {
  for (const Node& node : graph.nodes) {
    const Shape &x = graph.value(node.inputs.at(0)).shape,
                &y = graph.value(node.outputs.at(0)).shape;
    TF_CHECK(ElementCount(y) <= INT32_MAX, name, node.name);
    if (node.op == "linear" || node.op == "conv2d" || node.op == "depthwise_conv2d") {
      const int64_t weights = ElementCount(graph.value(node.inputs.at(1)).shape);
      TF_CHECK(weights / y.back() <= 65536, name, node.name);
    } else if (node.op == "attention" || node.op == "attention_pool") {
      TF_CHECK(graph.value(node.inputs.at(1)).shape.at(1) <= 32768, name, node.name);
    } else if (node.op == "layernorm") {
      TF_CHECK(x.back() <= 32768, name, node.name);
    }
  }
}

}  // namespace

Agreement ComparePrices(const SearchSpace& space, const PlanOptions& options, int64_t count) {
  GenomePricer pricer(options);
  Agreement agreement;
  for (; agreement.count < count; ++agreement.count) {
    ThrowIfInterrupted();
    const auto index = static_cast<uint64_t>(agreement.count);
    const Genome genome = RandomGenome(space, index);
    const bool same = pricer.Price(genome) == PriceGraph(NetworkOf(genome, index), options);
    agreement.different += same ? 0 : 1;
  }
  return agreement;
}

int64_t LinkedCandidate::FlashError() const {
  return price.flash_bytes - static_cast<int64_t>(linked.flash_bytes);
}

std::vector<LinkedCandidate> LinkCandidates(const SearchSpace& space, const Board& board,
                                            int64_t ram_bytes, int64_t count, uint64_t first) {
  CompileOptions options;
  options.target = LimitsOf(board);
  options.target.ram_bytes = std::min(options.target.ram_bytes, ram_bytes);
  GenomePricer pricer(options);
  std::vector<LinkedCandidate> candidates;
  for (uint64_t index = first; static_cast<int64_t>(candidates.size()) < count; ++index) {
    const Genome genome = RandomGenome(space, index);
    LinkedCandidate candidate;
    candidate.price = pricer.Price(genome);
    if (candidate.price.flash_bytes > options.target.flash_bytes ||
        candidate.price.sram_peak_bytes > options.target.ram_bytes) {
      continue;
    }
    const CompileResult compiled = Compile(NetworkOf(genome, index), options);
    const TemporaryFolder aside;
    const std::string folder = aside.File("firmware");
    WriteSourceTree(compiled.tree, folder);
    candidate.linked = BuildFirmware(ReadFirmware(folder), board, false).size;
    candidate.strips = compiled.plan.strips.size();
    candidates.push_back(candidate);
  }
  return candidates;
}

PricingRate MeasureRate(const SearchSpace& space, const PlanOptions& options, int64_t count) {
  GenomePricer pricer(options);
  PricingRate rate;
  for (; rate.count < count; ++rate.count) {
    const Genome genome = RandomGenome(space, static_cast<uint64_t>(rate.count));
    const double start = ProcessorSeconds();
    pricer.Price(genome);
    const double seconds = ProcessorSeconds() - start;
    rate.seconds += seconds;
    rate.slowest_seconds = std::max(rate.slowest_seconds, seconds);
  }
  return rate;
}

void RequireValid(const SearchSpace& space, const PlanOptions& options, uint64_t first,
                  int64_t count) {
  GenomePricer pricer(options);
  for (uint64_t index = first; index < first + static_cast<uint64_t>(count); ++index) {
    ThrowIfInterrupted();
    const std::string name = "candidate " + std::to_string(index) + " of " + space.name;
    const Genome genome = RandomGenome(space, index);
    Graph graph = BuildPricedGraph(genome, LayersByName(genome));
    for (Value& value : graph.values) {
      if (!value.is_constant()) continue;
      value.data->resize(static_cast<size_t>(ElementCount(value.shape) * DTypeBytes(value.type)));
    }
    Verify(graph, name);
    RequireInt32(graph, name);
    const ResourceUse use = pricer.Price(genome);
    TF_CHECK(use.flash_bytes > 0 && use.flash_bytes <= INT32_MAX, name, use.flash_bytes);
    TF_CHECK(use.sram_peak_bytes > 0 && use.sram_peak_bytes <= INT32_MAX, name);
    TF_CHECK(use.cycles > 0 && use.effective_macs <= use.macs, name);
  }
}

}  // namespace tinyformer::bench
