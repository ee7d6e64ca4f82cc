// Wrong input, full disks and signals in train and compress.
#include <gtest/gtest.h>

#include <limits>

#include "base/safetensors.h"
#include "search/testing_network.h"
#include "tests/command_line.h"

namespace tinyformer {
namespace {

class TrainingErrors : public ::testing::Test {
 protected:
  TrainingErrors() {
    at_.Write("genome.json", ToJson(TinyGenome()).dump());
    WriteRun(RandomWeights(TinyGenome(), 1));
  }
  // A trained run, as compress takes it.
  void WriteRun(const std::map<std::string, NamedTensor>& tensors) const {
    TensorFile file;
    file.tensors = tensors;
    at_.Write("run/genome.json", ToJson(TinyGenome()).dump());
    WriteTensors(at_.Path("run/model.safetensors"), file);
  }
  static std::vector<std::string> Compress(const std::string& epochs = "1") {
    return Words(
        "compress run --data synthetic -o m.onnx --batch 16 --ema 0 --limit-train 32"
        " --threads 1 --recalibration-batches 2 --calibration-images 4"
        " --calibration-method minmax --check-images 0 --checkpoint-seconds 0 --epochs " +
        epochs);
  }
  void ExpectRefused(const std::vector<std::string>& arguments, const std::string& text) const {
    at_.ExpectRefused(arguments, text);
    EXPECT_FALSE(at_.Exists("m.onnx"));
  }

