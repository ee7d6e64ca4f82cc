#include "tests/slurm/slurm_cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "base/file.h"
#include "sim/process.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr std::array kDaemons = {"slurmd", "slurmctld", "munged"};  // in the order of their ends

// A TCP port that nobody listens on.
int FreePort() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  TF_CHECK(::bind(listener, any, size) == 0 && ::getsockname(listener, any, &size) == 0);
  ::close(listener);
  return ntohs(address.sin_port);
}

std::string HostName() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return std::string(name).substr(0, std::string(name).find('.'));
}

// No cgroups, no accounting, no systemd: what runs in a container as well.
std::string Configuration(const std::string& folder) {
  const std::string user = ::getpwuid(::geteuid())->pw_name, host = HostName();
  return "ClusterName=test\nSlurmctldHost=" + host +
         "(127.0.0.1)\nSlurmctldPort=" + std::to_string(FreePort()) +
         "\nSlurmdPort=" + std::to_string(FreePort()) +
         "\nCommunicationParameters=NoInAddrAny,NoCtldInAddrAny\nSlurmUser=" + user +
         "\nSlurmdUser=" + user + "\nAuthType=auth/munge\nAuthInfo=socket=" + folder +
         "/munge.socket\nCredType=cred/munge\nStateSaveLocation=" + folder +
         "/state\nSlurmdSpoolDir=" + folder + "/spool\nSlurmctldPidFile=" + folder +
         "/slurmctld.pid\nSlurmdPidFile=" + folder +
         "/slurmd.pid\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n"
         "JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none\n"
         "MpiDefault=none\nPlugStackConfig=/dev/null\nSelectType=select/cons_tres\n"
         "SelectTypeParameters=CR_CPU\nReturnToService=2\nSlurmdParameters=config_overrides\n"
         "SchedulerParameters=batch_sched_delay=0\nNodeName=" +
         host + " NodeAddr=127.0.0.1 CPUs=8 State=UNKNOWN\nPartitionName=all Nodes=" + host +
         " Default=YES State=UP\n";
}

}  // namespace

SlurmCluster::SlurmCluster() {
  folder_ = fs::temp_directory_path() / "tf-slurm-XXXXXX";
  TF_CHECK(::mkdtemp(folder_.data()) != nullptr, folder_);
  // munged wants its socket to be reachable.
  fs::permissions(folder_, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
  for (const char* name : {"/state", "/spool"}) MakeDirectories(folder_ + name);
  WriteFileAtomic(folder_ + "/slurm.conf", Configuration(folder_));
  WriteFileAtomic(folder_ + "/munge.key", std::string(64, 'k') + folder_);
  fs::permissions(folder_ + "/munge.key", fs::perms::owner_read | fs::perms::owner_write);
  Start("munged",
        {TF_SLURM_MUNGED, "--foreground", "--key-file=" + folder_ + "/munge.key",
         "--socket=" + folder_ + "/munge.socket", "--pid-file=" + folder_ + "/munged.pid",
         "--seed-file=" + folder_ + "/munge.seed", "--log-file=" + folder_ + "/munged.messages"});
  WaitUntil("munged", [&] { return fs::exists(folder_ + "/munge.socket"); });
  Start("slurmctld", {TF_SLURM_SLURMCTLD, "-D", "-f", folder_ + "/slurm.conf"});
  Start("slurmd", {TF_SLURM_SLURMD, "-D", "-f", folder_ + "/slurm.conf"});
  WaitUntil("an idle node", [&] {
    const ProcessResult nodes = RunProcess(
        {"env", "SLURM_CONF=" + folder_ + "/slurm.conf", "sinfo", "--noheader", "--format=%T"}, "/",
        30);
    return nodes.exit_status == 0 && nodes.output == "idle\n";
  });
}

SlurmCluster::~SlurmCluster() {
  Run({"scancel", "--user=" + std::to_string(::geteuid())});
  Run({"scancel", "--state=PENDING", "--user=" + std::to_string(::geteuid())});
  WaitUntil("no job", [&] { return Run({"squeue", "--noheader"}).empty(); });
  for (const char* name : kDaemons) {
    ::kill(daemons_.at(name), SIGTERM);
    ::waitpid(daemons_.at(name), nullptr, 0);
  }
  fs::remove_all(folder_);
}

std::map<std::string, std::string> SlurmCluster::Variables() const {
  return {{"SLURM_CONF", folder_ + "/slurm.conf"}};
}

std::string SlurmCluster::Run(const std::vector<std::string>& command) const {
  std::vector<std::string> words = {"env", "SLURM_CONF=" + folder_ + "/slurm.conf"};
  words.insert(words.end(), command.begin(), command.end());
  const ProcessResult result = RunProcess(words, "/", 60);
  TF_CHECK(result.exit_status == 0, command[0], result.output, Logs());
  return result.output;
}

void SlurmCluster::Start(const std::string& name, const std::vector<std::string>& command) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  TF_CHECK(child >= 0);
  daemons_[name] = child;
  if (child != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(126);
  const int log = ::open((folder_ + "/" + name + ".log").c_str(), O_WRONLY | O_CREAT, 0644);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

void SlurmCluster::WaitUntil(const std::string& what, const std::function<bool()>& ready) const {
  constexpr int kTries = 6000;
  for (int tries = 0; !ready(); ++tries) {
    TF_CHECK(tries < kTries, what, Logs());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

std::string SlurmCluster::Logs() const {
  std::string text;
  for (const auto& [name, pid] : daemons_) text += ReadFile(folder_ + "/" + name + ".log");
  return text;
}

}  // namespace tinyformer
