// AdamW over a network's parameters.
#pragma once

#include <string>
#include <vector>

#include "train/modules/parameters.h"

namespace tinyformer {

/// Decoupled weight decay on Role::kWeight only; betas 0.9 and 0.999, epsilon 1e-8. Every parameter
/// counts its own updates, for bias correction.
/// Source  Loshchilov and Hutter 2019, algorithm 2
class AdamW {
 public:
  AdamW(const Parameters& parameters, double weight_decay);

  /// One update from the gradients, which it then clears. A parameter without a gradient stays as
  /// it is: not moved, not decayed, not counted.
  void Step(double lr);

  /// The moments by parameter name: "m.<name>", "v.<name>".
  const Parameters& moments() const { return moments_; }
  /// How often each trained parameter was updated, in the order of the parameters.
  std::vector<int64_t> updates() const;
  /// Errors (bug)  not as many as there are
  void set_updates(const std::vector<int64_t>& updates);
  /// First and second moment of a parameter. Errors (bug)  it is not trained
  const at::Tensor& First(const std::string& name) const;
  const at::Tensor& Second(const std::string& name) const;

 private:
  struct Slot {
    at::Tensor value, first, second;
    double decay;
    int64_t updates = 0;
  };
  std::vector<Slot> slots_;
  Parameters moments_;
};

}  // namespace tinyformer
