// The paper's own arithmetic for a genome: what its figures (731 K, 942 KB, 300 KB) are made of.
#include <algorithm>
#include <cmath>

#include "search/genome.h"

namespace tinyformer {
namespace {

// Bytes beside the weights: int32 bias and int32 multiplier + int8 shift per channel (conv), or one
// requantisation of 8 bytes.
constexpr double kBiasBytes = 4, kChannelRequantBytes = 5, kTensorRequantBytes = 8;

double FixedBytes(const LayerSpec& layer) {
  switch (layer.kind) {
    case LayerSpec::Kind::kLayerNorm:
      return kTensorRequantBytes;
    case LayerSpec::Kind::kLinear:
      return kBiasBytes * layer.out + kTensorRequantBytes;
    default:
      return (kBiasBytes + kChannelRequantBytes) * layer.out;
  }
}

}  // namespace

PaperCosts ComputePaperCosts(const Genome& genome) {
  double weights = 0, effective = 0, stored = 0, macs = 0, effective_macs = 0;
  for (const LayerSpec& layer : ListLayers(genome)) {
    double n = static_cast<double>(layer.weights), kept = 1 - layer.sparsity;
    weights += n;
    effective += n * kept;
    stored += std::min(n, n * kept * (1 + 1.0 / layer.block)) + FixedBytes(layer);  // Eq. 5
    macs += static_cast<double>(layer.macs);
    effective_macs += static_cast<double>(layer.macs) * kept;
  }
  double height = genome.height, width = genome.width, channels = genome.channels, peak = 0;
  if (genome.stem > 0) {
    peak = height * width * (channels + genome.stem);
    channels = genome.stem;
  }
  for (const DotGene& dot : genome.dots) {
    double map = height * width, quarter = map / 4, dim = dot.dim;
    if (dot.downsample.kind == "conv_maxpool") {
      peak = std::max(peak, map * dim + std::max(map * channels, quarter * dim));
    } else if (dot.downsample.kind == "conv_stride2") {
      peak = std::max(peak, map * channels + quarter * dim);
    } else {
      peak = std::max(peak, map * channels * 3);
    }
    if (!dot.residuals.empty()) peak = std::max(peak, quarter * dim * 3);
    for (const MobileNetGene& gene : dot.mobilenets)
      peak = std::max(peak, quarter * dim * (1 + 2 * gene.expansion));
    for (const TransformerGene& gene : dot.transformers) {
      peak = std::max(peak, quarter * (4 * dim + gene.heads * quarter));  // all scores at once
      stored += 2 * kTensorRequantBytes;                                  // Q K^T and attention x V
      macs += 2 * quarter * quarter * dim;
      effective_macs += 2 * quarter * quarter * dim;
    }
    height /= 2;
    width /= 2;
    channels = dim;
  }
  if (genome.pooling == "seqpool") {
    macs += height * width * channels;
    effective_macs += height * width * channels;
  }
  PaperCosts costs;
  costs.weights = std::llround(weights);
  costs.effective_weights = std::llround(effective);
  costs.stored_bytes = std::llround(stored);
  costs.peak_bytes = std::llround(peak);
  costs.macs = std::llround(macs);
  costs.effective_macs = std::llround(effective_macs);
  return costs;
}

}  // namespace tinyformer
