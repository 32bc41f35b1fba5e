#include "daemon/agent/agent.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/agent/agent_rig.h"

namespace squall {
namespace {

using absl::StatusCode;

class AgentTest : public testing::Test {
 protected:
  AgentTest() : rig_(&clock_), agent_(rig_.agent) {}

  // A run with an end that only Stop brings; its users' requests last a minute.
  void Run(const std::string& run_id, RunSettings settings = {}) {
    PrepareOrder order = rig_.Order(run_id, rig_.MakePlan("/delay/60000", 4));
    order.settings = std::move(settings);
    ASSERT_TRUE(agent_.Prepare(order).ok());
    ASSERT_TRUE(agent_.Start(run_id, 1, clock_.Wall()).ok());
  }
  void ExpectRefused(const absl::Status& status, StatusCode code, const std::string& text) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_NE(std::string(status.message()).find(text), std::string::npos) << status;
  }

  ManualClock clock_;
  AgentRig rig_;
  Agent& agent_;
};

TEST_F(AgentTest, IsIdleAtFirst) {
  EXPECT_TRUE(agent_.Idle());
  EXPECT_EQ(agent_.Status().state, RunState::kIdle);
  EXPECT_EQ(agent_.Status().agent_id, "a-1");
  EXPECT_EQ(agent_.Peek().state, RunState::kIdle);
  ExpectRefused(agent_.TakeSnapshot("").status(), StatusCode::kNotFound, "not on this agent");
}

TEST_F(AgentTest, SaysWhatItHolds) {
  const auto digest = agent_.Prepare(rig_.Order("r", rig_.MakePlan("/products", 1), 7));
  ASSERT_TRUE(digest.ok()) << digest.status();
  const AgentStatus status = agent_.Status();
  EXPECT_EQ(status.state, RunState::kPrepared);
  EXPECT_EQ(status.run_id, "r");
  EXPECT_EQ(status.owner, "coordinator-1");
  EXPECT_EQ(status.epoch, 7U);
  EXPECT_EQ(status.plan_digest, *digest);
  EXPECT_EQ(status.now, clock_.Wall());
}

TEST_F(AgentTest, ALookShowsTheTestAndItsStage) {
  EXPECT_EQ(agent_.Look().test, "");
  Plan plan = rig_.MakePlan("/delay/60000", 1);
  plan.load_profile.load =
      std::vector<Stage>{{std::chrono::seconds(10), 1, 1}, {std::chrono::seconds(10), 1, 1}};
  ASSERT_TRUE(agent_.Prepare(rig_.Order("r", plan)).ok());
  EXPECT_EQ(agent_.Look().test, "rig");
  EXPECT_EQ(agent_.Look().stage, 0U) << "it has not begun";
  ASSERT_TRUE(agent_.Start("r", 1, clock_.Wall()).ok());
  EXPECT_EQ(agent_.Look().stage, 1U);
  EXPECT_EQ(agent_.Look().figures.run_id, "r");
  clock_.Advance(std::chrono::seconds(12));
  EXPECT_EQ(agent_.Look().stage, 2U);
  LoadProfile other;
  other.load = std::vector<Stage>{{std::chrono::seconds(15), 1, 1}};
  LoadChange change;
  change.profile = std::make_shared<const Profile>(*Profile::Make(other));
  ASSERT_TRUE(agent_.SetLoad("r", 1, change).ok());
  EXPECT_EQ(agent_.Look().stage, 1U) << "of the profile in force";
  ASSERT_TRUE(agent_.Stop("r", 1, "enough", /*immediate=*/true).ok());
  EXPECT_EQ(agent_.Look().stage, 0U);
  EXPECT_EQ(agent_.Look().test, "rig") << "until the next run";
}

TEST_F(AgentTest, OutputsHearOfTheEndOfARun) {
  Plan plan = rig_.MakePlan("/delay/60000", 2);
  plan.outputs.metrics = {{.kind = MetricOutput::Kind::kInfluxDb, .to = "http://h"},
                          {.kind = MetricOutput::Kind::kJsonLines, .to = "left-out.jsonl"}};
  for (const std::string run_id : {"r", "s"}) {  // the second takes the place of the first
    ASSERT_TRUE(agent_.Prepare(rig_.Order(run_id, plan)).ok());
    ASSERT_TRUE(agent_.Start(run_id, 1, clock_.Wall()).ok());
    ASSERT_TRUE(agent_.Stop(run_id, 1, "enough", /*immediate=*/true).ok());
    EXPECT_TRUE(rig_.events.Await("last report " + run_id + " rig a-1 finished"));
  }
  uint64_t sent = 0;
  for (const OutputFigures& figures : agent_.output_figures()) {
    EXPECT_EQ(figures.failed, 0U) << figures.output;
    sent += figures.sent;
    EXPECT_TRUE(figures.sent == 0 || figures.output == "influxdb") << figures.output;
  }
  EXPECT_GE(sent, 1U);
}

TEST_F(AgentTest, APlaceThatThePlanNamesTooIsToldOnceAsThePlanSays) {
  using Kind = MetricOutput::Kind;
  AgentConfig config = rig_.MakeConfig();
  std::vector<MetricOutput> made;
  config.make_metric_sink = [&made, make = config.make_metric_sink](const MetricOutput& output,
                                                                    const MetricSource& source) {
    made.push_back(output);
    return make(output, source);
  };
  config.metrics = {{.kind = Kind::kInfluxDb, .to = "http://h"},
                    {.kind = Kind::kStatsd, .to = "http://h"},
                    {.kind = Kind::kInfluxDb, .to = "http://other"}};
  Agent agent(std::move(config), &rig_.protocol, &clock_);
  Plan plan = rig_.MakePlan("/products", 1);
  plan.outputs.metrics = {{.kind = Kind::kInfluxDb, .to = "http://h", .prefix = "the plan's"}};
  ASSERT_TRUE(agent.Prepare(rig_.Order("r", plan)).ok());
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(made[0], plan.outputs.metrics[0]);
  EXPECT_EQ(made[1].kind, Kind::kStatsd);
  EXPECT_EQ(made[2].to, "http://other");
}

TEST_F(AgentTest, AnOutputThatCannotBeIsRefusedAtOnce) {
  Plan plan = rig_.MakePlan("/products", 1);
  plan.outputs.metrics = {{.kind = MetricOutput::Kind::kOtlp, .to = "http://h:4317/?secret"}};
  ExpectRefused(agent_.Prepare(rig_.Order("r", plan)).status(), StatusCode::kFailedPrecondition,
                "output otlp http://h:4317: not built in");
  EXPECT_TRUE(agent_.Idle());
}

TEST_F(AgentTest, TheDigestIsOfThePlanAlone) {
  const Plan plan = rig_.MakePlan("/products", 1);
  const std::string first = *agent_.Prepare(rig_.Order("r", plan));
  EXPECT_EQ(*agent_.Prepare(rig_.Order("r", plan, 2)), first);
  EXPECT_NE(*agent_.Prepare(rig_.Order("r", rig_.MakePlan("/other", 1), 3)), first);
}

TEST_F(AgentTest, RefusesWhatCannotRun) {
  PrepareOrder order = rig_.Order("", rig_.MakePlan("/", 1));
  ExpectRefused(agent_.Prepare(order).status(), StatusCode::kInvalidArgument, "run_id must");
  order.run_id = std::string(129, 'r');
  ExpectRefused(agent_.Prepare(order).status(), StatusCode::kInvalidArgument, "got 129");
  order.run_id = "r";
  order.settings.tags = {"no such tag"};
  ExpectRefused(agent_.Prepare(order).status(), StatusCode::kInvalidArgument, "");
  order.settings = {};
  order.settings.once = true;  // nobody to trace to
  ExpectRefused(agent_.Prepare(order).status(), StatusCode::kFailedPrecondition, "--once");
  EXPECT_TRUE(agent_.Idle());
}

TEST_F(AgentTest, ASecondCoordinatorIsToldWhoHoldsIt) {
  Run("mine");
  PrepareOrder other = rig_.Order("theirs", rig_.MakePlan("/products", 1));
  other.owner = "coordinator-2";
  ExpectRefused(agent_.Prepare(other).status(), StatusCode::kFailedPrecondition,
                "held by coordinator-1 with run 'mine' (running)");
  EXPECT_EQ(agent_.Status().run_id, "mine");
}

TEST_F(AgentTest, AFinishedRunMakesRoom) {
  Run("first");
  ASSERT_TRUE(agent_.Stop("first", 1, "enough", /*immediate=*/true).ok());
  ASSERT_TRUE(rig_.events.Await("run finished first enough"));
  EXPECT_EQ(agent_.Status().state, RunState::kFinished);
  EXPECT_EQ(agent_.TakeSnapshot("first")->stop_reason, "enough");
  EXPECT_TRUE(agent_.Prepare(rig_.Order("second", rig_.MakePlan("/products", 1))).ok());
}

TEST_F(AgentTest, OnlyTheRunItHoldsTakesCommands) {
  Run("r");
  for (const absl::Status& status :
       {agent_.Start("x", 1, clock_.Wall()).status(), agent_.Pause("x", 1), agent_.Resume("x", 1),
        agent_.Stop("x", 1, "", true), agent_.SetLoad("x", 1, {}), agent_.Reassign("x", 1, {}),
        agent_.TakeSnapshot("x").status()}) {
    ExpectRefused(status, StatusCode::kNotFound, "run 'x' is not on this agent");
  }
  EXPECT_EQ(agent_.Status().state, RunState::kRunning);
}

TEST_F(AgentTest, ALowerEpochIsFencedOff) {
  Run("r");
  EXPECT_TRUE(agent_.Pause("r", 5).ok());
  ExpectRefused(agent_.Resume("r", 4), StatusCode::kFailedPrecondition, "at least 5, got 4");
  ExpectRefused(agent_.Prepare(rig_.Order("r", rig_.MakePlan("/", 1), 4)).status(),
                StatusCode::kFailedPrecondition, "at least 5, got 4");
  EXPECT_EQ(agent_.Status().state, RunState::kPaused);
  EXPECT_TRUE(agent_.Resume("r", 5).ok());
  EXPECT_EQ(agent_.Status().epoch, 5U);
}

TEST_F(AgentTest, ACoordinatorThatCameBackTakesOver) {
  Run("r");
  clock_.Advance(std::chrono::seconds(10));
  const auto attached = agent_.Attach("r", 3, "coordinator-2");
  ASSERT_TRUE(attached.ok()) << attached.status();
  EXPECT_EQ(attached->state, RunState::kRunning);
  EXPECT_EQ(attached->owner, "coordinator-2");
  EXPECT_EQ(attached->epoch, 3U);
  EXPECT_EQ(attached->assignment, MakeAssignment(0, 1, 1));
  EXPECT_EQ(attached->started_at, clock_.Wall() - std::chrono::seconds(10));
  EXPECT_EQ(attached->now, clock_.Wall());
  EXPECT_FALSE(attached->plan_digest.empty());
  EXPECT_TRUE(rig_.events.Await("run attached r coordinator-2"));
  ExpectRefused(agent_.Pause("r", 2), StatusCode::kFailedPrecondition, "at least 3, got 2");
  EXPECT_TRUE(agent_.Pause("r", 3).ok());
  ExpectRefused(agent_.Prepare(rig_.Order("other", rig_.MakePlan("/", 1))).status(),
                StatusCode::kFailedPrecondition, "held by coordinator-2 with run 'r'");
}

TEST_F(AgentTest, OnlyAHigherEpochTakesTheCommandFromAnother) {
  Run("r");
  ASSERT_TRUE(agent_.Attach("r", 5, "coordinator-2").ok());
  EXPECT_TRUE(agent_.Attach("r", 5, "coordinator-2").ok()) << "the same again";
  ExpectRefused(agent_.Attach("r", 5, "coordinator-1").status(), StatusCode::kFailedPrecondition,
                "epoch must be above 5 to attach, got 5: coordinator-2 has the command");
  ExpectRefused(agent_.Attach("r", 4, "coordinator-2").status(), StatusCode::kFailedPrecondition,
                "at least 5, got 4");
  ExpectRefused(agent_.Attach("x", 9, "coordinator-1").status(), StatusCode::kNotFound,
                "run 'x' is not on this agent; it holds 'r'");
  EXPECT_EQ(agent_.Status().owner, "coordinator-2");
  EXPECT_TRUE(agent_.Attach("r", 6, "coordinator-1").ok());
  EXPECT_EQ(agent_.Status().owner, "coordinator-1");
}

TEST_F(AgentTest, AnAttachToARunThatIsOverShowsItsEnd) {
  Run("r");
  ASSERT_TRUE(agent_.Stop("r", 1, "enough", /*immediate=*/true).ok());
  ASSERT_TRUE(rig_.events.Await("run finished r enough"));
  EXPECT_EQ(agent_.Attach("r", 2, "coordinator-2")->state, RunState::kFinished);
  EXPECT_EQ(agent_.TakeSnapshot("r")->stop_reason, "enough");
}

TEST_F(AgentTest, AnAttachIsASignOfLife) {
  RunSettings settings;
  settings.control_loss_policy = ControlLossPolicy::kStop;
  settings.control_loss_timeout = std::chrono::seconds(5);
  Run("r", settings);
  clock_.Advance(std::chrono::seconds(4));
  ASSERT_TRUE(agent_.Attach("r", 2, "coordinator-2").ok());
  clock_.Advance(std::chrono::seconds(4));
  EXPECT_EQ(agent_.Status().state, RunState::kRunning);
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_TRUE(rig_.events.Await("run stopping r control lost"));
}

TEST_F(AgentTest, AHandoverWithoutAMomentBeginsWhenItIsHeard) {
  Run("r");
  clock_.Advance(std::chrono::seconds(10));
  EXPECT_EQ(agent_.Peek().target_users, 4U);
  // Of the four, 1 and 3 go, one a second.
  ASSERT_TRUE(
      agent_.Reassign("r", 2, {.after = {2, {{0, 2}}}, .moving = {{1, 2}}, .rate = 1}).ok());
  EXPECT_EQ(agent_.Peek().target_users, 3U);
  clock_.Advance(std::chrono::milliseconds(999));
  EXPECT_EQ(agent_.Peek().target_users, 3U);
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(agent_.Peek().target_users, 2U);
  EXPECT_EQ(agent_.Status().assignment, (Assignment{2, {{0, 2}}}));
}

TEST_F(AgentTest, ARepeatedReassignChangesNothing) {
  Run("r");
  for (const Nanos at : {Handover::kWhenHeard, Nanos(std::chrono::seconds(20))}) {
    const uint64_t epoch = agent_.Status().epoch + 1;
    clock_.Advance(std::chrono::seconds(10));
    const Handover handover{
        .after = {epoch, {{epoch % 2, 2}}}, .moving = {{0, 1}}, .at = at, .rate = 1};
    ASSERT_TRUE(agent_.Reassign("r", epoch, handover).ok());
    clock_.Advance(std::chrono::milliseconds(500));
    const uint64_t users = agent_.Peek().target_users;
    ASSERT_TRUE(agent_.Reassign("r", epoch, handover).ok());
    EXPECT_EQ(agent_.Peek().target_users, users) << "one has moved, the others are still to come";
  }
}

TEST_F(AgentTest, AHandoverKeepsToTheTimeOfTheRunWhichAPauseHoldsUp) {
  Run("r");
  ASSERT_TRUE(
      agent_.Reassign("r", 2, {.after = {2, {}}, .moving = {{0, 1}}, .at = std::chrono::seconds(5)})
          .ok());
  clock_.Advance(std::chrono::seconds(4));
  ASSERT_TRUE(agent_.Pause("r", 2).ok());
  agent_.Peek();  // the loops have seen the pause before the time goes on
  clock_.Advance(std::chrono::seconds(10));
  ASSERT_TRUE(agent_.Resume("r", 2).ok());
  EXPECT_EQ(agent_.Peek().target_users, 4U);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(agent_.Peek().target_users, 0U);
  EXPECT_EQ(agent_.Status().state, RunState::kRunning);
}

TEST_F(AgentTest, CountsWhatItRefusedByReason) {
  Run("r");
  EXPECT_EQ(agent_.refused(), RefusedCounts());
  ASSERT_TRUE(agent_.Attach("r", 5, "coordinator-2").ok());
  EXPECT_FALSE(agent_.Pause("r", 4).ok());
  EXPECT_FALSE(agent_.Attach("r", 5, "coordinator-1").ok());
  EXPECT_FALSE(agent_.Prepare(rig_.Order("r", rig_.MakePlan("/", 1), 1)).ok());
  EXPECT_FALSE(agent_.Resume("x", 9).ok());
  EXPECT_FALSE(agent_.TakeSnapshot("x").ok());
  EXPECT_FALSE(agent_.Prepare(rig_.Order("other", rig_.MakePlan("/", 1))).ok());
  agent_.CountRefused(Refusal::kUnauthenticated);
  EXPECT_EQ(agent_.refused(),
            (RefusedCounts{.stale_epoch = 3, .unknown_run = 2, .busy = 1, .unauthenticated = 1}));
}

TEST_F(AgentTest, ARepeatedStartChangesNothing) {
  ASSERT_TRUE(agent_.Prepare(rig_.Order("r", rig_.MakePlan("/delay/60000", 1))).ok());
  const WallTime wanted = clock_.Wall() + std::chrono::seconds(3);
  EXPECT_EQ(*agent_.Start("r", 1, wanted), wanted);
  clock_.Advance(std::chrono::seconds(10));
  EXPECT_EQ(*agent_.Start("r", 1, clock_.Wall()), wanted);
}

TEST_F(AgentTest, AStartInThePastJoinsARunThatGoesOn) {
  Plan plan = rig_.MakePlan("/delay/60000", 1);
  plan.load_profile.load = std::vector<Stage>{{std::chrono::hours(2), 7200, 1}};
  ASSERT_TRUE(agent_.Prepare(rig_.Order("r", plan)).ok());
  const WallTime past = clock_.Wall() - std::chrono::hours(1);
  EXPECT_EQ(*agent_.Start("r", 1, past), past);
  EXPECT_EQ(agent_.Status().started_at, past);
  const Snapshot snapshot = agent_.Peek();
  EXPECT_EQ(snapshot.started_at, past);
  EXPECT_EQ(snapshot.elapsed, std::chrono::hours(1));
  EXPECT_EQ(snapshot.target_users, 3601U) << "as in the second hour of the run";
}

TEST_F(AgentTest, AStartTooFarInThePastIsRefused) {
  ASSERT_TRUE(agent_.Prepare(rig_.Order("r", rig_.MakePlan("/products", 1))).ok());
  ExpectRefused(agent_.Start("r", 1, clock_.Wall() - std::chrono::hours(24 * 30 + 1)).status(),
                StatusCode::kInvalidArgument, "at most 30 days in the past");
}

TEST_F(AgentTest, APreparedRunThatIsStoppedCannotStart) {
  ASSERT_TRUE(agent_.Prepare(rig_.Order("r", rig_.MakePlan("/products", 1))).ok());
  ASSERT_TRUE(agent_.Stop("r", 1, "", false).ok());
  ASSERT_TRUE(rig_.events.Await("run finished r stopped"));
  ExpectRefused(agent_.Start("r", 1, clock_.Wall()).status(), StatusCode::kFailedPrecondition,
                "cannot be started");
  EXPECT_EQ(rig_.target.counters.TotalRequests(), 0U);
  EXPECT_TRUE(agent_.Prepare(rig_.Order("s", rig_.MakePlan("/products", 1))).ok());
}

TEST_F(AgentTest, LoadAndPauseNeedARunThatGoesOn) {
  ASSERT_TRUE(agent_.Prepare(rig_.Order("r", rig_.MakePlan("/products", 1))).ok());
  LoadChange change;
  change.users = 3;
  ExpectRefused(agent_.SetLoad("r", 1, change), StatusCode::kFailedPrecondition, "is prepared");
  ExpectRefused(agent_.Pause("r", 1), StatusCode::kFailedPrecondition, "it is prepared");
}

TEST_F(AgentTest, TheOtherModelsChangeIsRefused) {
  Run("closed");
  LoadChange change;
  change.rate_factor = 2;
  ExpectRefused(agent_.SetLoad("closed", 1, change), StatusCode::kInvalidArgument, "set users");
  ASSERT_TRUE(agent_.Stop("closed", 1, "", true).ok());
  ASSERT_TRUE(rig_.events.Await("run finished closed stopped"));

  Plan plan = rig_.MakePlan("/products", 1);
  plan.load_profile.load = Arrival{{{std::chrono::hours(1), 1, std::nullopt}}, 10, {}};
  ASSERT_TRUE(agent_.Prepare(rig_.Order("open", plan)).ok());
  ASSERT_TRUE(agent_.Start("open", 1, clock_.Wall()).ok());
  change = {};
  change.users = 2;
  ExpectRefused(agent_.SetLoad("open", 1, change), StatusCode::kInvalidArgument, "arrival_factor");
}

TEST_F(AgentTest, ALevelThatIsSetAfterAPauseStartsAtOnce) {
  Run("r");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(agent_.Peek().target_users, 4U);
  ASSERT_TRUE(agent_.Pause("r", 1).ok());
  agent_.Peek();  // the loops have seen the pause before the time goes on
  clock_.Advance(std::chrono::seconds(10));
  ASSERT_TRUE(agent_.Resume("r", 1).ok());
  LoadChange change;
  change.users = 9;
  change.spawn_rate = 1;
  ASSERT_TRUE(agent_.SetLoad("r", 1, change).ok());
  EXPECT_EQ(agent_.Peek().target_users, 5U);
}

TEST_F(AgentTest, TheFirstStopReasonStays) {
  Run("r");
  ASSERT_TRUE(agent_.Stop("r", 1, "first", false).ok());
  EXPECT_EQ(agent_.Status().state, RunState::kStopping);
  ASSERT_TRUE(agent_.Stop("r", 1, "second", true).ok());
  ASSERT_TRUE(rig_.events.Await("run finished r first"));
  EXPECT_EQ(agent_.TakeSnapshot("r")->stop_reason, "first");
  EXPECT_TRUE(agent_.Stop("r", 1, "third", true).ok());
  EXPECT_EQ(agent_.TakeSnapshot("r")->stop_reason, "first");
}

TEST_F(AgentTest, SnapshotsAreNumberedAndPeeksAreNot) {
  Run("r");
  EXPECT_EQ(agent_.TakeSnapshot("r")->sequence, 1U);
  EXPECT_EQ(agent_.Peek().sequence, 1U);
  const Snapshot next = *agent_.TakeSnapshot("");
  EXPECT_EQ(next.sequence, 2U);
  EXPECT_EQ(next.run_id, "r");
  EXPECT_EQ(next.agent_id, "a-1");
  EXPECT_EQ(next.started_at, clock_.Wall());
}

TEST_F(AgentTest, WhileShuttingDownItTakesNoOtherRun) {
  Run("r");
  agent_.Drain("shutting down");
  EXPECT_TRUE(agent_.draining());
  EXPECT_EQ(agent_.Status().state, RunState::kStopping);
  ASSERT_TRUE(agent_.Stop("r", 1, "", true).ok());
  ASSERT_TRUE(rig_.events.Await("run finished r shutting down"));
  ExpectRefused(agent_.Prepare(rig_.Order("next", rig_.MakePlan("/", 1))).status(),
                StatusCode::kUnavailable, "shutting down");
}

TEST_F(AgentTest, GoesOnAloneUnlessItWasToldToStop) {
  RunSettings settings;
  settings.control_loss_timeout = std::chrono::seconds(5);
  Run("alone", settings);
  agent_.OnWatchBegan();
  agent_.OnWatchEnded();
  clock_.Advance(std::chrono::hours(1));
  ASSERT_TRUE(agent_.Stop("alone", 1, "by hand", true).ok());
  ASSERT_TRUE(rig_.events.Await("run finished alone by hand"));

  settings.control_loss_policy = ControlLossPolicy::kStop;
  Run("watched", settings);
  agent_.OnWatchBegan();
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(agent_.Status().state, RunState::kRunning);
  agent_.OnWatchEnded();
  clock_.Advance(std::chrono::seconds(6));
  EXPECT_TRUE(rig_.events.Await("run stopping watched control lost"));
}

TEST_F(AgentTest, APreparedRunThatNobodyStartsIsDropped) {
  ASSERT_TRUE(agent_.Prepare(rig_.Order("r", rig_.MakePlan("/products", 1))).ok());
  clock_.Advance(std::chrono::seconds(61));
  ASSERT_TRUE(rig_.events.Await("run finished r control lost"));
  EXPECT_TRUE(agent_.Idle());
}

}  // namespace
}  // namespace squall
