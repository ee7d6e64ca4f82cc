#include "data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "data/cifar10.h"
#include "data/split.h"
#include "data/statistics.h"
#include "data/testing/temp_folder.h"

namespace tinyformer {

class TestSetKeyForTests {
 public:
  static TestSetKey Make() { return TestSetKey(); }
};

namespace {

using testing::ErrorText;
using testing::TempFolder;

/// Images of 1 x 1 x 1 whose pixel is their index.
class Labels : public ImageSet {
 public:
  explicit Labels(std::vector<int> labels) : labels_(std::move(labels)) {}
  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  int label(int64_t index) const override { return labels_[static_cast<size_t>(index)]; }
  void Read(int64_t index, uint8_t* pixels) const override {
    pixels[0] = static_cast<uint8_t>(index);
  }

 private:
  std::vector<int> labels_;
};

Labels Balanced(int classes, int each) {
  std::vector<int> labels;
  for (int i = 0; i < classes * each; ++i) labels.push_back(i % classes);
  return Labels(labels);
}

std::string Records(int count, int shift = 0) {
  std::string bytes;
  for (int r = 0; r < count; ++r) {
    bytes += static_cast<char>((r + shift) % 10);
    for (int plane = 0; plane < 3; ++plane) {
      for (int i = 0; i < 1024; ++i) bytes += static_cast<char>(50 * plane + (i + r) % 50);
    }
  }
  return bytes;
}

void WriteCifar(const TempFolder& folder, const std::string& below = "") {
  for (int b = 1; b <= 5; ++b) {
    folder.Write(below + "data_batch_" + std::to_string(b) + ".bin", Records(20, b));
  }
  folder.Write(below + "test_batch.bin", Records(20));
}

TEST(SpreadImages, AreOfEveryClassOfASortedSet) {
  const Labels sorted({0, 0, 0, 0, 1, 1, 1, 1, 2, 2});
  const SpreadImages images(sorted, 5);
  ASSERT_EQ(images.size(), 5);
  uint8_t pixel = 0;
  for (int64_t i = 0; i < 5; ++i) {
    images.Read(i, &pixel);
    EXPECT_EQ(pixel, 2 * i);
    EXPECT_EQ(images.label(i), sorted.label(2 * i));
  }
  EXPECT_EQ(SpreadImages(sorted, 11).size(), 10);
  EXPECT_EQ(SpreadImages(sorted, 0).size(), 0);
}

TEST(OpenDataset, MakesColoursGreyForOneChannel) {
  const TempFolder cache;
  const auto open = [&](int channels) {
    DatasetOptions options;
    options.channels = channels;
    options.cache_folder = cache.path();
    return OpenDataset("synthetic", options);
  };
  const Dataset colour = open(3), grey = open(1);
  EXPECT_EQ(grey.info.channels, 1);
  EXPECT_NE(grey.info.fingerprint, colour.info.fingerprint);
  ASSERT_EQ(grey.info.mean.size(), 1U);
  EXPECT_NEAR(
      grey.info.mean[0],
      0.299F * colour.info.mean[0] + 0.587F * colour.info.mean[1] + 0.114F * colour.info.mean[2],
      0.5 / 255);
  std::vector<uint8_t> rgb(3072), luma(1024);
  const TestSetKey key = TestSetKeyForTests::Make();
  const std::pair<const ImageSet*, const ImageSet*> parts[] = {
      {colour.train.get(), grey.train.get()}, {&colour.test.Open(key), &grey.test.Open(key)}};
  for (const auto& [from, to] : parts) {
    ASSERT_EQ(to->size(), from->size());
    EXPECT_EQ(to->label(7), from->label(7));
    from->Read(7, rgb.data());
    to->Read(7, luma.data());
    for (size_t i = 0; i < luma.size(); ++i) {
      EXPECT_NEAR(luma[i], 0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2],
                  0.501);
    }
  }
}

TEST(Split, TakesTheSameShareOfEveryClassAndEveryImageOnce) {
  Labels images = Balanced(10, 40);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Split split = StratifiedSplit(images, 10, 0.1, seed);
    std::set<int64_t> all(split.train.begin(), split.train.end());
    all.insert(split.validation.begin(), split.validation.end());
    EXPECT_EQ(all.size(), 400u) << "seed " << seed;
    EXPECT_EQ(split.validation.size(), 40u) << "seed " << seed;
    std::vector<int> counts(10);
    for (int64_t i : split.validation) ++counts[static_cast<size_t>(images.label(i))];
    EXPECT_THAT(counts, ::testing::Each(4)) << "seed " << seed;
  }
}

TEST(Split, IsTheSameForOneSeedAndAnotherForTheNext) {
  Labels images = Balanced(3, 50);
  EXPECT_EQ(StratifiedSplit(images, 3, 0.2, 7).validation,
            StratifiedSplit(images, 3, 0.2, 7).validation);
  EXPECT_NE(StratifiedSplit(images, 3, 0.2, 7).validation,
            StratifiedSplit(images, 3, 0.2, 8).validation);
}

