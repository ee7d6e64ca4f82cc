// Thumb-2 machine code -> cycle_model::Instruction, by Capstone.
#pragma once

#include <capstone/capstone.h>

#include <cstddef>
#include <vector>

#include "sim/cycle_model/instruction.h"

namespace tinyformer::cycle_model {

/// Owns a Capstone handle.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Decodes consecutive instructions, IT blocks included. What Capstone cannot decode becomes
  /// Unit::kSystem of 2 or 4 bytes (by the Thumb-2 length rule), so that the result always covers
  /// all bytes.
  std::vector<Instruction> Decode(const uint8_t* code, size_t bytes, uint32_t address) const;

 private:
  csh handle_ = 0;
};

}  // namespace tinyformer::cycle_model
