#include "data/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include "base/atomic_file.h"
#include "base/check.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "data/mapped_file.h"

namespace tinyformer {
namespace {

constexpr long kConnectSeconds = 30;
constexpr long kStallSeconds = 60;  // without a byte: the connection counts as cut
constexpr int kLongestWaitMs = 30000;
constexpr int64_t kMiB = 1 << 20;

/// path.part, open for appending.
class PartFile {
 public:
  explicit PartFile(const std::string& path) : path_(path) {
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) FailWrite(path, errno);
    struct stat info {};
    ::fstat(fd_, &info);
    size_ = info.st_size;
  }
  ~PartFile() { ::close(fd_); }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  int64_t size() const { return size_; }
  /// 0 or errno: curl's callback cannot throw.
  int Append(const char* bytes, size_t count) {
    while (count > 0) {
      ssize_t written = ::write(fd_, bytes, count);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      bytes += written;
      count -= static_cast<size_t>(written);
      size_ += written;
    }
    return 0;
  }
  int Restart() {
    size_ = 0;
    return ::ftruncate(fd_, 0) == 0 ? 0 : errno;
  }
  int Sync() { return ::fsync(fd_) == 0 ? 0 : errno; }

 private:
  std::string path_;
  int fd_;
  int64_t size_;
};

/// One connection's state, seen by curl's callbacks.
struct Transfer {
  CURL* curl;
  PartFile* part;
  std::unique_ptr<Progress>* progress;  // made once the size is known
  int64_t offset;                       // asked for with Range
  long status = 0;                      // HTTP, once the first body byte comes
  int64_t total = -1;                   // of the whole file, -1 unknown
  int write_error = 0;                  // errno
  bool refused = false;                 // the status is not one to write a body for
};

/// The body begins: decides by the status whether it continues the part or replaces it.
bool BeginBody(Transfer& transfer) {
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &transfer.status);
  transfer.refused = transfer.status != 200 && transfer.status != 206;
  if (transfer.refused) return false;
  if (transfer.status == 200 && transfer.part->size() > 0) {
    transfer.write_error = transfer.part->Restart();
  }
  curl_off_t length = -1;
  curl_easy_getinfo(transfer.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length >= 0) transfer.total = transfer.part->size() + length;
  return transfer.write_error == 0;
}

size_t OnBody(char* bytes, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.status == 0 && !BeginBody(transfer)) return 0;
  transfer.write_error = transfer.part->Append(bytes, size * count);
  return transfer.write_error == 0 ? size * count : 0;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::unique_ptr<Progress>& progress = *transfer.progress;
  if (progress == nullptr && transfer.total > 0) {
    progress = std::make_unique<Progress>("downloading", transfer.total / kMiB, "MiB");
    progress->StartAt(transfer.offset / kMiB);
  }
  if (progress != nullptr) progress->Update(transfer.part->size() / kMiB);
  return InterruptRequested() ? 1 : 0;
}

CURLcode RunTransfer(Transfer& transfer, const std::string& url, char* message) {
  CURL* curl = transfer.curl;
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "tinyformer");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  std::string range = std::to_string(transfer.offset) + "-";
  if (transfer.offset > 0) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
  CURLcode code = curl_easy_perform(curl);
  if (transfer.status == 0) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.status);
  return code;
}

[[noreturn]] void FailDownload(const std::string& url, const std::string& expected,
                               const std::string& found, int64_t kept) {
  std::string fix = "check the address and the network, then run the same command again";
  if (kept > 0) {
    fix = "run the same command again: it goes on after " + std::to_string(kept) + " bytes";
  }
  throw Error("data/download", url, expected, found, fix);
}

/// Waits, but not through a Ctrl-C.
void Wait(int milliseconds) {
  constexpr int kStep = 50;
  for (int waited = 0; waited < milliseconds; waited += kStep) {
    ThrowIfInterrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(kStep, milliseconds - waited)));
  }
}

/// Connects until the part is whole. A connection that brought bytes earns all attempts anew.
void FetchAll(const DownloadRequest& request, PartFile& part) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  TF_CHECK(ready == CURLE_OK);
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  TF_CHECK(curl != nullptr);
  std::unique_ptr<Progress> progress;
  int wait_ms = request.wait_ms;
  for (int fruitless = 0;;) {
    ThrowIfInterrupted();
    Transfer transfer{curl.get(), &part, &progress, part.size()};
    char message[CURL_ERROR_SIZE] = "";
    CURLcode code = RunTransfer(transfer, request.url, message);
    ThrowIfInterrupted();
    if (transfer.write_error != 0) FailWrite(request.path, transfer.write_error);
    if (code == CURLE_OK && (transfer.status == 200 || transfer.status == 206)) return;
    // 416: nothing lies after the bytes that we have; the checksum decides whether that is all.
    if (transfer.status == 416 && transfer.offset > 0) return;
    if (transfer.status >= 400 || transfer.refused) {
      FailDownload(request.url, "HTTP status 200", "HTTP status " + std::to_string(transfer.status),
                   0);
    }
    bool again = code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
                 code == CURLE_GOT_NOTHING || code == CURLE_OPERATION_TIMEDOUT ||
                 code == CURLE_SEND_ERROR;
    fruitless = part.size() > transfer.offset ? 0 : fruitless + 1;
    if (!again || fruitless >= request.attempts) {
      std::string why = message[0] != '\0' ? message : curl_easy_strerror(code);
      FailDownload(request.url, "the whole file", why, part.size());
    }
    Wait(wait_ms);
    wait_ms = std::min(2 * wait_ms, kLongestWaitMs);
  }
}

}  // namespace

std::string FileDigest(const std::string& path, const std::string& algorithm) {
  const EVP_MD* type = EVP_get_digestbyname(algorithm.c_str());
  TF_CHECK(type != nullptr, "algorithm", algorithm);
  MappedFile file(path, "check the path");
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  static const unsigned char nothing = 0;
  const void* data = file.size() > 0 ? file.data() : &nothing;
  TF_CHECK(EVP_Digest(data, file.size(), digest, &length, type, nullptr) == 1);
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += "0123456789abcdef"[digest[i] >> 4];
    text += "0123456789abcdef"[digest[i] & 15];
  }
  return text;
}

DownloadResult Download(const DownloadRequest& request) {
  std::string part_path = request.path + ".part";
  DownloadResult result;
  {
    PartFile part(part_path);
    result.resumed_from = part.size();
    FetchAll(request, part);
    result.bytes = part.size();
    if (int error = part.Sync(); error != 0) FailWrite(request.path, error);
  }
  std::string digest = FileDigest(part_path, request.algorithm);
  if (digest != request.checksum) {
    ::unlink(part_path.c_str());
    throw Error("data/checksum", request.url, request.algorithm + " " + request.checksum,
                request.algorithm + " " + digest + " in " + std::to_string(result.bytes) + " bytes",
                "run the same command again: it starts afresh");
  }
  if (::rename(part_path.c_str(), request.path.c_str()) != 0) FailWrite(request.path, errno);
  return result;
}

}  // namespace tinyformer
