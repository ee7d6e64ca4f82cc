// FindCalibrationPoints.
#include "compiler/quantize/calibration_points.h"

#include <map>

#include "base/check.h"
#include "compiler/ops/op_def.h"
#include "compiler/passes/fuse_linear.h"

namespace tinyformer {
namespace {

const Node* OnlyReader(const Graph& g, ValueId id) {
  std::vector<int> readers = g.Readers(id);
  if (readers.size() != 1 || g.IsOutput(id)) return nullptr;
  return &g.nodes[static_cast<size_t>(readers[0])];
}

bool IsClamp(const Node& node) { return node.op == "Relu" || node.op == "Clip"; }

bool HasConstant(const Graph& g, const Node& node) {
  for (ValueId id : node.inputs) {
    if (id != kNoValue && g.value(id).is_constant()) return true;
  }
  return false;
}

// True when `node` ends a linear layer: a product with constants, or what FuseLinear folds into
// one.
bool EndsLinear(const Graph& g, const Node& node) {
  if (node.op == "Gemm" || node.op == "MatMul") return HasConstant(g, node);
  const ValueId x = FoldableOperand(g, node);
  const int producer = x == kNoValue ? -1 : g.Producer(x);
  return producer >= 0 && OnlyReader(g, x) != nullptr &&
         EndsLinear(g, g.nodes[static_cast<size_t>(producer)]);
}

// True when the kernel that makes `node` goes on to the node that reads it, so that its own result
// is never stored: constants after a product, an activation function after either.
bool IsInsideKernel(const Graph& g, const Node& node) {
  const Node* reader = OnlyReader(g, node.outputs[0]);
  if (reader == nullptr) return false;
  const bool product = node.op == "MatMul" || node.op == "Gemm";
  if (product && reader->op == "Mul" && HasConstant(g, *reader)) return true;
  if (EndsLinear(g, node) && FoldableOperand(g, *reader) != kNoValue) return true;
  return IsClamp(*reader) && (product || node.op == "Conv" || node.op == "Add" ||
                              node.op == "LayerNormalization" || node.op == "Mul" || IsClamp(node));
}

// True when the value, moved about or not, is only ever a factor of products of activations: the
// weights of attention and of sequence pooling.
bool WeighsActivations(const Graph& g, ValueId id) {
  const std::vector<int> readers = g.Readers(id);
  if (g.IsOutput(id) || readers.empty()) return false;
  for (int index : readers) {
    const Node& reader = g.nodes[static_cast<size_t>(index)];
    const bool product = reader.op == "MatMul" && !HasConstant(g, reader);
    const bool moves = FindOp(reader.op)->quantize == QuantizeRule::kInputScale;
    if (!product && !(moves && WeighsActivations(g, reader.outputs[0]))) return false;
  }
  return true;
}

}  // namespace

std::vector<CalibrationPoint> FindCalibrationPoints(const Graph& graph) {
  std::vector<CalibrationPoint> points;
  std::map<ValueId, size_t> point_of;
  for (ValueId id : graph.inputs) {
    point_of[id] = points.size();
    points.push_back({id, {}});
  }
  for (const Node& node : graph.nodes) {
    TF_CHECK(node.op != "BatchNormalization",
             "fold batch normalisation before calibrating:", node.name);
    const ValueId out = node.outputs[0];
    if (node.op == "Softmax") {
      if (WeighsActivations(graph, out)) continue;
      point_of[out] = points.size();
      points.push_back({out, {}, true});
      continue;
    }
    if (FindOp(node.op)->quantize == QuantizeRule::kInputScale) {
      if (auto source = point_of.find(node.inputs[0]); source != point_of.end()) {
        points[source->second].followers.push_back(out);
        point_of[out] = source->second;
      }
      continue;
    }
    if (IsInsideKernel(graph, node)) continue;
    point_of[out] = points.size();
    points.push_back({out, {}});
  }
  return points;
}

}  // namespace tinyformer
