// While the run goes on, and at its end; decide_test.cc has what comes before and after.
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "operator/loadtest/decide.h"
#include "tests/operator/loadtest/decide_world.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(DecideRunTest, AnOverrideIsAskedForOnceAndTakenBackOnce) {
  DecideWorld world;
  world.StartRun();
  world.Edit("{profile: {override: {users: 50, spawnRate: '2.5'}}, agents: {replicas: 2}}");
  EXPECT_EQ(world.Step(), "load");
  EXPECT_EQ(world.last.load, (LoadRequest{.users = 50, .spawn_rate = 2.5}));
  EXPECT_EQ(EventsOf(world.last), "OverrideApplied");
  EXPECT_EQ(world.Step(), "");
  world.Edit("{profile: {override: {users: 60}}, agents: {replicas: 2}}");
  EXPECT_STEP(world, "load");
  world.Edit("{agents: {replicas: 2}}");
  EXPECT_EQ(world.Step(), "load");
  EXPECT_TRUE(world.last.load->clear);
  EXPECT_EQ(world.Step(), "");
}

TEST(DecideRunTest, AnEditedProfileAndEditedThresholdsAreHandedOver) {
  DecideWorld world;
  world.StartRun();
  world.seen.edited_profile = LoadProfile();
  world.seen.edited_thresholds = std::vector<Threshold>();
  EXPECT_EQ(world.Step(), "profile thresholds");
  EXPECT_EQ(EventsOf(world.last), "ProfileChanged");
}

TEST(DecideRunTest, PauseAndResumeAreAskedForOnce) {
  DecideWorld world;
  world.StartRun();
  world.Edit("{desiredState: Paused, agents: {replicas: 2}}");
  EXPECT_STEP(world, "pause");
  world.run().state = RunState::kPaused;
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(world.Phase(), "Paused");
  EXPECT_EQ(world.Condition("Progressing"), "True Paused");
  world.Edit("{desiredState: Running, agents: {replicas: 2}}");
  EXPECT_STEP(world, "unpause");
}

TEST(DecideRunTest, AStopIsAskedForOnceAndNothingElseMatters) {
  DecideWorld world;
  world.StartRun();
  world.Edit("{desiredState: Stopped, profile: {override: {users: 9}}, agents: {replicas: 5}}");
  EXPECT_STEP(world, "stop");
  EXPECT_EQ(world.Phase(), "Stopping");
  EXPECT_FALSE(world.last.stop_immediate);
}

TEST(DecideRunTest, TheDeadlineCountsFromTheStartOfTheRun) {
  DecideWorld world("{activeDeadlineSeconds: 60, agents: {replicas: 2}}");
  world.StartRun();
  world.Advance(seconds(55));
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(world.last.look_again, seconds(5));
  world.Advance(seconds(5));
  EXPECT_STEP(world, "stop");
  world.EndRun(SomeReport("activeDeadlineSeconds is over"));
  EXPECT_EQ(world.Step(), "report");
  EXPECT_EQ(world.Condition("Failed"), "True DeadlineExceeded");
}

TEST(DecideRunTest, MoreAgentsJoinOnceEach) {
  DecideWorld world;
  world.StartRun();
  world.Edit("{agents: {replicas: 3}}");
  EXPECT_STEP(world, "create 2");
  world.MakeReady(2);
  EXPECT_STEP(world, "join peak-agent-2-pod02");
  world.Advance(seconds(30));  // nothing came of it
  EXPECT_STEP(world, "join peak-agent-2-pod02");
  world.run().present.insert("peak-agent-2-pod02");
  world.Advance(minutes(1));
  EXPECT_EQ(world.Step(), "");
}

TEST(DecideRunTest, AnAgentLeavesBeforeItsPodGoes) {
  DecideWorld world;
  world.StartRun();
  world.Edit("{agents: {replicas: 1}}");
  EXPECT_STEP(world, fmt::format("leave {}", kSecondAgent));
  world.run().present.erase(kSecondAgent);
  world.run().left.insert(kSecondAgent);
  EXPECT_STEP(world, "delete peak-agent-1");
  world.RemovePod(1);
  EXPECT_EQ(world.Step(), "");
}

