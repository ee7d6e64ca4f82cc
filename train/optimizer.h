// The update of a network's parameters: AdamW, or Muon for its matrices.
#pragma once

#include <string>
#include <vector>

#include "train/modules/parameters.h"
#include "train/recipe.h"

namespace tinyformer {

/// Which update, and what it is made of.
struct OptimizerOptions {
  bool muon = false;        // for matrices; all else has AdamW
  double weight_decay = 0;  // of Role::kWeight, decoupled: w -= lr weight_decay w
  bool bf16 = false;        // Muon's matrix products in bfloat16
};
OptimizerOptions OptionsOf(const Recipe& recipe);

/// AdamW: betas 0.9 and 0.999, epsilon 1e-8. Every parameter counts its own updates, for bias
/// correction.
/// Source  Loshchilov and Hutter 2019, algorithm 2
///
/// Muon: with momentum 0.95 (Nesterov's), the update is the momentum with its singular values
/// brought near 1, scaled so that its elements are as large as AdamW's and one learning rate serves
/// both. For weights [out, in, ...] with in > 1 as matrices [out, in ...], the first convolution's
/// and the classifier's, too, which its authors leave to AdamW; a depthwise convolution is no
/// matrix.
/// Source  Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; the
///         scale: Liu et al. 2025, arXiv 2502.16982, equation 4
class Optimizer {
 public:
  Optimizer(const Parameters& parameters, const OptimizerOptions& options);

  /// One update from the gradients, which it then clears. A parameter without a gradient stays as
  /// it is: not moved, not decayed, not counted.
  /// Errors  Interrupted, before anything has changed
  void Step(double lr);

  /// The moments by parameter name: "m.<name>", "v.<name>"; Muon has the first only.
  const Parameters& moments() const { return moments_; }
  /// The moments of one parameter, first and, where there is one, second.
  /// Errors (bug)  it is not trained
  std::vector<at::Tensor> MomentsOf(const std::string& name) const;
  /// How often each trained parameter was updated, in the order of the parameters.
  std::vector<int64_t> updates() const;
  /// Errors (bug)  not as many as there are
  void set_updates(const std::vector<int64_t>& updates);

 private:
  struct Slot {
    std::string name;
    at::Tensor value, first, second;  // second undefined: Muon's
    double decay;
    int64_t updates = 0;
  };
  std::vector<at::Tensor> Directions(const std::vector<Slot*>& slots) const;
  static void StepAdamW(const std::vector<Slot*>& slots, double lr);
  static void StepMuon(const std::vector<Slot*>& slots, const std::vector<at::Tensor>& directions,
                       double lr);

  std::vector<Slot> slots_;
  Parameters moments_;
  bool bf16_;
};

/// The matrix with its singular values brought into [0.68, 1.20], but those beneath 1/666 of its
/// Frobenius norm: five steps of a Newton-Schulz iteration of degree 5, with products in bfloat16
/// if so said.
///
/// Shapes  [rows, columns], float32 -> the same
/// Source  Jordan et al. 2024, there "NewtonSchulz5"
at::Tensor Orthogonalized(const at::Tensor& matrix, bool bf16);

}  // namespace tinyformer
