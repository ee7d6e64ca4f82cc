#include "data/testing/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"

namespace tinyformer::testing {
namespace {

constexpr int kPollMs = 20;

/// The request's header up to the empty line, or what came before the peer left.
std::string ReadRequest(int connection) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    ssize_t count = ::recv(connection, buffer, sizeof buffer, 0);
    if (count <= 0) break;
    request.append(buffer, static_cast<size_t>(count));
  }
  return request;
}

std::string Header(const std::string& request, const std::string& name) {
  size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  at += name.size() + 4;
  return request.substr(at, request.find("\r\n", at) - at);
}

}  // namespace

HttpServer::HttpServer() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  TF_CHECK(::bind(listener_, generic, length) == 0 && ::listen(listener_, 8) == 0);
  TF_CHECK(::getsockname(listener_, generic, &length) == 0);
  port_ = ntohs(address.sin_port);
}

HttpServer::~HttpServer() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  ::close(listener_);
}

void HttpServer::Serve(const HttpBehaviour& behaviour) {
  behaviour_ = behaviour;
  thread_ = std::thread([this] { Run(); });
}

std::string HttpServer::Url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/" + path;
}

std::vector<std::string> HttpServer::Ranges() const {
  std::lock_guard lock(mutex_);
  return ranges_;
}

void HttpServer::WaitForStall() const { stalled_.wait(false); }

void HttpServer::Run() {
  for (size_t number = 0; !stop_;) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, kPollMs) <= 0) continue;
    int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    Answer(connection, number++);
    ::close(connection);
  }
}

void HttpServer::Send(int connection, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    ssize_t count = ::send(connection, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (count <= 0) return;
    at += static_cast<size_t>(count);
  }
}

void HttpServer::Answer(int connection, size_t number) {
  std::string request = ReadRequest(connection);
  std::string range = Header(request, "Range");
  {
    std::lock_guard lock(mutex_);
    ranges_.push_back(range);
  }
  const std::string& body = behaviour_.body;
  size_t first = 0;
  if (behaviour_.range && range.rfind("bytes=", 0) == 0) first = std::stoull(range.substr(6));
  int status = behaviour_.status;
  if (status == 200 && first > 0) status = first < body.size() ? 206 : 416;
  std::string payload = status == 200 || status == 206 ? body.substr(first) : "";
  std::string head = "HTTP/1.1 " + std::to_string(status) +
                     " Answer\r\nContent-Length: " + std::to_string(payload.size()) +
                     "\r\nConnection: close\r\n";
  if (status == 206) {
    head += "Content-Range: bytes " + std::to_string(first) + "-" +
            std::to_string(body.size() - 1) + "/" + std::to_string(body.size()) + "\r\n";
  }
  Send(connection, head + "\r\n");
  bool stall = behaviour_.stall_after >= 0 && number == 0;
  int64_t sent = static_cast<int64_t>(payload.size());
  if (number < behaviour_.cut_after.size()) sent = std::min(sent, behaviour_.cut_after[number]);
  if (stall) sent = std::min(sent, behaviour_.stall_after);
  Send(connection, payload.substr(0, static_cast<size_t>(sent)));
  if (!stall) return;
  stalled_ = true;
  stalled_.notify_all();
  // Until the peer leaves (or is killed).
  for (char byte; !stop_;) {
    pollfd waiting{connection, POLLIN, 0};
    if (::poll(&waiting, 1, kPollMs) > 0 && ::recv(connection, &byte, 1, 0) <= 0) return;
  }
}

}  // namespace tinyformer::testing
