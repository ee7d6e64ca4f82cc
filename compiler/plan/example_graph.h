// Small quantized graphs for tests and for `bench kernels`: every operator of a TinyFormer,
// random parameters by seed.
#pragma once

#include <cstdint>
#include <string>

#include "base/rng.h"
#include "compiler/ir/graph.h"

namespace tinyformer {

/// Appends quantized nodes whose integers keep activations in the middle of the int8 range. Every
/// method returns the new node's output.
class ExampleGraph {
 public:
  /// sparsity  share of the weights' blocks that are zero
  /// block     weights of a block of linear and conv2d; depthwise: 3
  ExampleGraph(const std::string& name, uint64_t seed, double sparsity, int block = 4);

  ValueId Input(Shape shape);
  /// Square window of odd size, padding half of it; x [1,H,W,C]. min: the output's lower limit.
  ValueId Conv2d(const std::string& name, ValueId x, int64_t out, int64_t stride, int64_t min = -10,
                 int64_t window = 3);
  ValueId Depthwise(const std::string& name, ValueId x, int64_t stride = 1, int64_t window = 3);
  ValueId Linear(const std::string& name, ValueId x, int64_t out);
  ValueId Add(const std::string& name, ValueId a, ValueId b);
  ValueId Layernorm(const std::string& name, ValueId x);
  ValueId Attention(const std::string& name, ValueId q, ValueId k, ValueId v, int64_t heads);
  ValueId AttentionPool(const std::string& name, ValueId logits, ValueId x);
  /// Square window, no padding.
  ValueId MaxPool(const std::string& name, ValueId x, int64_t window = 2, int64_t stride = 2);
  ValueId AveragePool(const std::string& name, ValueId x, int64_t window = 2, int64_t stride = 2);
  ValueId Reshape(const std::string& name, ValueId x, Shape shape);
  ValueId Requantize(const std::string& name, ValueId x);
  ValueId Softmax(const std::string& name, ValueId x);
  ValueId Transpose(const std::string& name, ValueId x, std::vector<int64_t> perm);

  /// The graph with this output.
  Graph Finish(ValueId output);

 private:
  ValueId Activation(const std::string& name, Shape shape);
  ValueId Pool(const std::string& name, const std::string& op, ValueId x, int64_t window,
               int64_t stride, std::map<std::string, Attribute> attributes);
  ValueId Weights(const std::string& name, Shape shape, int block);
  ValueId Words(const std::string& name, int64_t count, int64_t low, int64_t high);
  ValueId ExpTable(const std::string& name, int64_t row);
  ValueId Weighted(const std::string& name, const std::string& op, ValueId x, Shape weight,
                   Shape out, int block, std::map<std::string, Attribute> attributes);
  ValueId Append(const std::string& name, const std::string& op, std::vector<ValueId> inputs,
                 Shape out, std::map<std::string, Attribute> attributes);

  Graph graph_;
  Rng rng_;
  double sparsity_;
  int block_;
};

/// Convolution, inverted residual, transformer encoder, SeqPool, classifier on 8x8x3: one of every
/// operator that reference point A has.
Graph TinyTransformer(uint64_t seed, double sparsity);

/// Reference point A's shapes (SPEC section 2) with random weights; the classifier and the first
/// convolution are dense.
Graph ReferenceShapes(uint64_t seed, double sparsity);

}  // namespace tinyformer
