// The arena: where every buffer of a network lies in RAM, so that buffers alive at the same time
// never overlap.
//
// Start here:  ArenaBuffer, ArenaSpace, PlaceBuffers. The strategies are compared, the best wins,
// and the lower bound says how good it is.
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
  int64_t accesses = 0;  // bytes that the network moves to and from it, roughly
};

/// A range of RAM that the arena may use, with the board's name for it.
struct ArenaRegion {
  std::string name;
  int64_t bytes = 0;
  bool fast = false;  // every access takes one cycle
};

/// The RAM left for the arena: blocks of regions that follow each other without a gap; between two
/// blocks is one. Offsets count through all blocks, and no buffer lies across two.
///
/// Empty: one block without end. Otherwise the last block has no end for the planner; who asked
/// checks that what it uses is there.
struct ArenaSpace {
  std::vector<std::vector<ArenaRegion>> blocks;

  /// Offset at which a block begins, a multiple of kArenaAlignment; block = blocks.size():
  /// infinity.
  int64_t BlockStart(size_t block) const;
  /// The block that holds the offset; 0 when there are none.
  size_t BlockOf(int64_t offset) const;
  /// Bytes of a block's regions.
  int64_t Capacity(size_t block) const;
  /// "dtcm", "dtcm+sram1", ...: where the bytes lie; past the end of all "outside"; "" without
  /// blocks.
  std::string NamesOf(int64_t offset, int64_t bytes) const;
  /// How many of the bytes lie in fast regions.
  int64_t FastBytes(int64_t offset, int64_t bytes) const;
};

/// Offsets in bytes, one a buffer, and the arena's size that they need.
///
/// bytes  offset behind the last buffer, less what is left at the ends of earlier blocks
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
/// output.
/// Source  paper III-D, Fig. 6
ArenaLayout PlaceHeadTail(const std::vector<ArenaBuffer>& buffers);

/// Largest buffer first, each in the smallest gap between living buffers that holds it, else above
/// them.
/// Source  Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference" (2020),
///         greedy by size
ArenaLayout PlaceGreedyBySize(const std::vector<ArenaBuffer>& buffers,
                              const ArenaSpace& space = {});

/// As PlaceGreedyBySize with the longest-living buffer first.
ArenaLayout PlaceGreedyByLifetime(const std::vector<ArenaBuffer>& buffers,
                                  const ArenaSpace& space = {});

/// As PlaceGreedyBySize with the layers in order of falling live bytes, and within a layer the
/// largest buffer first.
/// Source  as above, greedy by breadth
ArenaLayout PlaceGreedyByBreadth(const std::vector<ArenaBuffer>& buffers,
                                 const ArenaSpace& space = {});

/// As PlaceGreedyBySize in any order, each buffer in the lowest (or the tightest) gap.
ArenaLayout PlaceInOrder(const std::vector<ArenaBuffer>& buffers, const std::vector<size_t>& order,
                         const ArenaSpace& space, bool tightest);

/// Branch and bound over the order in which buffers are put at their lowest free offset; some order
/// is optimal.
///
/// Starts from `known` and returns a smaller layout or `known` itself. Gives up after max_steps
/// placements, so the result is optimal only when fewer were needed; the number of steps depends on
/// the buffers alone.
ArenaLayout PlaceExact(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& known,
                       int64_t max_steps);

/// Random exchanges in the order in which buffers are put at their lowest free offset, each of a
/// buffer at the arena's end with one near it, kept unless the arena grows. Starts from `known`,
/// ends at the lower bound or after `steps`. The same for the same buffers.
ArenaLayout PlaceHillClimb(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& known,
                           int steps);

/// Accessed bytes that lie outside fast regions; 0 when no region is fast.
int64_t SlowAccesses(const std::vector<ArenaBuffer>& buffers, const std::vector<int64_t>& offsets,
                     const ArenaSpace& space);

/// Random exchanges in the order of placement, kept when the arena shrinks, or when it does not
/// grow and fewer accesses are slow; starts from `known` and its mirror image. The same for the
/// same buffers. Named "fast_first".
ArenaLayout PlaceFastFirst(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& known,
                           const ArenaSpace& space, int steps);

/// What a placement is for. kFewestBytes is kFastMemory without the strategies that cannot make the
/// arena smaller any more: the same bytes, sooner.
enum class Placement : uint8_t { kFastMemory, kFewestBytes };

/// All strategies in a fixed order: head_tail (one block only), greedy_by_size, greedy_by_lifetime,
/// greedy_by_breadth; hill_climb when the best of these is above the lower bound, exact when it
/// still is and there are few buffers (both one block only, or what fits the first); fast_first
/// when a region is fast or there are several blocks. Random searches get fewer steps the more
/// buffers there are. kFewestBytes ends at the first that reaches the lower bound.
///
/// Errors  Interrupted
std::vector<ArenaLayout> PlaceBuffers(const std::vector<ArenaBuffer>& buffers,
                                      const ArenaSpace& space = {},
                                      Placement placement = Placement::kFastMemory);

/// The smallest; of equals the one with fewest slow accesses, then the first.
const ArenaLayout& BestLayout(const std::vector<ArenaBuffer>& buffers,
                              const std::vector<ArenaLayout>& layouts,
                              const ArenaSpace& space = {});

/// Bytes used in every block (at least one), up to the end of its last buffer.
std::vector<int64_t> UsedBytes(const std::vector<ArenaBuffer>& buffers,
                               const std::vector<int64_t>& offsets, const ArenaSpace& space);

/// Errors (bug)  two buffers alive at the same time overlap, an offset is not aligned, a buffer
///               leaves the arena or lies across two blocks
void CheckLayout(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& layout,
                 const ArenaSpace& space = {});

}  // namespace tinyformer
