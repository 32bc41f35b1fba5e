#include "operator/loadtest/status.h"

#include <memory>
#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

// A test that runs, looked at again and again; what is written is what is read the next time.
class StatusTest : public testing::Test {
 protected:
  StatusTest() {
    seen_.test = SomeTest("{agents: {replicas: 2}}");
    seen_.now = SomeTime();
    seen_.run = RunSeen();
    seen_.run->started = true;
    seen_.run->started_at = SomeTime();
    seen_.run->present = {"a", "b"};
    seen_.run->start_skew = std::chrono::milliseconds(12);
    seen_.run->requests = 100;
    seen_.run->failures = 1;
    seen_.run->requests_per_second = 12.34;
    seen_.run->p95 = std::chrono::microseconds(1500);
    seen_.run->users = 7;
    seen_.run->target_users = 9;
    seen_.run->endpoints = {{"GET", "Buy", 60, 1, seconds(1)}, {"GET", "Look", 40, 0, seconds(2)}};
    decision_.phase = "Running";
    decision_.conditions["AgentsReady"] = {"True", "AllReady", "2 agents take part"};
  }

  json::object Write() {
    json::object status = StatusOf(seen_, decision_, notes_);
    seen_.test.status = status;
    seen_.test.object["status"] = status;
    return status;
  }
  static std::string At(const json::object& status, const std::string& type, const char* field) {
    json::object object;
    object["status"] = status;
    const json::object* found = ConditionOf(object, type);
    return found == nullptr ? "none" : StringAt(*found, field);
  }

  Observation seen_;
  Decision decision_;
  StatusNotes notes_;
};

TEST_F(StatusTest, ShowsTheRun) {
  decision_.stage = "1/2 up";
  decision_.stage_index = 0;
  decision_.stage_ends = SomeTime() + seconds(5);
  const json::object status = Write();
  EXPECT_EQ(StringAt(status, "phase"), "Running");
  EXPECT_EQ(StringAt(status, "runId"), "1");
  EXPECT_EQ(IntAt(status, "observedGeneration"), 3);
  EXPECT_EQ(StringAt(status, "startTime"), "2026-11-25T03:00:00Z");
  EXPECT_EQ(*Find(status, "profile"),
            json::value(Yaml("{revision: 3, targetUsers: 9, currentUsers: 7, stage: 1/2 up, "
                             "stageIndex: 0, stageEndTime: '2026-11-25T03:00:05Z'}")))
      << json::serialize(*Find(status, "profile"));
  EXPECT_EQ(StringAt(status, "summary.failureRatio"), "0.010000");
  EXPECT_EQ(StringAt(status, "summary.requestsPerSecond"), "12.3");
  EXPECT_EQ(StringAt(status, "summary.p95Milliseconds"), "1.500");
  EXPECT_EQ(ArrayAt(status, "summary.endpoints")->size(), 2U);
  EXPECT_EQ(IntAt(status, "agents.running"), 2);
  EXPECT_EQ(IntAt(status, "agents.startSkewMilliseconds"), 12);
}

TEST_F(StatusTest, EveryConditionIsThereFromTheFirstSightOn) {
  const json::object status = Write();
  EXPECT_EQ(ArrayAt(status, "conditions")->size(), 11U);
  for (const json::value& condition : *ArrayAt(status, "conditions")) {
    EXPECT_NE(StringAt(condition.get_object(), "reason"), "");
    EXPECT_EQ(StringAt(condition.get_object(), "lastTransitionTime"), "2026-11-25T03:00:00Z");
  }
  EXPECT_EQ(At(status, "Complete", "status"), "Unknown");
  EXPECT_EQ(At(status, "Reconciling", "status"), "True");
  EXPECT_EQ(At(status, "Ready", "status"), "False");
}

TEST_F(StatusTest, TheTimeOfAConditionChangesWithItsStatusAlone) {
  Write();
  seen_.now += seconds(3);
  decision_.conditions["AgentsReady"] = {"True", "PartialStart", "1 agents take part"};
  json::object status = Write();
  EXPECT_EQ(At(status, "AgentsReady", "reason"), "PartialStart");
  EXPECT_EQ(At(status, "AgentsReady", "lastTransitionTime"), "2026-11-25T03:00:00Z");
  decision_.conditions["AgentsReady"] = {"False", "WaitingForPods", ""};
  status = Write();
  EXPECT_EQ(At(status, "AgentsReady", "lastTransitionTime"), "2026-11-25T03:00:03Z");
  decision_.conditions.clear();  // nothing to say: as it was
  seen_.now += seconds(3);
  status = Write();
  EXPECT_EQ(At(status, "AgentsReady", "reason"), "WaitingForPods");
  EXPECT_EQ(At(status, "AgentsReady", "lastTransitionTime"), "2026-11-25T03:00:03Z");
}

