#include "train/training_loop.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "train/block_pruning.h"
#include "train/evaluate.h"
#include "train/tensor_bytes.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

class TrainingLoopTest : public ::testing::Test {
 protected:
  TrainingLoopTest() : train_(StripedImages(96)), validation_(StripedImages(32, 2)) {
    at::set_num_threads(1);
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::path(::testing::TempDir()) /
            ("training_loop_" + std::string(info->name()));
    std::filesystem::remove_all(root_);
  }
  ~TrainingLoopTest() override { std::filesystem::remove_all(root_); }

  std::string Path(const std::string& name) const { return (root_ / name).string(); }

  TrainingJob Job(const std::string& name, const Recipe& recipe = SmallRecipe()) const {
    TrainingJob job;
    job.genome = SmallGenome();
    job.recipe = recipe;
    job.train = &train_;
    job.validation = &validation_;
    job.folder = RunFolder(Path(name));
    job.folder.Open(job.genome, recipe, DatasetInfo(), Json::object());
    return job;
  }

  TrainingJob CompressJob(const std::string& name, const std::string& source,
                          int64_t qat_epochs = 0) const {
    Recipe recipe = SmallRecipe();
    recipe.stage = "compress";
    recipe.source = Path(source);
    recipe.warmup_epochs = 0;
    recipe.qat_epochs = qat_epochs;
    TrainingJob job = Job(name, recipe);
    job.source = ReadFinishedRun(recipe.source);
    return job;
  }

  std::string Model(const std::string& name) const {
    return ReadFile(Path(name) + "/model.safetensors");
  }

  /// Runs the job, stopping it after each of the given steps and starting it anew from its folder.
  static TrainingResult RunWithStops(TrainingJob job, const std::vector<int64_t>& stops) {
    for (int64_t stop : stops) {
      job.stop_after_steps = stop;
      EXPECT_THROW(RunTraining(job), Interrupted);
    }
    job.stop_after_steps = -1;
    return RunTraining(job);
  }

  /// Runs the job to the end, or stops it after so many steps.
  static void RunUntil(TrainingJob job, int64_t steps) {
    job.stop_after_steps = steps == 18 ? -1 : steps;
    if (steps == 18) {
      RunTraining(job);
    } else {
      EXPECT_THROW(RunTraining(job), Interrupted);
    }
  }

  std::filesystem::path root_;
  ImageStore train_, validation_;
};

TEST_F(TrainingLoopTest, LearnsToTellStripesApart) {
  const TrainingResult result = RunTraining(Job("run"));
  EXPECT_GE(result.validation_accuracy, 0.9);
  EXPECT_EQ(result.steps, 18);
}

TEST_F(TrainingLoopTest, RepeatsBitForBit) {
  for (int threads : {1, 2}) {
    at::set_num_threads(threads);
    const std::string suffix = std::to_string(threads);
    RunTraining(Job("a" + suffix));
    RunTraining(Job("b" + suffix));
    EXPECT_EQ(Model("a" + suffix), Model("b" + suffix)) << threads << " threads";
  }
}

TEST_F(TrainingLoopTest, GoesOnAfterAStopAsIfItHadNotStopped) {
  RunTraining(Job("whole"));
  RunWithStops(Job("parts"), {1, 5, 6, 17, 18});
  EXPECT_EQ(Model("parts"), Model("whole"));
}

TEST_F(TrainingLoopTest, MuonGoesOnAfterAStopAsIfItHadNotStopped) {
  const auto with_muon = [](TrainingJob job) {
    job.recipe.optimizer = "muon";
    return job;
  };
  at::set_num_threads(2);
  Recipe recipe = SmallRecipe();
  recipe.optimizer = "muon";
  RunTraining(Job("dense", recipe));
  RunWithStops(Job("dense parts", recipe), {1, 6, 17});
  EXPECT_EQ(Model("dense parts"), Model("dense"));
  RunTraining(Job("adamw"));
  EXPECT_NE(Model("adamw"), Model("dense"));
  const TrainingResult sparse = RunTraining(with_muon(CompressJob("sparse", "dense")));
  RunWithStops(with_muon(CompressJob("sparse parts", "dense")), {2, 8, 9, 13});
  EXPECT_EQ(Model("sparse parts"), Model("sparse"));
  EXPECT_GT(sparse.sparsity, 0.2);
  at::set_num_threads(1);
}

TEST_F(TrainingLoopTest, OfAFinishedRunOnlyTellsWhatItEndedWith) {
  TrainingJob job = Job("run");
  const TrainingResult first = RunTraining(job);
  const auto written = std::filesystem::last_write_time(Path("run") + "/model.safetensors");
  const TrainingResult again = RunTraining(job);
  EXPECT_EQ(again.validation_accuracy, first.validation_accuracy);
  EXPECT_EQ(again.validation_loss, first.validation_loss);
  EXPECT_EQ(again.weights, first.weights);
  EXPECT_EQ(again.steps, first.steps);
  EXPECT_EQ(std::filesystem::last_write_time(Path("run") + "/model.safetensors"), written);

  std::filesystem::remove(Path("run") + "/checkpoint.safetensors");
  EXPECT_EQ(RunTraining(job).validation_loss, first.validation_loss) << "without its checkpoint";
  EXPECT_EQ(std::filesystem::last_write_time(Path("run") + "/model.safetensors"), written);
}

