// Sliding windows: attributes and output sizes.
#include "compiler/ops/window.h"

namespace tinyformer {

std::vector<int64_t> RequireInts(const OpSite& site, const std::string& key, size_t count,
                                 int64_t least, const std::vector<int64_t>& fallback) {
  std::vector<int64_t> values = fallback;
  auto it = site.node.attributes.find(key);
  bool good = true;
  if (it != site.node.attributes.end()) {
    good = std::holds_alternative<std::vector<int64_t>>(it->second);
    if (good) values = std::get<std::vector<int64_t>>(it->second);
  }
  constexpr int64_t kMost = 1 << 20;
  good = good && values.size() == count;
  for (int64_t v : values) good = good && v >= least && v <= kMost;
  if (!good) {
    FailNode(
        site, "import/attribute",
        key + ": " + std::to_string(count) + " integers, each at least " + std::to_string(least),
        key + " " + ToString(values), "export the model again with two-dimensional windows");
  }
  return values;
}

Window ReadWindow(const OpSite& site, int64_t in_height, int64_t in_width, int64_t kernel_height,
                  int64_t kernel_width) {
  Window w{};
  auto strides = RequireInts(site, "strides", 2, 1, {1, 1});
  auto pads = RequireInts(site, "pads", 4, 0, {0, 0, 0, 0});
  auto dilations = RequireInts(site, "dilations", 2, 1, {1, 1});
  const int64_t kernel[2] = {kernel_height, kernel_width}, in[2] = {in_height, in_width};
  for (size_t i = 0; i < 4; ++i) w.pads[i] = pads[i];
  for (size_t d = 0; d < 2; ++d) {
    w.kernel[d] = kernel[d];
    w.strides[d] = strides[d];
    w.dilations[d] = dilations[d];
    w.in[d] = in[d];
    int64_t extent = (kernel[d] - 1) * dilations[d] + 1;
    int64_t padded = in[d] + pads[d] + pads[d + 2];
    if (extent > padded) {
      FailNode(site, "import/window", "a kernel no larger than the padded input",
               "kernel extent " + std::to_string(extent) + " over " + std::to_string(padded) +
                   (d == 0 ? " rows" : " columns"),
               "pad the input or use a smaller kernel");
    }
    if (pads[d] >= extent || pads[d + 2] >= extent) {
      FailNode(site, "import/padding", "pads smaller than the kernel", "pads " + ToString(pads),
               "reduce the padding: some windows would hold no pixel");
    }
    w.out[d] = (padded - extent) / strides[d] + 1;
  }
  return w;
}

}  // namespace tinyformer
