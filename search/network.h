// A genome's network, part by part: what BuildGraph writes for the compiler and PriceGenome writes
// to be priced.
//
// Start here:  WriteNetwork.
#pragma once

#include <map>
#include <string>

#include "compiler/ir/graph.h"
#include "search/genome.h"

namespace tinyformer {

enum class ActivationKind { kNone, kRelu, kRelu6 };

/// Writes the parts of a network into a graph. Every function adds one part and returns its output;
/// x is its operand. A map is an image of channels, h x w of c; tokens are [1, h * w, c].
class NetworkWriter {
 public:
  virtual ~NetworkWriter() = default;

  virtual ValueId Image() = 0;
  /// Convolution (depthwise when the layer is), batch norm, activation: map -> map.
  virtual ValueId Conv(const LayerSpec& layer, ActivationKind activation, ValueId x) = 0;
  /// 2 x 2, stride 2: map -> map.
  virtual ValueId MaxPool(const std::string& name, ValueId x) = 0;
  /// Of two maps or two lists of tokens.
  virtual ValueId Add(const std::string& name, ValueId a, ValueId b) = 0;
  virtual ValueId ToTokens(const std::string& name, ValueId map) = 0;
  /// Tokens -> a map of the shape of `like`.
  virtual ValueId ToMap(const std::string& name, ValueId tokens, ValueId like) = 0;
  virtual ValueId LayerNorm(const LayerSpec& layer, ValueId tokens) = 0;
  /// tokens -> tokens, each on its own.
  virtual ValueId TokenLinear(const LayerSpec& layer, ActivationKind activation,
                              ValueId tokens) = 0;
  /// softmax(q k^T / sqrt(d / heads)) v of the layers name.q, name.k and name.v of the tokens;
  /// heads lie side by side.
  virtual ValueId Attention(const std::string& name, int heads, ValueId tokens) = 0;
  /// map -> [1, features]; `kind` as Genome::pooling.
  virtual ValueId Pool(const std::string& kind, ValueId map) = 0;
  /// [1, in] -> [1, out]
  virtual ValueId Linear(const LayerSpec& layer, ActivationKind activation, ValueId x) = 0;
};

/// A genome's layers by name.
std::map<std::string, LayerSpec> LayersByName(const Genome& genome);

/// Writes the genome's network, modules in the order of ListLayers; returns the logits [1,
/// classes].
ValueId WriteNetwork(const Genome& genome, const std::map<std::string, LayerSpec>& layers,
                     NetworkWriter& writer);

}  // namespace tinyformer
