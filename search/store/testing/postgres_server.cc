#include "search/store/testing/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/file.h"

namespace tinyformer {
namespace {

const passwd* ServerUser() {
  if (::geteuid() != 0) return nullptr;
  const passwd* user = ::getpwnam("postgres");
  TF_CHECK(user != nullptr, "PostgreSQL refuses to run as root, and there is no user postgres");
  return user;
}

// Runs a program of the server's as the server's user; its output goes to a log in the folder.
pid_t Spawn(const std::vector<std::string>& words, const std::string& folder) {
  const passwd* user = ServerUser();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  TF_CHECK(child >= 0);
  if (child != 0) return child;
  if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                          ::setuid(user->pw_uid) != 0)) {
    ::_exit(126);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent || ::chdir(folder.c_str()) != 0) ::_exit(126);
  ::setenv("LC_ALL", "C", 1);
  const int log = ::open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

std::string MakeFolder() {
  std::string folder = std::filesystem::temp_directory_path() / "tf-postgres-XXXXXX";
  TF_CHECK(::mkdtemp(folder.data()) != nullptr, folder);
  if (const passwd* user = ServerUser()) {
    TF_CHECK(::chown(folder.c_str(), user->pw_uid, user->pw_gid) == 0, folder);
  }
  return folder;
}

}  // namespace

PostgresServer::PostgresServer() : folder_(MakeFolder()) {
  const pid_t made = Spawn({TF_POSTGRES_BINARIES "/initdb", "-D", folder_ + "/data", "-U", "tester",
                            "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
                           folder_);
  int status = 0;
  ::waitpid(made, &status, 0);
  TF_CHECK(status == 0, ReadFile(folder_ + "/log"));
  Start();
}

PostgresServer::~PostgresServer() {
  if (server_ != 0) Crash();
  std::filesystem::remove_all(folder_);
}

void PostgresServer::Start() {
  server_ = Spawn({TF_POSTGRES_BINARIES "/postgres", "-D", folder_ + "/data", "-k", folder_, "-c",
                   "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40"},
                  folder_);
  for (int tries = 0; PQping(Url().c_str()) != PQPING_OK; ++tries) {
    int status = 0;
    TF_CHECK(::waitpid(server_, &status, WNOHANG) == 0 && tries < 6000, ReadFile(folder_ + "/log"));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void PostgresServer::Crash() {
  ::kill(server_, SIGQUIT);
  ::waitpid(server_, nullptr, 0);
  server_ = 0;
}

std::string PostgresServer::Url() const { return "postgresql://tester@/postgres?host=" + folder_; }

std::string PostgresServer::EmptyDatabase() {
  Run(Url(), "DROP SCHEMA IF EXISTS tinyformer CASCADE");
  return Url();
}

void PostgresServer::Run(const std::string& url, const std::string& sql) {
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(url.c_str()), PQfinish);
  std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexec(connection.get(), ("SET client_min_messages TO warning; " + sql).c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  TF_CHECK(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, sql,
           PQerrorMessage(connection.get()));
}

}  // namespace tinyformer
