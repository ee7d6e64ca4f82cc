// Books running totals to layers and images as the firmware's marker stores go by.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace tinyformer::plugin {

/// Totals since the start of the run; only instructions is filled when the cycle model is off.
struct Totals {
  uint64_t instructions = 0;
  uint64_t cycles = 0;
  uint64_t stall_cycles = 0;
  uint64_t mispredictions = 0;
  uint64_t unaligned = 0;

  Totals& operator+=(const Totals& o) {
    instructions += o.instructions;
    cycles += o.cycles;
    stall_cycles += o.stall_cycles;
    mispredictions += o.mispredictions;
    unaligned += o.unaligned;
    return *this;
  }
  Totals operator-(const Totals& o) const {
    return {instructions - o.instructions, cycles - o.cycles, stall_cycles - o.stall_cycles,
            mispredictions - o.mispredictions, unaligned - o.unaligned};
  }
};

/// A marker store ends the region it is in: it is booked to the layer or image that it leaves.
class Attribution {
 public:
  static constexpr int kLayers = 256;

  /// image_markers false: there are none, so everything counts as one image.
  explicit Attribution(bool image_markers) : in_image_(!image_markers) {}

  void EnterLayer(int id, const Totals& now) {
    Book(now);
    layer_ = id;
    ++visits_[id];
  }

  void EnterImage(const Totals& now) {
    Book(now);
    in_image_ = true;
    layer_ = 0;
    image_start_ = now;
  }

  void LeaveImage(const Totals& now) {
    Book(now);
    if (!in_image_) return;
    in_image_ = false;
    Totals image = now - image_start_;
    smallest_ = images_ == 0 ? image.instructions : std::min(smallest_, image.instructions);
    largest_ = std::max(largest_, image.instructions);
    images_total_ += image;
    ++images_;
  }

  /// At the end of the run.
  void Finish(const Totals& now) {
    bool one_image = in_image_ && images_ == 0;
    if (one_image) LeaveImage(now);
  }

  const std::array<Totals, kLayers>& layers() const { return layers_; }
  const std::array<uint64_t, kLayers>& visits() const { return visits_; }
  int layer() const { return layer_; }
  const Totals& images_total() const { return images_total_; }
  uint64_t images() const { return images_; }
  uint64_t smallest() const { return smallest_; }
  uint64_t largest() const { return largest_; }

 private:
  void Book(const Totals& now) {
    if (in_image_) layers_[static_cast<size_t>(layer_)] += now - booked_;
    booked_ = now;
  }

  bool in_image_;
  int layer_ = 0;
  Totals booked_, image_start_, images_total_;
  uint64_t images_ = 0, smallest_ = 0, largest_ = 0;
  std::array<Totals, kLayers> layers_{};
  std::array<uint64_t, kLayers> visits_{};
};

}  // namespace tinyformer::plugin
