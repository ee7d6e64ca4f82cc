#include "train/supernet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/testing_error.h"
#include "train/block_pruning.h"
#include "train/evaluate.h"
#include "train/path_scores.h"
#include "train/pruner.h"
#include "train/supernet_training.h"
#include "train/testing_data.h"
#include "train/torch_compat.h"
#include "train/training_loop.h"

namespace tinyformer {
namespace {

Genome RandomPath(uint64_t seed) {
  return DrawPath(SmallChoices(), PathSampling::kUniform, seed, 0);
}

at::Tensor Logits(const Network& network) {
  at::NoGradGuard no_grad;
  const ImageStore images = StripedImages(6);
  Batch batch;
  MakePlainBatch(images, {0, 1, 2, 3, 4, 5}, &batch);
  return network.Forward(ToInput(batch, images.shape, "cpu"), {});
}

bool SameBits(const at::Tensor& a, const at::Tensor& b) { return a.equal(b); }

// A path through the largest candidates.
Genome LargestPath() {
  const auto largest = [](const std::vector<int>& values) {
    return *std::max_element(values.begin(), values.end());
  };
  const SupernetChoices choices = SmallChoices();
  Genome path = RandomPath(0);
  for (DotGene& dot : path.dots) {
    for (MobileNetGene& block : dot.mobilenets) block.expansion = largest(choices.expansion);
    for (TransformerGene& block : dot.transformers) block.mlp_ratio = largest(choices.mlp_ratio);
  }
  return path;
}

TEST(Supernet, TheLargestPathStartsAsItsOwnNetwork) {
  const Supernet supernet(SmallChoices(), 5);
  const Genome path = LargestPath();
  const Network of_supernet = supernet.Path(path), alone(path, 5);
  ASSERT_EQ(of_supernet.parameters().size(), alone.parameters().size());
  for (size_t i = 0; i < alone.parameters().size(); ++i) {
    EXPECT_EQ(of_supernet.parameters()[i].name, alone.parameters()[i].name);
    EXPECT_TRUE(SameBits(of_supernet.parameters()[i].value, alone.parameters()[i].value))
        << alone.parameters()[i].name;
  }
}

TEST(Supernet, EveryPathTakesTheFirstChannelsOfTheLargest) {
  const Supernet supernet(SmallChoices(), 5);
  std::map<std::string, at::Tensor> shared;
  for (const Parameter& p : supernet.parameters()) shared[p.name] = p.value;
  std::set<std::string> cut, taken;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Genome path = RandomPath(seed);
    const Network network = supernet.Path(path);
    for (const Parameter& own : network.parameters()) {
      const std::string name = SharedName(path, own.name);
      at::Tensor part = shared.at(name);
      for (int64_t d = 0; d < own.value.dim(); ++d) part = part.slice(d, 0, own.value.size(d));
      EXPECT_EQ(own.value.data_ptr(), part.data_ptr()) << own.name;
      EXPECT_TRUE(SameBits(own.value, part)) << own.name << " seed " << seed;
      if (own.value.numel() < shared.at(name).numel()) cut.insert(own.name);
      taken.insert(name);
    }
  }
  EXPECT_EQ(taken.size(), shared.size());  // nothing belongs to no path
  for (const char* name : {"dot1.mb1.expand.weight", "dot1.mb1.expand.bn.running_var",
                           "dot1.mb1.project.weight", "dot2.tr1.mlp1.bias", "dot2.tr1.mlp2.weight"})
    EXPECT_EQ(cut.count(name), 1U) << name;
}

class SupernetRun : public ::testing::Test {
 protected:
  SupernetRun() : train_(StripedImages(96)), validation_(StripedImages(32, 2)) {
    at::set_num_threads(1);
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::path(::testing::TempDir()) / ("supernet_" + std::string(info->name()));
    std::filesystem::remove_all(root_);
  }
  ~SupernetRun() override { std::filesystem::remove_all(root_); }

  std::string Path(const std::string& name) const { return (root_ / name).string(); }

  SupernetJob Job(const std::string& name, const std::string& sampling = "uniform",
                  int64_t epochs = 3) const {
    SupernetJob job;
    job.choices = SmallChoices();
    job.recipe = SmallRecipe();
    job.recipe.stage = "supernet";
    job.recipe.epochs = epochs;
    job.recipe.sampling = sampling;
    job.recipe.recalibration_batches = 4;
    job.train = &train_;
    job.validation = &validation_;
    job.folder = RunFolder(Path(name));
    job.folder.Open(job.choices, job.recipe, DatasetInfo(), Json::object());
    return job;
  }

  std::string Weights(const std::string& name) const {
    return ReadFile(Path(name) + "/supernet.safetensors");
  }

