#include "operator/loadtest/load_test_page.h"

#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

using std::chrono::seconds;

constexpr char kRunningStatus[] = R"(
phase: Running
runId: "1"
startTime: "2026-11-25T03:00:00Z"
plan: {hash: abc}
profile: {currentUsers: 40}
summary: {requests: 1000, failures: 7}
)";

TEST(LoadTestPageTest, ARunIsCalledByItsTestAndItsRunId) {
  EXPECT_EQ(ShownRunId(SomeTest("{}")), "team-a:peak:1");
  EXPECT_EQ(ShownRunId(SomeTest("{runId: night.2}")), "team-a:peak:night.2");
  EXPECT_EQ(KeyOfShownId("team-a:peak:night.2"), (ObjectKey{"team-a", "peak"}));
  for (const char* other : {"", "peak", "team-a:peak", "r-20261125-1"}) {
    EXPECT_EQ(KeyOfShownId(other), ObjectKey()) << other;
  }
}

TEST(LoadTestPageTest, ReadsTheStatusOfARunThatGoesOn) {
  const RunSummary summary = SummaryOf(SomeTest("{}", kRunningStatus));
  EXPECT_EQ(summary.run_id, "team-a:peak:1");
  EXPECT_EQ(summary.plan_name, "team-a/peak");
  EXPECT_EQ(summary.plan_digest, "abc");
  EXPECT_EQ(summary.state, RunState::kRunning);
  EXPECT_EQ(summary.started_at, SomeTime());
  EXPECT_EQ(summary.ended_at, std::nullopt);
  EXPECT_EQ(summary.users, 40U);
  EXPECT_EQ(summary.requests, 1000U);
  EXPECT_EQ(summary.failures, 7U);
  EXPECT_EQ(summary.verdict, std::nullopt);
}

TEST(LoadTestPageTest, ReadsHowARunEnded) {
  const RunSummary passed = SummaryOf(SomeTest("{}", R"(
phase: Succeeded
runId: "1"
completionTime: "2026-11-25T03:00:00Z"
profile: {currentUsers: 40}
conditions:
- {type: Complete, status: "True", message: profile finished}
- {type: Failed, status: "False", message: no}
- {type: Passed, status: "True"}
)"));
  EXPECT_EQ(passed.state, RunState::kFinished);
  EXPECT_EQ(passed.stop_reason, "profile finished");
  EXPECT_EQ(passed.verdict, Verdict::kPass);
  EXPECT_EQ(passed.users, 0U);
  EXPECT_TRUE(passed.ended_at.has_value());
  const RunSummary failed = SummaryOf(SomeTest("{}", R"(
phase: Succeeded
runId: "1"
conditions: [{type: Passed, status: "False", message: "p95 < 1 ms: 3 ms"}]
)"));
  EXPECT_EQ(failed.verdict, Verdict::kFail);
  EXPECT_EQ(failed.reasons, std::vector<std::string>{"p95 < 1 ms: 3 ms"});
}

TEST(LoadTestPageTest, TheStatusOfAnEarlierRunSaysNothing) {
  const RunSummary summary = SummaryOf(SomeTest("{runId: second}", kRunningStatus));
  EXPECT_EQ(summary.run_id, "team-a:peak:second");
  EXPECT_EQ(summary.state, RunState::kPrepared);
  EXPECT_EQ(summary.requests, 0U);
}

TEST(LoadTestPageTest, ARunThatHasNotBegunHasAVersionOfTheObject) {
  LoadTest test = SomeTest("{target: {host: 'http://shop.test'}}");
  test.object["metadata"].as_object()["resourceVersion"] = "4711";
  const RunView view = ViewOfWaiting(test);
  EXPECT_EQ(view.version, 4711U);
  EXPECT_EQ(view.host, "http://shop.test");
  EXPECT_EQ(view.summary.state, RunState::kPrepared);
  test.object["metadata"].as_object()["resourceVersion"] = "x";
  EXPECT_EQ(ViewOfWaiting(test).version, 1U);
}

TEST(LoadTestPageTest, TheSliderIsAnOverride) {
  EXPECT_EQ(serialize(LoadPatch({.users = 100, .spawn_rate = 12.5})),
            R"({"spec":{"profile":{"override":)"
            R"({"users":100,"spawnRate":"12.5","arrivalFactor":null}}}})");
  EXPECT_EQ(serialize(LoadPatch({.arrival_factor = 2})),
            R"({"spec":{"profile":{"override":)"
            R"({"users":null,"spawnRate":null,"arrivalFactor":"2"}}}})");
  EXPECT_EQ(serialize(LoadPatch({.clear = true})), R"({"spec":{"profile":{"override":null}}})");
  EXPECT_NE(serialize(LoadPatch({.users = 1, .spawn_rate = 1e-9})).find(R"("0.001")"),
            std::string::npos);
}

TEST(LoadTestPageTest, StagesTakeThePlaceOfWhateverTheLoadWas) {
  const LoadTest test =
      SomeTest("{profile: {shape: peak, users: 50, gracefulStopSeconds: 5, warmUp: 10s}}");
  EXPECT_EQ(serialize(StagesPatch(test, {{seconds(90), 20, 0.5}, {seconds(5), 0, 100}})),
            R"({"spec":{"profile":{"override":null,"shape":null,"users":null,"stages":[)"
            R"({"duration":"1m30s","users":20,"spawnRate":"0.5"},)"
            R"({"duration":"5s","users":0,"spawnRate":"100"}]}}})");
}

TEST(LoadTestPageTest, PauseAndStopAreWishes) {
  EXPECT_EQ(serialize(DesiredStatePatch(DesiredState::kPaused)),
            R"({"spec":{"desiredState":"Paused"}})");
  EXPECT_EQ(serialize(DesiredStatePatch(DesiredState::kRunning)),
            R"({"spec":{"desiredState":"Running"}})");
  EXPECT_EQ(serialize(DesiredStatePatch(DesiredState::kStopped)),
            R"({"spec":{"desiredState":"Stopped"}})");
}

}  // namespace
}  // namespace squall
