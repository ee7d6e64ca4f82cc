// Moving elements: permutations of tensors, for the operators and the passes.
#pragma once

#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// The node's perm attribute, or the reversed order that ONNX takes when it is absent.
std::vector<int64_t> TransposePerm(const Node& node, size_t rank);

/// Elements of a tensor of shape `shape` in the order of its transpose by `perm` (a permutation of
/// the dimensions).
template <typename T>
std::vector<T> TransposeElements(const std::vector<T>& elements, const Shape& shape,
                                 const std::vector<int64_t>& perm) {
  const size_t rank = shape.size();
  std::vector<int64_t> stride(rank, 1), step(rank), position(rank, 0);
  for (size_t d = rank; d-- > 1;) stride[d - 1] = stride[d] * shape[d];
  for (size_t d = 0; d < rank; ++d) step[d] = stride[static_cast<size_t>(perm[d])];
  std::vector<T> moved(elements.size());
  int64_t source = 0;
  for (T& out : moved) {
    out = elements[static_cast<size_t>(source)];
    for (size_t d = rank; d-- > 0;) {
      source += step[d];
      if (++position[d] < shape[static_cast<size_t>(perm[d])]) break;
      source -= step[d] * position[d];
      position[d] = 0;
    }
  }
  return moved;
}

/// A transpose of fewer axes that moves the same elements: axes of size 1 are left out, and
/// neighbours that stay together are one axis.
struct MergedAxes {
  Shape shape;
  std::vector<int64_t> perm;
};
MergedAxes MergeAxes(const Shape& shape, const std::vector<int64_t>& perm);

}  // namespace tinyformer
