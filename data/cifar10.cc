#include "data/cifar10.h"

#include <filesystem>
#include <utility>

#include "base/error.h"
#include "data/mapped_file.h"
#include "data/planar.h"

namespace tinyformer {
namespace {

constexpr int kClasses = 10;
constexpr int kSide = 32;
constexpr int64_t kPixelBytes = 3 * kSide * kSide;
constexpr int64_t kRecordBytes = 1 + kPixelBytes;
constexpr const char* kInnerFolder = "cifar-10-batches-bin";
constexpr const char* kFix = "fetch the data set again: tinyformer data fetch cifar10 DIR";

/// The records of several files, one after the other.
class CifarImages : public ImageSet {
 public:
  CifarImages(std::vector<std::unique_ptr<MappedFile>> files, int64_t records_per_file)
      : files_(std::move(files)), records_per_file_(records_per_file) {}

  int64_t size() const override { return static_cast<int64_t>(files_.size()) * records_per_file_; }
  int label(int64_t index) const override { return Record(index)[0]; }
  void Read(int64_t index, uint8_t* pixels) const override {
    PlanarToInterleaved(Record(index) + 1, kSide * kSide, pixels);
  }

 private:
  const uint8_t* Record(int64_t index) const {
    const MappedFile& file = *files_[static_cast<size_t>(index / records_per_file_)];
    return file.data() + index % records_per_file_ * kRecordBytes;
  }

  std::vector<std::unique_ptr<MappedFile>> files_;
  int64_t records_per_file_;
};

std::unique_ptr<MappedFile> OpenBatch(const std::string& path, int64_t records) {
  auto file = std::make_unique<MappedFile>(path, kFix);
  auto size = static_cast<int64_t>(file->size());
  if (size != records * kRecordBytes) {
    throw Error(
        "data/size", path,
        std::to_string(records * kRecordBytes) + " bytes (" + std::to_string(records) +
            " records of " + std::to_string(kRecordBytes) + ")",
        std::to_string(size) + " bytes (" + std::to_string(size / kRecordBytes) + " whole records)",
        kFix);
  }
  for (int64_t i = 0; i < records; ++i) {
    int label = file->data()[i * kRecordBytes];
    if (label >= kClasses) {
      throw Error("data/label", path + ", record " + std::to_string(i), "a label from 0 to 9",
                  "label " + std::to_string(label), kFix);
    }
  }
  return file;
}

std::shared_ptr<const ImageSet> OpenBatches(const std::string& folder,
                                            const std::vector<std::string>& names,
                                            int64_t records_per_file) {
  std::vector<std::unique_ptr<MappedFile>> files;
  for (const std::string& name : names) {
    files.push_back(OpenBatch(folder + "/" + name, records_per_file));
  }
  return std::make_shared<CifarImages>(std::move(files), records_per_file);
}

}  // namespace

ImageSource OpenCifar10(const std::string& folder, int64_t records_per_file) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw Error("data/missing", folder,
                "a folder with data_batch_1.bin .. data_batch_5.bin and test_batch.bin",
                fs::exists(folder, ignored) ? "a file" : "nothing at this path", kFix);
  }
  std::string inner = (fs::path(folder) / kInnerFolder).string();
  std::string where = fs::is_directory(inner, ignored) ? inner : folder;
  while (where.size() > 1 && where.back() == '/') where.pop_back();

  ImageSource source;
  source.height = source.width = kSide;
  source.channels = 3;
  source.class_names = {"airplane", "automobile", "bird",  "cat",  "deer",
                        "dog",      "frog",       "horse", "ship", "truck"};
  source.train = OpenBatches(where,
                             {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                              "data_batch_4.bin", "data_batch_5.bin"},
                             records_per_file);
  source.test = OpenBatches(where, {"test_batch.bin"}, records_per_file);
  return source;
}

}  // namespace tinyformer
