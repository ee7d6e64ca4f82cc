#include "cli/slurm_launch.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "sim/process.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

// What training needs to save its work, and Slurm's own resolution of a minute.
constexpr int kSecondsBeforeLimit = 120;
constexpr double kSubmitSeconds = 120;

// "--job-name=tinyformer" as a line of a batch script.
std::string Directive(const std::string& option) { return "#SBATCH " + option + "\n"; }

// The job's number in the output of sbatch --parsable: "123" or "123;cluster", perhaps after
// warnings.
std::string JobOf(const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const std::string number = line.substr(0, line.find(';'));
    const bool is_number =
        !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
    if (is_number) return number;
  }
  return "";
}

// sbatch's lines as one, without its name in front of each.
std::string OneLine(const std::string& output) {
  std::istringstream lines(output);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kName = "sbatch: error: ";
    if (line.starts_with(kName)) line.erase(0, kName.size());
    if (!line.empty()) text += (text.empty() ? "" : "; ") + line;
  }
  return text.empty() ? "no message" : text;
}

}  // namespace

std::string SlurmScript(const SlurmJob& job, const std::string& program,
                        const std::vector<std::string>& arguments, const std::string& logs) {
  std::string script = "#!/bin/bash\n" + Directive("--job-name=tinyformer") +
                       Directive("--array=1-" + std::to_string(job.workers)) +
                       Directive("--output=" + ShellWord(logs + "/%A_%a.log")) +
                       Directive("--open-mode=append") + Directive("--requeue") +
                       Directive("--signal=B:USR1@" + std::to_string(kSecondsBeforeLimit));
  if (job.threads > 0) script += Directive("--cpus-per-task=" + std::to_string(job.threads));
  if (!job.partition.empty()) script += Directive("--partition=" + ShellWord(job.partition));
  if (!job.time.empty()) script += Directive("--time=" + ShellWord(job.time));
  std::string command = ShellWord(program);
  for (const std::string& argument : arguments) command += " " + ShellWord(argument);
  command += job.threads > 0 ? " --threads " + std::to_string(job.threads)
                             : std::string(" --threads \"${SLURM_CPUS_ON_NODE:-1}\"");
  return script + R"(# One worker of a search. Its trial waits for another one when it has to end.
worker='' again=false
end_worker() {
  [ -n "$worker" ] || exit 143
  kill -TERM "$worker" 2>/dev/null
}
trap 'again=true; end_worker' USR1  # the time limit is near
trap end_worker TERM                # scancel, preemption
)" + command +
         R"( &
worker=$!
status=143
while kill -0 "$worker" 2>/dev/null; do
  wait "$worker"
  status=$?
done
if $again && [ "$status" -gt 128 ]; then
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit "$status"
)";
}

Answer LaunchOnSlurm(const SlurmJob& job, const std::vector<std::string>& arguments,
                     const std::string& folder) {
  const std::string script = folder + "/worker.sh";
  const std::string program = fs::read_symlink("/proc/self/exe").string();
  // A store's URL may hold a password.
  WriteFileAtomic(script, SlurmScript(job, program, arguments, folder), 0700);

  std::vector<std::string> command = {"sbatch", "--parsable"};
  std::istringstream words(job.words);
  for (std::string word; words >> word;) command.push_back(word);
  command.push_back(script);
  const ProcessResult result = RunProcess(command, ".", kSubmitSeconds);
  if (!result.started) {
    throw Error("search/no-sbatch", "--launch slurm", "Slurm's sbatch on PATH", "no such program",
                "give the command on a machine that submits jobs, or start workers without Slurm: "
                "--workers N");
  }
  const std::string number = result.exit_status == 0 ? JobOf(result.output) : "";
  if (number.empty()) {
    throw Error("search/sbatch-refused", script, "a job that Slurm takes",
                result.timed_out ? "no answer within two minutes" : OneLine(result.output),
                "correct --partition, --time or --sbatch; sinfo lists the partitions");
  }

  Answer answer;
  const std::string look = "squeue --job " + number, stop = "scancel " + number;
  const std::string logs = folder + "/" + number + "_*.log";
  answer.json = {{"job", number}, {"workers", job.workers}, {"script", script},
                 {"logs", logs},  {"look", look},           {"stop", stop}};
  answer.text = "job " + number + ", " + std::to_string(job.workers) +
                (job.workers == 1 ? " worker" : " workers") + "\nlogs        " + logs +
                "\nlook        " + look + "\nstop        " + stop +
                ": trials are given back, and wait for other workers\n";
  return answer;
}

}  // namespace tinyformer
