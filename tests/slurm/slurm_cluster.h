// A Slurm cluster of a test's own: this machine as its one node, in a temporary folder.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tinyformer {

/// munged, slurmctld and slurmd, started by the constructor with a key, ports and files of their
/// own as the user who runs the test; ended by the destructor with all jobs. Should the test be
/// killed, the kernel ends them.
class SlurmCluster {
 public:
  SlurmCluster();
  ~SlurmCluster();
  SlurmCluster(const SlurmCluster&) = delete;
  SlurmCluster& operator=(const SlurmCluster&) = delete;

  /// The environment in which sbatch and its kin reach this cluster.
  std::map<std::string, std::string> Variables() const;
  /// What one of Slurm's commands printed; TF_CHECK fails when it does.
  std::string Run(const std::vector<std::string>& command) const;
  /// Asks again and again; TF_CHECK fails after five minutes, with what the daemons wrote.
  void WaitUntil(const std::string& what, const std::function<bool()>& ready) const;

 private:
  void Start(const std::string& name, const std::vector<std::string>& command);
  std::string Logs() const;

  std::string folder_;
  std::map<std::string, pid_t> daemons_;
};

}  // namespace tinyformer
