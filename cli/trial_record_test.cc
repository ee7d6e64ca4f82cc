#include "cli/trial_record.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "base/testing_error.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEpochs =
    "{\"epoch\":1,\"step\":4,\"train_loss\":2.5,\"validation_accuracy\":0.25}\n"
    "{\"epoch\":2,\"step\":8,\"train_loss\":null,\"validation_accuracy\":0.5}\n";

// A store with one claimed trial, candidate 3, and the folder of its search.
class TrialRecordTest : public ::testing::Test {
 protected:
  TrialRecordTest() {
    folder_ = std::string("trial_record_") +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    store_ = OpenStore(folder_ + "/search.db");
    study_ = store_->OpenStudy("search", Json::object(), "data").id;
    store_->AddTrials(study_, {{"candidate", 3, Json::object()}});
    claimed_ = store_->Claim(study_, {.worker = "here:1"}).value();
  }

  TrialFiles Files(bool keep_bytes, const std::string& folder = "") const {
    return {folder.empty() ? folder_ : folder, "candidates/0003", keep_bytes};
  }
  void Write(const std::string& name, const std::string& text) const {
    WriteFileAtomic(folder_ + "/candidates/0003/" + name, text);
  }
  std::string Curves() const {
    std::string text;
    for (const Metric& metric : store_->Metrics(claimed_.trial.id)) {
      text += metric.name + " " + std::to_string(metric.step) + " " +
              (std::isnan(metric.value) ? "nan" : Json(metric.value).dump()) + "\n";
    }
    return text;
  }

  std::string folder_;
  std::unique_ptr<Store> store_;
  int64_t study_ = 0;
  ClaimedTrial claimed_;
};

TEST_F(TrialRecordTest, CurvesComeWhileTheTrialGoesOn) {
  TrialRecord record(store_.get(), claimed_.lease, Files(false), 5);
  const std::string epochs = kEpochs;
  Write("run/metrics.jsonl", epochs.substr(0, epochs.find('\n') + 1));
  while (Curves().empty()) std::this_thread::yield();
  Write("run/metrics.jsonl", epochs);
  Write("run/compressed/metrics.jsonl", "{\"epoch\":1,\"sparsity\":0.5}\n");
  record.Finish();
  EXPECT_EQ(Curves(),
            "compressed/sparsity 1 0.5\n"
            "train_loss 1 2.5\ntrain_loss 2 nan\n"
            "validation_accuracy 1 0.25\nvalidation_accuracy 2 0.5\n");
}

TEST_F(TrialRecordTest, ALookThatFailsIsNotTheLast) {
  Write("run/metrics.jsonl", "{\"epoch\":1,\"train_loss\":2.5}\n");
  Write("run/compressed/metrics.jsonl", "{\"sparsity\":0.5}\n");
  TrialRecord record(store_.get(), claimed_.lease, Files(false), 5);
  const std::string first = "train_loss 1 2.5\n", both = first + "train_loss 2 1.5\n";
  while (Curves() != first) std::this_thread::yield();
  Write("run/metrics.jsonl",
        "{\"epoch\":1,\"train_loss\":2.5}\n{\"epoch\":2,\"train_loss\":1.5}\n");
  while (Curves() != both) std::this_thread::yield();
  Write("run/compressed/metrics.jsonl", "{\"epoch\":1,\"sparsity\":0.5}\n");
  record.Finish();
  EXPECT_EQ(Curves(), "compressed/sparsity 1 0.5\n" + both);
}

TEST_F(TrialRecordTest, WhatTrainingDidNotWriteIsAnError) {
  Write("run/metrics.jsonl", "{\"loss\":1}\n");
  TrialRecord record(store_.get(), claimed_.lease, Files(false));
  EXPECT_EQ(ErrorText([&] { record.Finish(); }),
            "error[json/key] " + folder_ +
                "/candidates/0003/run/metrics.jsonl: key 'epoch'\n"
                "  expected: a whole number\n"
                "  found:    no such key\n"
                "  fix:      correct this key in the file");
}

TEST_F(TrialRecordTest, FilesAreNotedWithTheirChecksums) {
  Write("model.onnx", "network");
  Write("run/supernet.safetensors", "weights");
  Write("run/checkpoint.safetensors", "a supernet's, which nobody else needs");
  Write("notes.txt", "not ours");
  TrialRecord record(store_.get(), claimed_.lease, Files(false));
  record.AddFiles();
  const std::vector<Artifact> artifacts = store_->Artifacts(claimed_.trial.id);
  ASSERT_EQ(artifacts.size(), 2U);
  EXPECT_EQ(artifacts[0].name, "model.onnx");
  EXPECT_EQ(artifacts[0].path, "candidates/0003/model.onnx");
  EXPECT_EQ(artifacts[0].checksum, Checksum("network"));
  EXPECT_EQ(artifacts[1].name, "run/supernet.safetensors");
  EXPECT_EQ(store_->ReadArtifact(claimed_.trial.id, "run/supernet.safetensors", folder_),
            "weights");
}

TEST_F(TrialRecordTest, AnotherFolderGetsTheFilesThatTheStoreHolds) {
  Write("genome.json", "{}");
  Write("run/model.safetensors", "weights");
  TrialRecord record(store_.get(), claimed_.lease, Files(true));
  record.AddFiles();
  const std::string other = folder_ + "/other";
  const std::string needed = "run/model.safetensors";
  FetchTrialFiles(store_.get(), claimed_.trial, Files(true, other), needed);
  EXPECT_EQ(ReadFile(other + "/candidates/0003/genome.json"), "{}");
  EXPECT_EQ(ReadFile(other + "/candidates/0003/" + needed), "weights");
  // What is there stays as it is.
  WriteFileAtomic(other + "/candidates/0003/" + needed, "of its own");
  FetchTrialFiles(store_.get(), claimed_.trial, Files(true, other), needed);
  EXPECT_EQ(ReadFile(other + "/candidates/0003/" + needed), "of its own");
}

TEST_F(TrialRecordTest, FilesThatAreElsewhereAreNamed) {
  Write("run/model.safetensors", "weights");
  TrialRecord record(store_.get(), claimed_.lease, Files(false));
  record.AddFiles();
  EXPECT_EQ(ErrorText([&] {
              FetchTrialFiles(store_.get(), claimed_.trial, Files(false, "other"),
                              "run/model.safetensors");
            }),
            "error[search/files-elsewhere] candidates/0003/run/model.safetensors\n"
            "  expected: this file in the folder other, or in the store " +
                folder_ +
                "/search.db\n"
                "  found:    neither, 7 bytes; worker here:1 made it in another folder\n"
                "  fix:      give all workers one shared folder with -o; files of up to 64 MiB "
                "travel through a PostgreSQL store as well");
}

}  // namespace
}  // namespace tinyformer
