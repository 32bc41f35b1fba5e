#include "daemon/stats/verdict.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

EntryStats& Entry(Snapshot* snapshot, RunPhase phase = RunPhase::kMeasured) {
  return snapshot->entries[{phase, "Buy", "POST"}];
}

// An agent that had an easy time: 1 000 requests, none failed.
Snapshot HealthyAgent() {
  Snapshot agent;
  agent.agent_id = "a-2";
  agent.state = RunState::kFinished;
  agent.health.shards = 2;
  agent.health.elapsed_seconds = 10;
  agent.health.thread_seconds = 9;
  agent.health.run_delay_seconds = 0.5;
  agent.health.fd_limit = 1'000;
  agent.health.open_fds = 100;
  agent.health.loop_lag.RecordMany(milliseconds(1), 100);
  Entry(&agent).requests = 1'000;
  return agent;
}

void MakeOpenModel(Snapshot* agent) {
  agent->arrivals_planned = 1'000;
  agent->iterations = 1'000;
  Entry(agent).start_delay.RecordMany(milliseconds(1), 1'000);
}

VerdictReport Judge(const Snapshot& agent, const std::vector<ThresholdResult>& thresholds = {},
                    bool failures_allowed = false) {
  return JudgeRun(MergeSnapshots({&agent}), {&agent}, thresholds, failures_allowed);
}

struct Judgement {
  std::string what;
  std::function<void(Snapshot*)> change;
  Verdict verdict;
  std::vector<std::string> reasons;
  std::vector<std::string> warnings = {};
};

void ExpectJudgements(const std::vector<Judgement>& rows) {
  for (const Judgement& row : rows) {
    Snapshot agent = HealthyAgent();
    row.change(&agent);
    const VerdictReport report = Judge(agent);
    EXPECT_EQ(report.verdict, row.verdict) << row.what;
    EXPECT_EQ(report.reasons, row.reasons) << row.what;
    EXPECT_EQ(report.warnings, row.warnings) << row.what;
  }
}

TEST(VerdictTest, AHealthyRunWithoutFailuresPasses) {
  const VerdictReport report = Judge(HealthyAgent());
  EXPECT_EQ(report, VerdictReport{});
  EXPECT_EQ(report.verdict, Verdict::kPass);
}

TEST(VerdictTest, AStarvedGeneratorIsInvalid) {
  ExpectJudgements({
      {"late event loops",
       [](Snapshot* agent) { agent->health.loop_lag.RecordMany(milliseconds(312), 5); },
       Verdict::kInvalid,
       {"the generator: event loop lag p99 311ms exceeds 100ms: the generator was short of CPU; "
        "use "
        "more agents or fewer users"}},
      {"one late wake-up of many",
       [](Snapshot* agent) { agent->health.loop_lag.Record(milliseconds(312)); },
       Verdict::kPass,
       {}},
      {"too few wake-ups to tell",
       [](Snapshot* agent) {
         agent->health.loop_lag.Clear();
         agent->health.loop_lag.RecordMany(seconds(1), 19);
       },
       Verdict::kPass,
       {}},
      {"threads that wait for a core, in turns too short to matter",
       [](Snapshot* agent) { agent->health.run_delay_seconds = 6; },
       Verdict::kPass,
       {},
       {"the generator: its threads waited for a CPU 30% of the time, more than 25%: other "
        "processes "
        "or a CPU quota held it back; give it cores of its own"}},
      {"threads that wait for a core, and loops that are late for it",
       [](Snapshot* agent) {
         agent->health.run_delay_seconds = 6;
         agent->health.loop_lag.RecordMany(milliseconds(30), 10);
       },
       Verdict::kInvalid,
       {"the generator: its threads waited for a CPU 30% of the time, more than 25%: other "
        "processes "
        "or a CPU quota held it back; give it cores of its own"}},
      {"the same in a run of a few milliseconds, which is noise of its start",
       [](Snapshot* agent) {
         agent->health.elapsed_seconds = 0.005;
         agent->health.thread_seconds = 0.001;
         agent->health.run_delay_seconds = 0.24;
         agent->health.loop_lag.RecordMany(milliseconds(30), 10);
       },
       Verdict::kPass,
       {}},
      {"no figures at all", [](Snapshot* agent) { agent->health = {}; }, Verdict::kPass, {}},
  });
}

TEST(VerdictTest, AGeneratorThatRanOutOfSomethingIsInvalid) {
  ExpectJudgements({
      {"file descriptors",
       [](Snapshot* agent) { agent->health.fd_exhausted = 3; },
       Verdict::kInvalid,
       {"the generator: no file descriptor was left 3 times (limit 1000): raise the limit (ulimit "
        "-n), or use more agents or fewer users"}},
      {"ports",
       [](Snapshot* agent) { agent->health.ports_exhausted = 4; },
       Verdict::kInvalid,
       {"the generator: no local port was left 4 times: keep connections open, widen "
        "net.ipv4.ip_local_port_range, or use more agents"}},
      {"memory",
       [](Snapshot* agent) { agent->health.memory_exhausted = 5; },
       Verdict::kInvalid,
       {"the generator: no memory was left for a socket 5 times: give it more memory, or use more "
        "agents or fewer users"}},
  });
}

TEST(VerdictTest, AGeneratorThatCannotKeepUpWithTheArrivalsIsInvalid) {
  ExpectJudgements({
      {"an open model that kept up", MakeOpenModel, Verdict::kPass, {}},
      {"arrivals that were never started",
       [](Snapshot* agent) {
         MakeOpenModel(agent);
         agent->arrivals_planned = 2'000;
       },
       Verdict::kInvalid,
       {"the generator: started 1000 of 2000 arrivals (50.0%), less than 95%: the generator could "
        "not keep up; use more agents or a lower rate"}},
      {"arrivals that are still under way",
       [](Snapshot* agent) {
         MakeOpenModel(agent);
         agent->arrivals_planned = 2'000;
         agent->open_requests = 950;
       },
       Verdict::kPass,
       {}},
      {"arrivals that left late",
       [](Snapshot* agent) {
         MakeOpenModel(agent);
         Entry(agent).start_delay.RecordMany(milliseconds(500), 500);
       },
       Verdict::kInvalid,
       {"the generator: start delay p90 500ms exceeds 100ms, connecting left out: requests left "
        "later "
        "than scheduled; use more agents or a lower rate"}},
      {"a target that is slow to accept",
       [](Snapshot* agent) {
         MakeOpenModel(agent);
         Entry(agent).start_delay.RecordMany(milliseconds(500), 500);
         Entry(agent).times.connect.RecordMany(milliseconds(490), 100);
       },
       Verdict::kPass,
       {}},
      {"a paced closed model, whose lateness is the target's",
       [](Snapshot* agent) { Entry(agent).start_delay.RecordMany(seconds(5), 500); },
       Verdict::kPass,
       {}},
      {"arrivals dropped at a slow target",
       [](Snapshot* agent) {
         MakeOpenModel(agent);
         agent->arrivals_planned = 2'000;
         agent->dropped_iterations = 1'000;
       },
       Verdict::kPass,
       {},
       {"1000 of 2000 arrivals were dropped, since every user was busy: the target was slow, or "
        "max_users is too low"}},
  });
}

TEST(VerdictTest, FailuresFailTheRun) {
  ExpectJudgements({
      {"no request",
       [](Snapshot* agent) { agent->entries.clear(); },
       Verdict::kFail,
       {"no request was sent"}},
      {"requests in the warm-up only",
       [](Snapshot* agent) {
         agent->entries.clear();
         Entry(agent, RunPhase::kWarmUp).requests = 5;
       },
       Verdict::kFail,
       {"no request was sent outside the warm-up and the cool-down"}},
      {"failed requests",
       [](Snapshot* agent) {
         Entry(agent).failures = 4;
         agent->failures[{"POST", "Buy", "HTTP 503"}].count = 3;
         agent->failures[{"POST", "Buy", "timed out"}].count = 1;
       },
       Verdict::kFail,
       {"4 of 1000 requests failed (0.4%), most often 3 times 'POST Buy': HTTP 503"}},
      {"failures in the warm-up",
       [](Snapshot* agent) { Entry(agent, RunPhase::kWarmUp).failures = 4; },
       Verdict::kPass,
       {}},
      {"task errors",
       [](Snapshot* agent) {
         agent->task_errors = {{"variable 'id' is not set", 7}, {"x", 1}};
       },
       Verdict::kFail,
       {"8 task errors, most often 7 times: variable 'id' is not set"}},
      {"an agent that broke",
       [](Snapshot* agent) {
         agent->state = RunState::kFailed;
         agent->error = "disk full";
       },
       Verdict::kFail,
       {"the generator failed: disk full"}},
  });
}

TEST(VerdictTest, WarningsDecideNothing) {
  ExpectJudgements({
      {"busy cores",
       [](Snapshot* agent) { agent->health.thread_seconds = 19; },
       Verdict::kPass,
       {},
       {"the generator: its event loops used 95% of a core each: near the limit; use more agents"}},
      {"file descriptors",
       [](Snapshot* agent) { agent->health.open_fds = 901; },
       Verdict::kPass,
       {},
       {"the generator: 901 of 1000 file descriptors are in use: raise the limit (ulimit -n)"}},
      {"too many names",
       [](Snapshot* agent) { agent->health.names_dropped = 12; },
       Verdict::kPass,
       {},
       {"12 requests were counted under the name 'other': there are too many request names; give "
        "requests with changing paths one name"}},
      {"lost spans",
       [](Snapshot* agent) {
         agent->traces = {.sampled = 100, .exported = 88, .dropped = 7, .failed = 5};
       },
       Verdict::kPass,
       {},
       {"12 of 100 spans did not reach their collector: 7 waited longer than there was room, 5 it "
        "did not take; see that it runs, or sample less (--otel-sample)"}},
  });
}

TEST(VerdictTest, AllowedFailuresAreLeftToTheThresholds) {
  Snapshot agent = HealthyAgent();
  Entry(&agent).failures = 4;
  EXPECT_EQ(Judge(agent).verdict, Verdict::kFail);
  const VerdictReport allowed = Judge(agent, {}, true);
  EXPECT_EQ(allowed.verdict, Verdict::kPass);
  EXPECT_TRUE(allowed.requests_failed) << "still worth knowing";
}

TEST(VerdictTest, AFailedThresholdAndOneWithoutDataAreBothNamed) {
  ThresholdResult passed{*ParseThreshold("response_time", "p(95) < 300ms"), 0.1, true};
  ThresholdResult failed{*ParseThreshold("response_time", "p(99) < 300ms"), 0.4121, false};
  ThresholdResult empty{*ParseThreshold("checks", "rate > 99%"), std::nullopt, false};
  const VerdictReport report = Judge(HealthyAgent(), {passed, failed, empty});
  EXPECT_EQ(report.verdict, Verdict::kFail);
  EXPECT_EQ(report.reasons, (std::vector<std::string>{
                                "threshold 'response_time: p(99) < 300ms' failed: it was 412.1ms",
                                "threshold 'checks: rate > 99%' had no data"}));
  EXPECT_FALSE(report.requests_failed);
}

TEST(VerdictTest, InvalidOutranksFailAndItsReasonsComeFirst) {
  Snapshot agent = HealthyAgent();
  agent.entries.clear();
  agent.health.fd_exhausted = 1;
  const VerdictReport report = Judge(agent);
  EXPECT_EQ(report.verdict, Verdict::kInvalid);
  ASSERT_EQ(report.reasons.size(), 2U);
  EXPECT_EQ(report.reasons[1], "no request was sent");
}

TEST(VerdictTest, OnlyTheAgentToBlameIsNamed) {
  Snapshot good = HealthyAgent();
  good.agent_id = "a:7071";
  const std::pair<const char*, std::function<void(Snapshot*)>> signs[] = {
      {"agent 'b:7071': event loop lag p99",
       [](Snapshot* agent) { agent->health.loop_lag.RecordMany(seconds(1), 50); }},
      {"agent 'b:7071': no file descriptor was left 7 times",
       [](Snapshot* agent) { agent->health.fd_exhausted = 7; }},
      {"agent 'b:7071': started 1000 of 2000 arrivals",
       [](Snapshot* agent) {
         MakeOpenModel(agent);
         agent->arrivals_planned = 2'000;
       }},
      {"agent 'b:7071': start delay p90",
       [](Snapshot* agent) {
         MakeOpenModel(agent);
         Entry(agent).start_delay.RecordMany(milliseconds(500), 500);
       }},
  };
  for (const auto& [reason, harm] : signs) {
    Snapshot bad = HealthyAgent();
    bad.agent_id = "b:7071";
    harm(&bad);
    const VerdictReport report = JudgeRun(MergeSnapshots({&good, &bad}), {&good, &bad}, {}, false);
    EXPECT_EQ(report.verdict, Verdict::kInvalid) << reason;
    ASSERT_EQ(report.reasons.size(), 1U) << reason;
    EXPECT_TRUE(report.reasons[0].starts_with(reason)) << report.reasons[0];
  }
}

TEST(VerdictTest, OneStarvedAgentAmongManyIsNotAveragedAway) {
  std::vector<Snapshot> agents(100, HealthyAgent());
  std::vector<const Snapshot*> pointers;
  for (size_t i = 0; i < agents.size(); ++i) {
    agents[i].agent_id = "agent-" + std::to_string(i);
    pointers.push_back(&agents[i]);
  }
  // 50 of 150 wake-ups of this agent were late, but only 0.5 % of all.
  agents[42].health.loop_lag.RecordMany(seconds(1), 50);
  const Snapshot merged = MergeSnapshots(pointers);
  ASSERT_LT(merged.health.loop_lag.Percentile(0.99), milliseconds(100));
  const VerdictReport report = JudgeRun(merged, pointers, {}, false);
  EXPECT_EQ(report.verdict, Verdict::kInvalid);
  ASSERT_EQ(report.reasons.size(), 1U);
  EXPECT_TRUE(report.reasons[0].starts_with("agent 'agent-42': ")) << report.reasons[0];
}

TEST(VerdictTest, ReasonsAgainstTheGeneratorAreToBeHadWithoutTheRest) {
  Snapshot agent = HealthyAgent();
  EXPECT_TRUE(InvalidReasons({&agent}).empty());
  agent.health.fd_exhausted = 2;
  agent.state = RunState::kFailed;
  const VerdictReport report = JudgeRun(agent, {&agent}, {}, false);
  ASSERT_EQ(report.reasons.size(), 2U);
  EXPECT_EQ(InvalidReasons({&agent}), std::vector<std::string>{report.reasons.front()});
}

TEST(VerdictTest, TheOnlyAgentNeedsNoName) {
  for (const char* id : {"", "a:7071"}) {
    Snapshot agent = HealthyAgent();
    agent.agent_id = id;
    agent.health.ports_exhausted = 1;
    EXPECT_TRUE(Judge(agent).reasons[0].starts_with("the generator: ")) << id;
  }
}

TEST(VerdictTest, HasANameForPeople) {
  EXPECT_EQ(VerdictName(Verdict::kPass), "PASS");
  EXPECT_EQ(VerdictName(Verdict::kFail), "FAIL");
  EXPECT_EQ(VerdictName(Verdict::kInvalid), "INVALID");
}

}  // namespace
}  // namespace squall