TEST_F(StatusTest, FiguresAreRenewedOnceAPeriod) {
  const json::object first = Write();
  seen_.now += seconds(9);
  seen_.run->requests = 200;
  seen_.run->users = 8;
  EXPECT_EQ(Write(), first);
  seen_.now += seconds(1);
  const json::object second = Write();
  EXPECT_EQ(IntAt(second, "summary.requests"), 200);
  EXPECT_EQ(IntAt(second, "profile.currentUsers"), 8);
}

TEST_F(StatusTest, FiguresComeAlongWithARealChange) {
  Write();
  seen_.now += seconds(1);
  seen_.run->requests = 200;
  seen_.run->present = {"a"};
  seen_.run->lost = {"b"};
  const json::object status = Write();
  EXPECT_EQ(IntAt(status, "summary.requests"), 200);
  EXPECT_EQ(IntAt(status, "agents.lost"), 1);
  seen_.now += seconds(1);
  decision_.stage = "2/2";
  seen_.run->requests = 300;
  EXPECT_EQ(IntAt(Write(), "summary.requests"), 300);
}

TEST_F(StatusTest, OnlyTheTopEndpointsAreShown) {
  seen_.test.top_endpoints = 1;
  const json::object status = Write();
  ASSERT_EQ(ArrayAt(status, "summary.endpoints")->size(), 1U);
  EXPECT_EQ(StringAt((*ArrayAt(status, "summary.endpoints"))[0].get_object(), "name"), "Buy");
}

TEST_F(StatusTest, ARunThatIsOverKeepsItsFigures) {
  Write();
  seen_.run.reset();
  decision_.phase = "Succeeded";
  decision_.completed_at = SomeTime() + seconds(60);
  notes_.report_name = "peak-1-report";
  const json::object status = Write();
  EXPECT_EQ(IntAt(status, "summary.requests"), 100);
  EXPECT_EQ(IntAt(status, "agents.running"), 2);
  EXPECT_EQ(StringAt(status, "completionTime"), "2026-11-25T03:01:00Z");
  EXPECT_EQ(StringAt(status, "report.configMapName"), "peak-1-report");
  EXPECT_EQ(At(status, "ResultsStored", "status"), "True");
  EXPECT_EQ(At(status, "Ready", "status"), "True");
  EXPECT_EQ(At(status, "Reconciling", "status"), "False");
  EXPECT_EQ(At(status, "Stalled", "status"), "False");
}

TEST_F(StatusTest, AFailedTestIsStalled) {
  decision_.phase = "Failed";
  decision_.conditions["Failed"] = {"True", "AgentsLost", "2 agents were lost"};
  notes_.report_problem = "too large";
  const json::object status = Write();
  EXPECT_EQ(At(status, "Ready", "status"), "False");
  EXPECT_EQ(At(status, "Stalled", "status"), "True");
  EXPECT_EQ(At(status, "Stalled", "reason"), "AgentsLost");
  EXPECT_EQ(At(status, "ResultsStored", "reason"), "ReportTooLarge");
}

ThresholdResult Judged(std::optional<double> observed, bool passed) {
  ThresholdResult result;
  result.threshold.text = "response_time: p(95) < 1s";
  result.observed = observed;
  result.passed = passed;
  return result;
}