TEST(Split, KeepsOneImageOfATinyClassForTraining) {
  Labels images({0, 0, 1});
  Split split = StratifiedSplit(images, 2, 0.9, 1);
  EXPECT_EQ(split.validation.size(), 1u);
  EXPECT_EQ(split.train.size(), 2u);
}

TEST(Split, TakesOneImageOfAClassThatHasFew) {
  Labels images({0, 0, 1, 1, 1, 1, 2});
  Split split = StratifiedSplit(images, 3, 0.1, 1);
  std::vector<int> counts(3);
  for (int64_t i : split.validation) ++counts[static_cast<size_t>(images.label(i))];
  EXPECT_THAT(counts, ::testing::ElementsAre(1, 1, 0));
  EXPECT_TRUE(StratifiedSplit(images, 3, 0, 1).validation.empty());
}

TEST(Split, RefusesAShareThatIsNone) {
  EXPECT_EQ(ErrorText("", [] { StratifiedSplit(Labels({0}), 1, 1.5, 1); }),
            "error[data/validation-share] validation share\n  expected: a number in [0, 1)\n"
            "  found:    1.5\n  fix:      use 0.1 to keep one image in ten for validation");
}

TEST(Statistics, AreThoseOfTheChosenImagesAndTheFingerprintOfAll) {
  ImageSource source;
  source.height = source.width = source.channels = 1;
  source.train = std::make_shared<Labels>(std::vector<int>{0, 1, 0, 1, 0});
  ImageStatistics statistics = MeasureImages(source, {0, 4});  // pixels 0 and 4
  EXPECT_FLOAT_EQ(statistics.mean[0], 2.0f / 255);
  EXPECT_FLOAT_EQ(statistics.stddev[0], 2.0f / 255);
  EXPECT_EQ(statistics.fingerprint, MeasureImages(source, {1, 2, 3}).fingerprint);
  source.train = std::make_shared<Labels>(std::vector<int>{0, 1, 0, 1, 1});
  EXPECT_NE(statistics.fingerprint, MeasureImages(source, {0, 4}).fingerprint);
}

TEST(Statistics, AreMeasuredAnewWhenTheirNoteIsDamaged) {
  TempFolder folder;
  ImageSource source;
  source.height = source.width = source.channels = 1;
  source.identity = "files";
  source.train = std::make_shared<Labels>(std::vector<int>{0, 1});
  ImageStatistics first = CachedStatistics(source, {0, 1}, folder.path());
  std::filesystem::path note = *std::filesystem::directory_iterator(folder.path());
  std::string name = note.filename().string();
  for (const char* text : {"", "{}", "[1", "{\"mean\": 3}", "{\"mean\": [], \"stddev\": []}"}) {
    folder.Write(name, text);
    EXPECT_EQ(CachedStatistics(source, {0, 1}, folder.path()).mean, first.mean) << text;
  }
  source.train = std::make_shared<Labels>(std::vector<int>{1, 1});
  EXPECT_EQ(CachedStatistics(source, {0, 1}, folder.path()).fingerprint, first.fingerprint)
      << "the note is used while the files are the same";
}

TEST(Cifar10, PlanesBecomePixels) {
  TempFolder folder;
  WriteCifar(folder);
  ImageSource source = OpenCifar10(folder.path(), 20);
  EXPECT_EQ(source.train->size(), 100);
  EXPECT_EQ(source.test->size(), 20);
  EXPECT_EQ(source.train->label(20), 2) << "the second batch's first record";
  std::vector<uint8_t> pixels(3072);
  source.train->Read(21, pixels.data());
  for (size_t i = 0; i < 1024; ++i) {
    ASSERT_EQ(pixels[3 * i], (i + 1) % 50);
    ASSERT_EQ(pixels[3 * i + 1], 50 + (i + 1) % 50);
    ASSERT_EQ(pixels[3 * i + 2], 100 + (i + 1) % 50);
  }
}

TEST(Cifar10, TheArchivesOwnFolderIsFoundInside) {
  TempFolder folder;
  WriteCifar(folder, "cifar-10-batches-bin/");
  EXPECT_EQ(OpenCifar10(folder.path(), 20).train->size(), 100);
}

TEST(Cifar10, AMissingFolderIsNamed) {
  EXPECT_EQ(ErrorText("", [] { OpenCifar10("/no/such/folder"); }),
            "error[data/missing] /no/such/folder\n"
            "  expected: a folder with data_batch_1.bin .. data_batch_5.bin and test_batch.bin\n"
            "  found:    nothing at this path\n"
            "  fix:      fetch the data set again: tinyformer data fetch cifar10 DIR");
}

TEST(Cifar10, AMissingFileIsNamed) {
  TempFolder folder;
  WriteCifar(folder);
  std::filesystem::remove(folder / "data_batch_4.bin");
  EXPECT_EQ(ErrorText(folder.path(), [&] { OpenCifar10(folder.path(), 20); }),
            "error[data/missing] DIR/data_batch_4.bin\n  expected: a file\n"
            "  found:    nothing at this path\n"
            "  fix:      fetch the data set again: tinyformer data fetch cifar10 DIR");
}