  std::filesystem::path root_;
  ImageStore train_, validation_;
};

TEST_F(SupernetRun, GoesOnAfterAStopAsIfItHadNotStopped) {
  for (const char* sampling : {"uniform", "fair"}) {
    const std::string whole = std::string("whole ") + sampling, parts = "parts " + whole;
    TrainSupernet(Job(whole, sampling));
    SupernetJob job = Job(parts, sampling);
    for (int64_t stop : {1, 5, 6, 13, 18}) {
      job.stop_after_steps = stop;
      EXPECT_THROW(TrainSupernet(job), Interrupted);
    }
    job.stop_after_steps = -1;
    TrainSupernet(job);
    EXPECT_EQ(Weights(parts), Weights(whole)) << sampling;
  }
  EXPECT_NE(Weights("whole uniform"), Weights("whole fair"));
}

TEST_F(SupernetRun, MovesOnlyWhatIsOnThePath) {
  SupernetJob job = Job("run");
  std::map<std::string, NamedTensor> before =
      ExportTensors(Supernet(job.choices, job.recipe.seed).parameters());
  for (int64_t step = 0; step < 4; ++step) {
    job.stop_after_steps = step + 1;
    EXPECT_THROW(TrainSupernet(job), Interrupted);
    const Genome path = DrawPath(job.choices, PathSampling::kUniform, job.recipe.seed, step);
    std::set<std::string> on_path;
    const Network network(path, 1);
    for (const Parameter& p : network.parameters()) on_path.insert(SharedName(path, p.name));
    const TensorFile after = ReadTensors(Path("run") + "/checkpoint.safetensors");
    for (auto& [name, tensor] : before) {
      const NamedTensor& now = after.tensors.at("weights/" + name);
      // What the loss does not depend on (the attention's key bias) has a gradient all the same.
      EXPECT_EQ(now.bytes != tensor.bytes, on_path.count(name) == 1) << name << " step " << step;
      tensor = now;
    }
  }
}

TEST_F(SupernetRun, AnExtractedPathGivesTheSameLogitsBitForBit) {
  const Supernet supernet = TrainSupernet(Job("run"));
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Genome path = RandomPath(seed);
    const Network extracted(path, 99);
    const FinishedRun run = ReadPath(Path("run"), path, "g.json");
    ImportTensors(run.model.tensors, run.file, extracted.parameters());
    EXPECT_TRUE(SameBits(Logits(extracted), Logits(supernet.Path(path)))) << "seed " << seed;
  }
}

TEST_F(SupernetRun, PathsOfATrainedOneTellStripesApart) {
  SupernetJob job = Job("run", "fair", 30);
  job.choices.downsample = {"conv_stride2"};  // 128 paths are left
  job.folder = RunFolder(Path("fewer"));
  job.recipe.lr = 0.003;  // a rate that one network stands is too high for a mixture of them
  const Supernet supernet = TrainSupernet(job);
  std::vector<Genome> paths;
  for (int64_t step = 0; step < 4; ++step)
    paths.push_back(DrawPath(job.choices, PathSampling::kUniform, 1, step));
  double sum = 0;
  for (const PathScore& score : ScorePaths(job, supernet, paths)) sum += score.accuracy;
  EXPECT_GE(sum / 4, 0.85);
}

TEST_F(SupernetRun, OfOneCandidateAModuleTrainsAsThatNetworkAlone) {
  SupernetJob job = Job("run");
  job.choices.downsample = {"conv_stride2"};
  job.choices.expansion = {4};
  job.choices.mlp_ratio = {2};
  job.choices.residual = {true};
  job.choices.pooling = {"seqpool"};
  job.folder = RunFolder(Path("one"));
  const Supernet supernet = TrainSupernet(job);
  TrainingJob alone;
  alone.genome = DrawPath(job.choices, PathSampling::kUniform, 1, 0);
  alone.recipe = SmallRecipe();
  alone.train = &train_;
  alone.validation = &validation_;
  alone.folder = RunFolder(Path("alone"));
  RunTraining(alone);
  const TensorFile checkpoint = ReadTensors(Path("alone") + "/checkpoint.safetensors");
  for (const auto& [name, tensor] : ExportTensors(supernet.Path(alone.genome).parameters()))
    EXPECT_EQ(checkpoint.tensors.at("weights/" + name).bytes, tensor.bytes) << name;
}

