// The store in a SQLite file: what happens to files.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "base/file.h"
#include "base/rng.h"
#include "search/store/heartbeat.h"
#include "search/store/sqlite.h"
#include "search/store/testing/store_cases.h"

namespace tinyformer {
namespace {

using testing::HasSubstr;

std::atomic<int> g_stores = 0;

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreTest,
                         testing::Values(StorePlace{"sqlite",
                                                    [](const StoreFolder& folder) {
                                                      return folder / (std::to_string(++g_stores) +
                                                                       "/search.db");
                                                    }}),
                         [](const auto& place) { return place.param.kind; });

class StoreSqlite : public testing::Test {
 protected:
  // A closed store with a study of 200 trials: some dozen pages.
  void MakeStore() {
    auto store = OpenStore(path_);
    int64_t study = store->OpenStudy("cifar", {{"seed", 1}}, "f").id;
    std::vector<NewTrial> trials;
    for (int64_t i = 0; i < 200; ++i) {
      trials.push_back({"candidate", i, {{"genome", std::string(100, 'g')}}});
    }
    store->AddTrials(study, trials);
    auto claimed = store->Claim(study, {"w1", {"candidate"}});
    store->AddMetrics(claimed->lease, {{"loss", 0, 1}});
    store->PutArtifact(claimed->lease, "genome", "{}");
    store->Complete(claimed->lease, {{"accuracy", 0.5}});
  }
  // Opens it and reads all of it.
  void ReadAll(StoreAccess access) {
    auto store = OpenStore(path_, {.access = access});
    for (const Study& study : store->Studies()) {
      for (const Trial& trial : store->Trials(study.id)) {
        store->Metrics(trial.id);
        for (const Artifact& artifact : store->Artifacts(trial.id)) {
          store->ReadArtifact(trial.id, artifact.name, ".");
        }
      }
      store->Events(study.id);
    }
  }
  std::string OpenError(StoreAccess access = StoreAccess::kCreate) {
    return ErrorText([&] { OpenStore(path_, {.access = access}); });
  }
  // With SQLite itself, past the store.
  void Run(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sql;
    sqlite3_close(database);
  }

