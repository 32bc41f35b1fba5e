#include "operator/loadtest/decide.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "operator/kube/api/kube_time.h"
#include "tests/operator/loadtest/decide_world.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(DecideTest, TheFinalizerComesBeforeAnythingThatNeedsDraining) {
  DecideWorld world;
  EXPECT_EQ(world.Step(), "finalizer+");
  EXPECT_EQ(world.Phase(), "Preparing");
  EXPECT_EQ(world.Condition("PlanValid"), "True PlanAccepted");
  EXPECT_STEP(world, "children+ create 0,1");
  EXPECT_EQ(world.Condition("AgentsReady"), "False WaitingForPods");
  EXPECT_EQ(world.Message("AgentsReady"), "0 of 2 agents are ready");
}

TEST(DecideTest, StartsOnceEveryAgentIsReady) {
  DecideWorld world;
  world.Step();
  world.Step();
  world.MakeReady(1);
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(world.Message("AgentsReady"), "1 of 2 agents are ready");
  world.MakeReady(0);
  EXPECT_STEP(world, fmt::format("start {},{}", kFirstAgent, kSecondAgent));
  EXPECT_EQ(world.Phase(), "Preparing");  // until it has started
  EXPECT_EQ(world.Condition("AgentsReady"), "True AllReady");
  EXPECT_EQ(world.Condition("Started"), "False NotStarted");
  world.run().started = true;
  world.run().state = RunState::kRunning;
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(world.Phase(), "Running");
  EXPECT_EQ(world.Condition("Started"), "True StartedInSync");
  EXPECT_EQ(world.Condition("Passed"), "Unknown StillRunning");
  EXPECT_EQ(world.last.look_again, seconds(10));  // the figures
}

TEST(DecideTest, AddressesOfVersionSixStandInBrackets) {
  DecideWorld world("{}");
  world.Step();
  world.Step();
  world.MakeReady(0);
  world.pod(0).ip = "fd00::7";
  world.Step();
  ASSERT_EQ(world.last.agents.size(), 1U);
  EXPECT_EQ(world.last.agents[0].address, "[fd00::7]:7071");
}

TEST(DecideTest, AScheduledTestWaitsForItsTimeAndHoldsNothing) {
  DecideWorld world("{startTime: '2026-11-25T04:00:00Z'}");
  EXPECT_STEP(world, "");
  EXPECT_EQ(world.Phase(), "Scheduled");
  EXPECT_EQ(world.last.look_again, hours(1));
  EXPECT_EQ(world.Condition("Started"), "False WaitingForStartTime");
  world.Advance(hours(1));
  EXPECT_EQ(world.Step(), "finalizer+");
}

TEST(DecideTest, ASuspendedTestOwnsNothing) {
  DecideWorld world("{suspend: true}");
  EXPECT_STEP(world, "");
  EXPECT_EQ(world.Phase(), "Suspended");
}

TEST(DecideTest, SuspensionDiscardsTheRun) {
  DecideWorld world;
  world.StartRun();
  world.Edit("{suspend: true, agents: {replicas: 2}}");
  EXPECT_STEP(world, "stop! delete peak-agent-0,peak-agent-1 drop-run children- finalizer-");
  EXPECT_EQ(world.Phase(), "Suspended");
  world.seen.pods.clear();
  world.Edit("{agents: {replicas: 2}}");
  EXPECT_EQ(world.Step(), "finalizer+");
  EXPECT_STEP(world, "children+ create 0,1");
}

TEST(DecideTest, TimeInSuspensionDoesNotCountAsTimeToBecomeReady) {
  DecideWorld world("{suspend: true}");
  world.Step();
  world.Advance(hours(1));
  world.Edit("{}");
  EXPECT_EQ(world.Step(), "finalizer+");
  EXPECT_STEP(world, "children+ create 0");
  EXPECT_EQ(world.Phase(), "Preparing");
}

