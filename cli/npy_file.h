// NumPy arrays as a network's inputs and outputs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/firmware.h"

namespace tinyformer {

/// Images of a .npy file as the firmware takes them, channels last.
///
/// Takes   int8 [n, h, w, c] (or [h, w, c]) as it is; float32 or float64 likewise: real values,
///         normalised, which are rounded to the input's scale and zero point
/// Errors  data/npy (not an array, another element type, NaN or infinity), cli/input-shape
std::vector<int8_t> ReadInputArray(const std::string& path, const Firmware& firmware);

/// Writes images' int8 inputs or outputs as an array [n, ...]; one is a network's input or output
/// shape, whose batch n replaces.
/// Errors  file/write-failed
void WriteArray(const std::string& path, const Shape& one, const std::vector<int8_t>& elements);

/// Writes numbers as an int64 array [n].
/// Errors  file/write-failed
void WriteArray(const std::string& path, const std::vector<int64_t>& numbers);

}  // namespace tinyformer
