// A PostgreSQL server of a test's own, in a temporary folder, reached through a socket in it.
#pragma once

#include <sys/types.h>

#include <string>

namespace tinyformer {

/// Made by initdb and started by the constructor, stopped and removed by the destructor; should the
/// test be killed, the kernel stops the server. PostgreSQL refuses to run as root: then it runs as
/// user "postgres", which Debian's package makes.
class PostgresServer {
 public:
  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The URL of its database, without a store in it.
  std::string EmptyDatabase();
  /// Runs statements in the database of this URL; TF_CHECK fails when one does.
  void Run(const std::string& url, const std::string& sql);

  /// Ends all connections at once, as a crash would; Start goes on with what was committed.
  void Crash();
  void Start();

 private:
  std::string Url() const;

  std::string folder_;
  pid_t server_ = 0;
};

}  // namespace tinyformer