  const CommandLineTest at_;
};

TEST_F(TrainingErrors, ArgumentsAreNamed) {
  const Ended help = at_.Run({"train", "--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.output.find("--json"), std::string::npos);
  const auto usage = [](const std::string& found) {
    return ErrorText("cli/usage", "tinyformer train",
                     "options as tinyformer train --help lists them", found,
                     "correct the command line");
  };
  ExpectRefused({"train"}, usage("--genome is required"));
  ExpectRefused({"train", "--genome", "g"}, usage("--data is required"));
}

TEST_F(TrainingErrors, ABenchMeasuresAndLeavesNothing) {
  ExpectRefused(Words("bench train --steps 1.5"),
                ErrorText("cli/usage", "tinyformer bench train",
                          "options as tinyformer bench train --help lists them",
                          "Could not convert: --steps = 1.5", "correct the command line"));
  ExpectRefused(Words("bench train --steps 0"),
                ErrorText("train/option", "--steps", "a number from 1 to 2730", "0",
                          "set --steps within that range"));
  const std::vector<std::string> bench =
      Words("bench train --genome genome.json --steps 2 --batch 8 --threads 1 --amp off");
  const Ended table = at_.Run(bench);
  EXPECT_EQ(table.status, 0) << table.errors;
  EXPECT_NE(table.output.find(" images/s in steps of 8 on cpu, 1 threads, float32"),
            std::string::npos)
      << table.output;
  const Json json = at_.RunJson(bench);
  EXPECT_GT(json.at("images_per_second"), 0);
  EXPECT_GT(json.at("images_made_per_second"), 0);
  EXPECT_GT(json.at("share"), 0);
  EXPECT_EQ(json.at("flop_per_image"), 6.0 * ComputePaperCosts(TinyGenome()).macs);
  EXPECT_EQ(at_.Temporaries(), std::vector<std::string>{});
}

TEST_F(TrainingErrors, GenomesThatAreNone) {
  auto train = [](const std::string& genome) {
    return std::vector<std::string>{"train", "--data", "synthetic", "--genome",
                                    genome,  "-o",     "new"};
  };
  ExpectRefused(
      train("nothing"),
      ErrorText("file/missing", "nothing", "a genome's file, or reference-a",
                "nothing at this path", "check the path; the zoo's are zoo/NAME.genome.json"));
  at_.Write("g.json", "");
  ExpectRefused(train("g.json"), ErrorText("json/syntax", "g.json", "JSON", "an empty file",
                                           "correct the file there"));
  at_.Write("g.json", "{\"format\": \"tinyformer-genome\", \"version\": 9}");
  ExpectRefused(train("g.json"),
                ErrorText("genome/version", "g.json", "format tinyformer-genome, version 1",
                          "format tinyformer-genome, version 9",
                          "write the genome with this program's version"));
  EXPECT_FALSE(at_.Exists("new"));
}

TEST_F(TrainingErrors, FoldersThatAreNotRuns) {
  auto compress = [](const std::string& run) {
    return std::vector<std::string>{"compress", run, "--data", "synthetic", "-o", "m.onnx"};
  };
  const std::string expected = "a finished run: a folder with genome.json and model.safetensors";
  ExpectRefused(compress("nothing"),
                ErrorText("train/no-run", "nothing", expected, "no genome.json",
                          "finish the training first: tinyformer train ... -o nothing"));
  std::filesystem::remove(at_.Path("run/model.safetensors"));
  ExpectRefused(compress("run"),
                ErrorText("train/no-run", "run", expected, "no model.safetensors",
                          "finish the training first: tinyformer train ... -o run"));
}

TEST_F(TrainingErrors, PruningByTheGenomeOfAnotherNetwork) {
  Json genome = ParseJson(at_.Read("run/genome.json"), "genome.json");
  genome["dots"][0]["mobilenets"][0]["expansion"] = 3;
  at_.Write("other.json", genome.dump());
  ExpectRefused(
      {"compress", "run", "--data", "synthetic", "-o", "m.onnx", "--genome", "other.json"},
      ErrorText("train/genome", "other.json",
                "the trained run's network, other sparsities and blocks only",
                "another network, from /dots/0/mobilenets/0/expansion on",
                "change only sparsities and blocks, or train this genome first"));
}

TEST_F(TrainingErrors, DamagedWeights) {
  const std::string file = "run/model.safetensors", good = at_.Read(file);
  at_.Write(file, "");
  ExpectRefused(Compress(),
                ErrorText("tensors/truncated", file, "a safetensors file with its whole header",
                          "0 bytes", "copy or write the file again"));
  at_.Write(file, good.substr(0, good.size() - 1));
  ExpectRefused(Compress(),
                ErrorText("tensors/truncated", file,
                          "tensor 'pool.score.weight' in bytes 37980 to 38028 of the data",
                          "38027 bytes of data", "copy or write the file again"));
  std::string changed = good;
  changed[good.size() - 9] = static_cast<char>(changed[good.size() - 9] ^ 0x10);
  at_.Write(file, changed);
  const Ended ended = at_.Run(Compress());
  EXPECT_EQ(ended.status, 2);
  EXPECT_TRUE(ended.errors.starts_with("error[tensors/checksum] " + file)) << ended.errors;
}

TEST_F(TrainingErrors, WeightsThatAreNotNumbers) {
  std::map<std::string, NamedTensor> tensors = RandomWeights(TinyGenome(), 1);
  NamedTensor& head = tensors.at("head.weight");
  std::vector<float> values = head.Floats();
  values[3] = std::numeric_limits<float>::quiet_NaN();
  head = NamedTensor::Float32(head.shape, values.data());
  WriteRun(tensors);
  ExpectRefused(Compress(),
                ErrorText("train/weights", "run/model.safetensors",
                          "finite numbers in tensor 'head.weight'", "NaN or infinity at element 3",
                          "train again, with a lower --lr if it was training that made them"));
}

TEST_F(TrainingErrors, WeightsOfAnotherGenome) {
  std::map<std::string, NamedTensor> tensors = RandomWeights(TinyGenome(), 1);
  tensors.erase("head.weight");
  WriteRun(tensors);
  ExpectRefused(Compress(),
                ErrorText("train/weights", "run/model.safetensors",
                          "a float32 tensor 'head.weight' of shape [10, 16]", "no such tensor",
                          "use the weights and the genome of one run"));
}

TEST_F(TrainingErrors, OptionsOutOfRange) {
  ExpectRefused(Compress("-2"), ErrorText("train/option", "--epochs", "a number from 1 to 1000000",
                                          "-2", "set --epochs within that range"));
  std::vector<std::string> arguments = Compress();
  arguments.insert(arguments.end(), {"--sparsity", "2"});
  ExpectRefused(arguments, ErrorText("train/option", "--sparsity", "a number from 0 to 0.95", "2",
                                     "set --sparsity within that range"));
  std::vector<std::string> rate = Compress();
  rate.insert(rate.end(), {"--lr", "nan"});
  ExpectRefused(rate, ErrorText("train/option", "--lr", "a number from 0 to 10", "nan",
                                "set --lr within that range"));
  arguments.push_back("--json");
  const Ended ended = at_.Run(arguments);
  EXPECT_EQ(ParseJson(ended.output, "standard output").at("error").at("code"), "train/option");
  ExpectRefused(Words("train --genome genome.json --data synthetic --threads 2000 -o new"),
                ErrorText("train/option", "--threads", "a number from 0 to 1024", "2000",
                          "set --threads within that range"));
}

TEST_F(TrainingErrors, TeachersThatTeachSomethingElse) {
  std::vector<std::string> train = Words(
      "train --genome genome.json --data synthetic --epochs 1 --limit-train 32 --threads 1 -o new"
      " --teacher run");
  Genome genome = TinyGenome();
  genome.classes = 5;
  at_.Write("run/genome.json", ToJson(genome).dump());
  ExpectRefused(
      train,
      ErrorText("train/teacher", "run", "a network for 32x32x3 images of 10 classes",
                "one for 32x32x3 images of 5 classes", "train the teacher on the same data"));
  genome = TinyGenome();
  genome.last_linear += 4;
  at_.Write("run/genome.json", ToJson(genome).dump());
  const Ended ended = at_.Run(train);
  EXPECT_TRUE(ended.errors.starts_with("error[train/weights] run/model.safetensors"))
      << ended.errors;
  EXPECT_FALSE(at_.Exists("new"));
  train.back() = "new/../new";
  ExpectRefused(train, ErrorText("train/teacher", "new/../new",
                                 "the folder of another, finished run", "the folder of this run",
                                 "leave out --teacher, or name the teacher's folder"));
}

TEST_F(TrainingErrors, DamagedRunFolders) {
  ASSERT_EQ(at_.Run(Compress()).status, 0);
  std::filesystem::remove(at_.Path("m.onnx"));
  std::filesystem::remove(at_.Path("run/compressed/model.safetensors"));
  const std::string file = "run/compressed/checkpoint.safetensors";
  const TensorFile whole = ReadTensors(at_.Path(file));
  const auto with = [&](const char* key, const Json& value) {
    TensorFile changed = whole;
    Json progress = ParseJson(whole.metadata.at("progress"), file);
    progress[key] = value;
    changed.metadata["progress"] = progress.dump();
    WriteTensors(at_.Path(file), changed);
  };
  with("step", 99);
  ExpectRefused(Compress(),
                ErrorText("train/checkpoint", file, "a step from 0 to 2", "step 99",
                          "remove the checkpoint to start again, or use the folder it came from"));
  with("metrics", "none");
  ExpectRefused(Compress(),
                ErrorText("json/key", file + ": key 'metrics'", "a list", "the text \"none\"",
                          "remove the checkpoint to start again, or use the folder it came from"));
  const std::string config = "run/compressed/config.json";
  Json changed = ParseJson(at_.Read(config), config);
  changed["data"]["fingerprint"] = 7;
  at_.Write(config, changed.dump());
  ExpectRefused(Compress(), ErrorText("json/key", config + ": key 'fingerprint'", "a text",
                                      "the number 7", "correct this key in the file"));
}

TEST_F(TrainingErrors, AProgramThatIsNotThere) {
  Surroundings without;
  without.variables["TINYFORMER_TRAIN"] = "/nothing/tinyformer-train";
  for (const std::vector<std::string>& arguments :
       {Compress(), std::vector<std::string>{"train", "--help"}}) {
    const Ended ended = at_.Run(arguments, without);
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(ended.errors, ErrorText("cli/train-missing", "/nothing/tinyformer-train",
                                      "the program that trains, beside tinyformer",
                                      "it is not there, or may not be executed",
                                      "build with libtorch (tools/setup installs it), without "
                                      "-DTINYFORMER_TRAIN=OFF"));
  }
}

TEST_F(TrainingErrors, AFullDiskLeavesTheOldModelAndTheRunIsGoneOnWith) {
  at_.Write("m.onnx", "old");
  Surroundings full;
  full.max_file_bytes = 16384;
  const Ended ended = at_.Run(Compress(), full);
  EXPECT_EQ(ended.status, 2);
  EXPECT_NE(ended.errors.find("error[file/write-failed] run/compressed/"), std::string::npos)
      << ended.errors;
  EXPECT_EQ(at_.Temporaries(), std::vector<std::string>{});
  ASSERT_EQ(at_.Run(Compress()).status, 0);
  EXPECT_GT(at_.Read("m.onnx").size(), full.max_file_bytes);
  // Now only the model is written.
  at_.Write("m.onnx", "old");
  const Ended last = at_.Run(Compress(), full);
  EXPECT_EQ(last.status, 2);
  EXPECT_TRUE(last.errors.ends_with(
      ErrorText("file/write-failed", "m.onnx", "a place that can be written", "File too large",
                "check the path and the disk, then run the same command again")))
      << last.errors;
  EXPECT_EQ(at_.Read("m.onnx"), "old");
  EXPECT_EQ(at_.Temporaries(), std::vector<std::string>{});
}

TEST_F(TrainingErrors, InterruptedTrainingAndPruningSayHowToGoOn) {
  at_.Write("m.onnx", "old");
  pid_t pid = at_.Start({"train", "--data", "synthetic", "--genome", "genome.json", "-o", "new",
                         "--epochs", "100000", "--limit-train", "32", "--batch", "16", "--threads",
                         "1", "--checkpoint-seconds", "0"});
  Ended ended = at_.StopWhen(pid, SIGINT, [&] { return at_.Exists("new/checkpoint.safetensors"); });
  EXPECT_EQ(ended.status, 130);
  EXPECT_TRUE(ended.errors.ends_with("stopped; the same command goes on from here\n"))
      << ended.errors;
  EXPECT_FALSE(at_.Exists("new/model.safetensors"));

  pid = at_.Start(Compress("100000"));
  ended = at_.StopWhen(pid, SIGINT,
                       [&] { return at_.Exists("run/compressed/checkpoint.safetensors"); });
  EXPECT_EQ(ended.status, 130);
  EXPECT_TRUE(ended.errors.ends_with("stopped\n")) << ended.errors;
  EXPECT_EQ(at_.Read("m.onnx"), "old");
  EXPECT_FALSE(at_.Exists("run/compressed/model.safetensors"));
}

TEST_F(TrainingErrors, TrainingThatIsKilledIsSaid) {
  at_.Write("killed", "#!/bin/sh\nkill -9 $$\n");
  std::filesystem::permissions(at_.Path("killed"), std::filesystem::perms::owner_all);
  Surroundings other;
  other.variables["TINYFORMER_TRAIN"] = at_.Path("killed");
  const Ended ended = at_.Run(Compress("3"), other);
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(
      at_.Normalised(ended.errors),
      ErrorText("cli/train-ended", "tinyformer-train compress", "its answer", "exit status 137",
                "run the same command again, it goes on; if it ran out of memory (status "
                "137), with a smaller --batch"));
}

TEST_F(TrainingErrors, KilledPruningGoesOnToTheSameModel) {
  const pid_t pid = at_.Start(Compress("3"));
  const Ended killed = at_.StopWhen(
      pid, SIGKILL, [&] { return at_.Exists("run/compressed/checkpoint.safetensors"); });
  EXPECT_EQ(killed.status, -SIGKILL);
  EXPECT_FALSE(at_.Exists("m.onnx"));
  Ended ended = at_.Run(Compress("3"));
  ASSERT_EQ(ended.status, 0) << ended.errors;
  const std::string resumed = at_.Read("m.onnx");
  std::filesystem::rename(at_.Path("run/compressed"), at_.Path("run/before"));
  ended = at_.Run(Compress("3"));
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(Checksum(at_.Read("m.onnx")), Checksum(resumed));
}

}  // namespace
}  // namespace tinyformer
