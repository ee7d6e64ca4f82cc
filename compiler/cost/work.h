// How much of each kind of work a kernel does for one layer: the counts that the cycle table
// prices.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "compiler/ir/graph.h"
#include "compiler/plan/kernel.h"

namespace tinyformer {

/// The kinds. T tokens (output pixels), b batches of four (the last may be partly empty), K weights
/// of a row, R rows (output channels), S stored weights (dense: R times K rounded up to fours).
///
///                linear, conv2d                others
/// kProduct       b S                           elements of all windows or dot products
/// kRow           b R                           rows (attention: of both products, by fours;
///                                              depthwise: of 16 columns in each channel)
/// kPartial       R when T mod 4 > 0            -
/// kGather        T K                           input elements
/// kOddGather     those not copied in words     -
/// kOddProduct    dense, K mod 4 > 0: T K       windows: of the C mod 4 last channels
/// kBorder        conv2d: T K at the border     depthwise: elements of windows at the border
/// kTap           conv2d: rows of windows       pooling: pixels of windows
/// kDecode        bitmap: R K a run of batches  depthwise: stored weights T
/// kSetup         sparse: R K                   depthwise: channels by 16 columns;
///                                              attention: tokens of all heads
/// kOutput        T R                           output elements
/// kClamp         those with limits narrower than int8
/// kExponential   -                             attention: heads T^2; pooling, softmax: logits
/// kLayer         1                             1
enum class Work : uint8_t {
  kProduct,
  kRow,
  kPartial,
  kGather,
  kOddGather,
  kOddProduct,
  kBorder,
  kTap,
  kDecode,
  kSetup,
  kOutput,
  kClamp,
  kExponential,
  kLayer,
};
inline constexpr size_t kWorkKinds = 14;

/// "product", "row", ... in the order of Work.
extern const std::array<const char*, kWorkKinds> kWorkNames;

using WorkCounts = std::array<double, kWorkKinds>;

/// Counts the work of one node with one kernel.
WorkCounts CountWork(const Graph& graph, const Node& node, const Kernel& kernel);

/// The line of the cycle table that prices the node: the kernel's name, with " portable" where the
/// Arm kernels with weights fall back on C++ loops: linear and conv2d with a shift that is not -1,
/// depthwise with another window than 3 x 3 or a stride above 2.
std::string CycleLine(const Graph& graph, const Node& node, const Kernel& kernel);

}  // namespace tinyformer
