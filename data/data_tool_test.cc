#include "data/data_tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "data/download.h"
#include "data/testing/http_server.h"
#include "data/testing/image_writer.h"
#include "data/testing/npz_writer.h"
#include "data/testing/tar_writer.h"
#include "data/testing/temp_folder.h"

namespace tinyformer {
namespace {

using testing::ErrorText;
using testing::Gzip;
using testing::HttpServer;
using testing::Plain;
using testing::Png;
using testing::Tar;
using testing::TempFolder;

TEST(ListDatasets, NamesEveryKindAndWhetherItCanBeFetched) {
  Json list = ListDatasets().at("datasets");
  std::vector<std::string> specs, fetched;
  for (const Json& entry : list) {
    specs.push_back(entry.at("spec").get<std::string>());
    if (entry.at("fetch").get<bool>()) fetched.push_back(entry.at("name").get<std::string>());
  }
  EXPECT_THAT(specs,
              ::testing::ElementsAre("cifar10:DIR", "imagenet32:DIR", "folder:DIR", "synthetic"));
  EXPECT_THAT(fetched, ::testing::ElementsAre("cifar10"));
}

TEST(DatasetInfo, TellsSizesClassesAndStatistics) {
  Json info = DatasetInfoJson("synthetic");
  EXPECT_EQ(info.at("train_images"), 9000);
  EXPECT_EQ(info.at("validation_images"), 1000);
  EXPECT_EQ(info.at("test_images"), 2000);
  EXPECT_EQ(info.at("classes").at(4).dump(), R"({"name":"disc","train":900,"validation":100})");
  EXPECT_EQ(info.at("mean").size(), 3u);
  EXPECT_EQ(info.at("fingerprint").get<std::string>().size(), 16u);
  EXPECT_TRUE(info.at("warnings").empty());
}

TEST(VerifyDataset, FindsNothingWrongWithTheSyntheticSet) {
  Json report = VerifyDataset("synthetic");
  EXPECT_EQ(report.at("ok"), true);
  EXPECT_EQ(report.at("official"), nullptr);
  EXPECT_EQ(report.at("classes").at(0).dump(),
            R"({"name":"lying stripes","train":1000,"test":200})");
  EXPECT_TRUE(report.at("findings").empty()) << report.dump();
}

TEST(VerifyDataset, ReportsDuplicatesPlainAndUnreadableImages) {
  TempFolder folder, cache;
  auto two_tone = [](uint8_t shade) {
    auto image = Plain(4, 4, shade, 0, 0);
    image.pixels[0] = 255;
    return Png(image);
  };
  folder.Write("train/a/0.png", two_tone(1));
  folder.Write("train/a/1.png", two_tone(1));  // repeats train 0
  folder.Write("train/a/2.png", "");
  folder.Write("train/b/0.png", two_tone(1));  // repeats train 0 with another label
  folder.Write("train/b/1.png", Png(Plain(4, 4, 9, 9, 9)));
  folder.Write("test/a/0.png", two_tone(2));
  folder.Write("test/b/0.png", two_tone(1));  // in train too, another label
  DatasetOptions options;
  options.height = options.width = 4;
  options.cache_folder = cache.path();
  Json report = VerifyDataset("folder:" + folder.path(), options);
  EXPECT_EQ(report.at("ok"), false);
  EXPECT_EQ(report.at("unreadable").dump(), R"([{"path":"train/a/2.png","why":"empty file"}])");
  EXPECT_EQ(report.at("duplicates").dump(),
            R"({"train":2,"test":0,"train_and_test":1,"other_label":2,)"
            R"("examples":[["train 0","train 1"],["train 0","train 2"],["train 0","test 1"]]})");
  EXPECT_EQ(report.at("one_colour"), 1);
  EXPECT_THAT(report.at("findings").get<std::vector<std::string>>(),
              ::testing::ElementsAre(
                  "1 unreadable image(s)", "2 image(s) repeat an earlier one of the same part",
                  "1 test image(s) are training images too",
                  "2 repeated image(s) have another label", "1 image(s) are of one colour"));
}

TEST(VerifyDataset, ChecksTheChecksumsOfStoredBatches) {
  TempFolder folder;
  std::string good =
      testing::Npz({{"data.npy", testing::Npy("|u1", {1, 3072}, std::string(3072, 'x'))},
                    {"labels.npy", testing::Npy("<i8", {1}, testing::Int64s({5}))}});
  for (int b = 1; b <= 10; ++b) {
    folder.Write("train_data_batch_" + std::to_string(b) + ".npz", good);
  }
  std::string bad = good;
  bad[2000] = 'y';
  folder.Write("val_data.npz", bad);
  std::string text =
      ErrorText(folder.path(), [&] { VerifyDataset("imagenet32:" + folder.path()); });
  EXPECT_THAT(text, ::testing::StartsWith("error[data/zip] DIR/val_data.npz, member 'data.npy'\n"
                                          "  expected: 3200 bytes with CRC-32 "));
}

class Fetching : public ::testing::Test {
 protected:
  Fetching() {
    ::setenv("no_proxy", "127.0.0.1", 1);
    archive_ = Gzip(Tar({{"set/", "", '5'}, {"set/a", "good"}}));
    folder_.Write("archive", archive_);
    recipe_ = {"set",
               server_.Url("set.tar.gz"),
               "md5",
               FileDigest(folder_ / "archive", "md5"),
               "set.tar.gz",
               "set",
               [](const std::string& folder) {
                 std::string found = ReadFile(folder + "/a");
                 if (found != "good") throw Error("data/size", folder, "good", found, "fetch");
               }};
  }
  std::string Folder() { return folder_ / "to"; }

