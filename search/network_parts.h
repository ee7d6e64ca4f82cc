// A network as a reader sees it: its choice modules from the image to the classes, with what each
// does and the shapes between them.
#pragma once

#include <string>
#include <vector>

#include "search/genome.h"

namespace tinyformer {

/// One part of a network.
struct NetworkPart {
  // "stem", "dot1.down", "dot1.res1", "dot1.mb1", "dot1.tr1", "pool", "last", "head"
  std::string name;
  std::string kind;    // "downsampling", "residual", "inverted residual", "transformer", ...
  std::string choice;  // what was chosen: "conv 3x3, max pooling", "4 heads, MLP ratio 2, residual"
  std::vector<int> output;  // [height, width, channels], or [features]
  PrunePolicy prune;        // {0, 4}: stays dense
  bool residual = false;    // its input is added to its output
  /// Those of ListLayers whose name is `name` or begins with `name` and a dot.
  std::vector<LayerSpec> layers;
};

/// In the order of execution; the first one reads the image, each other the one before.
std::vector<NetworkPart> ListParts(const Genome& genome);

}  // namespace tinyformer
