#include "cli/slurm_launch.h"

#include <gtest/gtest.h>

namespace tinyformer {
namespace {

TEST(SlurmScript, SaysWhatIsAskedAndPassesSignalsOn) {
  const SlurmJob job = {3, 4, "gpu", "12:00:00", ""};
  EXPECT_EQ(SlurmScript(job, "/opt/bin/tinyformer",
                        {"search", "--worker", "--data", "folder:my images"}, "out/slurm"),
            R"(#!/bin/bash
#SBATCH --job-name=tinyformer
#SBATCH --array=1-3
#SBATCH --output=out/slurm/%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --cpus-per-task=4
#SBATCH --partition=gpu
#SBATCH --time=12:00:00
# One worker of a search. Its trial waits for another one when it has to end.
worker='' again=false
end_worker() {
  [ -n "$worker" ] || exit 143
  kill -TERM "$worker" 2>/dev/null
}
trap 'again=true; end_worker' USR1  # the time limit is near
trap end_worker TERM                # scancel, preemption
/opt/bin/tinyformer search --worker --data 'folder:my images' --threads 4 &
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
)");
}

TEST(SlurmScript, LeavesToTheClusterWhatIsNotAsked) {
  const std::string script = SlurmScript({}, "tinyformer", {"search"}, "my logs");
  EXPECT_EQ(script.find("--partition"), std::string::npos);
  EXPECT_EQ(script.find("--time"), std::string::npos);
  EXPECT_EQ(script.find("--cpus-per-task"), std::string::npos);
  EXPECT_NE(script.find("#SBATCH --output='my logs/%A_%a.log'\n"), std::string::npos);
  EXPECT_NE(script.find("tinyformer search --threads \"${SLURM_CPUS_ON_NODE:-1}\" &\n"),
            std::string::npos);
}

}  // namespace
}  // namespace tinyformer
