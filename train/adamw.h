// AdamW over a network's parameters.
#pragma once

#include <string>
#include <vector>

#include "train/modules/parameters.h"

namespace tinyformer {

/// Decoupled weight decay on Role::kWeight only; betas 0.9 and 0.999, epsilon 1e-8.
/// Source  Loshchilov and Hutter 2019, algorithm 2
class AdamW {
 public:
  AdamW(const Parameters& parameters, double weight_decay);

  /// One update from the gradients, which it then clears. count is the step's number from 1 (bias
  /// correction).
  void Step(double lr, int64_t count);

  /// The moments by parameter name: "m.<name>", "v.<name>".
  const Parameters& moments() const { return moments_; }
  /// First and second moment of a parameter. Errors (bug)  it is not trained
  const at::Tensor& First(const std::string& name) const;
  const at::Tensor& Second(const std::string& name) const;

 private:
  struct Slot {
    at::Tensor value, first, second;
    double decay;
  };
  std::vector<Slot> slots_;
  Parameters moments_;
};

}  // namespace tinyformer
