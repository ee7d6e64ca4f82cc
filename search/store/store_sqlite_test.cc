#include <sqlite3.h>

#include <filesystem>

#include "search/store/testing/store_cases.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

// A path in a folder of its own for each test.
std::string FreshPath(const std::string& name = "search.db") {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string folder = testing::TempDir() + "tf-store-" + test->name();
  std::replace(folder.begin() + static_cast<long>(testing::TempDir().size()), folder.end(), '/',
               '-');
  fs::remove_all(folder);
  return folder + "/" + name;
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreTest,
                         testing::Values(StorePlace{"sqlite", [] { return FreshPath(); }}),
                         [](const auto& place) { return place.param.kind; });

}  // namespace
}  // namespace tinyformer
