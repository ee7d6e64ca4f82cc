#include "base/shape.h"

#include "base/check.h"

namespace tinyformer {

int64_t ElementCount(const Shape& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) {
    TF_CHECK(dim >= 0, "dim", dim);
    TF_CHECK(!__builtin_mul_overflow(count, dim, &count), "overflow in", ToString(shape));
  }
  return count;
}

std::string ToString(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace tinyformer
