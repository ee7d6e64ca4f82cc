#include "data/imagenet32.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/npy.h"
#include "data/testing/npz_writer.h"
#include "data/testing/temp_folder.h"
#include "data/zip_file.h"

namespace tinyformer {
namespace {

using testing::ErrorText;
using testing::Int64s;
using testing::Npy;
using testing::Npz;
using testing::TempFolder;

constexpr const char* kAgain = "\n  fix:      download the file again";
constexpr const char* kFix =
    "\n  fix:      download the batches from image-net.org (downsampled, 32x32, npz)";

/// Rows whose red plane is `first`, `first + 1`, ...; green is 1, blue is 2.
std::string Rows(int count, int first) {
  std::string bytes;
  for (int r = 0; r < count; ++r) {
    bytes += std::string(1024, static_cast<char>(first + r)) + std::string(1024, 1) +
             std::string(1024, 2);
  }
  return bytes;
}

std::string Batch(int first, bool deflate, int version = 1, bool zip64 = false) {
  return Npz({{"data.npy", Npy("|u1", {4, 3072}, Rows(4, first), version), deflate},
              {"labels.npy", Npy("<i8", {4}, Int64s({1, 1000, first, 7})), deflate},
              {"mean.npy", Npy("<f8", {1}, Int64s({0})), deflate}},
             zip64);
}

void WriteAll(const TempFolder& folder, bool deflate) {
  for (int b = 1; b <= 10; ++b) {
    folder.Write("train_data_batch_" + std::to_string(b) + ".npz",
                 Batch(10 * b, deflate, b % 2 + 1, b % 3 == 0));
  }
  folder.Write("val_data.npz", Batch(200, deflate));
}

std::vector<uint8_t> Pixels(const ImageSet& images, int64_t index) {
  std::vector<uint8_t> pixels(3072);
  images.Read(index, pixels.data());
  return pixels;
}

void ExpectAllRows(const ImageSource& source) {
  ASSERT_EQ(source.train->size(), 40);
  ASSERT_EQ(source.test->size(), 4);
  for (int i = 0; i < 40; ++i) {
    std::vector<uint8_t> pixels = Pixels(*source.train, i);
    EXPECT_EQ(pixels[0], 10 * (i / 4 + 1) + i % 4) << i;
    EXPECT_EQ(pixels[3071], 2) << i;
  }
  EXPECT_EQ(source.train->label(0), 0);
  EXPECT_EQ(source.train->label(1), 999);
  EXPECT_EQ(source.train->label(6), 19);
  EXPECT_EQ(Pixels(*source.test, 3)[0], 203);
}

TEST(Imagenet32, StoredBatchesAreMappedWhereTheyAre) {
  TempFolder folder, cache;
  WriteAll(folder, false);
  ExpectAllRows(OpenImagenet32(folder.path(), cache.path()));
  EXPECT_TRUE(std::filesystem::is_empty(cache.path()));
}

TEST(Imagenet32, DeflatedBatchesAreDecodedOnceIntoTheCache) {
  TempFolder folder, cache;
  WriteAll(folder, true);
  ExpectAllRows(OpenImagenet32(folder.path() + "/", cache.path()));
  std::filesystem::path some = *std::filesystem::directory_iterator(cache.path());
  auto time = std::filesystem::last_write_time(some);
  ExpectAllRows(OpenImagenet32(folder.path() + "/", cache.path()));
  EXPECT_EQ(std::filesystem::last_write_time(some), time);
}

TEST(Imagenet32, OpensAsADatasetWithStatisticsRemembered) {
  TempFolder folder, cache;
  WriteAll(folder, false);
  DatasetOptions options;
  options.cache_folder = cache.path();
  options.validation_share = 0.25;
  Dataset dataset = OpenDataset("imagenet32:" + folder.path(), options);
  EXPECT_EQ(dataset.info.class_names.size(), 1000u);
  EXPECT_EQ(dataset.info.class_names[999], "class 1000");
  EXPECT_EQ(dataset.train->size() + dataset.validation->size(), 40);
  EXPECT_FLOAT_EQ(dataset.info.mean[1], 1.0f / 255);
  EXPECT_FALSE(std::filesystem::is_empty(cache.path()));
}

TEST(Imagenet32, ClassesGetTheirNamesFromTheMap) {
  TempFolder folder, cache;
  WriteAll(folder, false);
  folder.Write("map_clsloc.txt", "n02119789 1 kit_fox\nbroken\nn0 2000 none\nn02100735 2 setter\n");
  ImageSource source = OpenImagenet32(folder.path(), cache.path());
  EXPECT_EQ(source.class_names[0], "kit_fox");
  EXPECT_EQ(source.class_names[1], "setter");
  EXPECT_EQ(source.class_names[2], "class 3");
}

class BadBatch : public ::testing::Test {
 protected:
  BadBatch() { WriteAll(folder_, false); }
  /// The error when the fourth batch holds these bytes; its path is shown as "FILE".
  std::string Text(const std::string& bytes) {
    folder_.Write("train_data_batch_4.npz", bytes);
    std::string text = ErrorText(folder_ / "train_data_batch_4.npz", [&] {
      OpenImagenet32(folder_.path(), cache_.path());
      CheckImagenet32Checksums(folder_.path());
    });
    return text;
  }
  std::string WithLabels(const std::string& type, const Shape& shape, const std::string& data) {
    return Text(Npz(
        {{"data.npy", Npy("|u1", {4, 3072}, Rows(4, 0))}, {"labels.npy", Npy(type, shape, data)}}));
  }
  TempFolder folder_, cache_;
};

TEST_F(BadBatch, MissingFolderAndFileAreNamed) {
  EXPECT_EQ(ErrorText("", [] { OpenImagenet32("/no/such", ""); }),
            std::string("error[data/missing] /no/such\n  expected: a folder with "
                        "train_data_batch_1.npz .. train_data_batch_10.npz and val_data.npz\n"
                        "  found:    nothing at this path") +
                kFix);
  std::filesystem::remove(folder_ / "val_data.npz");
  EXPECT_EQ(ErrorText(folder_.path(), [&] { OpenImagenet32(folder_.path(), ""); }),
            std::string("error[data/missing] DIR/val_data.npz\n  expected: a file\n"
                        "  found:    nothing at this path") +
                kFix);
}

TEST_F(BadBatch, EmptyAndTruncatedFilesAreNamedWithTheirBytes) {
  std::string head =
      "error[data/zip] DIR\n  expected: a zip file (an .npz) with a directory at its end\n"
      "  found:    ";
  EXPECT_EQ(Text(""), head + "0 bytes without one" + kAgain);
  EXPECT_EQ(Text(Batch(0, false).substr(0, 1000)), head + "1000 bytes without one" + kAgain);
  EXPECT_EQ(Text(std::string(100000, 'x')), head + "100000 bytes without one" + kAgain);
}

TEST_F(BadBatch, ADirectoryThatPointsOutsideIsNamedWithItsBytes) {
  std::string bytes = Batch(0, false);
  std::string text = Text(bytes.substr(3000));
  EXPECT_THAT(text, ::testing::StartsWith("error[data/zip] DIR\n  expected: "));
  EXPECT_THAT(text, ::testing::EndsWith(kAgain));
}

TEST_F(BadBatch, AFlippedBitIsFoundByItsChecksum) {
  std::string bytes = Batch(5, false);
  bytes[5000] = static_cast<char>(bytes[5000] ^ 1);
  std::string text = Text(bytes);
  EXPECT_THAT(text, ::testing::MatchesRegex("error\\[data/zip\\] DIR, member 'data.npy'\n"
                                            "  expected: 12416 bytes with CRC-32 [0-9a-f]+\n"
                                            "  found:    12416 bytes with CRC-32 [0-9a-f]+\n"
                                            "  fix:      download the file again"));
}

TEST_F(BadBatch, DamagedDeflatedDataIsNamed) {
  std::string bytes = Batch(5, true);
  for (size_t i = 40; i < 60; ++i) bytes[i] = '\xff';
  EXPECT_EQ(Text(bytes),
            std::string("error[data/zip] DIR, member 'data.npy'\n  expected: deflated data\n"
                        "  found:    damage after 0 bytes") +
                kAgain);
  EXPECT_TRUE(std::filesystem::is_empty(cache_.path())) << "no part is left behind";
}

TEST_F(BadBatch, AMissingArrayIsNamedWithThoseThatAreThere) {
  EXPECT_EQ(Text(Npz({{"images.npy", Npy("|u1", {1}, "x")}, {"mean.npy", ""}})),
            std::string("error[data/array] DIR\n  expected: an array 'labels'\n"
                        "  found:    images.npy, mean.npy") +
                kFix);
}

TEST_F(BadBatch, LabelsOutOfRangeAndOfOtherTypesAreNamed) {
  EXPECT_EQ(WithLabels("<i8", {4}, Int64s({1, 2, 1001, 3})),
            std::string("error[data/label] DIR, array 'labels', element 2\n"
                        "  expected: a label from 1 to 1000\n  found:    label 1001") +
                kFix);
  EXPECT_EQ(WithLabels("<i8", {4}, Int64s({-1, 2, 1, 3})),
            std::string("error[data/label] DIR, array 'labels', element 0\n"
                        "  expected: a label from 1 to 1000\n  found:    label -1") +
                kFix);
  EXPECT_EQ(WithLabels("<f8", {4}, Int64s({1, 2, 3, 4})),
            std::string("error[data/array] DIR, array 'labels'\n"
                        "  expected: integers of shape [n]\n  found:    floats of shape [4]") +
                kFix);
  EXPECT_EQ(WithLabels("<i8", {2, 2}, Int64s({1, 2, 3, 4})),
            std::string("error[data/array] DIR, array 'labels'\n"
                        "  expected: integers of shape [n]\n  found:    integers of shape [2, 2]") +
                kFix);
}

TEST_F(BadBatch, DataOfAnotherShapeIsNamed) {
  std::string found =
      "error[data/array] DIR, array 'data'\n"
      "  expected: uint8 of shape [3, 3072] (as many rows as labels)\n"
      "  found:    u8 of shape [4, 3072]";
  EXPECT_EQ(WithLabels("<i8", {3}, Int64s({1, 2, 3})), found + kFix);
}

std::string NpyText(const std::string& bytes) {
  return ErrorText("", [&] {
    ParseNpyHeader(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), bytes.size(), "a");
  });
}

TEST(Npy, ReadsTypesShapesAndVersions) {
  for (int version : {1, 2, 3}) {
    std::string bytes = Npy("<i4", {2, 3}, std::string(24, 'x'), version);
    NpyHeader header = ParseNpyHeader(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                      bytes.size(), "a");
    EXPECT_EQ(header.kind, 'i');
    EXPECT_EQ(header.item_bytes, 4);
    EXPECT_EQ(header.shape, (Shape{2, 3}));
    EXPECT_EQ(bytes[header.data_offset], 'x');
  }
}

TEST(Npy, EveryDamageIsNamed) {
  std::string head = "error[data/npy] a\n  expected: ";
  EXPECT_EQ(NpyText("short"), head + "a .npy array\n  found:    5 bytes" + kAgain);
  EXPECT_EQ(NpyText("this is not an array"),
            head + "a .npy array\n  found:    other bytes" + kAgain);
  std::string good = Npy("|u1", {4}, "data");
  std::string bad = good;
  bad[6] = 9;
  EXPECT_EQ(NpyText(bad), head + ".npy version 1, 2 or 3\n  found:    version 9" + kAgain);
  EXPECT_EQ(NpyText(good.substr(0, 40)),
            head + "a header of 118 bytes\n  found:    30 bytes" + kAgain);
  EXPECT_EQ(NpyText(good + "more"), head + "4 bytes for shape [4]\n  found:    8 bytes" + kAgain);
  EXPECT_EQ(NpyText(Npy(">i8", {4}, "data")),
            head + "an element type such as |u1 or <i8\n  found:    '>i8'" + kAgain);
  std::string fortran = good;
  fortran.replace(fortran.find("False"), 5, "True ");
  EXPECT_EQ(NpyText(fortran),
            head + "rows first (fortran_order: False)\n  found:    True" + kAgain);
  std::string garbled = good;
  garbled.replace(garbled.find("'descr'"), 7, "(weird)");
  EXPECT_THAT(
      NpyText(garbled),
      ::testing::StartsWith(
          head + "a header {'descr': ..., 'fortran_order': ..., 'shape': (...)}\n  found:    '{"));
}

TEST(Npz, DamagedBytesNeverReadOutside) {
  // Every byte of the directory and of the headers in turn: an error or the right answer, no crash.
  TempFolder folder;
  std::string good = Npz({{"labels.npy", Npy("<i8", {2}, Int64s({1, 2})), true}}, /*zip64=*/true);
  for (size_t at = 0; at < good.size(); ++at) {
    for (int flip : {0x01, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      folder.Write("a.npz", bad);
      try {
        MappedFile file(folder / "a.npz", "");
        for (const ZipMember& member : ReadZipDirectory(file)) {
          DecodeZipMember(file, member, [](const uint8_t*, size_t) {});
        }
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), "data/zip");
      }
    }
  }
}

}  // namespace
}  // namespace tinyformer