TEST(DecideTest, AMissingPlanMayStillCome) {
  DecideWorld world;
  world.seen.plan = PlanState::kMissing;
  world.seen.plan_reason = "ConfigMapNotFound";
  world.seen.plan_message = "configmaps \"shop\" not found";
  EXPECT_STEP(world, "");
  EXPECT_EQ(world.Phase(), "Pending");
  EXPECT_EQ(world.Condition("PlanValid"), "False ConfigMapNotFound");
  EXPECT_EQ(world.Condition("AgentsReady"), "False WaitingForPlan");
  EXPECT_EQ(world.last.look_again, seconds(5));
  world.seen.plan = PlanState::kAccepted;
  EXPECT_EQ(world.Step(), "finalizer+");
  EXPECT_EQ(world.Condition("PlanValid"), "True PlanAccepted");
}

TEST(DecideTest, AMissingPlanIsNotWaitedForForever) {
  DecideWorld world;
  world.seen.plan = PlanState::kMissing;
  world.seen.plan_reason = "ConfigMapNotFound";
  world.Step();
  world.Advance(minutes(10));
  EXPECT_STEP(world, "");
  EXPECT_EQ(world.Phase(), "Failed");
  EXPECT_EQ(world.Condition("Failed"), "True StartTimeout");
}

TEST(DecideTest, ABadPlanIsTheEndAtOnce) {
  DecideWorld world;
  world.seen.plan = PlanState::kInvalid;
  world.seen.plan_reason = "InvalidPlan";
  world.seen.plan_message = "plan.yaml:3:1: users: must be a list";
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(EventsOf(world.last), "PlanInvalid Failed");
  EXPECT_EQ(world.Phase(), "Failed");
  EXPECT_EQ(world.Condition("PlanValid"), "False InvalidPlan");
  EXPECT_EQ(world.Condition("Failed"), "True InvalidSpec");
  EXPECT_EQ(world.Condition("Passed"), "False InvalidSpec");
  EXPECT_EQ(world.Message("Failed"), world.seen.plan_message);
  EXPECT_EQ(StringAt(world.seen.test.status, "completionTime"), "2026-11-25T03:00:00Z");
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(EventsOf(world.last), "");
}

TEST(DecideTest, TheConditionNamesWhatAgentsWaitFor) {
  struct Row {
    const char* pod_reason;
    const char* condition;
  };
  for (const Row& row : std::vector<Row>{{"Unschedulable", "False Unschedulable"},
                                         {"SchedulerError", "False Unschedulable"},
                                         {"ImagePullBackOff", "False ImagePullError"},
                                         {"CreateContainerConfigError", "False ConfigError"},
                                         {"OOMKilled", "False OOMKilled"},
                                         {"Evicted", "False AgentFailed"},
                                         {"", "False WaitingForPods"}}) {
    DecideWorld world;
    world.Step();
    world.Step();
    world.pod(1).reason = row.pod_reason;
    world.pod(1).message = "words";
    EXPECT_EQ(world.Step(), "");
    EXPECT_EQ(world.Condition("AgentsReady"), row.condition) << row.pod_reason;
  }
}

TEST(DecideTest, AQuotaIsToldAndAskedAgainLater) {
  DecideWorld world;
  world.Step();
  world.seen.problem = Problem{"QuotaExceeded", "exceeded quota: pods=0"};
  world.seen.create_after[0] = world.seen.now + seconds(3);
  world.seen.create_after[1] = world.seen.now + seconds(3);
  EXPECT_STEP(world, "children+");
  EXPECT_EQ(world.Condition("AgentsReady"), "False QuotaExceeded");
  EXPECT_EQ(world.Message("AgentsReady"), "0 of 2 agents are ready: exceeded quota: pods=0");
  EXPECT_EQ(world.last.look_again, seconds(3));
  world.Advance(seconds(3));
  EXPECT_STEP(world, "create 0,1");
}

TEST(DecideTest, APodOfSomebodyElseStallsTheTest) {
  DecideWorld world;
  world.Step();
  world.Step();
  world.pod(1).ours = false;
  EXPECT_STEP(world, "");
  EXPECT_EQ(world.Condition("AgentsReady"), "False NameCollision");
  EXPECT_EQ(world.Condition("Stalled"), "True NameCollision");
}

