#include "engine/parity/guarded_memory.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace {

constexpr int32_t kGuardedBytes = tinyformer::engine::parity::GuardedMemory::kBytes;

}  // namespace

// The emulator plugin knows these two by name. A byte store to tf_guard_marker[mode] says what the
// following accesses to tf_guarded_memory are.
extern "C" {
extern volatile uint8_t tf_guard_marker[8];
extern uint8_t tf_guarded_memory[kGuardedBytes];
volatile uint8_t tf_guard_marker[8];
alignas(16) uint8_t tf_guarded_memory[kGuardedBytes];
}

namespace tinyformer::engine::parity {
namespace {

constexpr uint8_t kCanary = 0x5a;
constexpr int32_t kGap = 48;  // canaries before and after a buffer, at least

// Stores make bytes closed, readable or writable; or accesses are held against that.
enum Mode : uint8_t { kClose = 0, kReadable = 1, kWritable = 2, kCheck = 3 };

void set_mode(int mode) {
  __asm__ volatile("" ::: "memory");
  tf_guard_marker[mode] = 0;
  __asm__ volatile("" ::: "memory");
}

// Canaries in front of the buffer that starts at `end`, after the one that ends at `start`.
bool intact(int32_t start, int32_t end) {
  for (int32_t i = start; i < end; ++i) {
    if (tf_guarded_memory[i] != kCanary) return false;
  }
  return true;
}

}  // namespace

GuardedMemory::~GuardedMemory() {
  set_mode(kClose);
  if (count_ == 0) return;
  memset(tf_guarded_memory, kCanary,
         static_cast<size_t>(buffers_[count_ - 1].start + buffers_[count_ - 1].bytes + kGap));
}

int8_t* GuardedMemory::take(int32_t bytes, int32_t offset) {
  const int32_t end = count_ == 0 ? 0 : buffers_[count_ - 1].start + buffers_[count_ - 1].bytes;
  const int32_t start = (end + kGap + 15) / 16 * 16 + offset;
  full_ = full_ || count_ == kBuffers || start + bytes + kGap > kGuardedBytes;
  if (full_) return nullptr;
  set_mode(kClose);
  memset(tf_guarded_memory + end, kCanary, static_cast<size_t>(start - end));
  memset(tf_guarded_memory + start + bytes, kCanary, kGap);
  buffers_[count_].start = start;
  buffers_[count_].bytes = bytes;
  ++count_;
  return reinterpret_cast<int8_t*>(tf_guarded_memory + start);
}

void GuardedMemory::fill(int8_t* at, const void* contents, bool writable) {
  Buffer& buffer = find(at);
  set_mode(writable ? kWritable : kReadable);
  if (buffer.bytes > 0) memcpy(at, contents, static_cast<size_t>(buffer.bytes));
  set_mode(kClose);
  buffer.writable = writable;
  buffer.sum = sum_of(buffer);
}

void GuardedMemory::scramble(int8_t* at, uint32_t seed) {
  Buffer& buffer = find(at);
  set_mode(kWritable);
  for (int32_t i = 0; i < buffer.bytes; ++i) {
    seed = seed * 1664525u + 1013904223u;
    at[i] = static_cast<int8_t>(seed >> 24);
  }
  set_mode(kClose);
  buffer.writable = true;
}

GuardedMemory::Buffer& GuardedMemory::find(const int8_t* at) {
  const int32_t start =
      static_cast<int32_t>(reinterpret_cast<const uint8_t*>(at) - tf_guarded_memory);
  int32_t i = 0;
  while (i + 1 < count_ && buffers_[i].start != start) ++i;
  return buffers_[i];
}

uint32_t GuardedMemory::sum_of(const Buffer& buffer) {
  uint32_t sum = 0;
  for (int32_t i = 0; i < buffer.bytes; ++i) {
    sum = sum * 16777619u + tf_guarded_memory[buffer.start + i];
  }
  return sum;
}

void GuardedMemory::start(Watch watch) const {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(tf_guarded_memory, kGuardedBytes);
  for (int32_t i = 0; i < count_; ++i) {
    __asan_unpoison_memory_region(tf_guarded_memory + buffers_[i].start,
                                  static_cast<size_t>(buffers_[i].bytes));
  }
#endif
  set_mode(kCheck + static_cast<int>(watch));
}

void GuardedMemory::stop() const {
  set_mode(kClose);
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(tf_guarded_memory, kGuardedBytes);
#endif
}

const char* GuardedMemory::damage() const {
  int32_t end = 0;
  for (int32_t i = 0; i < count_; ++i) {
    const Buffer& buffer = buffers_[i];
    if (!intact(end, buffer.start)) return "wrote outside its buffers";
    if (!buffer.writable && sum_of(buffer) != buffer.sum) return "wrote to its input";
    end = buffer.start + buffer.bytes;
  }
  return intact(end, end + kGap) ? nullptr : "wrote outside its buffers";
}

}  // namespace tinyformer::engine::parity
