#include "data/image_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/testing/image_writer.h"
#include "data/testing/temp_folder.h"

namespace tinyformer {
namespace {

using testing::ErrorText;
using testing::Jpeg;
using testing::Plain;
using testing::Png;
using testing::TempFolder;

class ImageFolder : public ::testing::Test {
 protected:
  ImageFolder() {
    options_.height = options_.width = 4;
    options_.cache_folder = cache_.path();
    for (int i = 0; i < 5; ++i) {
      std::string name = "/" + std::to_string(i) + ".png";
      auto shade = static_cast<uint8_t>(10 * i);
      folder_.Write("train/dog" + name, Png(Plain(9, 6, 100, 0, shade)));
      folder_.Write("train/cat" + name, Png(Plain(4, 4, 200, 0, shade)));
    }
    folder_.Write("train/cat/5.JPEG", Jpeg(8, 8, 1, std::vector<uint8_t>(64, 60)));
    folder_.Write("test/dog/0.png", Png(Plain(4, 4, 1, 2, 3)));
  }
  ImageSource Open() { return OpenImageFolder(folder_.path(), options_); }
  std::string Text() {
    return ErrorText(folder_.path(), [&] { Open(); });
  }
  TempFolder folder_, cache_;
  DatasetOptions options_;
};

TEST_F(ImageFolder, ClassesAndImagesAreSortedByName) {
  ImageSource source = Open();
  EXPECT_THAT(source.class_names, ::testing::ElementsAre("cat", "dog"));
  ASSERT_EQ(source.train->size(), 11);
  std::vector<uint8_t> pixels(48);
  for (int i = 0; i < 11; ++i) {
    source.train->Read(i, pixels.data());
    EXPECT_EQ(source.train->label(i), i < 6 ? 0 : 1);
    if (i != 5) {
      EXPECT_EQ(pixels[0], i < 6 ? 200 : 100);
      EXPECT_EQ(pixels[47], 10 * (i < 6 ? i : i - 6));
    }
  }
  EXPECT_EQ(source.test->label(0), 1);
  EXPECT_TRUE(source.warnings.empty());
}

TEST_F(ImageFolder, UnreadableImagesAreLeftOutListedAndCounted) {
  folder_.Write("train/cat/0.png", "");
  folder_.Write("train/dog/2.png", "no picture");
  folder_.Write("train/dog/notes.txt", "");
  folder_.Write("train/dog/.hidden", "");
  for (int round = 0; round < 2; ++round) {  // decoded, then from the cache
    Dataset dataset = OpenDataset("folder:" + folder_.path(), options_);
    EXPECT_EQ(dataset.train->size() + dataset.validation->size(), 9);
    EXPECT_THAT(dataset.warnings,
                ::testing::ElementsAre(
                    "1 in train left out, neither .png, .jpg nor .jpeg: train/dog/notes.txt",
                    "2 unreadable images left out:", "  train/cat/0.png: empty file",
                    "  train/dog/2.png: neither PNG nor JPEG by its first bytes"));
  }
}

TEST_F(ImageFolder, NamesMayBeOtherThanUtf8) {
  folder_.Write("train/cat/\xff.png", "no picture");
  folder_.Write("train/dog/\xfe.png", Png(Plain(4, 4, 1, 2, 3)));
  for (int round = 0; round < 2; ++round) {  // decoded, then from the cache
    ImageSource source = Open();
    EXPECT_EQ(source.train->size(), 12);
    ASSERT_EQ(source.unreadable.size(), 1u);
    EXPECT_EQ(source.unreadable[0].path,
              round == 0 ? "train/cat/\xff.png" : "train/cat/\uFFFD.png");
  }
}

TEST_F(ImageFolder, ManyUnreadableImagesAreCountedInOneLine) {
  for (int i = 0; i < 25; ++i) folder_.Write("train/cat/bad" + std::to_string(i) + ".jpg", "");
  std::vector<std::string> warnings = OpenDataset("folder:" + folder_.path(), options_).warnings;
  ASSERT_EQ(warnings.size(), 22u);
  EXPECT_EQ(warnings.front(), "25 unreadable images left out:");
  EXPECT_EQ(warnings.back(), "  and 5 more; 'tinyformer data verify' lists them all");
}

TEST_F(ImageFolder, DecodedPixelsComeFromTheCacheUntilAFileChanges) {
  std::string first = OpenDataset("folder:" + folder_.path(), options_).info.fingerprint;
  EXPECT_FALSE(std::filesystem::is_empty(cache_.path()));
  EXPECT_EQ(OpenDataset("folder:" + folder_.path(), options_).info.fingerprint, first);
  folder_.Write("train/dog/0.png", Png(Plain(30, 30, 9, 9, 9)));
  EXPECT_NE(OpenDataset("folder:" + folder_.path(), options_).info.fingerprint, first);
}

TEST_F(ImageFolder, WhatCouldNotBeReadIsTriedAgain) {
  TempFolder elsewhere;
  std::filesystem::create_symlink(elsewhere / "4.png", folder_ / "train/cat/link.png");
  const Dataset dataset = OpenDataset("folder:" + folder_.path(), options_);
  EXPECT_THAT(dataset.warnings,
              ::testing::ElementsAre("1 unreadable image left out:",
                                     "  train/cat/link.png: nothing at this path"));
  auto kept = std::filesystem::directory_iterator(cache_.path());
  EXPECT_EQ(std::distance(begin(kept), end(kept)), 1) << "only the test images";
}

TEST_F(ImageFolder, ADamagedCacheIsMadeAnew) {
  Open();
  for (const auto& entry : std::filesystem::directory_iterator(cache_.path())) {
    for (const char* text : {"", "short", "forty bytes that are no cache file at all"}) {
      std::ofstream(entry.path(), std::ios::trunc) << text;
      EXPECT_EQ(Open().train->size(), 11);
    }
    std::fstream file(entry.path());
    file.seekp(3);
    file.put('\x77');
    file.close();
    std::vector<uint8_t> pixels(48);
    Open().train->Read(0, pixels.data());
    EXPECT_EQ(pixels[3], 200);
  }
}

TEST_F(ImageFolder, WithoutACacheFolderItWarnsAndGoesOn) {
  options_.cache_folder = "/dev/null/cache";
  ImageSource source = Open();
  EXPECT_EQ(source.train->size(), 11);
  ASSERT_EQ(source.warnings.size(), 2u) << "train and test";
  EXPECT_THAT(source.warnings[0],
              ::testing::MatchesRegex("decoded images are not kept: /dev/null/cache/folder-"
                                      "[0-9a-f]+.pixels: Not a directory"));
}

TEST_F(ImageFolder, WithoutTestImagesTheLockedSetIsEmpty) {
  std::filesystem::remove_all(folder_ / "test");
  Dataset dataset = OpenDataset("folder:" + folder_.path(), options_);
  EXPECT_FALSE(dataset.test.exists());
  EXPECT_THAT(dataset.warnings,
              ::testing::ElementsAre("no test folder: accuracy on test images cannot be reported"));
}

TEST_F(ImageFolder, AClassWithoutAReadableImageIsNamed) {
  for (int i = 0; i < 5; ++i) folder_.Write("train/dog/" + std::to_string(i) + ".png", "");
  std::string fix = "\n  fix:      add images to this class, or remove its folder";
  EXPECT_EQ(Text(),
            "error[data/empty-class] DIR/train/dog\n  expected: at least one readable image\n"
            "  found:    5 unreadable, the first: train/dog/0.png (empty file)" +
                fix);
  for (int i = 0; i < 5; ++i) {
    std::filesystem::remove(folder_ / ("train/dog/" + std::to_string(i) + ".png"));
  }
  EXPECT_EQ(Text(),
            "error[data/empty-class] DIR/train/dog\n  expected: at least one readable image\n"
            "  found:    no .png, .jpg or .jpeg file" +
                fix);
}

TEST_F(ImageFolder, AClassOnlyInTestIsNamed) {
  folder_.Write("test/bird/0.png", Png(Plain(4, 4, 1, 2, 3)));
  EXPECT_EQ(Text(),
            "error[data/classes] DIR/test/bird\n  expected: a class that train has too\n"
            "  found:    no folder train/bird\n  fix:      rename or remove this folder");
}

TEST_F(ImageFolder, AnotherLayoutIsNamed) {
  std::string expected = "  expected: a folder with train/<class>/*.png, *.jpg or *.jpeg\n";
  std::string fix = "  fix:      put the images of each class into train/<class>";
  TempFolder empty;
  EXPECT_EQ(ErrorText(empty.path(), [&] { OpenImageFolder(empty.path(), options_); }),
            "error[data/missing] DIR\n" + expected + "  found:    no train in it\n" + fix);
  EXPECT_EQ(
      ErrorText("", [&] { OpenImageFolder("/no/such", options_); }),
      "error[data/missing] /no/such\n" + expected + "  found:    nothing at this path\n" + fix);
  empty.Write("train/only/a.png", "");
  EXPECT_EQ(ErrorText(empty.path(), [&] { OpenImageFolder(empty.path(), options_); }),
            "error[data/classes] DIR/train\n  expected: at least two classes, one folder each\n"
            "  found:    1\n" +
                fix);
}

}  // namespace
}  // namespace tinyformer
