// Turns a bitmap into the distances between stored blocks that run length holds.
#pragma once

#include <stdint.h>

namespace tinyformer::engine::arm {

/// What four bits of a bitmap mean as distances between stored blocks. bitmap.S knows the layout.
struct Nibble {
  uint32_t distances = 0;  // a byte for each stored block; the first counts from before the nibble
  int32_t rest = 0;  // bits 0-7: stored blocks; 8-15: blocks after the last stored one (4 when
                     // there is none); negative when there is none
};

struct NibbleTable {
  constexpr NibbleTable() : entries() {
    for (int bits = 0; bits < 16; ++bits) {
      int last = -1;
      int count = 0;
      for (int block = 0; block < 4; ++block) {
        if ((bits >> block & 1) == 0) continue;
        entries[bits].distances |= static_cast<uint32_t>(block - last) << (8 * count++);
        last = block;
      }
      entries[bits].rest = count | (3 - last) << 8 | (last < 0 ? INT32_MIN : 0);
    }
  }
  Nibble entries[16];
};

inline constexpr NibbleTable kNibbles;

/// How far a bitmap is decoded. bitmap.S knows the offsets.
struct BitmapPosition {
  const uint8_t* index;
  uint32_t before;  // blocks since the last stored one
  const Nibble* nibbles;
  const uint8_t* last;  // byte of the bitmap
};

/// Writes distances, eight blocks at a time, up to at least `end`; returns where they stop, at most
/// 7 further.
///
/// Needs   no two stored blocks more than 255 apart
/// Memory  to: 4 bytes more than the result says are written over
extern "C" uint8_t* tinyformer_decode_bitmap(BitmapPosition* position, uint8_t* to,
                                             const uint8_t* end);

}  // namespace tinyformer::engine::arm
