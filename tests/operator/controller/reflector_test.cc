#include "operator/controller/reflector.h"

#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "operator/kube/api/kube_error.h"
#include "tests/operator/controller/fake_list_watcher.h"

namespace squall {
namespace {

using std::chrono::seconds;
using Type = WatchEvent::Type;
using Lines = std::vector<std::string>;

absl::Status HttpError(int code) {
  KubeError error;
  error.http_code = code;
  error.message = "because";
  return ToStatus(error);
}

class ReflectorTest : public testing::Test {
 protected:
  // Runs the script to its end on this thread, as fast as it goes.
  ReflectorStats Run() {
    ReflectorOptions options;
    options.backoff.jitter = 0;
    options.resource = "pods";
    options.pause = [this](Nanos wait) {
      waits_.push_back(wait);
      clock_.Advance(wait);
      return source_.done();
    };
    Reflector reflector(options, &source_, Sink(), &clock_);
    source_.on_done = [&reflector] { reflector.Stop(); };
    reflector.Run();
    return reflector.Stats();
  }
  ReflectorSink Sink() {
    return {[this](const std::vector<boost::json::object>& objects) {
              std::string names = "=";
              for (const boost::json::object& object : objects) {
                names += " " + Name(object);
              }
              seen_.push_back(names);
            },
            [this](const WatchEvent& event) {
              seen_.push_back(std::string(WatchTypeName(event.type)) + " " + Name(event.object));
            }};
  }
  static boost::json::object Pod(const std::string& name, const std::string& version) {
    return MakeObject({"team", name}, version);
  }