TEST_F(TrainingLoopTest, CompressionGoesOnAfterAStopAsIfItHadNotStopped) {
  RunTraining(Job("dense"));
  RunTraining(CompressJob("whole", "dense"));
  RunWithStops(CompressJob("parts", "dense"), {2, 8, 9, 13});
  EXPECT_EQ(Model("parts"), Model("whole"));
}

TEST_F(TrainingLoopTest, RoundsAsInt8InTheLastEpochsOnly) {
  RunTraining(Job("run"));
  const auto weights = [&](const std::string& name) {
    return ReadTensors(Path(name) + "/checkpoint.safetensors")
        .tensors.at("weights/last.weight")
        .Floats();
  };
  for (const int64_t steps : {12, 18}) {  // two epochs, all three
    const std::string plain = "plain" + std::to_string(steps),
                      rounded = "rounded" + std::to_string(steps);
    RunUntil(CompressJob(plain, "run"), steps);
    RunUntil(CompressJob(rounded, "run", 1), steps);
    EXPECT_EQ(weights(plain) == weights(rounded), steps == 12);
  }
  RunWithStops(CompressJob("stopped", "run", 1), {13});
  EXPECT_EQ(Model("rounded18"), Model("stopped"));
}

TEST_F(TrainingLoopTest, CompressionPrunesExactlyTheStatedBlocks) {
  RunTraining(Job("dense"));
  const TrainingResult result = RunTraining(CompressJob("sparse", "dense"));
  const FinishedRun run = ReadFinishedRun(Path("sparse"));
  int64_t zeros = 0, all = 0;
  for (const LayerSpec& layer : ListLayers(run.genome)) {
    const auto mask = run.model.tensors.find("mask/" + layer.name + ".weight");
    ASSERT_EQ(mask != run.model.tensors.end(), layer.sparsity > 0) << layer.name;
    if (layer.sparsity <= 0) continue;
    const std::vector<float> weights = run.model.tensors.at(layer.name + ".weight").Floats();
    const std::vector<float> norms = BlockNorms(layer, weights.data(), {});
    EXPECT_EQ(std::count(norms.begin(), norms.end(), 0.0f), PrunedBlocks(layer, layer.sparsity))
        << layer.name;
    for (size_t i = 0; i < weights.size(); ++i) {
      EXPECT_EQ(weights[i] == 0, mask->second.bytes[i] == 0) << layer.name << " " << i;
      EXPECT_FALSE(std::signbit(weights[i]) && weights[i] == 0) << "negative zero";
      zeros += weights[i] == 0;
    }
    all += layer.weights;
  }
  EXPECT_DOUBLE_EQ(result.sparsity, static_cast<double>(zeros) / static_cast<double>(all));
}

TEST_F(TrainingLoopTest, CompressionLeavesTheStatisticsOfImagesThatAreChangedAsInTraining) {
  RunTraining(Job("dense"));
  TrainingJob job = CompressJob("sparse", "dense");
  job.recipe.random_erasing = 1;
  const TrainingResult result = RunTraining(job);
  const Network network(job.genome, 1);
  ImportTensors(ReadTensors(Path("sparse") + "/model.safetensors").tensors, "sparse",
                network.parameters());
  const auto before = ExportTensors(network.parameters());
  TrainingBatches batches(train_, job.recipe);
  const auto make = [&](int64_t i, Batch* batch) { batches.Make(result.steps + i, batch); };
  RecalibrateBatchNorm(network, train_.shape, job.recipe.recalibration_batches, make, {});
  for (const auto& [name, tensor] : ExportTensors(network.parameters()))
    EXPECT_EQ(tensor.bytes, before.at(name).bytes) << name;
}

TEST_F(TrainingLoopTest, WritesOneMetricsLinePerEpoch) {
  RunWithStops(Job("run"), {7});
  const std::string text = ReadFile(Path("run") + "/metrics.jsonl");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  const Json line = ParseJson(text.substr(0, text.find('\n')), "metrics.jsonl");
  for (const char* key :
       {"epoch", "step", "lr", "train_loss", "train_accuracy", "validation_loss",
        "validation_accuracy", "validation_accuracy_ema", "images_per_second", "seconds"}) {
    EXPECT_TRUE(line.contains(key)) << key;
  }
}

TEST_F(TrainingLoopTest, LearnsFromATeacher) {
  RunTraining(Job("teacher"));
  Recipe recipe = SmallRecipe();
  recipe.teacher = Path("teacher");
  TrainingJob job = Job("student", recipe);
  job.teacher = ReadFinishedRun(recipe.teacher);
  EXPECT_GE(RunTraining(job).validation_accuracy, 0.9);
  RunTraining(Job("alone"));
  EXPECT_NE(Model("student"), Model("alone"));
}

