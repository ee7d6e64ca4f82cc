// Workers of a search as a Slurm job array.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"

namespace tinyformer {

/// What is asked of Slurm. What is empty or 0 is left to the cluster.
struct SlurmJob {
  int64_t workers = 1;
  int64_t threads = 0;  // of each worker's training, and its CPUs; 0: as many as Slurm gives it
  std::string partition, time;
  std::string words;  // more of sbatch's options, with spaces
};

/// The batch script of one worker. Near its time limit it asks to be queued again; SIGTERM, which
/// comes with scancel and preemption, gives its trial back.
///
/// program    tinyformer, as the nodes find it
/// arguments  of `tinyformer search --worker`, without --threads
/// logs       folder for JOB_TASK.log
std::string SlurmScript(const SlurmJob& job, const std::string& program,
                        const std::vector<std::string>& arguments, const std::string& logs);

/// Writes folder/worker.sh and submits it with sbatch. json: job, workers, script, logs and the
/// commands "look" and "stop".
///
/// Errors  search/no-sbatch, search/sbatch-refused, file/write-failed
Answer LaunchOnSlurm(const SlurmJob& job, const std::vector<std::string>& arguments,
                     const std::string& folder);

}  // namespace tinyformer