TEST(DecideTest, AnAgentThatFailsBeforeTheStartIsMadeAnew) {
  DecideWorld world;
  world.Step();
  world.Step();
  world.pod(1).over = true;
  world.pod(1).reason = "OOMKilled";
  EXPECT_STEP(world, "delete peak-agent-1");
  world.RemovePod(1);
  EXPECT_STEP(world, "create 1");
}

TEST(DecideTest, PodsOfTheRunBeforeMakeRoom) {
  DecideWorld world;
  world.Step();
  world.Step();
  world.pod(0).run_id = "0";
  world.pod(0).over = true;
  world.MakeReady(1);
  world.pod(1).run_id = "0";
  EXPECT_STEP(world, "delete peak-agent-0,peak-agent-1");
  world.seen.pods.clear();
  EXPECT_STEP(world, "create 0,1");
}

TEST(DecideTest, AgentsThatDoNotBecomeReadyInTimeFailTheTest) {
  DecideWorld world("{agents: {replicas: 2, start: {timeoutSeconds: 60}}}");
  world.Step();
  world.Step();
  world.MakeReady(0);
  world.Advance(seconds(59));
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(world.Phase(), "Preparing");
  world.Advance(seconds(1));
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(world.Phase(), "Failed");
  EXPECT_EQ(world.Condition("Failed"), "True StartTimeout");
  EXPECT_EQ(world.Message("Failed"), "not ready within 1m: 1 of 2 agents are ready");
  EXPECT_STEP(world, "delete peak-agent-0,peak-agent-1 children- finalizer-");
}

TEST(DecideTest, APartialStartTakesThoseThatAreThereInTheEnd) {
  DecideWorld world(
      "{agents: {replicas: 3, start: {timeoutSeconds: 60, minReady: 2, onTimeout: StartPartial}}}");
  world.Step();
  world.Step();
  world.MakeReady(0);
  world.MakeReady(2);
  EXPECT_EQ(world.Step(), "");
  world.Advance(minutes(1));
  EXPECT_STEP(world, "start peak-agent-0-pod00,peak-agent-2-pod02");
  EXPECT_EQ(world.Condition("AgentsReady"), "True PartialStart");
  world.run().started = true;
  world.run().state = RunState::kRunning;
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(world.Condition("AgentsReady"), "True PartialStart");
  world.MakeReady(1);  // later than the others, but welcome
  EXPECT_STEP(world, "join peak-agent-1-pod01");
}

TEST(DecideTest, APartialStartNeedsEnoughOfThem) {
  // minReady, and what comes of one ready agent of two.
  for (const auto& [start, phase] :
       {std::pair{"minReady: 1, ", "Preparing"}, std::pair{"minReady: 2, ", "Failed"},
        std::pair{"", "Failed"}}) {
    DecideWorld world(fmt::format(
        "{{agents: {{replicas: 2, start: {{{}timeoutSeconds: 60, onTimeout: StartPartial}}}}}}",
        start));
    world.Step();
    world.Step();
    world.MakeReady(0);
    world.Advance(minutes(1));
    world.Step();
    EXPECT_EQ(world.Phase(), phase) << start;
  }
}

TEST(DecideTest, TheRunBeforeDoesNotTakeTimeFromThisOne) {
  DecideWorld world;
  world.seen.plan = PlanState::kMissing;
  world.seen.plan_reason = "ConfigMapNotFound";
  world.Step();
  world.Advance(minutes(10));
  world.Step();
  ASSERT_EQ(world.Phase(), "Failed");
  world.Advance(hours(1));
  world.Edit("{runId: '2', agents: {replicas: 2}}");
  EXPECT_STEP(world, "");
  EXPECT_EQ(world.Phase(), "Pending");
}

TEST(DecideTest, StoppedBeforeItBeganIsComplete) {
  DecideWorld world;
  world.Step();
  world.Step();
  world.Edit("{desiredState: Stopped, agents: {replicas: 2}}");
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(world.Phase(), "Succeeded");
  EXPECT_EQ(world.Condition("Complete"), "True StoppedByUser");
  EXPECT_EQ(world.Condition("Passed"), "False NoData");
  EXPECT_STEP(world, "delete peak-agent-0,peak-agent-1 children- finalizer-");
}

