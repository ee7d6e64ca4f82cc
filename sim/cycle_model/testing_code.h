// Test support: machine code for the cycle models.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "sim/cycle_model/decode.h"

namespace tinyformer::cycle_model {

/// The instructions of these halfwords, which are written as objdump prints them.
inline std::vector<Instruction> Decode(std::initializer_list<uint16_t> halfwords,
                                       uint32_t address = 0x1000) {
  std::vector<uint8_t> bytes;
  for (uint16_t half : halfwords) {
    bytes.push_back(static_cast<uint8_t>(half));
    bytes.push_back(static_cast<uint8_t>(half >> 8));
  }
  return Decoder().Decode(bytes.data(), bytes.size(), address);
}

}  // namespace tinyformer::cycle_model
