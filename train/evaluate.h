// How good a network is on images.
#pragma once

#include "train/batches.h"
#include "train/network.h"

namespace tinyformer {

struct Quality {
  double loss = 0;      // mean cross-entropy
  double accuracy = 0;  // [0, 1]
};

/// Evaluates without augmentation, running batch norm statistics, in float32 or (bf16) under
/// autocast.
///
/// Errors  Interrupted when the user asked to stop
Quality Evaluate(const Network& network, const ImageStore& images, bool bf16,
                 const std::string& device);

/// A tensor of this machine's memory on the device: on "cpu" itself; on "cuda" a copy, which the
/// device makes when it has done what it was given before, without anybody waiting for it.
at::Tensor ToDevice(const at::Tensor& tensor, const std::string& device);

/// A batch's pixels as the network wants them: [n, channels, height, width], channels-last memory,
/// on the device. The tensor may share the batch's memory: use it before the batch changes.
at::Tensor ToInput(const Batch& batch, const ImageShape& shape, const std::string& device);

/// Replaces all running batch norm statistics by the mean over `batches` plain batches of `batch`
/// images, spread evenly over the set. Source  pruning and weight averaging leave stale statistics;
/// SPEC section 3 (batch norm recalibration)
void RecalibrateBatchNorm(const Network& network, const ImageStore& images, int64_t batch,
                          int64_t batches, bool bf16, const std::string& device);

}  // namespace tinyformer
