#include "base/temporary_folder.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <optional>
#include <string>

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

// $TMPDIR for one scope.
class TmpDir {
 public:
  explicit TmpDir(const std::string& path) {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    ::setenv("TMPDIR", path.c_str(), 1);
  }
  ~TmpDir() { before_ ? ::setenv("TMPDIR", before_->c_str(), 1) : ::unsetenv("TMPDIR"); }

 private:
  std::optional<std::string> before_;
};

std::string MakeFolder(const std::string& path, std::chrono::minutes age) {
  fs::create_directories(path + "/inside");
  fs::last_write_time(path, fs::file_time_type::clock::now() - age);
  return path;
}

TEST(TemporaryFolder, OnlyAbandonedOnesAreRemoved) {
  using std::chrono::minutes;
  TemporaryFolder parent;
  const std::string abandoned = MakeFolder(parent.File("tinyformer-temporary-aaaaaa"), minutes(5));
  const std::string young = MakeFolder(parent.File("tinyformer-temporary-bbbbbb"), minutes(0));
  const std::string other = MakeFolder(parent.File("tinyformer-models"), minutes(5));
  TmpDir inside(parent.path());
  TemporaryFolder held;
  fs::last_write_time(held.path(), fs::file_time_type::clock::now() - minutes(5));
  internal::RemoveAbandonedFolders(parent.path());
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_TRUE(fs::exists(young));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_TRUE(fs::exists(held.path()));
}

TEST(TemporaryFolder, WaitsForWhoLooksWhetherItIsAbandoned) {
  TemporaryFolder parent;
  const std::string folder = MakeFolder(parent.File("a"), std::chrono::minutes(0));
  const int other = internal::LockFolder(folder, LOCK_NB);
  ASSERT_GE(other, 0);
  EXPECT_EQ(internal::LockFolder(folder, LOCK_NB), -1);
  auto own = std::async(std::launch::async, [&] { return internal::LockFolder(folder, 0); });
  EXPECT_EQ(own.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  ::close(other);
  const int lock = own.get();
  EXPECT_GE(lock, 0);
  EXPECT_EQ(internal::LockFolder(folder, LOCK_NB), -1);
  ::close(lock);
}

TEST(TemporaryFolder, ALinkIsNotFollowed) {
  TemporaryFolder parent;
  const std::string target = MakeFolder(parent.File("target"), std::chrono::minutes(5));
  fs::create_directory_symlink(target, parent.File("tinyformer-temporary-cccccc"));
  internal::RemoveAbandonedFolders(parent.path());
  EXPECT_TRUE(fs::exists(target + "/inside"));
}

TEST(TemporaryFolder, GoesWithEverythingInIt) {
  std::string path;
  {
    TemporaryFolder folder;
    path = MakeFolder(folder.path(), std::chrono::minutes(0));
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace tinyformer
