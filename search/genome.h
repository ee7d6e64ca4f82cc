// Genome: one point of the search space, a plain value: architecture choices and the compression of
// every module.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace tinyformer {

/// How one choice module is pruned: blocks of `block` consecutive weights along the flattened OHWI
/// inner dimension (depthwise: 3 along the kernel's width), `sparsity` the share of blocks that are
/// zero.
/// Source  paper III-C2, Table I
struct PrunePolicy {
  double sparsity = 0;  // [0, 0.95]
  int block = 4;        // 2 or 4
  bool operator==(const PrunePolicy&) const = default;
};

/// Halves height and width.
/// Source  SPEC section 2, choices D0, D1, D2
struct DownsampleGene {
  std::string kind = "conv_maxpool";  // "conv_maxpool" | "conv_stride2" | "inverted_residual"
  PrunePolicy prune;
  bool operator==(const DownsampleGene&) const = default;
};

/// Two conv3x3 whose output is added to the input: of the zoo's tinyformer-120k, of teachers and
/// comparisons; the paper's spaces do not have them.
/// Source  He et al. 2016, ResNet, figure 2, with the ReLU before the addition
struct ResidualGene {
  PrunePolicy prune;
  bool operator==(const ResidualGene&) const = default;
};

/// Inverted residual.
/// Source  MobileNetV2; paper III-B1
struct MobileNetGene {
  int expansion = 4;  // 2, 4, 6
  PrunePolicy prune;
  bool operator==(const MobileNetGene&) const = default;
};

/// conv3x3 -> conv1x1 -> encoder -> conv1x1 -> conv3x3, or the encoder alone.
/// Source  paper III-B1
struct TransformerGene {
  int heads = 4;          // divides the DoT's dim
  int mlp_ratio = 2;      // 2 or 4
  bool residual = false;  // of the whole module; only with convs
  PrunePolicy prune;
  bool convs = true;  // false: the encoder alone, as in CCT
  bool operator==(const TransformerGene&) const = default;
};

struct DotGene {
  int dim = 44;
  DownsampleGene downsample;
  std::vector<ResidualGene> residuals;  // run in this order: residuals, mobilenets, transformers
  std::vector<MobileNetGene> mobilenets;
  std::vector<TransformerGene> transformers;
  bool operator==(const DotGene&) const = default;
};

struct Genome {
  std::string name = "tinyformer";
  int height = 32, width = 32, channels = 3, classes = 10;
  int stem = 0;  // 0 none, else channels of a conv3x3
  std::vector<DotGene> dots;
  // "seqpool" | "average" (2x2 average pool, flatten) | "global" (global average)
  std::string pooling = "seqpool";
  int last_linear = 768;
  PrunePolicy last_prune;
  bool operator==(const Genome&) const = default;
};

/// One layer with weights, as training, pruning and costs see it.
///
/// Names  "stem.conv", "dot1.down.conv", "dot1.down.{expand,depthwise,project}",
///        "dot1.res1.{conv1,conv2}", "dot1.mb1.{expand,depthwise,project}",
///        "dot1.tr1.{conv_in,proj_in,ln1,q,k,v,out,ln2,mlp1,mlp2,proj_out,conv_out}", "pool.score",
///        "last", "head"
/// Files  <name>.weight (conv: OIHW, linear: [out, in]), <name>.bias (linear, layernorm), and for a
///        conv its batch norm: <name>.bn.{weight,bias,running_mean,running_var}
struct LayerSpec {
  enum class Kind { kConv, kDepthwise, kLinear, kLayerNorm };
  std::string name;
  Kind kind;
  int in = 0, out = 0, kernel = 1, stride = 1;
  double sparsity = 0;  // 0: stays dense
  int block = 4;        // along flattened OHWI (2, 4) or the kernel's width (3, depthwise)
  int64_t weights = 0;  // elements of <name>.weight (layernorm: gamma and beta)
  int64_t macs = 0;     // multiply-accumulates of one inference, dense
  /// Of a linear layer on a flattened map: in = channels * pixels, channel by channel in the file.
  /// Its blocks lie along the channels, as a convolution's over the whole map would.
  int pixels = 1;
};

/// All layers in execution order. The first convolution on the image and the classifier stay dense.
/// Blocks that do not divide the inner dimension: the layer stays dense.
std::vector<LayerSpec> ListLayers(const Genome& genome);

/// Reads and writes the JSON form. name is what the user calls the file.
/// Errors  json/key, genome/version, genome/value (names the module, what is allowed, what was
///         found)
Genome ParseGenome(const Json& json, const std::string& name);
Json ToJson(const Genome& genome);

/// SPEC's reference point A, with the per-module policy that gives 731,186 effective weights.
Genome ReferencePointA();

/// What the paper's equations say of a genome (block run-length coding, facts: Eq. 5 with fillers
/// left out).
struct PaperCosts {
  int64_t weights = 0, effective_weights = 0, stored_bytes = 0, peak_bytes = 0, macs = 0,
          effective_macs = 0;
};
PaperCosts ComputePaperCosts(const Genome& genome);

}  // namespace tinyformer
