// How good a network is on images.
#pragma once

#include <functional>
#include <string>

#include "train/batches.h"
#include "train/network.h"

namespace tinyformer {

struct Quality {
  double loss = 0;      // mean cross-entropy
  double accuracy = 0;  // [0, 1]
};

/// How and where a network computes: in float32, products in bfloat16 (bf16), values rounded as the
/// compiled program rounds them (int8), or both.
struct Arithmetic {
  bool bf16 = false;
  bool int8 = false;
  std::string device = "cpu";
};

/// Evaluates without augmentation, with running batch norm statistics.
///
/// Errors  Interrupted when the user asked to stop
Quality Evaluate(const Network& network, const ImageStore& images, const Arithmetic& arithmetic);

/// A tensor of this machine's memory on the device: on "cpu" itself; on "cuda" a copy, which the
/// device makes when it has done what it was given before, without anybody waiting for it.
at::Tensor ToDevice(const at::Tensor& tensor, const std::string& device);

/// A batch's pixels as the network wants them: [n, channels, height, width], channels-last memory,
/// on the device. The tensor may share the batch's memory: use it before the batch changes.
at::Tensor ToInput(const Batch& batch, const ImageShape& shape, const std::string& device);

/// Makes batch i, of 0, 1, ...
using MakeBatch = std::function<void(int64_t i, Batch* batch)>;

/// Replaces all running batch norm statistics by the mean over `batches` batches of images of this
/// shape. A network that was trained to the end wants images changed at random as in its training,
/// for its weights fit those statistics.
///
/// Source  pruning and weight averaging leave stale ones; SPEC section 3 (batch norm recalibration)
/// Errors  Interrupted; what make throws
void RecalibrateBatchNorm(const Network& network, const ImageShape& shape, int64_t batches,
                          const MakeBatch& make, const Arithmetic& arithmetic);

}  // namespace tinyformer
