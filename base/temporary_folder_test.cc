#include "base/temporary_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

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

TEST(TemporaryFolder, IsLockedAlsoWhileOthersLookForAbandonedOnes) {
  TemporaryFolder parent;
  TmpDir inside(parent.path());
  std::atomic<bool> done = false;
  std::thread cleaner([&] {
    while (!done) internal::RemoveAbandonedFolders(parent.path());
  });
  int unlocked = 0;
  for (int i = 0; i < 2000; ++i) {
    const TemporaryFolder folder;
    const int other = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (::flock(other, LOCK_EX | LOCK_NB) == 0) ++unlocked;
    ::close(other);
  }
  done = true;
  cleaner.join();
  EXPECT_EQ(unlocked, 0);
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
