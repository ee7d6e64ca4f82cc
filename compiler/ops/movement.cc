// Operators that only move or rename elements: Flatten, Identity, Reshape, Transpose and their
// lowered forms.
#include "compiler/ops/movement.h"

#include <algorithm>
#include <numeric>

#include "compiler/ops/op_list.h"

namespace tinyformer {
namespace {

std::vector<Shape> InferIdentity(const OpSite& site) { return {site.shape(0)}; }

std::vector<Shape> InferFlatten(const OpSite& site) {
  const Shape& x = site.shape(0);
  int64_t axis = site.node.Int("axis", 1);
  const auto rank = static_cast<int64_t>(x.size());
  if (axis < -rank || axis > rank) NormalizeAxis(site, axis, x.size());
  if (axis < 0) axis += rank;
  Shape head(x.begin(), x.begin() + axis), tail(x.begin() + axis, x.end());
  return {{ElementCount(head), ElementCount(tail)}};
}

std::vector<Shape> InferReshape(const OpSite& site) {
  const Shape& x = site.shape(0);
  if (!site.input(1).is_constant() || site.input(1).type != DType::kInt64) {
    FailNode(site, "import/reshape-target", "a constant int64 target shape",
             site.input(1).is_constant()
                 ? std::string("a ") + DTypeName(site.input(1).type) + " constant"
                 : "'" + site.input(1).name + "', computed at run time",
             "export with fixed shapes (constant folding on, no dynamic axes but the batch)");
  }
  const Shape target = site.input(1).Elements<int64_t>();
  const bool allow_zero = site.node.Int("allowzero", 0) != 0;
  Shape out = target;
  int64_t known = 1, total = ElementCount(x), unknown = -1;
  bool good = true;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] == 0 && !allow_zero && i < x.size()) out[i] = x[i];
    if (out[i] == -1 && unknown < 0) {
      unknown = static_cast<int64_t>(i);
    } else if (out[i] <= 0 || out[i] > total) {
      good = false;
    } else {
      known *= out[i];
      good = good && known <= total;
    }
    if (!good) break;
  }
  if (good && unknown >= 0) {
    good = total % known == 0;
    if (good) out[static_cast<size_t>(unknown)] = total / known;
  }
  if (!good || ElementCount(out) != total) {
    FailNode(site, "import/reshape-target",
             "a shape with " + std::to_string(total) + " elements, as " + ToString(x),
             ToString(target), "export with batch size 1 and fixed shapes");
  }
  return {out};
}

std::vector<Shape> InferLoweredReshape(const OpSite& site) {
  Shape out = site.node.Ints("shape", {});
  if (!site.node.Has("shape") && site.has_input(1)) out = site.input(1).Elements<int64_t>();
  if (ElementCount(out) != ElementCount(site.shape(0))) {
    FailNode(site, "import/reshape-target", "as many elements as " + ToString(site.shape(0)),
             ToString(out), "reshape to the same number of elements");
  }
  return {out};
}

std::vector<Shape> InferTranspose(const OpSite& site) {
  const Shape& x = site.shape(0);
  std::vector<int64_t> perm = TransposePerm(site.node, x.size()), sorted = perm, order(x.size());
  std::sort(sorted.begin(), sorted.end());
  std::iota(order.begin(), order.end(), 0);
  if (sorted != order) {
    FailNode(site, "import/permutation",
             "perm that holds each of 0.." + std::to_string(x.size() - 1) + " once",
             "perm " + ToString(perm),
             "export the model again: the permutation does not fit its input");
  }
  Shape out;
  for (int64_t p : perm) out.push_back(x[static_cast<size_t>(p)]);
  return {out};
}

void EvaluateCopy(const OpSite&, const std::vector<const Tensor*>& in,
                  const std::vector<Tensor*>& out) {
  out[0]->data = in[0]->data;
}

void EvaluateTranspose(const OpSite& site, const std::vector<const Tensor*>& in,
                       const std::vector<Tensor*>& out) {
  out[0]->data =
      TransposeElements(in[0]->data, in[0]->shape, TransposePerm(site.node, in[0]->shape.size()));
}

}  // namespace

std::vector<int64_t> TransposePerm(const Node& node, size_t rank) {
  std::vector<int64_t> reversed(rank);
  for (size_t i = 0; i < rank; ++i) reversed[i] = static_cast<int64_t>(rank - 1 - i);
  return node.Ints("perm", reversed);
}

MergedAxes MergeAxes(const Shape& shape, const std::vector<int64_t>& perm) {
  std::vector<int64_t> place(shape.size(), 0);  // of an axis among those that are not 1
  Shape wide;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    place[axis] = static_cast<int64_t>(wide.size());
    if (shape[axis] != 1) wide.push_back(shape[axis]);
  }
  std::vector<int64_t> order, firsts;  // `firsts` begin a run of neighbours
  for (int64_t axis : perm) {
    if (shape[static_cast<size_t>(axis)] == 1) continue;
    const int64_t at = place[static_cast<size_t>(axis)];
    if (order.empty() || at != order.back() + 1) firsts.push_back(at);
    order.push_back(at);
  }
  std::vector<int64_t> sorted = firsts;
  std::sort(sorted.begin(), sorted.end());
  MergedAxes merged;
  for (size_t at = 0; at < wide.size(); ++at) {
    const bool first = std::binary_search(sorted.begin(), sorted.end(), static_cast<int64_t>(at));
    if (first) merged.shape.push_back(1);
    merged.shape.back() *= wide[at];
  }
  for (int64_t at : firsts) {
    merged.perm.push_back(std::lower_bound(sorted.begin(), sorted.end(), at) - sorted.begin());
  }
  return merged;
}

const OpDef kFlatten = {
    "Flatten",    OpDef::Level::kOnnx, 1, 1, "any axis", QuantizeRule::kInputScale,
    InferFlatten, EvaluateCopy};
const OpDef kIdentity = {
    "Identity",    OpDef::Level::kOnnx, 1, 1, "any shape", QuantizeRule::kInputScale,
    InferIdentity, EvaluateCopy};
const OpDef kReshape = {
    "Reshape",    OpDef::Level::kOnnx, 2, 2, "a constant target shape", QuantizeRule::kInputScale,
    InferReshape, EvaluateCopy};
const OpDef kTranspose = {
    "Transpose",    OpDef::Level::kOnnx, 1, 1, "any permutation", QuantizeRule::kInputScale,
    InferTranspose, EvaluateTranspose};
const OpDef kLoweredReshape = {"reshape",
                               OpDef::Level::kLowered,
                               1,
                               -1,
                               "x; shape; an alias, nothing is copied",
                               QuantizeRule::kInputScale,
                               InferLoweredReshape,
                               EvaluateCopy};
const OpDef kLoweredTranspose = {
    "transpose",    OpDef::Level::kLowered, 1, -1, "x; perm", QuantizeRule::kInputScale,
    InferTranspose, EvaluateTranspose};

}  // namespace tinyformer
