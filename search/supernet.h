// From points to networks and back: the axes of a space's supernets, those of a supernet's paths,
// and the genome that a point of each stands for.
#pragma once

#include <string>
#include <vector>

#include "search/genome.h"
#include "search/point.h"
#include "search/space.h"

namespace tinyformer {

/// A stage of a supernet: the numbers of its choice modules and their width.
struct SupernetDot {
  int dim = 44, mobilenets = 1, transformers = 1;
  int heads = 4;  // of every transformer in it; means nothing when there is none
  bool operator==(const SupernetDot&) const = default;
};

/// A supernet: everything about its networks but the path and the pruning.
/// Source  paper III-B1, Fig. 3
struct SupernetConfig {
  int stem = 0;  // channels of a first conv3x3, 0: none
  std::vector<SupernetDot> dots;
  int last_linear = 768;
  bool operator==(const SupernetConfig&) const = default;
};

/// What the data set decides about a network.
struct ImageTask {
  int height = 32, width = 32, channels = 3, classes = 10;
  bool operator==(const ImageTask&) const = default;
};

/// Axes "stem", then for every DoT "dot1.dim", "dot1.mobilenets", "dot1.transformers", "dot1.heads"
/// (idle without a transformer), then "last_linear".
std::vector<Axis> SupernetAxes(const SearchSpace& space);

/// The supernet at a point of SupernetAxes.
SupernetConfig MakeSupernet(const SearchSpace& space, const Point& supernet);

/// Axes of the choice modules in the order of ListLayers, named after the layers' prefixes:
/// "dot1.down.kind", "dot1.mb1.expansion", "dot1.tr1.mlp_ratio", "dot1.tr1.residual", "pooling",
/// "last", each module's followed by "<module>.sparsity" and "<module>.block" (not pooling's).
///
/// Idle  a block without sparsity; sparsity and block of a convolution on the image, which stays
///       dense
std::vector<Axis> PathAxes(const SearchSpace& space, const SupernetConfig& supernet);

/// The network at a point of PathAxes. A module that stays dense has the policy {0, 4}.
Genome MakeGenome(const SearchSpace& space, const SupernetConfig& supernet, const Point& path,
                  const ImageTask& task);

/// A network's place in a space.
struct Candidate {
  Point supernet, path;
  bool operator==(const Candidate&) const = default;
};

/// A random supernet of the space, and a random path through it.
Candidate RandomCandidate(const SearchSpace& space, Rng& rng);

/// Refuses images that not every network of the space takes.
/// Errors  space/images (data is what the user calls the data set)
void RequireImagesFit(const SearchSpace& space, const ImageTask& task, const std::string& data);

}  // namespace tinyformer
