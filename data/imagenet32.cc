#include "data/imagenet32.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "data/mapped_file.h"
#include "data/npy.h"
#include "data/planar.h"
#include "data/zip_file.h"

namespace tinyformer {
namespace {

constexpr int kClasses = 1000;
constexpr int kSide = 32;
constexpr int64_t kPixelBytes = 3 * kSide * kSide;
constexpr int kTrainBatches = 10;
constexpr size_t kLongestNpyHeader = size_t{1} << 16;
constexpr uint64_t kMostLabelBytes = uint64_t{1} << 30;
constexpr const char* kFix = "download the batches from image-net.org (downsampled, 32x32, npz)";

std::string BatchPath(const std::string& folder, int batch) {
  return folder + "/train_data_batch_" + std::to_string(batch) + ".npz";
}

/// Name of the file's present contents: path, size and time of change.
std::string FileIdentity(const std::string& path) {
  struct stat info {};
  ::stat(path.c_str(), &info);
  std::error_code ignored;
  std::string absolute = std::filesystem::absolute(path, ignored).string();
  return absolute + "|" + std::to_string(info.st_size) + "|" + std::to_string(info.st_mtim.tv_sec) +
         "." + std::to_string(info.st_mtim.tv_nsec);
}

/// One batch: labels in memory, planes in a mapped file.
struct Batch {
  std::unique_ptr<MappedFile> file;
  const uint8_t* planes = nullptr;
  std::vector<int16_t> labels;  // 0 .. 999
};

class Imagenet32Images : public ImageSet {
 public:
  explicit Imagenet32Images(std::vector<Batch> batches) : batches_(std::move(batches)) {
    for (const Batch& batch : batches_) {
      starts_.push_back(size_);
      size_ += static_cast<int64_t>(batch.labels.size());
    }
  }

  int64_t size() const override { return size_; }
  int label(int64_t index) const override {
    auto [batch, row] = Find(index);
    return batch->labels[static_cast<size_t>(row)];
  }
  void Read(int64_t index, uint8_t* pixels) const override {
    auto [batch, row] = Find(index);
    PlanarToInterleaved(batch->planes + row * kPixelBytes, kSide * kSide, pixels);
  }

 private:
  std::pair<const Batch*, int64_t> Find(int64_t index) const {
    auto after = std::upper_bound(starts_.begin(), starts_.end(), index);
    auto i = static_cast<size_t>(after - starts_.begin()) - 1;
    return {&batches_[i], index - starts_[i]};
  }

