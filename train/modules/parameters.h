// A network's tensors by name, in a fixed order.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tinyformer {

/// One tensor of a network. Modules keep the same tensor, so it is only ever written in place.
struct Parameter {
  enum class Role {
    kWeight,     // trained, with weight decay
    kPlain,      // trained, without decay: biases, batch norm, layer norm
    kStatistic,  // batch norm's running mean and variance: not trained
  };
  std::string name;
  at::Tensor value;
  Role role;
};

using Parameters = std::vector<Parameter>;

/// The tensors alone, in their order.
inline std::vector<at::Tensor> Values(const Parameters& parameters) {
  std::vector<at::Tensor> values;
  for (const Parameter& p : parameters) values.push_back(p.value);
  return values;
}

/// The tensor of a name, in the shape that the network wants it in.
using FindTensor =
    std::function<at::Tensor(const std::string& name, const std::vector<int64_t>& shape)>;

}  // namespace tinyformer