  ManualClock clock_;
  FakeListWatcher source_;
  Lines seen_;
  std::vector<Nanos> waits_;
};

TEST_F(ReflectorTest, ListsThenWatchesOnAndOn) {
  source_.ThenList({Pod("a", "90"), Pod("b", "95")}, "100");
  source_.ThenWatch({{Type::kAdded, Pod("c", "101")}, {Type::kModified, Pod("a", "102")}});
  source_.ThenWatch({{Type::kDeleted, Pod("b", "103")}});
  const ReflectorStats stats = Run();
  EXPECT_EQ(source_.calls(), (Lines{"list", "watch 100", "watch 102", "watch 103"}));
  EXPECT_EQ(seen_, (Lines{"= a b", "ADDED c", "MODIFIED a", "DELETED b"}));
  EXPECT_TRUE(waits_.empty());
  EXPECT_TRUE(stats.synced);
  EXPECT_EQ(stats.lists, (std::map<std::string, uint64_t>{{"start", 1}}));
  EXPECT_EQ(stats.events,
            (std::map<std::string, uint64_t>{{"ADDED", 1}, {"MODIFIED", 1}, {"DELETED", 1}}));
}

TEST_F(ReflectorTest, ABookmarkMovesTheVersionAndIsNoChange) {
  source_.ThenList({}, "100");
  source_.ThenWatch({{Type::kBookmark, Pod("", "250")}});
  Run();
  EXPECT_EQ(source_.calls(), (Lines{"list", "watch 100", "watch 250"}));
  EXPECT_EQ(seen_, (Lines{"="}));
}

TEST_F(ReflectorTest, AnExpiredVersionIsListedAgainAndIsNoError) {
  source_.ThenList({}, "100");
  source_.ThenWatch({{Type::kAdded, Pod("a", "101")}}, HttpError(410));
  source_.ThenList({Pod("b", "900")}, "1000");
  const ReflectorStats stats = Run();
  EXPECT_EQ(source_.calls(), (Lines{"list", "watch 100", "list", "watch 1000"}));
  EXPECT_EQ(seen_, (Lines{"=", "ADDED a", "= b"}));
  EXPECT_TRUE(waits_.empty());
  EXPECT_EQ(stats.last_error, "");
  EXPECT_EQ(stats.lists, (std::map<std::string, uint64_t>{{"expired", 1}, {"start", 1}}));
}

TEST_F(ReflectorTest, ABrokenConnectionCostsNoList) {
  source_.ThenList({}, "100");
  source_.ThenWatch({{Type::kAdded, Pod("a", "101")}}, absl::UnavailableError("reset"));
  source_.ThenWatch({}, absl::UnavailableError("refused"));
  source_.ThenWatch({{Type::kAdded, Pod("b", "102")}});
  Run();
  EXPECT_EQ(source_.calls(), (Lines{"list", "watch 100", "watch 101", "watch 101", "watch 102"}));
  EXPECT_EQ(waits_,
            (std::vector<Nanos>{std::chrono::milliseconds(800), std::chrono::milliseconds(1600)}));
}

TEST_F(ReflectorTest, IsNotSyncedBeforeTheFirstList) {
  source_.ThenListFails(absl::UnavailableError("refused"));
  const ReflectorStats stats = Run();
  EXPECT_FALSE(stats.synced);
  EXPECT_EQ(stats.last_error, "list pods: refused");
  EXPECT_TRUE(seen_.empty());
}

TEST_F(ReflectorTest, StaysSyncedWhileTheServerIsAway) {
  source_.ThenList({}, "100");
  source_.ThenWatch({}, absl::UnavailableError("reset"));
  const ReflectorStats stats = Run();
  EXPECT_TRUE(stats.synced);
  EXPECT_EQ(stats.last_error, "watch pods: reset");
}

TEST_F(ReflectorTest, SaysThatARoleIsMissing) {
  source_.ThenListFails(HttpError(403));
  EXPECT_TRUE(Run().forbidden);
  EXPECT_EQ(waits_, (std::vector<Nanos>{seconds(30)}));
}

TEST_F(ReflectorTest, AWatchsTimeIsDrawnForEachWatch) {
  class Timeouts final : public ListWatcher {
   public:
    std::vector<Nanos> seen;
    absl::StatusOr<ObjectList> List() override { return ObjectList{{}, "1"}; }
    absl::Status Watch(const std::string&, Nanos timeout, const std::function<void(WatchEvent)>&,
                       StopSignal* stop) override {
      seen.push_back(timeout);
      if (seen.size() == 200) {
        stop->Stop();
      }
      return absl::OkStatus();
    }
  } source;
  ReflectorOptions options;
  options.pause = [](Nanos) { return false; };
  Reflector(options, &source, Sink(), &clock_).Run();
  const auto [shortest, longest] = std::minmax_element(source.seen.begin(), source.seen.end());
  EXPECT_GE(*shortest, seconds(300));
  EXPECT_LT(*shortest, seconds(320));
  EXPECT_LE(*longest, seconds(600));
  EXPECT_GT(*longest, seconds(580));
}

TEST_F(ReflectorTest, StopInterruptsAWatch) {
  source_.ThenList({Pod("a", "1")}, "100");
  const SystemClock clock;
  std::promise<void> listed;
  ReflectorSink sink = Sink();
  sink.replace = [&listed](const std::vector<boost::json::object>&) { listed.set_value(); };
  Reflector reflector({}, &source_, sink, &clock);
  reflector.Start();
  listed.get_future().wait();
  reflector.Stop();
  EXPECT_EQ(source_.calls().front(), "list");
  EXPECT_EQ(reflector.Stats().last_error, "") << "a stop is no failure";
}

TEST_F(ReflectorTest, MetricsCountListsAndEventsByWhy) {
  ReflectorStats stats;
  stats.lists = {{"expired", 2}};
  stats.events = {{"ADDED", 3}};
  EXPECT_EQ(MetricsText(MetricsOf("pods", stats)),
            "# HELP loadtest_watch_relists_total Lists of all objects, by why\n"
            "# TYPE loadtest_watch_relists_total counter\n"
            "loadtest_watch_relists_total{resource=\"pods\",reason=\"expired\"} 2\n"
            "# HELP loadtest_watch_events_total Events of watches, by type\n"
            "# TYPE loadtest_watch_events_total counter\n"
            "loadtest_watch_events_total{resource=\"pods\",type=\"ADDED\"} 3\n");
}

}  // namespace
}  // namespace squall
