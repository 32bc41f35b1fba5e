// Watches without a network: what a cursor sees.
#include <string>
#include <utility>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/kube/fake_cluster.h"
#include "tests/support/kube/json_tools.h"
#include "tests/support/kube/sample_paths.h"

namespace squall {
namespace {

class WatchTest : public testing::Test {
 protected:
  void Put(const char* name, const char* label) {
    cluster_.Call("POST", kMaps,
                  fmt::format(R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":)"
                              R"({{"name":"{}","labels":{{"l":"{}"}}}}}})",
                              name, label));
  }
  void Relabel(const char* name, const char* label) {
    cluster_.Call("PATCH", fmt::format("{}/{}", kMaps, name),
                  fmt::format(R"({{"metadata":{{"labels":{{"l":"{}"}}}}}})", label),
                  "application/merge-patch+json");
  }
  void Delete(const char* name) { cluster_.Call("DELETE", fmt::format("{}/{}", kMaps, name)); }

  // Begins a watch; the names of what it says first.
  std::vector<std::string> Open(const std::string& query) {
    const ApiRequest request = MakeRequest("GET", std::string(kMaps) + "?watch=true" + query);
    std::vector<boost::json::object> events;
    EXPECT_FALSE(cluster_.OpenWatch(*cluster_.Route(request.path), request, &cursor_, &events));
    return Names(events);
  }
  std::vector<std::string> Read() { return Names(cluster_.ReadWatch(&cursor_, Nanos(0), &ended_)); }

  static std::vector<std::string> Names(const std::vector<boost::json::object>& events) {
    std::vector<std::string> names;
    for (const boost::json::object& event : events) {
      names.push_back(DigText(event, "type") + " " + DigText(event, "object.metadata.name"));
    }
    return names;
  }

  using Lines = std::vector<std::string>;
  ManualClock clock_;
  FakeCluster cluster_{{}, &clock_};
  WatchCursor cursor_;
  bool ended_ = false;
};

TEST_F(WatchTest, WithoutAVersionItBeginsWithWhatIsThere) {
  Put("a", "x");
  EXPECT_EQ(Open(""), Lines{"ADDED a"});
  EXPECT_EQ(Read(), Lines{});
  EXPECT_EQ(Open("&resourceVersion=0"), Lines{"ADDED a"});
}

TEST_F(WatchTest, FromAVersionItTellsWhatCameAfter) {
  Put("a", "x");
  const std::string version = std::to_string(cluster_.version());
  Put("b", "x");
  Relabel("a", "y");
  Delete("b");
  EXPECT_EQ(Open("&resourceVersion=" + version), Lines{});
  EXPECT_EQ(Read(), (Lines{"ADDED b", "MODIFIED a", "DELETED b"}));
  EXPECT_EQ(Read(), Lines{});
}

TEST_F(WatchTest, ASelectorTurnsChangesIntoComingAndGoing) {
  Put("a", "x");
  EXPECT_EQ(Open("&labelSelector=l%3Dy"), Lines{});
  Relabel("a", "y");
  EXPECT_EQ(Read(), Lines{"ADDED a"});
  Relabel("a", "x");
  EXPECT_EQ(Read(), Lines{"DELETED a"});
  Relabel("a", "z");
  EXPECT_EQ(Read(), Lines{});
}

TEST_F(WatchTest, OneNameByFieldSelector) {
  EXPECT_EQ(Open("&fieldSelector=metadata.name%3Db"), Lines{});
  Put("a", "x");
  Put("b", "x");
  EXPECT_EQ(Read(), Lines{"ADDED b"});
}

TEST_F(WatchTest, AForgottenVersionEndsItWith410) {
  Put("a", "x");
  const std::string version = std::to_string(cluster_.version());
  Put("b", "x");
  cluster_.Compact();
  EXPECT_EQ(Open("&resourceVersion=" + version), Lines{});
  const auto events = cluster_.ReadWatch(&cursor_, Nanos(0), &ended_);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(ended_);
  EXPECT_EQ(DigText(events[0], "type"), "ERROR");
  EXPECT_EQ(DigInt(events[0], "object.code"), 410);
  EXPECT_EQ(DigText(events[0], "object.reason"), "Expired");
}

TEST_F(WatchTest, ABookmarkCarriesTheVersionOfOtherTypes) {
  Open("");
  cluster_.SkipVersions(1000);
  Read();
  EXPECT_EQ(DigText(BookmarkOf(cursor_), "object.metadata.resourceVersion"),
            std::to_string(cluster_.version()));
}

TEST_F(WatchTest, WatchListIsRefusedAsServersWithoutItDo) {
  const ApiRequest request =
      MakeRequest("GET", std::string(kMaps) + "?watch=true&sendInitialEvents=true");
  std::vector<boost::json::object> events;
  const ApiRefusal refusal =
      cluster_.OpenWatch(*cluster_.Route(request.path), request, &cursor_, &events);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code, 422);
}

}  // namespace
}  // namespace squall