TEST_F(StatusTest, ThresholdsRememberSinceWhenTheyFail) {
  notes_.threshold_names = {"fast"};
  seen_.run->thresholds = {Judged(std::nullopt, false)};
  json::object status = Write();
  const auto first = [&] { return (*ArrayAt(status, "thresholds"))[0].get_object(); };
  EXPECT_EQ(StringAt(first(), "name"), "fast");
  EXPECT_EQ(StringAt(first(), "result"), "Unknown");
  EXPECT_EQ(StringAt(first(), "observed"), "no data");
  seen_.now += seconds(10);
  seen_.run->thresholds = {Judged(2, false)};
  status = Write();
  EXPECT_EQ(StringAt(first(), "result"), "Failed");
  EXPECT_EQ(StringAt(first(), "failedTime"), "2026-11-25T03:00:10Z");
  seen_.now += seconds(10);
  status = Write();
  EXPECT_EQ(StringAt(first(), "failedTime"), "2026-11-25T03:00:10Z");
  seen_.now += seconds(10);
  seen_.run->thresholds = {Judged(0.5, true)};
  status = Write();
  EXPECT_EQ(StringAt(first(), "result"), "Passed");
  EXPECT_EQ(Find(first(), "failedTime"), nullptr);
}

TEST_F(StatusTest, NoDataAtTheEndHasFailed) {
  seen_.run->over = true;
  seen_.run->thresholds = {Judged(std::nullopt, false)};
  const json::object status = Write();
  EXPECT_EQ(StringAt((*ArrayAt(status, "thresholds"))[0].get_object(), "result"), "Failed");
}

TEST_F(StatusTest, AnotherRunBeginsWithACleanPage) {
  notes_.report_name = "peak-1-report";
  decision_.completed_at = SomeTime();
  Write();
  seen_.run.reset();
  seen_.test.run_id = "2";
  decision_ = Decision();
  decision_.phase = "Preparing";
  notes_ = StatusNotes();
  seen_.now += seconds(60);
  const json::object status = Write();
  for (const char* gone : {"summary", "report", "completionTime", "startTime", "profile",
                           "thresholds", "agents.running"}) {
    EXPECT_EQ(Find(status, gone), nullptr) << gone;
  }
  EXPECT_EQ(At(status, "AgentsReady", "status"), "Unknown");
  EXPECT_EQ(At(status, "AgentsReady", "lastTransitionTime"), "2026-11-25T03:01:00Z");
}

PodView Pod(const char* name, bool ours, bool ready, const char* reason) {
  PodView pod;
  pod.name = name;
  pod.ours = ours;
  pod.ready = ready;
  pod.reason = reason;
  return pod;
}

TEST_F(StatusTest, CountsPodsAndTellsTheirProblems) {
  seen_.pods = {Pod("peak-agent-0", true, true, ""), Pod("peak-agent-1", true, false, "Evicted"),
                Pod("other", false, true, "")};
  seen_.pods[1].over = true;
  const json::object status = Write();
  EXPECT_EQ(IntAt(status, "agents.desired"), 2);
  EXPECT_EQ(IntAt(status, "agents.current"), 1);
  EXPECT_EQ(IntAt(status, "agents.ready"), 1);
  EXPECT_EQ(StringAt(status, "agents.readyOfDesired"), "1/2");
  ASSERT_EQ(ArrayAt(status, "agents.problems")->size(), 1U);
  EXPECT_EQ((*ArrayAt(status, "agents.problems"))[0],
            json::value(Yaml("{pod: peak-agent-1, reason: Evicted, message: ''}")));
}

TEST_F(StatusTest, NoMoreProblemsThanTheCrdAllows) {
  for (int i = 0; i < 20; ++i) {
    seen_.pods.push_back(Pod("p", true, false, "Unschedulable"));
  }
  EXPECT_EQ(ArrayAt(Write(), "agents.problems")->size(), 10U);
}

TEST_F(StatusTest, ALongMessageIsCutBetweenCharacters) {
  std::string message(4095, 'x');
  decision_.conditions["PlanValid"] = {"False", "InvalidPlan", message + "é"};
  EXPECT_EQ(At(Write(), "PlanValid", "message"), message);
  decision_.conditions["PlanValid"] = {"False", "InvalidPlan", std::string(9000, 'x')};
  EXPECT_EQ(At(Write(), "PlanValid", "message").size(), 4096U);
}

TEST_F(StatusTest, WritingTwiceChangesNothing) {
  notes_.plan_hash = "sha256:1";
  notes_.threshold_names = {"fast"};
  seen_.run->thresholds = {Judged(2, false)};
  seen_.pods = {Pod("peak-agent-1", true, false, "Evicted")};
  const json::object first = Write();
  EXPECT_EQ(Write(), first);
}

}  // namespace
}  // namespace squall
