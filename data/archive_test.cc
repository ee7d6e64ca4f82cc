#include "data/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/rng.h"
#include "data/testing/tar_writer.h"
#include "data/testing/temp_folder.h"

namespace tinyformer {
namespace {

using testing::ErrorText;
using testing::Gzip;
using testing::Tar;
using testing::TarEntry;
using testing::TempFolder;

constexpr uint64_t kMost = 1 << 20;

class Unpacking : public ::testing::Test {
 protected:
  Unpacking() { std::filesystem::create_directory(folder_ / "out"); }
  std::vector<std::string> Unpack(const std::string& bytes) {
    folder_.Write("a.tar.gz", bytes);
    return UnpackTarGz(folder_ / "a.tar.gz", folder_ / "out", kMost);
  }
  std::string Text(const std::string& bytes) {
    return ErrorText(folder_.path(), [&] { Unpack(bytes); });
  }
  std::string EntryText(const TarEntry& entry) { return Text(Gzip(Tar({entry}))); }
  TempFolder folder_;
};

std::string Message(const std::string& expected, const std::string& found) {
  return "error[data/archive] DIR/a.tar.gz\n  expected: " + expected + "\n  found:    " + found +
         "\n  fix:      download the archive again";
}

TEST_F(Unpacking, FilesComeOutWholeInTheirFolders) {
  std::string large(1234, 'x');
  EXPECT_THAT(Unpack(Gzip(Tar({{"d/", "", '5'}, {"d/a", large}, {"./d/b", ""}, {"c", "see"}}))),
              ::testing::ElementsAre("d/a", "d/b", "c"));
  EXPECT_EQ(ReadFile(folder_ / "out/d/a"), large);
  EXPECT_EQ(ReadFile(folder_ / "out/d/b"), "");
  EXPECT_EQ(ReadFile(folder_ / "out/c"), "see");
}

TEST_F(Unpacking, LongNamesOfEveryKindAreRead) {
  std::string name = std::string(90, 'a') + "/" + std::string(90, 'b');
  std::string record = "201 path=p/" + name + "\n";
  EXPECT_THAT(Unpack(Gzip(Tar({{"././@LongLink", "l/" + name + '\0', 'L'},
                               {"cut", "1"},
                               {"pax", record, 'x'},
                               {"cut", "2"},
                               {std::string(90, 'b'), "3", '0', "u/" + std::string(90, 'a')},
                               {"plain", "4"}}))),
              ::testing::ElementsAre("l/" + name, "p/" + name, "u/" + name, "plain"));
}

TEST_F(Unpacking, NamesThatLeadOutAreRefused) {
  std::string expected = "names inside the archive's own folder";
  EXPECT_EQ(EntryText({"../evil", "x"}), Message(expected, "'../evil'"));
  EXPECT_EQ(EntryText({"a/../../evil", "x"}), Message(expected, "'a/../../evil'"));
  EXPECT_EQ(EntryText({"/etc/evil", "x"}), Message(expected, "'/etc/evil'"));
  EXPECT_EQ(EntryText({"", "x"}), Message(expected, "''"));
  EXPECT_EQ(Text(Gzip(Tar({{"long", "../evil", 'L'}, {"a", "x"}}))),
            Message(expected, "'../evil'"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "evil"));
}

TEST_F(Unpacking, LinksAreRefused) {
  EXPECT_EQ(EntryText({"link", "", '2'}), Message("plain files and folders", "'link' of type '2'"));
  EXPECT_EQ(EntryText({"link", "", '1'}), Message("plain files and folders", "'link' of type '1'"));
}

TEST_F(Unpacking, MoreBytesThanAllowedAreRefused) {
  EXPECT_EQ(EntryText({"a", std::string(kMost + 1, 'x')}),
            Message("at most 1048576 bytes", "more than that"));
}

TEST_F(Unpacking, DamagedArchivesAreNamed) {
  std::string tar = Tar({{"a", std::string(3000, 'x')}});
  EXPECT_EQ(Text("no gzip"), Message("gzip data", "other bytes"));
  EXPECT_EQ(Text(tar), Message("gzip data", "other bytes"));
  EXPECT_EQ(Text(Gzip(tar.substr(0, 1000))),
            Message("a whole archive", "its end after 1000 unpacked bytes"));
  std::string header = tar;
  header[3] = 'z';
  EXPECT_EQ(Text(Gzip(header)), Message("a tar header with its checksum", "other bytes"));
  std::string digits = tar;
  digits[150] = 'z';
  EXPECT_EQ(Text(Gzip(digits)), Message("an octal number in a header", "other bytes"));
  EXPECT_EQ(EntryText({"long", std::string(5000, 'n'), 'L'}),
            Message("a name of at most 4096 bytes", "5000 bytes"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/a"));
}

TEST_F(Unpacking, DamagedBytesNeverEscapeTheFolder) {
  Rng rng(1, "damage");
  std::string good = Gzip(Tar({{"d/", "", '5'}, {"d/a", std::string(700, 'x')}, {"b", "bee"}}));
  for (int trial = 0; trial < 300; ++trial) {
    std::string bad = good;
    bad[rng.Below(bad.size())] = static_cast<char>(rng.Below(256));
    if (rng.Chance(0.3)) bad.resize(rng.Below(bad.size()));
    std::string text = Text(bad);
    EXPECT_TRUE(text.empty() || text.rfind("error[data/", 0) == 0) << text;
    auto entries = std::filesystem::directory_iterator(folder_.path());
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 2) << "out and a.tar.gz";
  }
}

}  // namespace
}  // namespace tinyformer
