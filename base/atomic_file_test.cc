#include "base/atomic_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <string>

#include "base/file.h"
#include "base/temporary_folder.h"
#include "base/testing_error.h"
#include "base/writable_file.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

auto FilesIn(const std::string& folder) {
  return std::distance(fs::directory_iterator(folder), {});
}

std::string Unwritable(const std::string& path, const std::string& why) {
  return "error[file/write-failed] " + path +
         "\n  expected: a place that can be written\n  found:    " + why +
         "\n  fix:      check the path and the disk, then run the same command again";
}

TEST(AtomicFile, ReplacesAndLeavesNothingElse) {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path();
  WriteFileAtomic(folder + "/f", "old");
  WriteFileAtomic(folder + "/f", "new");
  EXPECT_EQ(ReadFile(folder + "/f"), "new");
  EXPECT_EQ(FilesIn(folder), 1);
}

TEST(AtomicFile, ALinkStaysAndWhatItNamesIsReplaced) {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path();
  WriteFileAtomic(folder + "/real", "old");
  fs::create_symlink("real", folder + "/link");
  WriteFileAtomic(folder + "/link", "new");
  EXPECT_EQ(ReadFile(folder + "/real"), "new");
  EXPECT_TRUE(fs::is_symlink(folder + "/link"));
}

TEST(AtomicFile, ADeviceIsWrittenToAndNotReplaced) {
  WriteFileAtomic("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(ErrorText([] { WriteFileAtomic("/dev/full", "x"); }),
            "error[file/write-failed] /dev/full\n  expected: a place that can be written\n"
            "  found:    No space left on device\n  fix:      free some disk space, then run the "
            "same command again");
}

TEST(AtomicFile, WithoutCommitTheOldFileStaysAndNothingElse) {
  const TemporaryFolder folder;
  WriteFileAtomic(folder.File("f"), "old");
  {
    AtomicFile file(folder.File("f"));
    file.Write("ne");
    EXPECT_EQ(FilesIn(folder.path()), 2);
  }
  EXPECT_EQ(ReadFile(folder.File("f")), "old");
  EXPECT_EQ(FilesIn(folder.path()), 1);
}

TEST(AtomicFile, TwoWritersOfOneFileDoNotMeet) {
  const TemporaryFolder folder;
  AtomicFile first(folder.File("f")), second(folder.File("f"));
  first.Write("fir");
  second.Write("second");
  second.Commit();
  EXPECT_EQ(ReadFile(folder.File("f")), "second");
  first.Write("st");
  first.Commit();
  EXPECT_EQ(ReadFile(folder.File("f")), "first");
}

TEST(AtomicFile, AFolderIsNotReplaced) {
  const TemporaryFolder folder;
  EXPECT_EQ(ErrorText([&] { AtomicFile file(folder.path()); }),
            Unwritable(folder.path(), "Is a directory"));
}

TEST(RequireWritableFile, LeavesEverythingAsItWas) {
  const TemporaryFolder folder;
  WriteFileAtomic(folder.File("f"), "old");
  WriteFileAtomic(folder.File("f.probe"), "somebody's");
  RequireWritableFile(folder.File("f"));
  RequireWritableFile(folder.File("new"));
  RequireWritableFile(folder.File("a/b/c"));
  RequireWritableFile("/dev/full");
  EXPECT_EQ(ReadFile(folder.File("f")), "old");
  EXPECT_EQ(ReadFile(folder.File("f.probe")), "somebody's");
  EXPECT_EQ(FilesIn(folder.path()), 2);
}

TEST(RequireWritableFile, ALinkIsAsWritableAsWhatItNames) {
  const TemporaryFolder folder;
  const std::string link = folder.File("link");
  fs::create_symlink("nowhere/f", link);
  EXPECT_EQ(ErrorText([&] { RequireWritableFile(link); }),
            Unwritable(link, "No such file or directory"));
  fs::create_directory(folder.File("nowhere"));
  RequireWritableFile(link);
  EXPECT_TRUE(fs::is_empty(folder.File("nowhere")));
  WriteFileAtomic(link, "new");
  EXPECT_EQ(ReadFile(folder.File("nowhere/f")), "new");
  EXPECT_TRUE(fs::is_symlink(link));
}

TEST(RequireWritableFile, WhatCannotBeWrittenIsNamed) {
  const TemporaryFolder folder;
  WriteFileAtomic(folder.File("f"), "");
  EXPECT_EQ(ErrorText([&] { RequireWritableFile(folder.path()); }),
            Unwritable(folder.path(), "Is a directory"));
  EXPECT_EQ(ErrorText([&] { RequireWritableFile(folder.File("f/x")); }),
            Unwritable(folder.File("f/x"), "Not a directory"));
}

}  // namespace
}  // namespace tinyformer
