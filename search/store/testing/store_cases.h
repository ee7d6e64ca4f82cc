// What the tests of the store share: the cases that every kind of database must pass.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/testing_error.h"
#include "search/store/store.h"

namespace tinyformer {

/// A folder of a test's own, removed with all in it.
class StoreFolder {
 public:
  StoreFolder() { TF_CHECK(::mkdtemp(path_.data()) != nullptr, path_); }
  ~StoreFolder() { std::filesystem::remove_all(path_); }
  StoreFolder(const StoreFolder&) = delete;
  StoreFolder& operator=(const StoreFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "tf-store-XXXXXX";
};

/// Where a test's store is: makes the URL of a fresh, empty one.
struct StorePlace {
  std::string kind;
  std::function<std::string(const StoreFolder& folder)> make_url;
};

class StoreTest : public ::testing::TestWithParam<StorePlace> {
 protected:
  void SetUp() override {
    url_ = GetParam().make_url(folder_);
    store_ = OpenStore(url_);
  }
  /// Another connection to the same store.
  std::unique_ptr<Store> Again() { return OpenStore(url_); }
  /// A study with candidates 0 .. trials - 1.
  int64_t MakeStudy(int64_t trials) {
    int64_t study = store_->OpenStudy("cifar", {{"seed", 1}}, "data-1").id;
    std::vector<NewTrial> added;
    for (int64_t i = 0; i < trials; ++i) added.push_back({"candidate", i, {{"genome", i}}});
    store_->AddTrials(study, added);
    return study;
  }
  std::optional<ClaimedTrial> Claim(int64_t study, int64_t lease_ms = 60'000) {
    return store_->Claim(study, {.worker = "w1", .kinds = {"candidate"}, .lease_ms = lease_ms});
  }

  StoreFolder folder_;
  std::string url_;
  std::unique_ptr<Store> store_;
};

}  // namespace tinyformer