  StoreFolder folder_;
  std::string path_ = folder_ / "search.db";
};

TEST_F(StoreSqlite, IsNamedByItsPath) {
  EXPECT_EQ(OpenStore("sqlite:" + path_)->name(), path_);
  EXPECT_EQ(OpenStore(path_)->name(), path_);
}

TEST_F(StoreSqlite, OddNamesAreFilesLikeOthers) {
  path_ = folder_ / "a b?c%41#d'.db";
  MakeStore();
  EXPECT_TRUE(std::filesystem::exists(path_));
  ReadAll(StoreAccess::kRead);
}

TEST_F(StoreSqlite, AddressesOfOtherKindsAreRefused) {
  const std::string expected =
      "error[store/url] --store\n  expected: a path, sqlite:PATH or "
      "postgresql://user@host:port/database\n  found:    ";
  const std::string fix =
      "\n  fix:      name the store in one of these forms, for example out/search.db";
  EXPECT_EQ(ErrorText([] { OpenStore("mysql://u:p@host/db"); }), expected + "mysql://..." + fix);
  EXPECT_EQ(ErrorText([] { OpenStore(""); }), expected + "no path" + fix);
  EXPECT_EQ(ErrorText([] { OpenStore("sqlite:"); }), expected + "no path" + fix);
}

TEST_F(StoreSqlite, AMissingFileIsMadeOnlyWhereThatIsMeant) {
  const std::string text = "error[store/missing] " + path_ +
                           "\n  expected: a store\n  found:    nothing at this path"
                           "\n  fix:      check the path; a search makes the store when it starts";
  EXPECT_EQ(OpenError(StoreAccess::kWrite), text);
  EXPECT_EQ(OpenError(StoreAccess::kRead), text);
  EXPECT_FALSE(std::filesystem::exists(path_));
  WriteFileAtomic(path_, "");
  EXPECT_THAT(OpenError(StoreAccess::kRead), HasSubstr("found:    a database without tables"));
  EXPECT_EQ(OpenError(), "");
}

TEST_F(StoreSqlite, AFolderIsNoStore) {
  path_ = folder_ / "";
  EXPECT_EQ(OpenError(), "error[store/is-directory] " + path_ +
                             "\n  expected: the store's file\n  found:    a folder"
                             "\n  fix:      name the file inside it, for example " +
                             path_ + "search.db");
}

TEST_F(StoreSqlite, AFileOfAnotherKindIsNoStore) {
  WriteFileAtomic(path_, std::string(5000, 'x'));
  EXPECT_EQ(OpenError(), "error[store/not-a-store] " + path_ +
                             "\n  expected: a store that tinyformer made\n  found:    a file of "
                             "another kind\n  fix:      check the path");
}

TEST_F(StoreSqlite, APipeIsNoStoreAndIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(OpenError(), "error[store/not-a-store] " + path_ +
                             "\n  expected: a store that tinyformer made\n  found:    a device, a "
                             "pipe or a socket\n  fix:      check the path");
}

TEST_F(StoreSqlite, ADiskThatDoesNotReadIsSaid) {
  path_ = "/proc/self/mem";  // at 0 it has nothing but EIO
  EXPECT_EQ(OpenError(StoreAccess::kRead),
            "error[store/disk-error] /proc/self/mem\n  expected: a disk that reads and writes"
            "\n  found:    Input/output error"
            "\n  fix:      check the disk, then run the same command again");
}

TEST_F(StoreSqlite, AnotherProgramsDatabaseIsNoStore) {
  Run("CREATE TABLE bookmarks (x)");
  EXPECT_EQ(OpenError(), "error[store/not-a-store] " + path_ +
                             "\n  expected: a store that tinyformer made\n  found:    a database "
                             "with other tables: bookmarks\n  fix:      check the path");
}

TEST_F(StoreSqlite, AnotherVersionIsRefused) {
  MakeStore();
  Run("UPDATE tinyformer_store SET format = 2");
  EXPECT_EQ(OpenError(), "error[store/other-version] " + path_ +
                             "\n  expected: a store of format 1\n  found:    format 2\n  fix:      "
                             "use the version of tinyformer that made it, or name a new store");
}

TEST_F(StoreSqlite, ATruncatedFileIsRefused) {
  MakeStore();
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
  for (StoreAccess access : {StoreAccess::kCreate, StoreAccess::kRead}) {
    EXPECT_EQ(
        OpenError(access),
        "error[store/corrupt] " + path_ +
            "\n  expected: a whole SQLite file\n  found:    damaged or missing pages"
            "\n  fix:      go on from a copy of it, or save what sqlite3's .recover can read");
  }
}

TEST_F(StoreSqlite, DamageAnywhereIsAnErrorOrHarmless) {
  MakeStore();
  const std::string whole = ReadFile(path_);
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Rng rng(seed, "damage");
    std::string bytes = whole;
    if (rng.Chance(0.2)) bytes.resize(rng.Below(bytes.size()));
    for (uint64_t i = 0; i < rng.Below(30) && !bytes.empty(); ++i) {
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Next());
    }
    WriteFileAtomic(path_, bytes);
    try {
      ReadAll(StoreAccess::kRead);
    } catch (const Error&) {
      continue;  // any other exception ends the test
    }
  }
}

TEST_F(StoreSqlite, ColumnsOfAnotherTypeAreSaid) {
  MakeStore();
  Run("UPDATE trials SET failures = 'many' WHERE number = 3");
  EXPECT_EQ(ErrorText([&] { ReadAll(StoreAccess::kRead); }),
            "error[store/contents] " + path_ +
                "\n  expected: the values that tinyformer writes\n  found:    a column that holds "
                "another type\n  fix:      go on from a copy: another program has changed it");
}

