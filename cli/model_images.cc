#include "cli/model_images.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <sstream>
#include <tuple>

#include "base/error.h"
#include "compiler/ops/evaluate.h"

namespace tinyformer {
namespace {

constexpr int kPixelValues = 256;
constexpr double kPixelMax = 255;

// "0.5" or "0.49,0.48,0.45" as `channels` numbers.
std::vector<float> ParseNumbers(const std::string& option, const std::string& text,
                                size_t channels) {
  auto fail = [&] {
    throw Error("cli/normalization", option,
                channels == 1 ? "one number: the images have one channel"
                              : std::to_string(channels) + " numbers, or one for all channels",
                "'" + text + "'", "write for example " + option + " 0.5");
  };
  std::vector<float> numbers;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    size_t used = 0;
    try {
      numbers.push_back(std::stof(part, &used));
    } catch (const std::exception&) {
      fail();
    }
    if (used != part.size() || !std::isfinite(numbers.back())) fail();
  }
  if (numbers.size() == 1) numbers.resize(channels, numbers[0]);
  if (numbers.size() != channels) fail();
  return numbers;
}

float Normalize(int pixel, const Normalization& normalization, size_t channel) {
  return static_cast<float>((pixel / kPixelMax - normalization.mean[channel]) /
                            normalization.stddev[channel]);
}

}  // namespace

Normalization ChooseNormalization(const DatasetInfo& info, const std::string& mean,
                                  const std::string& stddev) {
  Normalization normalization{info.mean, info.stddev};
  const auto channels = static_cast<size_t>(info.channels);
  if (!mean.empty()) normalization.mean = ParseNumbers("--mean", mean, channels);
  if (!stddev.empty()) normalization.stddev = ParseNumbers("--stddev", stddev, channels);
  const auto of_bytes = [](float number) { return number > 1; };
  for (const auto& [option, text, numbers] :
       {std::tuple("--mean", mean, normalization.mean),
        std::tuple("--stddev", stddev, normalization.stddev)}) {
    if (text.empty() || std::none_of(numbers.begin(), numbers.end(), of_bytes)) continue;
    throw Error("cli/normalization", option, "numbers of pixel / 255, at most 1", "'" + text + "'",
                "divide those of pixels from 0 to 255 by 255");
  }
  for (float s : normalization.stddev) {
    if (s > 0) continue;
    throw Error("cli/normalization", stddev.empty() ? info.spec : "--stddev",
                "a standard deviation above 0 in every channel", std::to_string(s),
                stddev.empty() ? "give --stddev: the data set has a channel of one colour"
                               : "correct the number");
  }
  return normalization;
}

Dataset OpenDatasetFor(const std::string& spec, int64_t height, int64_t width, int64_t channels) {
  DatasetOptions options;
  options.height = static_cast<int>(height);
  options.width = static_cast<int>(width);
  if (channels == 1) options.channels = 1;
  Dataset data = OpenDataset(spec, options);
  for (const std::string& warning : data.warnings) std::cerr << "warning: " << warning << "\n";
  const DatasetInfo& info = data.info;
  if (info.height != height || info.width != width || info.channels != channels) {
    auto words = [](int64_t h, int64_t w, int64_t c) {
      return std::to_string(h) + "x" + std::to_string(w) + "x" + std::to_string(c);
    };
    throw Error("data/image-shape", "data set '" + spec + "'",
                words(height, width, channels) + " images, as the model takes them",
                words(info.height, info.width, info.channels),
                info.height == height && info.width == width
                    ? "export the model for images of three channels, or of one"
                    : "use the data that the model was made for, or folder:DIR, which is resized");
  }
  return data;
}

void ReadNormalized(const ImageSet& images, const DatasetInfo& info,
                    const Normalization& normalization, int64_t index, float* input) {
  const auto channels = static_cast<size_t>(info.channels);
  const size_t area = static_cast<size_t>(info.height) * static_cast<size_t>(info.width);
  std::vector<uint8_t> pixels(area * channels);
  images.Read(index, pixels.data());
  for (size_t c = 0; c < channels; ++c) {
    for (size_t i = 0; i < area; ++i)
      input[c * area + i] = Normalize(pixels[i * channels + c], normalization, c);
  }
}

CalibrationImages TrainingImages(const Dataset& data, const Normalization& normalization,
                                 int64_t count) {
  const SpreadImages chosen(*data.train, count);
  CalibrationImages images;
  images.count = chosen.size();
  images.read = [&data, normalization, chosen](int64_t index, float* input) {
    ReadNormalized(chosen, data.info, normalization, index, input);
  };
  return images;
}

std::vector<int8_t> QuantizeImages(const ImageSet& images, const DatasetInfo& info,
                                   const Normalization& normalization,
                                   const Quantization& quantization, int64_t first, int64_t count) {
  const auto channels = static_cast<size_t>(info.channels);
  std::vector<std::array<int8_t, kPixelValues>> table(channels);
  for (size_t c = 0; c < channels; ++c) {
    for (int p = 0; p < kPixelValues; ++p) {
      table[c][static_cast<size_t>(p)] = QuantizeToInt8(
          Normalize(p, normalization, c), quantization.scales.at(0), quantization.zero_point);
    }
  }
  const size_t bytes =
      channels * static_cast<size_t>(info.height) * static_cast<size_t>(info.width);
  std::vector<uint8_t> pixels(bytes);
  std::vector<int8_t> result;
  result.reserve(bytes * static_cast<size_t>(count));
  for (int64_t image = first; image < first + count; ++image) {
    images.Read(image, pixels.data());
    for (size_t i = 0; i < bytes; ++i) result.push_back(table[i % channels][pixels[i]]);
  }
  return result;
}

}  // namespace tinyformer
