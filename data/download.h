// A file from the web, resumable and checked before it gets its name.
#pragma once

#include <cstdint>
#include <string>

namespace tinyformer {

/// What to fetch and how to know that it arrived whole.
struct DownloadRequest {
  std::string url;        // http or https
  std::string path;       // where the file goes
  std::string algorithm;  // "md5", "sha256"
  std::string checksum;   // lower-case hexadecimal, as its publisher states it
  int attempts = 5;       // connections in a row that bring nothing before giving up
  int wait_ms = 1000;     // before the second attempt; doubles up to 30 s
};

struct DownloadResult {
  int64_t bytes = 0;         // of the whole file
  int64_t resumed_from = 0;  // bytes that were there from an earlier run
};

/// Downloads to path.part, asking only for the bytes that are missing (HTTP Range), checks the
/// checksum, then renames it to path.
///
/// Resumes  after a cut connection by itself, after a kill at the next call. A server that ignores
///          Range starts from the beginning. Ctrl-C ends with Interrupted; path.part stays
/// Errors   data/download: address, what the server or the network said; path.part stays
///          data/checksum: the part is removed, so that the next call starts afresh
///          file/write-failed: disk full, no permission; path.part stays
DownloadResult Download(const DownloadRequest& request);

/// Hexadecimal digest of a file. algorithm as in DownloadRequest.
/// Errors  data/missing
std::string FileDigest(const std::string& path, const std::string& algorithm);

}  // namespace tinyformer