void MarkDeleted(DecideWorld* world) {
  world->seen.test.object["metadata"].as_object()["deletionTimestamp"] = "2026-11-25T03:00:00Z";
  world->seen.test.deleting = true;
}

TEST(DecideDeleteTest, WithoutARunEverythingGoesAtOnce) {
  DecideWorld world;
  world.Step();
  world.Step();
  MarkDeleted(&world);
  EXPECT_STEP(world, "delete peak-agent-0,peak-agent-1 children- finalizer-");
}

TEST(DecideDeleteTest, ARunDrainsFirst) {
  DecideWorld world;
  world.StartRun();
  MarkDeleted(&world);
  EXPECT_STEP(world, "stop");
  EXPECT_EQ(world.Phase(), "Stopping");
  world.EndRun(SomeReport());
  EXPECT_EQ(world.Step(), "delete peak-agent-0,peak-agent-1 drop-run children- finalizer-");
}

TEST(DecideDeleteTest, AgentsThatDoNotEndDoNotHoldUpADeletion) {
  DecideWorld world("{profile: {gracefulStopSeconds: 20}, agents: {replicas: 2}}");
  world.StartRun();
  MarkDeleted(&world);
  world.Step();
  world.Advance(seconds(34));
  EXPECT_EQ(world.Step(), "");
  world.Advance(seconds(1));
  EXPECT_EQ(world.Step(), "delete peak-agent-0,peak-agent-1 drop-run children- finalizer-");
}

TEST(DecideLeaderTest, TakesOverARunThatWasStored) {
  DecideWorld world;
  world.StartRun();
  world.ChangeLeader();
  world.seen.has_checkpoint = true;
  EXPECT_EQ(world.Step(), "resume");
  EXPECT_EQ(EventsOf(world.last), "Adopted");
  EXPECT_EQ(world.Phase(), "Running");
}

TEST(DecideLeaderTest, ARunWhoseStateIsGoneHasFailed) {
  DecideWorld world;
  world.StartRun();
  world.ChangeLeader();
  EXPECT_EQ(world.Step(), "");
  EXPECT_EQ(world.Condition("Failed"), "True StateLost");
}

TEST(DecideLeaderTest, AnApiServerThatDoesNotAnswerIsNoReasonToGiveUp) {
  DecideWorld world;
  world.StartRun();
  world.ChangeLeader();
  world.seen.state_unknown = true;
  EXPECT_STEP(world, "");
  EXPECT_EQ(world.Phase(), "Running");
  EXPECT_EQ(world.last.look_again, seconds(1));
}

TEST(DecideLeaderTest, KnowsWhatTheOneBeforeHadAskedFor) {
  RunControl control;
  EXPECT_EQ(AskedOf(control).load, std::nullopt);
  control.load = LoadRequest{.users = 50, .spawn_rate = 2};
  control.paused = true;
  control.stop = StopLevel::kGraceful;
  const Asked asked = AskedOf(control);
  EXPECT_EQ(asked.load, (LoadOverride{50, 2, std::nullopt}));
  EXPECT_TRUE(asked.paused);
  EXPECT_TRUE(asked.stop);
  control.load = LoadRequest{.arrival_factor = 2};
  EXPECT_EQ(AskedOf(control).load, (LoadOverride{std::nullopt, std::nullopt, 2}));
  control.load = LoadRequest{.clear = true};
  EXPECT_EQ(AskedOf(control).load, std::nullopt);
}

TEST(LoadRequestOfTest, SaysWhatTheOverrideSays) {
  EXPECT_TRUE(LoadRequestOf(std::nullopt).clear);
  EXPECT_EQ(LoadRequestOf(LoadOverride{7, {}, {}}), (LoadRequest{.users = 7, .spawn_rate = 1}));
  EXPECT_EQ(LoadRequestOf(LoadOverride{{}, {}, 0.5}), (LoadRequest{.arrival_factor = 0.5}));
}

}  // namespace
}  // namespace squall
