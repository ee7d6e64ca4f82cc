#include "engine/parity/compare.h"

#include "engine/parity/random_layer.h"

namespace tinyformer::engine::parity {
namespace {

using Bytes = std::vector<int8_t>;

// Places the buffers and runs calls on them.
class Bench {
 public:
  Bench(Case& c, GuardedMemory& memory, const BufferSizes& sizes) : memory_(memory), sizes_(sizes) {
    Random& random = c.random;
    in_place_ = sizes.in_place >= 0 && random.chance(50);
    for (int32_t i = 0; i < Buffers::kInputs; ++i) {
      if (sizes.x[i] > 0) buffers_.x[i] = memory.take(sizes.x[i], random.between(0, 15));
    }
    buffers_.y =
        in_place_ ? buffers_.x[sizes.in_place] : memory.take(sizes.y, random.between(0, 15));
    buffers_.scratch = memory.take(sizes.scratch, 4 * random.between(0, 3));
  }

  void draw_inputs(Random& random) {
    for (int32_t i = 0; i < Buffers::kInputs; ++i) {
      contents_[i] = random_activations(random, sizes_.x[i]);
    }
  }

  // Nothing of an earlier run is left in y and scratch.
  const char* run(const KernelCall& call, Watch watch, uint32_t seed) {
    if (!in_place_) memory_.scramble(buffers_.y, seed);
    memory_.scramble(static_cast<int8_t*>(buffers_.scratch), seed + 1);
    for (int32_t i = 0; i < Buffers::kInputs; ++i) {
      if (sizes_.x[i] == 0) continue;
      memory_.fill(buffers_.x[i], contents_[i].data(), in_place_ && i == sizes_.in_place);
    }
    memory_.run(watch, [&] { call(buffers_); });
    return memory_.damage();
  }

  Bytes output() const { return Bytes(buffers_.y, buffers_.y + sizes_.y); }

 private:
  GuardedMemory& memory_;
  const BufferSizes& sizes_;
  Buffers buffers_;
  Bytes contents_[Buffers::kInputs];
  bool in_place_ = false;
};

}  // namespace

const char* compare_calls(Case& c, GuardedMemory& memory, const BufferSizes& sizes,
                          const KernelCall& reference, const KernelCall& kernel) {
  Bench bench(c, memory, sizes);
  if (memory.full()) return "needs more than the guarded memory";
  if (c.begun != nullptr) c.begun(c);
  for (const Watch watch : {Watch::kMeasure, Watch::kSame}) {
    bench.draw_inputs(c.random);
    if (bench.run(reference, Watch::kBounds, c.random.next()) != nullptr) {
      return "ref wrote outside its output and scratch";
    }
    const Bytes expected = bench.output();
    const char* wrong = bench.run(kernel, watch, c.random.next());
    if (wrong != nullptr) return wrong;
    if (bench.output() != expected) return "output differs from ref";
    for (const int8_t value : expected) c.hash = c.hash * 16777619u + static_cast<uint8_t>(value);
  }
  return nullptr;
}

}  // namespace tinyformer::engine::parity