TEST_F(StoreSqlite, AHeartbeatGoesOnAfterAnError) {
  MakeStore();
  auto store = OpenStore(path_);
  const int64_t study = store->Studies().at(0).id;
  const ClaimedTrial claimed = store->Claim(study, {"w2", {"candidate"}}).value();
  Run("ALTER TABLE trials RENAME TO trials_gone");
  EXPECT_EQ(ErrorText([&] { store->Renew(claimed.lease); }),
            "error[store/database] " + path_ +
                "\n  expected: a statement that SQLite takes\n  found:    no such table: "
                "trials\n  fix:      check that no other program has changed the store's "
                "tables");
  Heartbeat heartbeat(*store, claimed.lease, /*lease_ms=*/600'000, /*interval_ms=*/1);
  Run("ALTER TABLE trials_gone RENAME TO trials");
  const TrialFilter it = {.first = claimed.trial.number, .end = claimed.trial.number + 1};
  while (store->Trials(study, it).at(0).lease_until_ms < claimed.trial.lease_until_ms + 60'000)
    std::this_thread::yield();
}

TEST_F(StoreSqlite, ArtifactsOutsideTheStudysFolderAreNotRead) {
  MakeStore();
  Run("UPDATE artifacts SET bytes = NULL, path = '../../etc/passwd'");
  EXPECT_THAT(ErrorText([&] { ReadAll(StoreAccess::kRead); }),
              HasSubstr("expected: a path below the study's folder\n  found:    ../../etc/passwd"));
}

TEST_F(StoreSqlite, AFullDiskLeavesNothingHalfWritten) {
  MakeStore();
  auto store = OpenStore(path_);
  const int64_t study = store->Studies()[0].id;
  std::vector<NewTrial> trials;
  for (int64_t i = 1000; i < 1100; ++i) {
    trials.push_back({"candidate", i, {{"genome", std::string(10'000, 'g')}}});
  }
  // A limit of file sizes stands for the disk's end.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small = {200'000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string text = ErrorText([&] { store->AddTrials(study, trials); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(text,
            "error[store/disk-full] " + path_ +
                "\n  expected: room for what is to be written\n  found:    File too large"
                "\n  fix:      free some disk space, then run the same command again: nothing "
                "is half written");
  EXPECT_EQ(store->Trials(study).size(), 200u);
  store->AddTrials(study, trials);
  EXPECT_EQ(store->Trials(study).size(), 300u);
  store.reset();
  ReadAll(StoreAccess::kRead);
}

TEST_F(StoreSqlite, AWriterThatNeverEndsIsNamed) {
  MakeStore();
  auto store = OpenStore(path_, {.patience_ms = 1});
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  EXPECT_EQ(ErrorText([&] {
              store->OpenStudy("cifar", {{"seed", 1}}, "f");
            }),
            "error[store/busy] " + path_ +
                "\n  expected: its lock within 0 s\n  found:    another process that holds it all "
                "that time\n  fix:      end the process that has the file open (fuser " +
                path_ + ")");
  EXPECT_EQ(store->Studies().size(), 1u) << "reading does not wait for writers";
  sqlite3_close(other);
}

// Runs body as a user who is not root, and returns the text that it makes.
template <typename F>
std::string AsAnotherUser(F&& body) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(1);
    const std::string text = body();
    ::_exit(::write(ends[1], text.data(), text.size()) < 0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return text;
}

TEST_F(StoreSqlite, AFileThatMayNotBeWrittenIsReadOnlyAndReadable) {
  MakeStore();
  ::chmod(path_.c_str(), 0444);
  ::chmod((folder_ / ".").c_str(), 0555);
  EXPECT_EQ(AsAnotherUser([&] { return OpenError(StoreAccess::kWrite); }),
            "error[store/read-only] " + path_ +
                "\n  expected: a file and a folder that may be written\n  found:    no permission "
                "to write\n  fix:      check their permissions and the disk's mount");
  EXPECT_EQ(AsAnotherUser([&] { return ErrorText([&] { ReadAll(StoreAccess::kRead); }); }), "");
  ::chmod((folder_ / ".").c_str(), 0755);
}

TEST_F(StoreSqlite, AStoreThatWasOpenedToReadIsNotWritten) {
  MakeStore();
  auto store = OpenStore(path_, {.access = StoreAccess::kRead});
  EXPECT_THAT(ErrorText([&] { store->OpenStudy("other", {}, "f"); }),
              HasSubstr("error[store/read-only] " + path_));
}

TEST_F(StoreSqlite, AFileThatMayNotBeReadIsSaid) {
  MakeStore();
  ::chmod(path_.c_str(), 0);
  ::chmod((folder_ / ".").c_str(), 0755);
  EXPECT_EQ(AsAnotherUser([&] { return OpenError(StoreAccess::kRead); }),
            "error[store/cannot-open] " + path_ +
                "\n  expected: a file that can be opened\n  found:    Permission denied"
                "\n  fix:      check the path and its permissions");
}

TEST(NetworkFileSystemName, KnowsThoseWhoseLocksDoNotReachOtherMachines) {
  EXPECT_EQ(NetworkFileSystemName(0x6969), "NFS");
  EXPECT_EQ(NetworkFileSystemName(static_cast<int32_t>(0xff534d42)), "SMB");
  EXPECT_EQ(NetworkFileSystemName(0xef53), "") << "ext4";
  EXPECT_EQ(NetworkFileSystemName(0x01021994), "") << "tmpfs";
}

}  // namespace
}  // namespace tinyformer
