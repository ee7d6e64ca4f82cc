// Memory for kernels under test: while a kernel runs, only the bytes of its own buffers are open.
//
// In the emulator its plugin holds every load and store against the state of each byte
// (docs/emulation.md, "Guarded memory"); a host build with the address sanitizer poisons what is
// closed. Everywhere the bytes between the buffers are canaries.
#pragma once

#include <stdint.h>

namespace tinyformer::engine::parity {

/// How a kernel's run is watched.
enum class Watch : uint8_t {
  kBounds,   ///< its accesses
  kMeasure,  ///< and its number of instructions is remembered
  kSame,     ///< and its number of instructions must be the remembered one (emulator only)
};

/// Buffers for one case at a time: there is one such memory in a program.
class GuardedMemory {
 public:
  static constexpr int32_t kBytes = 112 * 1024;

  GuardedMemory() = default;
  ~GuardedMemory();
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  /// A new buffer of exactly `bytes` bytes, `offset` bytes past a multiple of 16. When there is no
  /// room for it the memory is full() from then on and the buffer nullptr.
  int8_t* take(int32_t bytes, int32_t offset);
  bool full() const { return full_; }
  /// Gives a buffer its contents: kernels may only read it, unless it is writable.
  void fill(int8_t* buffer, const void* contents, bool writable);
  /// The same with bytes that mean nothing, for outputs and scratch.
  void scramble(int8_t* buffer, uint32_t seed);

  /// Calls kernel() while everything else is closed.
  template <typename Kernel>
  [[gnu::noinline]] void run(Watch watch, const Kernel& kernel) {
    start(watch);
    kernel();
    stop();
  }

  /// nullptr, or what the kernels have written that was not theirs.
  const char* damage() const;

 private:
  struct Buffer {
    int32_t start = 0;
    int32_t bytes = 0;
    uint32_t sum = 0;  // of read-only contents
    bool writable = false;
  };
  static constexpr int32_t kBuffers = 16;

  Buffer& find(const int8_t* at);
  static uint32_t sum_of(const Buffer& buffer);
  void start(Watch watch) const;
  void stop() const;

  Buffer buffers_[kBuffers];
  int32_t count_ = 0;
  bool full_ = false;
};

}  // namespace tinyformer::engine::parity
