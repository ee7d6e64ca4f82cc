#include "data/data_tool.h"

#include <xxhash.h>

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/interrupt.h"
#include "base/progress.h"
#include "data/imagenet32.h"
#include "data/source.h"
#include "data/statistics.h"

namespace tinyformer {
namespace {

constexpr size_t kMostExamples = 20;
// Of the published CIFAR-10 in any order of its records.
constexpr uint64_t kCifar10TrainDigest = 0x77d270b7b6262744;
constexpr uint64_t kCifar10TestDigest = 0xacbb2bb4a3382e5f;

std::vector<int64_t> CountClasses(const ImageSet* images, size_t classes) {
  std::vector<int64_t> counts(classes);
  for (int64_t i = 0; images != nullptr && i < images->size(); ++i) {
    ++counts[static_cast<size_t>(images->label(i))];
  }
  return counts;
}

/// Finds equal images: a hash first, then the bytes.
class DuplicateFinder {
 public:
  explicit DuplicateFinder(const ImageSource& source)
      : source_(source),
        image_bytes_(static_cast<size_t>(source.height) * static_cast<size_t>(source.width) *
                     static_cast<size_t>(source.channels)),
        pixels_(image_bytes_),
        other_(image_bytes_) {}

  void Run() {
    int64_t total = source_.train->size() + (source_.test ? source_.test->size() : 0);
    seen_.reserve(static_cast<size_t>(total));
    Progress progress("verifying", total, "images");
    for (bool test : {false, true}) {
      const ImageSet* images = test ? source_.test.get() : source_.train.get();
      for (int64_t i = 0; images != nullptr && i < images->size(); ++i) {
        if (i % 256 == 0) ThrowIfInterrupted();
        Visit(*images, {test, i});
        progress.Update(i + 1 + (test ? source_.train->size() : 0));
      }
    }
  }

  Json ToJson() const {
    return Json{{"train", in_train_},
                {"test", in_test_},
                {"train_and_test", across_},
                {"other_label", other_label_},
                {"examples", examples_}};
  }

  /// Sum over the images of XXH64 of pixels and label: the same for any order of the records.
  uint64_t digest(bool test) const { return digests_[test ? 1 : 0]; }
  int64_t across() const { return across_; }
  int64_t other_label() const { return other_label_; }
  int64_t one_colour() const { return one_colour_; }
  int64_t within() const { return in_train_ + in_test_; }

 private:
  using Place = std::pair<bool, int64_t>;  // test?, index

  static std::string Name(const Place& place) {
    return (place.first ? "test " : "train ") + std::to_string(place.second);
  }

  void Visit(const ImageSet& images, const Place& place) {
    images.Read(place.second, pixels_.data());
    one_colour_ += std::equal(pixels_.begin() + source_.channels, pixels_.end(), pixels_.begin());
    uint64_t hash = XXH64(pixels_.data(), image_bytes_, 0);
    auto label = static_cast<uint8_t>(images.label(place.second));
    digests_[place.first ? 1 : 0] += XXH64(&label, 1, hash);
    auto [first, fresh] = seen_.try_emplace(hash, place);
    if (fresh) return;
    const Place& earlier = first->second;
    const ImageSet& earlier_images = earlier.first ? *source_.test : *source_.train;
    earlier_images.Read(earlier.second, other_.data());
    if (pixels_ != other_) return;
    ++(earlier.first != place.first ? across_ : place.first ? in_test_ : in_train_);
    other_label_ += earlier_images.label(earlier.second) != images.label(place.second);
    if (examples_.size() < kMostExamples) examples_.push_back({Name(earlier), Name(place)});
  }

