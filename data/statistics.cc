#include "data/statistics.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/progress.h"

namespace tinyformer {
namespace {

constexpr int64_t kShowProgressAbove = 200000;

/// Sums of pixels and of their squares per channel. One image's sums fit 64 bits by far: 2^16 per
/// square times fewer than 2^47 pixels.
struct ChannelSums {
  explicit ChannelSums(int channels)
      : sum(static_cast<size_t>(channels)), squares(static_cast<size_t>(channels)) {}

  void Add(const std::vector<uint8_t>& pixels) {
    size_t channels = sum.size();
    for (size_t c = 0; c < channels; ++c) {
      uint64_t s = 0, q = 0;
      for (size_t i = c; i < pixels.size(); i += channels) {
        uint32_t p = pixels[i];
        s += p;
        q += p * p;
      }
      sum[c] += s;
      squares[c] += q;
    }
  }

  std::vector<uint64_t> sum, squares;
};

}  // namespace

ImageStatistics MeasureImages(const ImageSource& source, const std::vector<int64_t>& chosen) {
  const ImageSet& images = *source.train;
  std::vector<uint8_t> pixels(static_cast<size_t>(source.height) *
                              static_cast<size_t>(source.width) *
                              static_cast<size_t>(source.channels));
  std::unique_ptr<XXH64_state_t, decltype(&XXH64_freeState)> hash(XXH64_createState(),
                                                                  &XXH64_freeState);
  XXH64_reset(hash.get(), 0);
  ChannelSums sums(source.channels);
  std::unique_ptr<Progress> progress;
  if (images.size() >= kShowProgressAbove) {
    progress = std::make_unique<Progress>("reading the data set", images.size(), "images");
  }
  auto next_chosen = chosen.begin();
  for (int64_t i = 0; i < images.size(); ++i) {
    images.Read(i, pixels.data());
    auto label = static_cast<uint32_t>(images.label(i));
    const uint8_t label_bytes[4] = {static_cast<uint8_t>(label), static_cast<uint8_t>(label >> 8),
                                    static_cast<uint8_t>(label >> 16),
                                    static_cast<uint8_t>(label >> 24)};
    XXH64_update(hash.get(), pixels.data(), pixels.size());
    XXH64_update(hash.get(), label_bytes, sizeof label_bytes);
    if (next_chosen != chosen.end() && *next_chosen == i) {
      sums.Add(pixels);
      ++next_chosen;
    }
    if (progress && i % 1024 == 0) {
      progress->Update(i);
      ThrowIfInterrupted();
    }
  }
  if (progress) progress->Update(images.size());

  ImageStatistics result;
  double count = static_cast<double>(chosen.size()) * source.height * source.width;
  for (size_t c = 0; c < sums.sum.size(); ++c) {
    double mean = count > 0 ? static_cast<double>(sums.sum[c]) / count : 0;
    double square = count > 0 ? static_cast<double>(sums.squares[c]) / count : 0;
    double deviation = std::sqrt(std::max(square - mean * mean, 0.0));
    result.mean.push_back(static_cast<float>(mean / 255));
    result.stddev.push_back(static_cast<float>(std::max(deviation, 1.0) / 255));
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(XXH64_digest(hash.get())));
  result.fingerprint = text;
  return result;
}

ImageStatistics CachedStatistics(const ImageSource& source, const std::vector<int64_t>& chosen,
                                 const std::string& cache_folder) {
  if (source.identity.empty()) return MeasureImages(source, chosen);
  std::string_view indices(reinterpret_cast<const char*>(chosen.data()),
                           chosen.size() * sizeof(int64_t));
  std::string key = Checksum(source.identity + Checksum(indices));
  std::string path = cache_folder + "/statistics-" + key + ".json";
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) {
    try {
      Json json = ReadJson(path);
      ImageStatistics known{json.at("mean").get<std::vector<float>>(),
                            json.at("stddev").get<std::vector<float>>(),
                            json.at("fingerprint").get<std::string>()};
      auto channels = static_cast<size_t>(source.channels);
      if (known.mean.size() == channels && known.stddev.size() == channels) return known;
    } catch (const std::exception&) {
      // A damaged note is measured again and written anew.
    }
  }
  ImageStatistics measured = MeasureImages(source, chosen);
  try {
    WriteFileAtomic(path, Json{{"mean", measured.mean},
                               {"stddev", measured.stddev},
                               {"fingerprint", measured.fingerprint}}
                              .dump());
  } catch (const Error&) {
    // Without the note the next start measures again.
  }
  return measured;
}

}  // namespace tinyformer
