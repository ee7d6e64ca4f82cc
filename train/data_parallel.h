// One batch on several threads: each has a share of the images and a replica of the network.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "train/network.h"

namespace tinyformer {

/// Fewer images have statistics too noisy for batch norm (Wu and He 2018, arXiv 1803.08494,
/// figure 1).
constexpr int64_t kLeastShare = 32;

/// What a forward pass gives.
struct PassOutput {
  at::Tensor logits, loss;  // [n, classes], scalar: the mean over the images
};

/// Forward pass in training mode of a network on some of a batch's images. It is called on several
/// threads at once, each with a network and images of its own.
using Pass = std::function<PassOutput(const Network& network, const at::Tensor& images,
                                      const at::Tensor& targets)>;

/// Forward and backward pass of a batch: adds the gradients of its mean loss to the network's and
/// moves its running batch norm statistics. The output has no gradient.
///
/// On the CPU the images are shared out evenly, in their order, among the threads that libtorch
/// would use for one operation: most operations of a small network are too short to be shared. As
/// in distributed training, batch norm takes the statistics of a share, and the running ones move
/// to the mean over shares; so a share has kLeastShare images at least, and where threads are left
/// over, each share takes several.
///
/// Shapes  images [n, channels, height, width], targets [n, classes]
/// Bits    a function of the number of threads
/// Errors  what pass throws for the first images; Interrupted, before the network has changed
PassOutput Learn(const Network& network, const at::Tensor& images, const at::Tensor& targets,
                 const Pass& pass);

}  // namespace tinyformer