TEST(DecideRunTest, AnAgentThatHasLeftAndIsWantedAgainIsMadeAnew) {
  DecideWorld world;
  world.StartRun();
  world.Edit("{agents: {replicas: 1}}");
  world.Step();
  world.Edit("{agents: {replicas: 2}}");
  EXPECT_EQ(world.Step(), "");
  world.run().present.erase(kSecondAgent);
  world.run().left.insert(kSecondAgent);
  EXPECT_STEP(world, "delete peak-agent-1");
  world.RemovePod(1);
  EXPECT_STEP(world, "create 1");
  world.MakeReady(1);
  EXPECT_STEP(world, "join peak-agent-1-pod02");
}

TEST(DecideRunTest, EachLossPolicyDoesItsPart) {
  struct Row {
    const char* agents;
    const char* pod_dies;  // its pod has failed
    const char* pod_gone;  // its pod is not there any more
  };
  for (const Row& row : std::vector<Row>{
           {"lossPolicy: Redistribute", "", ""},
           {"lossPolicy: Redistribute, maxLost: 1", "", ""},
           {"lossPolicy: Replace", "delete peak-agent-1", "create 1"},
           {"lossPolicy: Fail", "stop", "stop"},
           {"lossPolicy: Ignore, maxLost: 1", "", ""},
       }) {
    const std::string spec = fmt::format("{{agents: {{replicas: 2, {}}}}}", row.agents);
    for (const bool gone : {false, true}) {
      DecideWorld world(spec);
      world.StartRun();
      world.run().present.erase(kSecondAgent);
      world.run().lost.insert(kSecondAgent);
      world.pod(1).ready = false;
      world.pod(1).over = true;
      if (gone) {
        world.RemovePod(1);
      }
      EXPECT_STEP(world, gone ? row.pod_gone : row.pod_dies) << row.agents;
    }
  }
}

TEST(DecideRunTest, MoreLostThanAllowedEndsTheRun) {
  for (const auto& [policy, acts] : {std::pair{"Redistribute", "stop"}, std::pair{"Ignore", ""}}) {
    DecideWorld world(
        fmt::format("{{agents: {{replicas: 2, maxLost: 1, lossPolicy: {}}}}}", policy));
    world.StartRun();
    world.run().lost = {"a", "b"};
    EXPECT_STEP(world, acts) << policy;
  }
}

TEST(DecideRunTest, APodThatWentIsNotMadeAnewWhileItsAgentIsOnlySilent) {
  DecideWorld world;
  world.StartRun();
  world.RemovePod(1);
  EXPECT_STEP(world, "");
}

TEST(DecideRunTest, AnAgentThatCameBackIsOneThatTakesPart) {
  DecideWorld world("{agents: {replicas: 2, lossPolicy: Replace}}");
  world.StartRun();
  world.run().present = {kFirstAgent, std::string(kSecondAgent) + "#2"};
  world.run().lost = {kSecondAgent};
  EXPECT_STEP(world, "");
}

TEST(DecideRunTest, AReplacementJoins) {
  DecideWorld world("{agents: {replicas: 2, lossPolicy: Replace}}");
  world.StartRun();
  world.run().present.erase(kSecondAgent);
  world.run().lost.insert(kSecondAgent);
  world.RemovePod(1);
  world.Step();
  world.MakeReady(1);
  EXPECT_STEP(world, "join peak-agent-1-pod02");
}

TEST(DecideRunTest, APodThatFailsBeforeItTakesPartIsMadeAnew) {
  DecideWorld world;
  world.StartRun();
  world.Edit("{agents: {replicas: 3}}");
  world.Step();
  world.pod(2).over = true;
  EXPECT_STEP(world, "delete peak-agent-2");
  world.RemovePod(2);
  EXPECT_STEP(world, "create 2");
}

TEST(DecideRunTest, AStageIsToldOnceAndLookedAtWhenItEnds) {
  DecideWorld world(
      "{profile: {stages: [{name: up, duration: 1m, users: 9}, {duration: 1m, users: 9}]}, "
      "agents: {replicas: 2}}");
  world.StartRun();
  EXPECT_EQ(world.last.stage, "1/2 up");
  EXPECT_EQ(EventsOf(world.last), "StageStarted");
  world.run().elapsed = seconds(55);
  world.Step();
  EXPECT_EQ(EventsOf(world.last), "");
  EXPECT_EQ(world.last.look_again, seconds(5));
  EXPECT_EQ(world.last.stage_ends, world.seen.now + seconds(5));
  world.run().elapsed = seconds(60);
  world.Step();
  EXPECT_EQ(world.last.stage, "2/2");
  EXPECT_EQ(world.last.stage_index, 1U);
  EXPECT_EQ(EventsOf(world.last), "StageStarted");
}

