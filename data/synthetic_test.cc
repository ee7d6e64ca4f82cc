#include "data/synthetic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "data/dataset.h"

namespace tinyformer {
namespace {

constexpr size_t kClasses = 10;
constexpr int kSide = 32;

/// One row of features per image, and the labels.
struct Samples {
  size_t width = 0;
  std::vector<float> features;
  std::vector<int> labels;
};

using Extract = std::vector<float> (*)(const std::vector<uint8_t>& pixels);

Samples Collect(const ImageSet& images, int64_t count, Extract extract) {
  Samples samples;
  std::vector<uint8_t> pixels(3 * kSide * kSide);
  for (int64_t i = 0; i < count; ++i) {
    images.Read(i, pixels.data());
    std::vector<float> row = extract(pixels);
    samples.width = row.size();
    samples.features.insert(samples.features.end(), row.begin(), row.end());
    samples.labels.push_back(images.label(i));
  }
  return samples;
}

/// Shifts and scales every column by the training set's mean and deviation.
void Standardise(Samples& train, Samples& test) {
  for (size_t c = 0; c < train.width; ++c) {
    double sum = 0, squares = 0;
    for (size_t i = c; i < train.features.size(); i += train.width) {
      sum += train.features[i];
      squares += static_cast<double>(train.features[i]) * train.features[i];
    }
    auto n = static_cast<double>(train.labels.size());
    auto mean = static_cast<float>(sum / n);
    auto scale = static_cast<float>(1 / std::sqrt(squares / n - sum / n * sum / n + 1e-9));
    for (Samples* s : {&train, &test}) {
      for (size_t i = c; i < s->features.size(); i += s->width) {
        s->features[i] = (s->features[i] - mean) * scale;
      }
    }
  }
}

/// Logits of one row; weights are [classes][width + 1], the bias last.
std::vector<float> Logits(const std::vector<float>& weights, const float* row, size_t width) {
  std::vector<float> logits(kClasses);
  for (size_t k = 0; k < kClasses; ++k) {
    const float* w = &weights[k * (width + 1)];
    float sum = w[width];
    for (size_t i = 0; i < width; ++i) sum += w[i] * row[i];
    logits[k] = sum;
  }
  return logits;
}

double Accuracy(const std::vector<float>& weights, const Samples& samples) {
  size_t correct = 0;
  for (size_t i = 0; i < samples.labels.size(); ++i) {
    std::vector<float> logits =
        Logits(weights, &samples.features[i * samples.width], samples.width);
    auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    correct += best == samples.labels[i];
  }
  return static_cast<double>(correct) / static_cast<double>(samples.labels.size());
}

/// Softmax regression by stochastic gradient descent; the test accuracy.
double TrainLinear(Samples train, Samples test, int epochs, float rate) {
  Standardise(train, test);
  size_t width = train.width;
  std::vector<float> weights(kClasses * (width + 1));
  Rng rng(1, "softmax regression");
  std::vector<size_t> order(train.labels.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    rng.Shuffle(order);
    float step = rate * static_cast<float>(epochs - epoch) / static_cast<float>(epochs);
    for (size_t i : order) {
      const float* row = &train.features[i * width];
      std::vector<float> p = Logits(weights, row, width);
      float top = *std::max_element(p.begin(), p.end()), total = 0;
      for (float& value : p) total += value = std::exp(value - top);
      for (size_t k = 0; k < kClasses; ++k) {
        float error = p[k] / total - (train.labels[i] == static_cast<int>(k) ? 1.0f : 0.0f);
        float* w = &weights[k * (width + 1)];
        for (size_t c = 0; c < width; ++c) w[c] -= step * error * row[c];
        w[width] -= step * error;
      }
    }
  }
  return Accuracy(weights, test);
}

std::vector<float> RawPixels(const std::vector<uint8_t>& pixels) {
  return {pixels.begin(), pixels.end()};
}

/// out(y, x) = |sum of k(dy, dx) in(y + dy, x + dx)|, the border left 0.
std::vector<float> AbsoluteFilter(const std::vector<float>& in, const int (&k)[3][3],
                                  int dilation) {
  std::vector<float> out(in.size());
  for (int y = dilation; y < kSide - dilation; ++y) {
    for (int x = dilation; x < kSide - dilation; ++x) {
      float sum = 0;
      for (int i = 0; i < 9; ++i) {
        int row = i / 3, column = i % 3;
        int at = (y + (row - 1) * dilation) * kSide + x + (column - 1) * dilation;
        sum += static_cast<float>(k[row][column]) * in[static_cast<size_t>(at)];
      }
      int centre = y * kSide + x;
      out[static_cast<size_t>(centre)] = std::abs(sum);
    }
  }
  return out;
}

void Pool(const std::vector<float>& map, std::vector<float>& features) {
  float sum = 0, squares = 0, largest = 0;
  for (float value : map) {
    sum += value;
    squares += value * value;
    largest = std::max(largest, value);
  }
  features.insert(features.end(), {sum, std::sqrt(squares), largest});
}

/// Two layers of fixed 3x3 filters (edges in four directions, corners, spots) at two dilations with
/// absolute values between, each map pooled over the image: no position, no sign of contrast.
std::vector<float> FilterResponses(const std::vector<uint8_t>& pixels) {
  static const int kFilters[6][3][3] = {
      {{-1, -2, -1}, {0, 0, 0}, {1, 2, 1}},  {{-1, 0, 1}, {-2, 0, 2}, {-1, 0, 1}},
      {{0, 1, 2}, {-1, 0, 1}, {-2, -1, 0}},  {{2, 1, 0}, {1, 0, -1}, {0, -1, -2}},
      {{1, -2, 1}, {-2, 4, -2}, {1, -2, 1}}, {{-1, -1, -1}, {-1, 8, -1}, {-1, -1, -1}}};
  std::vector<float> luma(kSide * kSide), features;
  for (size_t i = 0; i < luma.size(); ++i) {
    luma[i] = 0.3f * pixels[3 * i] + 0.59f * pixels[3 * i + 1] + 0.11f * pixels[3 * i + 2];
  }
  for (int dilation = 1; dilation <= 2; ++dilation) {
    for (const auto& first : kFilters) {
      std::vector<float> map = AbsoluteFilter(luma, first, dilation);
      Pool(map, features);
      for (const auto& second : kFilters) Pool(AbsoluteFilter(map, second, 2), features);
    }
  }
  // What a contrast of twice the size doubles becomes a shift.
  for (float& value : features) value = std::log(value + 1);
  return features;
}

class SyntheticSource : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { source_ = new ImageSource(OpenSynthetic()); }
  static void TearDownTestSuite() { delete source_; }
  static ImageSource* source_;
};
ImageSource* SyntheticSource::source_ = nullptr;

TEST_F(SyntheticSource, ClassesAreBalanced) {
  EXPECT_EQ(source_->train->size(), 10000);
  EXPECT_EQ(source_->test->size(), 2000);
  std::vector<int> counts(kClasses);
  for (int64_t i = 0; i < 10000; ++i) ++counts[static_cast<size_t>(source_->train->label(i))];
  EXPECT_EQ(counts, std::vector<int>(kClasses, 1000));
}

TEST_F(SyntheticSource, AnImageDependsOnNothingButItsIndex) {
  std::vector<uint8_t> read(3072), drawn(3072);
  for (int64_t i : {0, 17, 9999}) {
    source_->train->Read(i, read.data());
    DrawSynthetic(source_->train->label(i), false, i, drawn.data());
    EXPECT_EQ(read, drawn);
    DrawSynthetic(source_->train->label(i), true, i, drawn.data());
    EXPECT_NE(read, drawn) << "test images have their own streams";
  }
}

TEST(Synthetic, TheBytesAreTheSameEverywhere) {
  EXPECT_EQ(OpenDataset("synthetic").info.fingerprint, "08845cf86e882b17");
}

TEST_F(SyntheticSource, ALinearModelOnPixelsStaysBelow60Percent) {
  Samples train = Collect(*source_->train, 4000, RawPixels);
  Samples test = Collect(*source_->test, 1000, RawPixels);
  double accuracy = TrainLinear(std::move(train), std::move(test), 5, 1e-4f);
  EXPECT_LT(accuracy, 0.6);
  EXPECT_LT(accuracy, 0.3) << "measured 0.18; more means that pixels give the class away";
}

TEST_F(SyntheticSource, ALinearModelOnPooledFilterResponsesPasses90Percent) {
  Samples train = Collect(*source_->train, 4000, FilterResponses);
  Samples test = Collect(*source_->test, 1000, FilterResponses);
  EXPECT_GT(TrainLinear(std::move(train), std::move(test), 30, 3e-3f), 0.9);
}

}  // namespace
}  // namespace tinyformer
