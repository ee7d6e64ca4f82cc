#include "train/adamw.h"

#include <cmath>

#include "base/check.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

const at::Tensor& Find(const Parameters& moments, const std::string& name) {
  for (const Parameter& moment : moments) {
    if (moment.name == name) return moment.value;
  }
  TF_CHECK(false, "no moment", name);
  __builtin_unreachable();
}

}  // namespace

AdamW::AdamW(const Parameters& parameters, double weight_decay) {
  for (const Parameter& p : parameters) {
    if (p.role == Parameter::Role::kStatistic) continue;
    const at::Tensor value = p.value.detach();
    Slot slot{p.value, at::zeros_like(value), at::zeros_like(value),
              p.role == Parameter::Role::kWeight ? weight_decay : 0, 0};
    moments_.push_back({"m." + p.name, slot.first, Parameter::Role::kStatistic});
    moments_.push_back({"v." + p.name, slot.second, Parameter::Role::kStatistic});
    slots_.push_back(slot);
  }
}

void AdamW::Step(double lr) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> decayed, values, gradients, firsts, seconds;
  std::vector<at::Scalar> decays, roots, rates;
  for (Slot& slot : slots_) {
    at::Tensor& gradient = slot.value.mutable_grad();
    if (!gradient.defined()) continue;
    const auto count = static_cast<double>(++slot.updates);
    if (slot.decay > 0) {
      decayed.push_back(slot.value);
      decays.emplace_back(1 - lr * slot.decay);
    }
    values.push_back(slot.value);
    gradients.push_back(std::move(gradient));
    firsts.push_back(slot.first);
    seconds.push_back(slot.second);
    roots.emplace_back(std::sqrt(1 - std::pow(kBeta2, count)));
    rates.emplace_back(-lr / (1 - std::pow(kBeta1, count)));
  }
  if (values.empty()) return;
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

std::vector<int64_t> AdamW::updates() const {
  std::vector<int64_t> updates;
  for (const Slot& slot : slots_) updates.push_back(slot.updates);
  return updates;
}

void AdamW::set_updates(const std::vector<int64_t>& updates) {
  TF_CHECK(updates.size() == slots_.size(), updates.size(), slots_.size());
  for (size_t i = 0; i < slots_.size(); ++i) slots_[i].updates = updates[i];
}

const at::Tensor& AdamW::First(const std::string& name) const {
  return Find(moments_, "m." + name);
}
const at::Tensor& AdamW::Second(const std::string& name) const {
  return Find(moments_, "v." + name);
}

}  // namespace tinyformer