struct EndRow {
  const char* why;
  std::string spec;
  RunReport report;
  const char* phase;
  const char* complete;
  const char* failed;
  const char* passed;
};

RunReport WithThreshold(bool passed) {
  RunReport report = SomeReport();
  ThresholdResult result;
  result.threshold.text = "failures: rate < 1%";
  result.observed = 0.5;
  result.passed = passed;
  report.thresholds.push_back(result);
  report.verdict.verdict = passed ? Verdict::kPass : Verdict::kFail;
  return report;
}

std::vector<EndRow> Ends() {
  RunReport aborted = WithThreshold(false);
  aborted.thresholds[0].threshold.abort_on_fail = true;
  aborted.total.stop_reason = "threshold failed: failures: rate < 1%";
  RunReport empty = SomeReport();
  empty.total.entries.clear();
  RunReport invalid = SomeReport();
  invalid.verdict.verdict = Verdict::kInvalid;
  RunReport failing = SomeReport();
  failing.verdict.verdict = Verdict::kFail;
  const std::string plain = "{agents: {replicas: 2}}";
  const std::string stopped = "{desiredState: Stopped, agents: {replicas: 2}}";
  return {
      {"the profile ends", plain, SomeReport(), "Succeeded", "True ProfileFinished",
       "False Finished", "True NoThresholds"},
      {"thresholds hold", plain, WithThreshold(true), "Succeeded", "True ProfileFinished",
       "False Finished", "True ThresholdsMet"},
      {"a threshold fails", plain, WithThreshold(false), "Succeeded", "True ProfileFinished",
       "False Finished", "False ThresholdsFailed"},
      {"a threshold aborts", plain, aborted, "Succeeded", "True ThresholdAborted", "False Finished",
       "False ThresholdsFailed"},
      {"the user stops it", stopped, SomeReport("stopped by the user"), "Succeeded",
       "True StoppedByUser", "False Finished", "True NoThresholds"},
      {"nothing was sent", plain, empty, "Succeeded", "True ProfileFinished", "False Finished",
       "False NoData"},
      {"requests fail", plain, failing, "Succeeded", "True ProfileFinished", "False Finished",
       "False RequestsFailed"},
      {"the generator was too slow", plain, invalid, "Succeeded", "True ProfileFinished",
       "False Finished", "False GeneratorLimited"},
      {"the deadline is over", plain, SomeReport("activeDeadlineSeconds is over"), "Failed",
       "False DeadlineExceeded", "True DeadlineExceeded", "True NoThresholds"},
  };
}

TEST(DecideEndTest, EveryEndHasItsWords) {
  for (const EndRow& row : Ends()) {
    DecideWorld world;
    world.StartRun();
    world.Edit(row.spec);
    world.seen.asked.stop = true;
    world.EndRun(row.report);
    EXPECT_EQ(world.Step(), "report") << row.why;
    EXPECT_EQ(world.Phase(), row.phase) << row.why;
    EXPECT_EQ(world.Condition("Complete"), row.complete) << row.why;
    EXPECT_EQ(world.Condition("Failed"), row.failed) << row.why;
    EXPECT_EQ(world.Condition("Passed"), row.passed) << row.why;
    EXPECT_EQ(StringAt(world.seen.test.status, "completionTime"), "2026-11-25T04:00:00Z");
  }
}

TEST(DecideEndTest, LostAgentsFailTheTest) {
  DecideWorld none;
  none.StartRun();
  none.run().present.clear();
  none.run().lost = {kFirstAgent, kSecondAgent};
  none.EndRun(SomeReport());
  none.Step();
  EXPECT_EQ(none.Condition("Failed"), "True AgentsLost");

  DecideWorld policy("{agents: {replicas: 2, lossPolicy: Fail}}");
  policy.StartRun();
  policy.run().present.erase(kSecondAgent);
  policy.run().lost = {kSecondAgent};
  EXPECT_EQ(policy.Step(), "stop");
  policy.EndRun(SomeReport("1 agents were lost"));
  policy.Step();
  EXPECT_EQ(policy.Condition("Failed"), "True AgentsLost");
}