  std::vector<Batch> batches_;
  std::vector<int64_t> starts_;
  int64_t size_ = 0;
};

const ZipMember& FindArray(const MappedFile& file, const std::vector<ZipMember>& members,
                           const std::string& name) {
  std::string names;
  for (const ZipMember& member : members) {
    if (member.name == name + ".npy") return member;
    names += (names.empty() ? "" : ", ") + member.name;
  }
  throw Error("data/array", file.path(), "an array '" + name + "'",
              names.empty() ? "no arrays" : names, kFix);
}

std::vector<int16_t> ReadLabels(const MappedFile& file, const ZipMember& member) {
  std::string name = file.path() + ", array 'labels'";
  if (member.bytes > kMostLabelBytes) {
    throw Error("data/array", name, "at most " + std::to_string(kMostLabelBytes) + " bytes",
                std::to_string(member.bytes) + " bytes", kFix);
  }
  std::vector<uint8_t> bytes;
  DecodeZipMember(file, member, [&](const uint8_t* piece, size_t count) {
    bytes.insert(bytes.end(), piece, piece + count);
  });
  NpyHeader header = ParseNpyHeader(bytes.data(), bytes.size(), bytes.size(), name);
  if (header.shape.size() != 1 || header.kind == 'f') {
    throw Error("data/array", name, "integers of shape [n]",
                std::string(header.kind == 'f' ? "floats" : "integers") + " of shape " +
                    ToString(header.shape),
                kFix);
  }
  std::vector<int16_t> labels;
  const uint8_t* next = bytes.data() + header.data_offset;
  for (int64_t i = 0; i < header.shape[0]; ++i, next += header.item_bytes) {
    uint64_t value = 0;
    for (int b = 0; b < header.item_bytes; ++b) value |= static_cast<uint64_t>(next[b]) << (8 * b);
    int unused_bits = 64 - 8 * header.item_bytes;
    int64_t label = header.kind == 'i' ? static_cast<int64_t>(value << unused_bits) >> unused_bits
                                       : static_cast<int64_t>(value);
    if (label < 1 || label > kClasses) {
      throw Error("data/label", name + ", element " + std::to_string(i), "a label from 1 to 1000",
                  "label " + std::to_string(label), kFix);
    }
    labels.push_back(static_cast<int16_t>(label - 1));
  }
  return labels;
}

/// Decodes a deflated array into the cache folder unless it is there already; returns the file.
std::unique_ptr<MappedFile> CachedArray(const MappedFile& file, const ZipMember& member,
                                        const std::string& cache_folder) {
  std::string key =
      Checksum(FileIdentity(file.path()) + "|" + member.name + "|" + std::to_string(member.crc32));
  std::string path = cache_folder + "/imagenet32-" + key + ".npy";
  std::error_code missing;
  if (std::filesystem::file_size(path, missing) != member.bytes || missing) {
    std::string name = std::filesystem::path(file.path()).filename().string();
    Progress progress("unpacking " + name, static_cast<int64_t>(member.bytes >> 20), "MiB");
    AtomicFile output(path);
    uint64_t done = 0;
    DecodeZipMember(file, member, [&](const uint8_t* piece, size_t count) {
      ThrowIfInterrupted();
      output.Write({reinterpret_cast<const char*>(piece), count});
      done += count;
      progress.Update(static_cast<int64_t>(done >> 20));
    });
    output.Commit();
  }
  return std::make_unique<MappedFile>(path, "run the same command again");
}

Batch OpenBatch(const std::string& path, const std::string& cache_folder) {
  Batch batch;
  batch.file = std::make_unique<MappedFile>(path, kFix);
  std::vector<ZipMember> members = ReadZipDirectory(*batch.file);
  batch.labels = ReadLabels(*batch.file, FindArray(*batch.file, members, "labels"));
  ZipMember data = FindArray(*batch.file, members, "data");
  uint64_t offset = data.offset;
  if (data.deflated) {
    batch.file = CachedArray(*batch.file, data, cache_folder);
    offset = 0;
  }
  std::string name = path + ", array 'data'";
  const uint8_t* bytes = batch.file->data() + offset;
  size_t head = static_cast<size_t>(std::min<uint64_t>(data.bytes, kLongestNpyHeader));
  NpyHeader header = ParseNpyHeader(bytes, head, data.bytes, name);
  Shape expected = {static_cast<int64_t>(batch.labels.size()), kPixelBytes};
  if (header.kind != 'u' || header.item_bytes != 1 || header.shape != expected) {
    throw Error("data/array", name,
                "uint8 of shape " + ToString(expected) + " (as many rows as labels)",
                std::string(1, header.kind) + std::to_string(8 * header.item_bytes) + " of shape " +
                    ToString(header.shape),
                kFix);
  }
  batch.planes = bytes + header.data_offset;
  return batch;
}

std::vector<std::string> ClassNames(const std::string& folder) {
  std::vector<std::string> names;
  for (int i = 1; i <= kClasses; ++i) names.push_back("class " + std::to_string(i));
  std::ifstream map(folder + "/map_clsloc.txt");
  for (std::string line; std::getline(map, line);) {
    std::istringstream words(line);
    std::string synset, name;
    int number = 0;
    if (words >> synset >> number >> name && number >= 1 && number <= kClasses) {
      names[static_cast<size_t>(number - 1)] = name;
    }
  }
  return names;
}

std::vector<std::string> AllPaths(const std::string& folder) {
  std::vector<std::string> paths;
  for (int i = 1; i <= kTrainBatches; ++i) paths.push_back(BatchPath(folder, i));
  paths.push_back(folder + "/val_data.npz");
  return paths;
}

}  // namespace

ImageSource OpenImagenet32(const std::string& folder_argument, const std::string& cache_folder) {
  std::string folder = folder_argument;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw Error("data/missing", folder,
                "a folder with train_data_batch_1.npz .. train_data_batch_10.npz and val_data.npz",
                std::filesystem::exists(folder, ignored) ? "a file" : "nothing at this path", kFix);
  }
  std::vector<Batch> train, test;
  std::string identity;
  for (const std::string& path : AllPaths(folder)) {
    bool last = train.size() == kTrainBatches;
    (last ? test : train).push_back(OpenBatch(path, cache_folder));
    identity += FileIdentity(path) + "\n";
  }
  ImageSource source;
  source.height = source.width = kSide;
  source.channels = 3;
  source.class_names = ClassNames(folder);
  source.train = std::make_shared<Imagenet32Images>(std::move(train));
  source.test = std::make_shared<Imagenet32Images>(std::move(test));
  source.identity = Checksum(identity);
  return source;
}

void CheckImagenet32Checksums(const std::string& folder) {
  for (const std::string& path : AllPaths(folder)) {
    MappedFile file(path, kFix);
    for (const ZipMember& member : ReadZipDirectory(file)) {
      DecodeZipMember(file, member, [](const uint8_t*, size_t) { ThrowIfInterrupted(); });
    }
  }
}

}  // namespace tinyformer
