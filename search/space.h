// SearchSpace: which supernets a search may try, which paths through one, how much it may prune.
//
// Start here:  FindSpace (read_space.h) reads one; SupernetAxes and PathAxes (supernet.h) turn it
// into axes. The image's shape and the classes are no part of it: they come from the data set.
#pragma once

#include <string>
#include <vector>

namespace tinyformer {

/// What a supernet may be from one downsampling to the next.
struct DotSpace {
  std::vector<int> dims;          // channels, 4 to 1024
  std::vector<int> heads;         // of attention, 1 to 16; each divides every dim
  std::vector<int> mobilenets;    // inverted residuals, 0 to 8
  std::vector<int> transformers;  // 0 to 8
  bool operator==(const DotSpace&) const = default;
};

/// Values that each choice may take. Every list has at least one value, all different.
/// Source  paper Table I; SPEC section 2
struct SearchSpace {
  std::string name;

  // [supernet]: fixed before weights are trained.
  std::vector<int> stem;         // channels of a first conv3x3, 0: none; up to 256
  std::vector<DotSpace> dots;    // 1 to 4
  std::vector<int> last_linear;  // width, 4 to 4096

  // [paths]: candidates of the choice modules; all of them share one supernet's weights.
  std::vector<std::string> downsample;  // conv_maxpool, conv_stride2, inverted_residual
  std::vector<int> expansion;           // of an inverted residual, 1 to 8
  std::vector<int> mlp_ratio;           // 1 to 8
  std::vector<bool> residual;           // around a transformer module
  std::vector<std::string> pooling;     // seqpool, average, global

  // [pruning]: of every choice module and of the last linear.
  std::vector<double> sparsity;  // 0 to 0.95
  std::vector<int> block;        // 2, 4

  bool operator==(const SearchSpace&) const = default;
};

/// How many different networks the space holds, pruning included; those that describe the same one
/// count once (a block size without sparsity, heads without a transformer).
double CountNetworks(const SearchSpace& space);

}  // namespace tinyformer
