#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/rng.h"

namespace tinyformer {

Split StratifiedSplit(const ImageSet& images, int classes, double share, uint64_t seed) {
  if (!(share >= 0 && share < 1)) {
    char text[40];
    std::snprintf(text, sizeof text, "%g", share);
    throw Error("data/validation-share", "validation share", "a number in [0, 1)", text,
                "use 0.1 to keep one image in ten for validation");
  }
  std::vector<std::vector<int64_t>> by_class(static_cast<size_t>(classes));
  for (int64_t i = 0; i < images.size(); ++i) {
    by_class[static_cast<size_t>(images.label(i))].push_back(i);
  }
  Split split;
  for (size_t c = 0; c < by_class.size(); ++c) {
    std::vector<int64_t>& members = by_class[c];
    auto count = static_cast<int64_t>(members.size());
    int64_t taken = std::llround(share * static_cast<double>(count));
    if (share > 0) taken = std::max<int64_t>(taken, 1);
    taken = std::min(taken, std::max<int64_t>(count - 1, 0));
    Rng(seed, "split", c).Shuffle(members);
    split.validation.insert(split.validation.end(), members.begin(), members.begin() + taken);
    split.train.insert(split.train.end(), members.begin() + taken, members.end());
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

}  // namespace tinyformer
