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
  for (Slot& slot : slots_) {
    at::Tensor& gradient = slot.value.mutable_grad();
    if (!gradient.defined()) continue;
    const auto count = static_cast<double>(++slot.updates);
    const double correction1 = 1 - std::pow(kBeta1, count);
    const double correction2 = 1 - std::pow(kBeta2, count);
    if (slot.decay > 0) slot.value.mul_(1 - lr * slot.decay);
    slot.first.mul_(kBeta1).add_(gradient, 1 - kBeta1);
    slot.second.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
    const at::Tensor divisor = slot.second.sqrt().div_(std::sqrt(correction2)).add_(kEpsilon);
    slot.value.addcdiv_(slot.first, divisor, -lr / correction1);
    gradient.reset();
  }
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
