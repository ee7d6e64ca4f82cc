// A small HTTP server on 127.0.0.1 for download tests, able to misbehave.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tinyformer::testing {

/// How the server answers GET, whatever the path.
struct HttpBehaviour {
  std::string body = {};
  int status = 200;                     // anything else is sent without the body
  bool range = true;                    // answers "Range: bytes=N-" with 206; else always with 200
  std::vector<int64_t> cut_after = {};  // the i-th connection is cut after so many body bytes
  int64_t stall_after = -1;             // the first connection sends so many and then nothing more
};

/// Listens from construction; Serve starts answering, one connection after the other.
class HttpServer {
 public:
  HttpServer();
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void Serve(const HttpBehaviour& behaviour);
  std::string Url(const std::string& path) const;
  /// The Range header of each request so far, "" where there was none.
  std::vector<std::string> Ranges() const;
  /// Returns once the first connection stalls (see stall_after).
  void WaitForStall() const;

 private:
  void Run();
  void Answer(int connection, size_t number);
  void Send(int connection, const std::string& bytes);

  int listener_ = -1, port_ = 0;
  HttpBehaviour behaviour_;
  std::thread thread_;
  std::atomic<bool> stop_{false}, stalled_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> ranges_;
};

}  // namespace tinyformer::testing