TEST_F(SupernetRun, ScoresAPathAsThatPathAloneWouldBe) {
  const SupernetJob job = Job("run");
  const Supernet supernet = TrainSupernet(job);
  Genome path = RandomPath(3);
  path.dots[1].mobilenets[0].prune = {0.5, 4};
  path.last_prune = {0.7, 2};
  const std::vector<PathScore> scores = ScorePaths(job, supernet, {RandomPath(1), path});
  const Network alone = supernet.Path(path).Clone();
  int64_t zeros = 0, weights = 0;
  for (const LayerSpec& layer : ListLayers(path)) {
    if (layer.sparsity <= 0) continue;
    // Depthwise blocks have 3 weights.
    zeros += PrunedBlocks(layer, layer.sparsity) * layer.block;
    weights += layer.weights;
  }
  EXPECT_DOUBLE_EQ(scores[1].sparsity, static_cast<double>(zeros) / static_cast<double>(weights));
  PruneOnce(alone);
  RecalibrateOnPlainImages(alone, train_, job.recipe.batch, 4, "cpu");
  EXPECT_EQ(scores[1].loss, Evaluate(alone, validation_, {}).loss);
  EXPECT_EQ(scores[0].sparsity, 0);
}

TEST_F(SupernetRun, DoesNotScoreAgainWhatIsScored) {
  const SupernetJob job = Job("run");
  const Supernet supernet = TrainSupernet(job);
  const std::string file = job.folder.File("scores.json");
  const std::vector<Genome> paths = {RandomPath(1), RandomPath(2), RandomPath(3)};
  const std::vector<PathScore> all = ScorePaths(job, supernet, paths);
  Json scores = ReadJson(file);
  ASSERT_EQ(scores.at("scores").size(), 3);
  scores["scores"].erase(1);  // as if killed before it
  scores["scores"][0]["accuracy"] = 0.125;
  WriteFileAtomic(file, scores.dump());
  const std::vector<PathScore> again = ScorePaths(job, supernet, paths);
  EXPECT_EQ(again[0].accuracy, 0.125);
  EXPECT_EQ(ToJson(again[1]), ToJson(all[1]));
  EXPECT_EQ(ToJson(again[2]), ToJson(all[2]));
  const std::vector<PathScore> of_others = ScorePaths(job, Supernet(job.choices, 77), paths);
  EXPECT_NE(of_others[0].loss, all[0].loss);
}

TEST_F(SupernetRun, StartsACandidateFromItsWeights) {
  TrainSupernet(Job("run"));
  TrainingJob job;
  job.genome = RandomPath(4);
  job.source = ReadPath(Path("run"), job.genome, "g.json");
  job.recipe = SmallRecipe();
  job.recipe.lr = job.recipe.min_lr = 0;  // nothing but batch norm's statistics moves
  job.train = &train_;
  job.validation = &validation_;
  job.folder = RunFolder(Path("candidate"));
  job.folder.Open(job.genome, job.recipe, DatasetInfo(), Json::object());
  RunTraining(job);
  const FinishedRun candidate = ReadFinishedRun(Path("candidate"));
  for (const auto& [name, tensor] : job.source->model.tensors) {
    if (name.find("running") == std::string::npos) {
      EXPECT_EQ(candidate.model.tensors.at(name).bytes, tensor.bytes) << name;
    }
  }
}

TEST_F(SupernetRun, SaysWhatAFolderOrAGenomeLacks) {
  Job("run");
  EXPECT_EQ(ErrorText([&] { ReadPath(Path("run"), RandomPath(1), "g.json"); }),
            "error[train/no-supernet] " + Path("run") +
                "\n  expected: a trained supernet: a folder with supernet.json and "
                "supernet.safetensors\n  found:    no supernet.safetensors\n"
                "  fix:      finish its training first: tinyformer-train supernet ... -o " +
                Path("run"));
  TrainSupernet(Job("run"));
  Genome other = RandomPath(1);
  other.dots[0].mobilenets[0].expansion = 6;
  EXPECT_EQ(ErrorText([&] { ReadPath(Path("run"), other, "g.json"); }),
            "error[supernet/not-a-path] g.json: dot1.mb1\n  expected: one of 2, 4\n"
            "  found:    6\n"
            "  fix:      take a genome of this supernet's paths, or train it from fresh weights");
}

TEST(ParsePaths, SaysWhatIsNoPath) {
  const auto text = [](const Json& json) {
    return ErrorText([&] { ParsePaths(json, "p.json", SmallChoices()); });
  };
  const std::string head = "error[train/paths] p.json\n  expected: a list of genomes\n  found:    ",
                    fix = "\n  fix:      write the genomes that are to be scored between [ and ]";
  EXPECT_EQ(text(Json::array()), head + "an empty list" + fix);
  EXPECT_EQ(text(7), head + "the number 7" + fix);
  Genome other = RandomPath(1);
  other.last_linear = 24;
  EXPECT_EQ(text({ToJson(RandomPath(1)), ToJson(other)}),
            "error[supernet/not-a-path] p.json, path 2: last_linear\n  expected: 16\n"
            "  found:    24\n"
            "  fix:      take a genome of this supernet's paths, or train it from fresh weights");
}

}  // namespace
}  // namespace tinyformer
