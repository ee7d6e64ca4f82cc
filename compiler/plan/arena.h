// The arena: where every buffer of a network lies in one block of RAM, so that buffers alive at the
// same time never overlap.
//
// Start here:  ArenaBuffer, PlaceBuffers. The strategies are compared, the best wins, and the lower
// bound says how good it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyformer {

/// Every offset is a multiple of this; sizes are rounded up to it.
constexpr int64_t kArenaAlignment = 8;

/// Bytes that must survive from layer `first` to layer `last`, both included.
struct ArenaBuffer {
  std::string name;
  int64_t bytes = 0;  // > 0, before rounding
  int first = 0;
  int last = 0;
  bool scratch = false;  // working memory of one layer
};

/// Offsets in bytes, one a buffer, and the arena's size that they need.
struct ArenaLayout {
  std::string strategy;
  std::vector<int64_t> offsets;
  int64_t bytes = 0;
};

/// bytes rounded up to kArenaAlignment.
int64_t AlignArena(int64_t bytes);

/// Rounded bytes alive during each layer 0 .. layers - 1.
std::vector<int64_t> LiveBytes(const std::vector<ArenaBuffer>& buffers, int layers);

/// Maximum of LiveBytes: no layout of these buffers can be smaller.
int64_t ArenaLowerBound(const std::vector<ArenaBuffer>& buffers);

/// The paper's strategy: outputs alternate between the two ends of the arena, each as close to its
/// end as the living buffers of that end allow. Working memory lies on the side of its layer's
/// output. Source  paper III-D, Fig. 6
ArenaLayout PlaceHeadTail(const std::vector<ArenaBuffer>& buffers);

/// Largest buffer first, each in the smallest gap between living buffers that holds it, else above
/// them. Source  Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference"
/// (2020), greedy by size
ArenaLayout PlaceGreedyBySize(const std::vector<ArenaBuffer>& buffers);

/// As PlaceGreedyBySize with the longest-living buffer first.
ArenaLayout PlaceGreedyByLifetime(const std::vector<ArenaBuffer>& buffers);

/// As PlaceGreedyBySize with the layers in order of falling live bytes, and within a layer the
/// largest buffer first. Source  as above, greedy by breadth
ArenaLayout PlaceGreedyByBreadth(const std::vector<ArenaBuffer>& buffers);

/// Branch and bound over the order in which buffers are put at their lowest free offset; some order
/// is optimal.
///
/// Starts from `known` and returns a smaller layout or `known` itself. Gives up after max_steps
/// placements, so the result is optimal only when fewer were needed; the number of steps depends on
/// the buffers alone.
ArenaLayout PlaceExact(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& known,
                       int64_t max_steps);

/// All strategies in a fixed order: head_tail, greedy_by_size, greedy_by_lifetime,
/// greedy_by_breadth, and exact when the best of these is above the lower bound.
std::vector<ArenaLayout> PlaceBuffers(const std::vector<ArenaBuffer>& buffers);

/// The smallest; the first of equals.
const ArenaLayout& BestLayout(const std::vector<ArenaLayout>& layouts);

/// Errors (bug)  two buffers alive at the same time overlap, an offset is not aligned, a buffer
/// leaves the arena
void CheckLayout(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& layout);

}  // namespace tinyformer