  const ImageSource& source_;
  size_t image_bytes_;
  std::vector<uint8_t> pixels_, other_;
  std::unordered_map<uint64_t, Place> seen_;
  uint64_t digests_[2] = {0, 0};
  int64_t in_train_ = 0, in_test_ = 0, across_ = 0, other_label_ = 0, one_colour_ = 0;
  Json examples_ = Json::array();
};

std::string TestFingerprint(const ImageSource& source) {
  if (source.test == nullptr) return "";
  ImageSource test = source;
  test.train = source.test;
  return MeasureImages(test, {}).fingerprint;
}

void AddFinding(Json& findings, int64_t count, const std::string& sentence) {
  if (count > 0) findings.push_back(std::to_string(count) + " " + sentence);
}

}  // namespace

Json ListDatasets() {
  Json list = Json::array();
  for (const SourceKind& kind : SourceKinds()) {
    list.push_back({{"name", kind.name},
                    {"spec", kind.name + (kind.argument.empty() ? "" : ":" + kind.argument)},
                    {"what", kind.what},
                    {"fetch", kind.name == "cifar10"}});
  }
  return Json{{"datasets", list}};
}

Json DatasetInfoJson(const std::string& spec, const DatasetOptions& options) {
  Dataset dataset = OpenDataset(spec, options);
  const DatasetInfo& info = dataset.info;
  size_t classes = info.class_names.size();
  std::vector<int64_t> train = CountClasses(dataset.train.get(), classes);
  std::vector<int64_t> validation = CountClasses(dataset.validation.get(), classes);
  Json class_list = Json::array();
  for (size_t c = 0; c < classes; ++c) {
    class_list.push_back(
        {{"name", info.class_names[c]}, {"train", train[c]}, {"validation", validation[c]}});
  }
  return Json{{"spec", info.spec},
              {"fingerprint", info.fingerprint},
              {"height", info.height},
              {"width", info.width},
              {"channels", info.channels},
              {"mean", info.mean},
              {"stddev", info.stddev},
              {"train_images", dataset.train->size()},
              {"validation_images", dataset.validation->size()},
              {"test_images", dataset.test.size()},
              {"classes", class_list},
              {"warnings", dataset.warnings}};
}

Json VerifyDataset(const std::string& spec, const DatasetOptions& options) {
  ImageSource source = OpenSource(spec, options);
  std::string kind = spec.substr(0, spec.find(':'));
  if (kind == "imagenet32") CheckImagenet32Checksums(spec.substr(kind.size() + 1));
  DuplicateFinder finder(source);
  finder.Run();
  std::string fingerprint = MeasureImages(source, {}).fingerprint;
  std::string test_fingerprint = TestFingerprint(source);

  size_t classes = source.class_names.size();
  std::vector<int64_t> train = CountClasses(source.train.get(), classes);
  std::vector<int64_t> test = CountClasses(source.test.get(), classes);
  Json class_list = Json::array();
  for (size_t c = 0; c < classes; ++c) {
    class_list.push_back({{"name", source.class_names[c]}, {"train", train[c]}, {"test", test[c]}});
  }
  Json unreadable = Json::array();
  for (const UnreadableFile& file : source.unreadable) {
    unreadable.push_back({{"path", file.path}, {"why", file.why}});
  }
  Json official = nullptr;
  if (kind == "cifar10") {
    official =
        finder.digest(false) == kCifar10TrainDigest && finder.digest(true) == kCifar10TestDigest;
  }
  Json findings = source.warnings;
  AddFinding(findings, static_cast<int64_t>(source.unreadable.size()), "unreadable image(s)");
  AddFinding(findings, finder.within(), "image(s) repeat an earlier one of the same part");
  AddFinding(findings, finder.across(), "test image(s) are training images too");
  AddFinding(findings, finder.other_label(), "repeated image(s) have another label");
  AddFinding(findings, finder.one_colour(), "image(s) are of one colour");
  if (official == false) findings.push_back("not the published CIFAR-10: images or labels differ");
  return Json{{"spec", spec},
              {"ok", source.unreadable.empty()},
              {"train_images", source.train->size()},
              {"test_images", source.test ? source.test->size() : 0},
              {"fingerprint", fingerprint},
              {"test_fingerprint", test_fingerprint},
              {"classes", class_list},
              {"unreadable", unreadable},
              {"duplicates", finder.ToJson()},
              {"one_colour", finder.one_colour()},
              {"official", official},
              {"findings", findings}};
}

}  // namespace tinyformer
