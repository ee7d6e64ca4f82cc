// A search whose workers a real Slurm starts, cancels and queues again.
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "search/store/store.h"
#include "tests/slurm/slurm_cluster.h"
#include "tests/small_search.h"

namespace tinyformer {
namespace {

// Kinds of the events that the search's store has noted.
std::multiset<std::string> Events(const std::string& path) {
  const std::unique_ptr<Store> store = OpenStore(path, {.access = StoreAccess::kRead});
  std::multiset<std::string> kinds;
  for (const Event& event : store->Events(store->Studies().at(0).id)) kinds.insert(event.kind);
  return kinds;
}

Surroundings InCluster(const SlurmCluster& cluster) {
  Surroundings surroundings;
  surroundings.variables = cluster.Variables();
  return surroundings;
}

TEST(Slurm, AnArrayWithOneWorkerCancelledAndOneOutOfTimeEndsAsOneLocalWorker) {
  const SlurmCluster cluster;
  const CommandLineTest at;
  at.Write("space.toml", kSmallSpace);
  at.RunJson(SearchWords("alone", "", kOneCandidate));

  const Json job = at.RunJson(
      SearchWords("out", "--launch slurm --workers 3 --partition all --time 30 --sbatch --nice=5",
                  kOneCandidate),
      "", InCluster(cluster));
  const std::string id = job.at("job");
  EXPECT_EQ(job.at("workers"), 3);
  EXPECT_EQ(job.at("look"), "squeue --job " + id);
  EXPECT_EQ(job.at("stop"), "scancel " + id);
  // The two supernets are being trained.
  cluster.WaitUntil("trials", [&] { return at.Exists("out/supernets/0001/choices.json"); });
  cluster.Run({"scancel", id + "_1"});
  cluster.Run({"scancel", "--batch", "--signal=USR1", id + "_2"});  // as near the time limit
  cluster.WaitUntil("the end", [&] { return at.Exists("out/search.json"); });

  EXPECT_EQ(SearchOutcome(at, "out"), SearchOutcome(at, "alone"));
  const std::multiset<std::string> events = Events(at.Path("out/search.db"));
  EXPECT_EQ(events.count("joined"), 3U);
  EXPECT_EQ(events.count("left"), 3U);
  EXPECT_EQ(events.count("lost"), 0U);
  EXPECT_GE(events.count("released"), 1U);
  EXPECT_NE(at.Read("out/slurm/" + id + "_1.log").find("stopped\n"), std::string::npos);
  EXPECT_NE(cluster.Run({"scontrol", "show", "job", id + "_2"}).find("Restarts=1"),
            std::string::npos);
}

TEST(Slurm, WhatItRefusesIsSaid) {
  const SlurmCluster cluster;
  const CommandLineTest at;
  at.Write("space.toml", kSmallSpace);
  const Ended ended =
      at.Run(SearchWords("out", "--launch slurm --partition none"), InCluster(cluster));
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.errors,
            ErrorText("search/sbatch-refused", "out/slurm/worker.sh", "a job that Slurm takes",
                      "invalid partition specified: none; Batch job submission failed: Invalid "
                      "partition name specified",
                      "correct --partition, --time or --sbatch; sinfo lists the partitions"));
}

}  // namespace
}  // namespace tinyformer