  TempFolder folder_;
  HttpServer server_;
  std::string archive_;
  FetchRecipe recipe_;
};

TEST_F(Fetching, ADatasetIsDownloadedUnpackedAndChecked) {
  server_.Serve({.body = archive_, .cut_after = {60}});
  Json result = FetchByRecipe(recipe_, Folder());
  EXPECT_EQ(result.dump(), R"({"name":"set","spec":"set:)" + Folder() + R"(","folder":")" +
                               Folder() + R"(/set","already_there":false,"bytes":)" +
                               std::to_string(archive_.size()) + R"(,"resumed_from":0})");
  EXPECT_EQ(ReadFile(Folder() + "/set/a"), "good");
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(Folder()))
    left.insert(entry.path().filename().string());
  EXPECT_EQ(left, (std::set<std::string>{".fetch.lock", "set"}));
}

TEST_F(Fetching, TheAddressMayEndWithoutAName) {
  server_.Serve({.body = archive_});
  recipe_.url = server_.Url("mirror/");
  EXPECT_EQ(FetchByRecipe(recipe_, Folder()).at("bytes"), archive_.size());
  EXPECT_EQ(ReadFile(Folder() + "/set/a"), "good");
}

TEST_F(Fetching, ACompleteDatasetIsNotFetchedAgain) {
  folder_.Write("to/set/a", "good");
  EXPECT_EQ(FetchByRecipe(recipe_, Folder()).at("already_there"), true);
}

TEST_F(Fetching, ADamagedDatasetIsReplacedOnlyByAGoodOne) {
  folder_.Write("to/set/a", "damaged");
  server_.Serve({.body = archive_});
  FetchRecipe wrong = recipe_;
  wrong.checksum = std::string(32, '0');
  EXPECT_THAT(ErrorText("", [&] { FetchByRecipe(wrong, Folder()); }),
              ::testing::StartsWith("error[data/checksum] http://127.0.0.1:"));
  EXPECT_EQ(ReadFile(Folder() + "/set/a"), "damaged");
  FetchByRecipe(recipe_, Folder());
  EXPECT_EQ(ReadFile(Folder() + "/set/a"), "good");
}

TEST_F(Fetching, AnArchiveThatAKillLeftIsUnpackedWithoutTheNetwork) {
  folder_.Write("to/set.tar.gz", archive_);
  folder_.Write("to/.set.unpacking/set/half", "x");
  EXPECT_EQ(FetchByRecipe(recipe_, Folder()).at("already_there"), false);
  EXPECT_FALSE(std::filesystem::exists(Folder() + "/set/half"));
  EXPECT_TRUE(server_.Ranges().empty());
}

TEST_F(Fetching, AFolderThatCannotBeMadeIsNamed) {
  EXPECT_EQ(ErrorText("", [&] { FetchByRecipe(recipe_, "/dev/null/to"); }),
            "error[file/write-failed] /dev/null/to\n  expected: a place that can be written\n"
            "  found:    Not a directory\n"
            "  fix:      check the path and the disk, then run the same command again");
}

TEST_F(Fetching, Cifar10FromAnotherAddressMustHaveTheOfficialChecksum) {
  server_.Serve({.body = archive_});
  std::string url = server_.Url("mirror.tar.gz");
  EXPECT_EQ(ErrorText("", [&] { FetchDataset("cifar10", Folder(), url); }),
            "error[data/checksum] " + url +
                "\n  expected: md5 c32a1d4ab5d03f1284b67883e8d87530\n  found:    md5 " +
                recipe_.checksum + " in " + std::to_string(archive_.size()) +
                " bytes\n  fix:      run the same command again: it starts afresh");
}

TEST(FetchDataset, WhatCannotBeFetchedSaysWhatToDoInstead) {
  auto text = [](const std::string& name) {
    return ErrorText("", [&] { FetchDataset(name, "unused"); });
  };
  auto message = [](const std::string& name, const std::string& found, const std::string& fix) {
    return "error[data/fetch] data set '" + name + "'\n  expected: cifar10\n  found:    " + found +
           "\n  fix:      " + fix;
  };
  EXPECT_EQ(text("imagenet32"),
            message("imagenet32", "a data set whose site wants a login",
                    "download the 32x32 npz batches from image-net.org, then use imagenet32:DIR"));
  EXPECT_EQ(text("folder"), message("folder", "your own images", "use folder:DIR as it is"));
  EXPECT_EQ(text("synthetic"),
            message("synthetic", "a built-in data set", "use synthetic as it is"));
  EXPECT_EQ(text("mnist"), message("mnist", "no such data set", "choose cifar10"));
}

}  // namespace
}  // namespace tinyformer