TEST_F(TrainingLoopTest, StopsWhenTheLossIsNoNumberAndKeepsTheCheckpoint) {
  TrainingJob job = Job("run");
  job.stop_after_steps = 6;
  EXPECT_THROW(RunTraining(job), Interrupted);
  TensorFile checkpoint = ReadTensors(Path("run") + "/checkpoint.safetensors");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  NamedTensor& bias = checkpoint.tensors.at("weights/head.bias");
  bias = NamedTensor::Float32(bias.shape, std::vector<float>(2, nan).data());
  WriteTensors(Path("run") + "/checkpoint.safetensors", checkpoint);
  const std::string before = ReadFile(Path("run") + "/checkpoint.safetensors");
  job.stop_after_steps = -1;
  try {
    RunTraining(job);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 ("error[train/nan] epoch 2, step 7 of 18\n"
                  "  expected: a finite loss\n"
                  "  found:    nan with learning rate 0.01\n"
                  "  fix:      remove " +
                  Path("run") + ", then run the command with a lower --lr or with --amp off")
                     .c_str());
  }
  EXPECT_EQ(ReadFile(Path("run") + "/checkpoint.safetensors"), before);
}

TEST_F(TrainingLoopTest, RefusesACheckpointOfAnotherGenome) {
  TrainingJob job = Job("run");
  job.stop_after_steps = 1;
  EXPECT_THROW(RunTraining(job), Interrupted);
  job.genome.last_linear = 24;
  try {
    RunTraining(job);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "error[train/checkpoint] " + Path("run") +
            "/checkpoint.safetensors\n"
            "  expected: a tensor 'weights/last.weight' of this genome's shape\n"
            "  found:    [16, 12]\n"
            "  fix:      remove the checkpoint to start again, or use the folder it came from");
  }
}

TEST_F(TrainingLoopTest, RefusesToGoOnWithOtherOptions) {
  Job("run");
  Recipe other = SmallRecipe();
  other.lr = 0.02;
  Job("run", other);  // nothing was trained yet
  WriteFileAtomic(Path("run") + "/checkpoint.safetensors", "weights");
  other.lr = 0.03;
  try {
    Job("run", other);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "error[train/resume-changed] " + Path("run") +
                                             "\n"
                                             "  expected: lr 0.02, as this run was started\n"
                                             "  found:    lr 0.03\n"
                                             "  fix:      use the same value to go on; for a new "
                                             "run take another folder, or remove this one");
  }
}

TEST_F(TrainingLoopTest, RefusesAnotherGenomeAndAFolderThatLostItsOwn) {
  const auto refusal = [&](const Genome& genome) -> std::string {
    try {
      RunFolder(Path("run")).Open(genome, SmallRecipe(), DatasetInfo(), Json::object());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  Genome wider = SmallGenome();
  wider.last_linear += 4;
  EXPECT_EQ(refusal(SmallGenome()), "");
  WriteFileAtomic(Path("run") + "/checkpoint.safetensors", "weights");
  const std::string width = std::to_string(SmallGenome().last_linear);
  EXPECT_EQ(refusal(wider),
            "error[train/resume-changed] " + Path("run") +
                "\n"
                "  expected: genome /last_linear/width " +
                width +
                ", as this run was started\n"
                "  found:    genome /last_linear/width " +
                std::to_string(wider.last_linear) +
                "\n"
                "  fix:      use the same value to go on; for a new run take another folder, or "
                "remove this one");
  Genome longer = SmallGenome();
  longer.dots.push_back(longer.dots.back());
  EXPECT_NE(refusal(longer).find("  expected: genome /dots [{"), std::string::npos)
      << refusal(longer);
  std::filesystem::remove(Path("run") + "/config.json");
  EXPECT_EQ(refusal(SmallGenome()),
            "error[train/run-folder] " + Path("run") +
                "\n"
                "  expected: config.json and genome.json beside checkpoint.safetensors\n"
                "  found:    no config.json\n"
                "  fix:      put the file back to go on; for a new run take another folder, or "
                "remove this one");
}

TEST_F(TrainingLoopTest, SaysWhatDiffersInTheEnvironment) {
  const RunFolder folder(Path("run"));
  EXPECT_TRUE(folder.Open(SmallGenome(), SmallRecipe(), DatasetInfo(), {{"threads", 1}}).empty());
  WriteFileAtomic(Path("run") + "/checkpoint.safetensors", "weights");
  EXPECT_EQ(folder.Open(SmallGenome(), SmallRecipe(), DatasetInfo(), {{"threads", 2}}),
            (std::vector<std::string>{"threads 1, now 2"}));
}

TEST_F(TrainingLoopTest, NeedsAFinishedRunToCompress) {
  Job("run");
  try {
    ReadFinishedRun(Path("run"));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "error[train/no-run] " + Path("run") +
                  "\n"
                  "  expected: a finished run: a folder with genome.json and model.safetensors\n"
                  "  found:    no model.safetensors\n"
                  "  fix:      finish the training first: tinyformer train ... -o " +
                  Path("run"));
  }
}

}  // namespace
}  // namespace tinyformer
