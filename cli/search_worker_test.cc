#include "cli/search_worker.h"

#include <gtest/gtest.h>

namespace tinyformer {
namespace {

Json Build(const std::string& version, const std::string& commit) {
  return {{"threads", 1}, {"version", version}, {"commit", commit}};
}

Event Joined(const std::string& version, const std::string& commit) {
  Event event;
  event.kind = "joined";
  event.detail = Build(version, commit);
  return event;
}

TEST(OtherBuilds, AreWarnedOfOnce) {
  Event left;
  left.kind = "left";
  left.detail = {{"why", "done"}};
  const std::vector<Event> events = {Joined("0.1.0", "aaa"), left, Joined("0.2.0", "bbb"),
                                     Joined("0.1.0", "aaa"), Joined("0.2.0", "ccc")};
  EXPECT_EQ(OtherBuildWarning(events, Build("0.2.0", "ccc")),
            "warning: this worker is tinyformer 0.2.0 (ccc), others of this search were "
            "0.1.0 (aaa), 0.2.0 (bbb); what they found is compared as if one had trained it all\n");
}

TEST(OtherBuilds, NoneIsNotWarnedOf) {
  EXPECT_EQ(OtherBuildWarning({}, Build("0.2.0", "ccc")), "");
  EXPECT_EQ(OtherBuildWarning({Joined("0.2.0", "ccc")}, Build("0.2.0", "ccc")), "");
}

}  // namespace
}  // namespace tinyformer
