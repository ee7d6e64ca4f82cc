// CIFAR-10 in its standard binary layout.
#pragma once

#include <string>

#include "data/source.h"

namespace tinyformer {

/// Opens data_batch_1.bin .. data_batch_5.bin and test_batch.bin in the folder, or in its
/// cifar-10-batches-bin.
///
/// Layout  records_per_file records of 1 + 3072 bytes: the label [0, 9], then the red, green and
///         blue planes, 32 rows of 32 (10000 records in the official files; tests use fewer)
/// Errors  data/missing, data/unreadable, data/size, data/label
/// Source  A. Krizhevsky, "The CIFAR-10 dataset", binary version
ImageSource OpenCifar10(const std::string& folder, int64_t records_per_file = 10000);

}  // namespace tinyformer
