// Downsampled ImageNet, 32x32, in its official npz batches.
#pragma once

#include <string>

#include "data/source.h"

namespace tinyformer {

/// Opens train_data_batch_1.npz .. train_data_batch_10.npz and val_data.npz (the test images).
///
/// Layout  'data' uint8 [n, 3072], red, green and blue planes; 'labels' [n], integers 1 .. 1000;
///         other arrays ('mean') are not read. With map_clsloc.txt ("n02119789 1 kit_fox" a line)
///         in the folder the classes get its names, else "class 1" .. "class 1000"
/// Memory  stored arrays are mapped where they are. Deflated ones cannot be read at random: each is
///         decoded once into the cache folder (3.9 GB for the whole set), checked by CRC-32, and
///         mapped from there
/// Errors  data/missing, data/unreadable, data/zip, data/npy, data/array, data/label,
///         file/write-failed
/// Source  P. Chrabaszcz, I. Loshchilov, F. Hutter, "A Downsampled Variant of ImageNet as an
///         Alternative to the CIFAR datasets", 2017
ImageSource OpenImagenet32(const std::string& folder, const std::string& cache_folder);

/// Checks the CRC-32 of every array in the folder, stored ones too.
/// Errors  data/zip
void CheckImagenet32Checksums(const std::string& folder);

}  // namespace tinyformer
