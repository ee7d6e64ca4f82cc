// Graphs of one operator, and the errors that it raises; for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "base/testing_error.h"
#include "compiler/ops/op_def.h"

namespace tinyformer {

inline std::vector<float> RandomFloats(Rng& rng, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) v = static_cast<float>(rng.Uniform(-1, 1));
  return values;
}

/// A graph with one float input and no nodes.
inline Graph InputGraph(Shape shape) {
  Graph g;
  g.inputs = {g.AddValue({"x", DType::kFloat32, std::move(shape), std::nullopt, std::nullopt})};
  return g;
}

/// Appends a node, its shape inferred; its output is the graph's.
inline ValueId Append(Graph& g, const std::string& op, std::vector<ValueId> operands,
                      std::map<std::string, Attribute> attributes = {}) {
  Node node{op + "_node", op, std::move(operands), {}, std::move(attributes)};
  Shape shape = InferShapes({g, node, kGraphOpset}).at(0);
  g.outputs = {g.AddNode(node, shape)};
  return g.outputs[0];
}

/// A node that is refused: its operands are an input of shape x and constants of ones.
struct BadNode {
  const char* name;
  std::string op;
  Shape x;
  std::vector<Shape> constants;
  std::map<std::string, Attribute> attributes;
  std::string text;  // the error's
};

inline void ExpectRefused(const std::vector<BadNode>& nodes) {
  for (const BadNode& bad : nodes) {
    Graph g = InputGraph(bad.x);
    std::vector<ValueId> operands = g.inputs;
    for (size_t i = 0; i < bad.constants.size(); ++i) {
      const std::vector<float> ones(static_cast<size_t>(ElementCount(bad.constants[i])), 1.0f);
      std::string name = "c";
      name += std::to_string(i);
      operands.push_back(g.AddConstant(name, bad.constants[i], ones));
    }
    EXPECT_EQ(ErrorText([&] { Append(g, bad.op, operands, bad.attributes); }), bad.text)
        << bad.name;
  }
}

}  // namespace tinyformer