// The pods are those of the other operator's run: whoever deleted them would end it.
TEST(DecideEndTest, ALeaderThatAgentsRefuseLeavesTheTestToTheOther) {
  DecideWorld world;
  world.StartRun();
  world.Step();
  const std::string before = world.Condition("Failed");
  world.run().over = true;
  world.run().error = absl::FailedPreconditionError(
      "agent 'a': start: epoch must be at least 2000000, got 1000000");
  EXPECT_EQ(world.Step(), "drop-run");
  EXPECT_EQ(world.Condition("Failed"), before);
  EXPECT_EQ(world.last.phase, "Running");
}

TEST(DecideEndTest, ARunWithoutAReportHasFailed) {
  for (const bool started : {false, true}) {
    DecideWorld world;
    world.StartRun();
    world.run().started = started;
    world.run().over = true;
    world.run().error = absl::UnavailableError("agent 'a': refused");
    EXPECT_EQ(world.Step(), "");
    EXPECT_EQ(world.Condition("Failed"), started ? "True AgentsLost" : "True StartFailed");
    EXPECT_EQ(world.Message("Failed"), "agent 'a': refused");
    EXPECT_EQ(world.Step(), "delete peak-agent-0,peak-agent-1 drop-run children- finalizer-");
  }
}

TEST(DecideEndTest, PodsStayWhenTheUserWantsToLookAtThem) {
  struct Row {
    const char* cleanup;
    bool passed;
    bool stays;
  };
  for (const Row& row : std::vector<Row>{{"Always", true, false},
                                         {"Always", false, false},
                                         {"OnSuccess", true, false},
                                         {"OnSuccess", false, true},
                                         {"Never", true, true},
                                         {"Never", false, true}}) {
    DecideWorld world(fmt::format("{{agentCleanup: {}, agents: {{replicas: 2}}}}", row.cleanup));
    world.StartRun();
    world.EndRun(WithThreshold(row.passed));
    EXPECT_EQ(world.Step(), "report");
    EXPECT_STEP(world, std::string(row.stays ? "" : "delete peak-agent-0,peak-agent-1 ") +
                           "drop-run children- finalizer-")
        << row.cleanup << row.passed;
    EXPECT_EQ(world.Phase(), "Succeeded");
  }
}

TEST(DecideEndTest, ItIsDeletedOnceItsTimeIsOver) {
  DecideWorld world("{ttlSecondsAfterFinished: 60, agents: {replicas: 2}}");
  world.StartRun();
  world.EndRun(SomeReport());
  world.Step();
  world.Step();
  EXPECT_EQ(world.last.look_again, hours(1) + seconds(60));  // it ended in an hour
  world.Advance(hours(1) + seconds(60));
  EXPECT_EQ(world.Step(), "delete-test");
}

TEST(DecideEndTest, ANewRunIdRunsItAgain) {
  DecideWorld world;
  world.StartRun();
  world.EndRun(SomeReport());
  world.Step();
  world.Step();
  world.seen.pods.clear();
  world.ChangeLeader();  // as a new session does
  world.Edit("{runId: again, agents: {replicas: 2}}");
  EXPECT_EQ(world.Step(), "finalizer+");
  EXPECT_EQ(world.Phase(), "Preparing");
  EXPECT_EQ(world.Condition("Complete"), "Unknown NotYet");
  EXPECT_STEP(world, "children+ create 0,1");
}

// A world in which anything may happen at any time.
class DecideChaosTest : public testing::Test {
 protected:
  size_t Below(size_t bound) { return static_cast<size_t>(rng_.Between(0, int64_t(bound) - 1)); }
  bool HasRun() const { return world_.seen.run.has_value() && !world_.seen.run->over; }

