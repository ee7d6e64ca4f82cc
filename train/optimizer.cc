#include "train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/parallel.h"
#include "train/environment.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;
constexpr double kMomentum = 0.95;
// Root mean square of an update of Muon's, as AdamW's mostly is.
constexpr double kUpdateSize = 0.2;

bool IsMatrix(const Parameter& p) {
  return p.role == Parameter::Role::kWeight && p.value.dim() >= 2 && p.value.size(1) > 1;
}

}  // namespace

OptimizerOptions OptionsOf(const Recipe& recipe) {
  return {recipe.optimizer == "muon", recipe.weight_decay, recipe.amp == "bf16"};
}

at::Tensor Orthogonalized(const at::Tensor& matrix, bool bf16) {
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = tall ? matrix.t() : matrix;
  x = (x / (x.norm() + 1e-7)).contiguous();
  if (bf16) x = x.to(at::kBFloat16);
  for (int i = 0; i < 5; ++i) {
    const at::Tensor a = at::matmul(x, x.t());
    const at::Tensor b = a * -4.7750 + at::matmul(a, a) * 2.0315;
    x = x * 3.4445 + at::matmul(b, x);
  }
  return (tall ? x.t() : x).to(at::kFloat);
}

Optimizer::Optimizer(const Parameters& parameters, const OptimizerOptions& options)
    : bf16_(options.bf16) {
  for (const Parameter& p : parameters) {
    if (p.role == Parameter::Role::kStatistic) continue;
    const double decay = p.role == Parameter::Role::kWeight ? options.weight_decay : 0;
    Slot slot{p.name, p.value, at::zeros_like(p.value.detach()), {}, decay};
    moments_.push_back({"m." + p.name, slot.first, Parameter::Role::kStatistic});
    if (!options.muon || !IsMatrix(p)) {
      slot.second = at::zeros_like(slot.first);
      moments_.push_back({"v." + p.name, slot.second, Parameter::Role::kStatistic});
    }
    slots_.push_back(slot);
  }
}

void Optimizer::Step(double lr) {
  at::NoGradGuard no_grad;
  std::vector<Slot*> adamw, muon;
  for (Slot& slot : slots_) {
    if (!slot.value.grad().defined()) continue;
    (slot.second.defined() ? adamw : muon).push_back(&slot);
  }
  const std::vector<at::Tensor> directions = Directions(muon);
  for (const auto& group : {adamw, muon})
    for (Slot* slot : group) ++slot->updates;
  if (!adamw.empty()) StepAdamW(adamw, lr);
  if (!muon.empty()) StepMuon(muon, directions, lr);
}

// Nesterov's momentum after this step's gradient, orthogonalized; changes nothing.
std::vector<at::Tensor> Optimizer::Directions(const std::vector<Slot*>& slots) const {
  if (slots.empty()) return {};
  const int threads = slots[0]->value.is_cpu() ? at::get_num_threads() : 1;
  const ThreadsScope one_thread(1);
  std::vector<at::Tensor> directions(slots.size());
  ParallelFor(static_cast<int64_t>(slots.size()), threads, [&](int64_t i) {
    ThreadsScope::Enter();
    at::NoGradGuard no_grad;
    const Slot& slot = *slots[static_cast<size_t>(i)];
    const at::Tensor& gradient = slot.value.grad();
    const at::Tensor ahead =
        (gradient + (slot.first * kMomentum + gradient) * kMomentum).flatten(1);
    const auto side = static_cast<double>(std::max(ahead.size(0), ahead.size(1)));
    directions[static_cast<size_t>(i)] =
        (Orthogonalized(ahead, bf16_) * (kUpdateSize * std::sqrt(side))).view_as(slot.value);
  });
  return directions;
}

void Optimizer::StepAdamW(const std::vector<Slot*>& slots, double lr) {
  std::vector<at::Tensor> decayed, values, gradients, firsts, seconds;
  std::vector<at::Scalar> decays, roots, rates;
  for (Slot* slot : slots) {
    const auto count = static_cast<double>(slot->updates);
    if (slot->decay > 0) {
      decayed.push_back(slot->value);
      decays.emplace_back(1 - lr * slot->decay);
    }
    values.push_back(slot->value);
    gradients.push_back(std::move(slot->value.mutable_grad()));
    firsts.push_back(slot->first);
    seconds.push_back(slot->second);
    roots.emplace_back(std::sqrt(1 - std::pow(kBeta2, count)));
    rates.emplace_back(-lr / (1 - std::pow(kBeta1, count)));
  }
  if (!decayed.empty()) at::_foreach_mul_(decayed, decays);
  at::_foreach_mul_(firsts, kBeta1);
  at::_foreach_add_(firsts, gradients, 1 - kBeta1);
  at::_foreach_mul_(seconds, kBeta2);
  at::_foreach_addcmul_(seconds, gradients, gradients, 1 - kBeta2);
  const std::vector<at::Tensor> divisors = at::_foreach_sqrt(seconds);
  at::_foreach_div_(divisors, roots);
  at::_foreach_add_(divisors, kEpsilon);
  at::_foreach_addcdiv_(values, firsts, divisors, rates);
}

void Optimizer::StepMuon(const std::vector<Slot*>& slots, const std::vector<at::Tensor>& directions,
                         double lr) {
  std::vector<at::Tensor> values, gradients, firsts;
  std::vector<at::Scalar> decays;
  for (Slot* slot : slots) {
    values.push_back(slot->value);
    gradients.push_back(std::move(slot->value.mutable_grad()));
    firsts.push_back(slot->first);
    decays.emplace_back(1 - lr * slot->decay);
  }
  at::_foreach_mul_(firsts, kMomentum);
  at::_foreach_add_(firsts, gradients);
  at::_foreach_mul_(values, decays);
  at::_foreach_add_(values, directions, -lr);
}

std::vector<at::Tensor> Optimizer::MomentsOf(const std::string& name) const {
  for (const Slot& slot : slots_) {
    if (slot.name != name) continue;
    if (slot.second.defined()) return {slot.first, slot.second};
    return {slot.first};
  }
  TF_CHECK(false, "no moments", name);
  __builtin_unreachable();
}

std::vector<int64_t> Optimizer::updates() const {
  std::vector<int64_t> updates;
  for (const Slot& slot : slots_) updates.push_back(slot.updates);
  return updates;
}

void Optimizer::set_updates(const std::vector<int64_t>& updates) {
  TF_CHECK(updates.size() == slots_.size(), updates.size(), slots_.size());
  for (size_t i = 0; i < slots_.size(); ++i) slots_[i].updates = updates[i];
}

}  // namespace tinyformer
