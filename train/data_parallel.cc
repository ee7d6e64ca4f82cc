#include "train/data_parallel.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/parallel.h"
#include "train/environment.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

/// A network over the same weights, with gradients and running statistics of its own.
Network Replica(const Network& network) {
  size_t next = 0;  // networks of one genome ask for their tensors in one order
  return Network(network.genome(), [&](const std::string& name, const std::vector<int64_t>&) {
    const Parameter& from = network.parameters().at(next++);
    TF_CHECK(from.name == name, from.name, name);
    const at::Tensor value = from.value.detach();
    return from.role == Parameter::Role::kStatistic ? value.clone() : value.set_requires_grad(true);
  });
}

/// Adds the sum of the replicas' gradients to the network's, and gives it the mean of their
/// statistics. The sums overwrite those of the first replica.
void Gather(const std::vector<Network>& replicas, const Network& network) {
  std::vector<std::vector<at::Tensor>> gradients(replicas.size()), statistics(replicas.size());
  std::vector<at::Tensor> trained, kept;
  for (size_t i = 0; i < network.parameters().size(); ++i) {
    const Parameter& own = network.parameters()[i];
    const bool statistic = own.role == Parameter::Role::kStatistic;
    if (!statistic && !replicas[0].parameters()[i].value.grad().defined()) continue;
    (statistic ? kept : trained).push_back(own.value);
    for (size_t r = 0; r < replicas.size(); ++r) {
      const at::Tensor& value = replicas[r].parameters()[i].value;
      (statistic ? statistics : gradients)[r].push_back(statistic ? value : value.grad());
    }
  }
  {
    at::NoGradGuard no_grad;
    for (size_t r = 1; r < replicas.size(); ++r) {
      at::_foreach_add_(gradients[0], gradients[r]);
      at::_foreach_add_(statistics[0], statistics[r]);
    }
    at::_foreach_div_(statistics[0], static_cast<double>(replicas.size()));
    for (size_t i = 0; i < kept.size(); ++i) kept[i].copy_(statistics[0][i]);
  }
  // A supernet's tensors are parts of others: this reaches those, too.
  for (size_t i = 0; i < trained.size(); ++i) trained[i].backward(gradients[0][i]);
}

}  // namespace

PassOutput Learn(const Network& network, const at::Tensor& images, const at::Tensor& targets,
                 const Pass& pass) {
  const int64_t all = images.size(0), threads = images.is_cpu() ? at::get_num_threads() : 1;
  const int64_t shares = std::clamp(all / kLeastShare, int64_t{1}, threads);
  if (shares == 1) {
    const PassOutput output = pass(network, images, targets);
    output.loss.backward();
    return {output.logits.detach(), output.loss.detach()};
  }
  std::vector<Network> replicas;
  for (int64_t i = 0; i < shares; ++i) replicas.push_back(Replica(network));
  std::vector<at::Tensor> logits(replicas.size()), losses(replicas.size());
  {
    const ThreadsScope each(static_cast<int>(threads / shares));
    ParallelFor(shares, static_cast<int>(shares), [&](int64_t i) {
      ThreadsScope::Enter();
      const int64_t first = i * all / shares, count = (i + 1) * all / shares - first;
      const auto at = static_cast<size_t>(i);
      const PassOutput output =
          pass(replicas[at], images.narrow(0, first, count), targets.narrow(0, first, count));
      const at::Tensor loss = output.loss * (static_cast<double>(count) / static_cast<double>(all));
      loss.backward();
      logits[at] = output.logits.detach();
      losses[at] = loss.detach();
    });
  }
  Gather(replicas, network);
  return {at::cat(logits), at::stack(losses).sum()};
}

}  // namespace tinyformer