TEST(Cifar10, AFolderInPlaceOfAFileIsNamed) {
  TempFolder folder;
  WriteCifar(folder);
  std::filesystem::remove(folder / "test_batch.bin");
  folder.Write("test_batch.bin/file", "");
  EXPECT_EQ(ErrorText(folder.path(), [&] { OpenCifar10(folder.path(), 20); }),
            "error[data/unreadable] DIR/test_batch.bin\n  expected: a file that can be read\n"
            "  found:    a folder\n  fix:      name the folder that holds the data set's files");
}

TEST(Cifar10, APipeInPlaceOfAFileIsNamed) {
  TempFolder folder;
  WriteCifar(folder);
  std::filesystem::remove(folder / "test_batch.bin");
  ASSERT_EQ(::mkfifo((folder / "test_batch.bin").c_str(), 0600), 0);
  EXPECT_EQ(ErrorText(folder.path(), [&] { OpenCifar10(folder.path(), 20); }),
            "error[data/unreadable] DIR/test_batch.bin\n  expected: a file that can be read\n"
            "  found:    not a plain file\n"
            "  fix:      name the folder that holds the data set's files");
}

TEST(Cifar10, TruncatedEmptyAndOversizedFilesAreNamedWithTheirBytes) {
  TempFolder folder;
  WriteCifar(folder);
  auto text = [&](const std::string& bytes) {
    folder.Write("data_batch_3.bin", bytes);
    return ErrorText(folder.path(), [&] { OpenCifar10(folder.path(), 20); });
  };
  std::string head =
      "error[data/size] DIR/data_batch_3.bin\n  expected: 61460 bytes (20 records of 3073)\n"
      "  found:    ";
  std::string tail = "\n  fix:      fetch the data set again: tinyformer data fetch cifar10 DIR";
  EXPECT_EQ(text(Records(20).substr(0, 5000)), head + "5000 bytes (1 whole records)" + tail);
  EXPECT_EQ(text(""), head + "0 bytes (0 whole records)" + tail);
  EXPECT_EQ(text(Records(21)), head + "64533 bytes (21 whole records)" + tail);
}

TEST(Cifar10, ALabelOutOfRangeIsNamedWithItsRecord) {
  TempFolder folder;
  WriteCifar(folder);
  std::string bytes = Records(20);
  bytes[17 * 3073] = 10;
  folder.Write("test_batch.bin", bytes);
  EXPECT_EQ(ErrorText(folder.path(), [&] { OpenCifar10(folder.path(), 20); }),
            "error[data/label] DIR/test_batch.bin, record 17\n"
            "  expected: a label from 0 to 9\n  found:    label 10\n"
            "  fix:      fetch the data set again: tinyformer data fetch cifar10 DIR");
}

TEST(Dataset, AnUnknownSpecListsTheKnownOnes) {
  auto text = [](const std::string& spec) { return ErrorText("", [&] { OpenDataset(spec); }); };
  std::string known = "\n  expected: cifar10:DIR, imagenet32:DIR, folder:DIR or synthetic\n";
  EXPECT_EQ(text("mnist:x"), "error[data/spec] data set 'mnist:x'" + known +
                                 "  found:    kind 'mnist'\n  fix:      choose one of these");
  EXPECT_EQ(text(""), "error[data/spec] data set ''" + known +
                          "  found:    nothing\n  fix:      choose one of these");
  EXPECT_EQ(text("my/photos"), "error[data/spec] data set 'my/photos'" + known +
                                   "  found:    a path without a kind\n"
                                   "  fix:      for a folder of images write 'folder:my/photos'");
  EXPECT_EQ(text("cifar10"), "error[data/spec] data set 'cifar10'" + known +
                                 "  found:    no folder\n"
                                 "  fix:      write the folder after a colon: 'cifar10:DIR'");
  EXPECT_EQ(text("synthetic:9"), "error[data/spec] data set 'synthetic:9'" + known +
                                     "  found:    something after 'synthetic'\n"
                                     "  fix:      write only 'synthetic'");
}

TEST(Dataset, TestImagesOpenOnlyWithAKey) {
  static_assert(!std::is_default_constructible_v<TestSetKey>);
  Dataset dataset = OpenDataset("synthetic");
  EXPECT_EQ(dataset.test.size(), 2000);
  EXPECT_EQ(dataset.test.Open(TestSetKeyForTests::Make()).size(), 2000);
  EXPECT_FALSE(LockedTestSet().exists());
}

TEST(Dataset, TheCacheFolderFollowsTheEnvironment) {
  ::setenv("HOME", "/h", 1);
  ::unsetenv("XDG_CACHE_HOME");
  ::unsetenv("TINYFORMER_CACHE");
  EXPECT_EQ(DefaultCacheFolder(), "/h/.cache/tinyformer");
  ::setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(DefaultCacheFolder(), "/xdg/tinyformer");
  ::setenv("TINYFORMER_CACHE", "/own", 1);
  EXPECT_EQ(DefaultCacheFolder(), "/own");
}

}  // namespace
}  // namespace tinyformer