  void Happen() {
    switch (Below(9)) {
      case 0:
        return EditSpec();
      case 1:
        return world_.Advance(seconds(rng_.Between(1, 400)));
      case 2:
        return GrowPods();
      case 3:
        return FailPod();
      case 4:
        return ReapPods();
      case 5:
        return FollowOrders();
      case 6:
        return LoseAgent();
      case 7:
        return ChangeLeader();
      default:
        return EndRun();
    }
  }
  void EditSpec() {
    const char* states[] = {"Running", "Running", "Running", "Paused", "Stopped"};
    const char* policies[] = {"Redistribute", "Replace", "Fail", "Ignore"};
    world_.Edit(fmt::format(
        "{{suspend: {}, runId: '{}', desiredState: {}, agents: {{replicas: {}, lossPolicy: {}, "
        "start: {{onTimeout: StartPartial, minReady: 1}}}}}}",
        Below(8) == 0, IsOver(world_.Phase()) ? ++runs_ : runs_, states[Below(5)], 1 + Below(4),
        policies[Below(4)]));
    if (world_.Phase().empty() || PhaseOf(world_.seen.test).empty()) {
      world_.ChangeLeader();  // as another run has another session
    }
  }
  void GrowPods() {
    for (size_t i = 0; i < world_.seen.pods.size(); ++i) {
      if (!world_.pod(i).over && Below(4) > 0) {
        world_.MakeReady(i);
      }
    }
  }
  void FailPod() {
    if (!world_.seen.pods.empty()) {
      PodView& pod = world_.pod(Below(world_.seen.pods.size()));
      pod.over = true;
      pod.ready = false;
      pod.reason = "OOMKilled";
    }
  }
  void ReapPods() {
    std::erase_if(world_.seen.pods,
                  [&](const PodView& pod) { return pod.deleting || Below(20) == 0; });
  }
  void FollowOrders() {
    if (!HasRun()) {
      return;
    }
    world_.run().started = true;
    world_.run().started_at = world_.seen.now;
    world_.run().state = RunState::kRunning;
    for (const auto& [agent, since] : world_.seen.asked.joins) {
      if (!world_.run().lost.contains(agent) && !world_.run().left.contains(agent)) {
        world_.run().present.insert(agent);
      }
    }
    for (const std::string& agent : world_.seen.asked.leaves) {
      if (world_.run().present.size() > 1 && world_.run().present.erase(agent) > 0) {
        world_.run().left.insert(agent);
      }
    }
  }
  void LoseAgent() {
    if (HasRun() && world_.run().present.size() > 1) {
      const std::string agent = *world_.run().present.begin();
      world_.run().present.erase(agent);
      world_.run().lost.insert(agent);
    }
  }
  void ChangeLeader() {
    if (HasRun()) {
      const RunSeen before = world_.run();
      world_.ChangeLeader();
      world_.seen.has_checkpoint = true;
      Settle();
      if (world_.seen.run.has_value()) {
        world_.run() = before;
      }
      world_.seen.has_checkpoint = false;
    }
  }
  void EndRun() {
    if (HasRun() && (world_.seen.asked.stop || Below(6) == 0)) {
      world_.EndRun(SomeReport());
    }
  }

  // Until there is nothing more to do; what is done must make sense.
  void Settle() {
    for (int i = 0; i < 6; ++i) {
      const Observation before = world_.seen;
      if (world_.Step().empty()) {
        return;
      }
      Check(before, world_.last);
    }
    ADD_FAILURE() << "does not come to rest: " << ActsOf(world_.last);
  }
  static void Check(const Observation& seen, const Decision& decision) {
    for (const uint32_t index : decision.create_pods) {
      EXPECT_LT(index, seen.test.agents.replicas);
      for (const PodView& pod : seen.pods) {
        EXPECT_NE(pod.index, index) << "is there";
      }
    }
    std::set<std::string> deleted;
    for (const PodView& pod : decision.delete_pods) {
      EXPECT_FALSE(pod.deleting);
      EXPECT_TRUE(deleted.insert(pod.uid).second) << "twice";
    }
    EXPECT_FALSE((decision.start_run || decision.resume_run) && seen.run.has_value());
    EXPECT_TRUE(decision.create_pods.empty() || seen.test.has_finalizer);
    for (const AgentPlace& agent : decision.join) {
      EXPECT_FALSE(seen.run->present.contains(agent.name));
    }
    for (const std::string& agent : decision.leave) {
      EXPECT_TRUE(seen.run->present.contains(agent));
    }
  }

  Rng rng_{1};
  int runs_ = 1;
  DecideWorld world_;
};

TEST_F(DecideChaosTest, ComesToRestWhateverHappens) {
  for (uint64_t seed = 1; seed <= 60 && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    rng_ = Rng(seed);
    runs_ = 1;
    world_ = DecideWorld();
    for (int i = 0; i < 100 && !HasFailure(); ++i) {
      Happen();
      Settle();
    }
  }
}

}  // namespace
}  // namespace squall
