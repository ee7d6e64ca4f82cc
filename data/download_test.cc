#include "data/download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/rng.h"
#include "data/testing/http_server.h"
#include "data/testing/temp_folder.h"

namespace tinyformer {
namespace {

using testing::ErrorText;
using testing::HttpBehaviour;
using testing::HttpServer;
using testing::TempFolder;

constexpr int64_t kBytes = 300000;

std::string Body(uint64_t seed = 1) {
  Rng rng(seed, "body");
  std::string bytes(kBytes, '\0');
  for (char& c : bytes) c = static_cast<char>(rng.Next());
  return bytes;
}

class Downloading : public ::testing::Test {
 protected:
  Downloading() {
    ::setenv("no_proxy", "127.0.0.1", 1);
    behaviour_.body = Body();
    folder_.Write("reference", behaviour_.body);
    request_ = {server_.Url("file"),
                folder_ / "file",
                "sha256",
                FileDigest(folder_ / "reference", "sha256"),
                3,
                0};
  }
  /// The error's text; the address is shown as "URL".
  std::string Text() {
    std::string text = ErrorText(folder_.path(), [&] { Download(request_); });
    size_t at = text.find(request_.url);
    return at == std::string::npos ? text : text.replace(at, request_.url.size(), "URL");
  }
  void ExpectWhole() {
    EXPECT_EQ(ReadFile(folder_ / "file"), behaviour_.body);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "file.part"));
  }

  TempFolder folder_;
  HttpServer server_;
  HttpBehaviour behaviour_;
  DownloadRequest request_;
};

TEST(FileDigest, IsThePublishedOneOfKnownBytes) {
  TempFolder folder;
  folder.Write("abc", "abc");
  folder.Write("empty", "");
  EXPECT_EQ(FileDigest(folder / "abc", "md5"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(FileDigest(folder / "abc", "sha256"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(FileDigest(folder / "empty", "md5"), "d41d8cd98f00b204e9800998ecf8427e");
}

TEST_F(Downloading, AFileArrivesWhole) {
  server_.Serve(behaviour_);
  DownloadResult result = Download(request_);
  EXPECT_EQ(result.bytes, kBytes);
  EXPECT_EQ(result.resumed_from, 0);
  ExpectWhole();
}

TEST_F(Downloading, CutConnectionsAreResumedWhereTheyBroke) {
  behaviour_.cut_after = {100000, 50000, 0};
  server_.Serve(behaviour_);
  EXPECT_EQ(Download(request_).bytes, kBytes);
  EXPECT_THAT(server_.Ranges(),
              ::testing::ElementsAre("", "bytes=100000-", "bytes=150000-", "bytes=150000-"));
  ExpectWhole();
}

TEST_F(Downloading, APartOfAnEarlierRunIsCompleted) {
  folder_.Write("file.part", behaviour_.body.substr(0, 123456));
  server_.Serve(behaviour_);
  EXPECT_EQ(Download(request_).resumed_from, 123456);
  EXPECT_THAT(server_.Ranges(), ::testing::ElementsAre("bytes=123456-"));
  ExpectWhole();
}

TEST_F(Downloading, AWholePartNeedsNoMoreBytes) {
  folder_.Write("file.part", behaviour_.body);
  server_.Serve(behaviour_);
  EXPECT_EQ(Download(request_).bytes, kBytes);
  ExpectWhole();
}

TEST_F(Downloading, AServerWithoutRangeStartsFromTheBeginning) {
  folder_.Write("file.part", behaviour_.body.substr(0, 1000));
  behaviour_.range = false;
  server_.Serve(behaviour_);
  EXPECT_EQ(Download(request_).bytes, kBytes);
  ExpectWhole();
}

TEST_F(Downloading, AConnectionThatBringsNothingIsGivenUpAfterItsAttempts) {
  behaviour_.cut_after = {70000, 0, 0, 0};
  server_.Serve(behaviour_);
  EXPECT_EQ(Text(),
            "error[data/download] URL\n  expected: the whole file\n"
            "  found:    transfer closed with 230000 bytes remaining to read\n"
            "  fix:      run the same command again: it goes on after 70000 bytes");
  EXPECT_EQ(std::filesystem::file_size(folder_ / "file.part"), 70000u);
  EXPECT_EQ(Download(request_).resumed_from, 70000);
  ExpectWhole();
}

TEST_F(Downloading, AWrongChecksumRemovesThePart) {
  behaviour_.body = Body(2);
  server_.Serve(behaviour_);
  folder_.Write("other", behaviour_.body);
  EXPECT_EQ(Text(), "error[data/checksum] URL\n  expected: sha256 " + request_.checksum +
                        "\n  found:    sha256 " + FileDigest(folder_ / "other", "sha256") +
                        " in 300000 bytes\n"
                        "  fix:      run the same command again: it starts afresh");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "file.part"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "file"));
}

TEST_F(Downloading, AStatusOtherThan200IsNamed) {
  behaviour_.status = 404;
  server_.Serve(behaviour_);
  EXPECT_EQ(Text(),
            "error[data/download] URL\n  expected: HTTP status 200\n"
            "  found:    HTTP status 404\n"
            "  fix:      check the address and the network, then run the same command again");
}

TEST_F(Downloading, OnlyWebAddressesAreFollowed) {
  request_.url = "file:///etc/hostname";
  EXPECT_EQ(Text(),
            "error[data/download] URL\n  expected: the whole file\n"
            "  found:    Protocol \"file\" not supported or disabled in libcurl\n"
            "  fix:      check the address and the network, then run the same command again");
}

TEST_F(Downloading, AFullDiskIsNamed) {
  std::filesystem::create_symlink("/dev/full", folder_ / "file.part");
  server_.Serve(behaviour_);
  EXPECT_EQ(Text(),
            "error[file/write-failed] DIR/file\n  expected: a place that can be written\n"
            "  found:    No space left on device\n"
            "  fix:      free some disk space, then run the same command again");
}

TEST_F(Downloading, AFolderThatIsNotThereIsNamed) {
  request_.path = "/no/such/folder/file";
  EXPECT_EQ(Text(),
            "error[file/write-failed] /no/such/folder/file.part\n"
            "  expected: a place that can be written\n  found:    No such file or directory\n"
            "  fix:      check the path and the disk, then run the same command again");
}

TEST_F(Downloading, AKilledDownloadGoesOnWhereItWas) {
  pid_t child = ::fork();  // before the server's thread starts; the socket already listens
  if (child == 0) {
    Download(request_);
    ::_exit(0);
  }
  behaviour_.stall_after = 200000;
  server_.Serve(behaviour_);
  server_.WaitForStall();
  // The bytes are on their way to the child; it writes them as they come.
  while (!std::filesystem::exists(folder_ / "file.part") ||
         std::filesystem::file_size(folder_ / "file.part") < 200000) {
    std::this_thread::yield();
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "file"));
  EXPECT_EQ(Download(request_).resumed_from, 200000);
  ExpectWhole();
}

}  // namespace
}  // namespace tinyformer
