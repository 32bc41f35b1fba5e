#include "daemon/python/lane.h"

#include <string>

#include "tests/daemon/python/lane_fixture.h"

namespace squall {
namespace {

constexpr const char* kSpawned = R"(spawning_complete {"user_count":3})";

class CoordinatorLaneTest : public LaneTest {
 protected:
  CoordinatorLaneTest() : LaneTest(/*coordinator=*/true) {}
};

TEST_F(LaneTest, NotesOfTheParentComeInTheirOrder) {
  for (const char* kind : {"load", "message"}) {
    v1::LaneCommand command;
    command.mutable_note()->set_kind(kind);
    command.mutable_note()->set_json(R"({"a":1})");
    Send(command);
  }
  EXPECT_EQ(Receive(), R"(load {"a":1})");
  EXPECT_EQ(Receive(), R"(message {"a":1})");
}

TEST_F(LaneTest, NotesForTheParentGetThere) {
  lane->Send("loaded", R"({"x":[]})");
  EXPECT_EQ(NextNote(), R"(loaded {"x":[]})");
}

TEST_F(LaneTest, OtherGreenletsRunWhileOneReceives) {
  Run("gevent.spawn_later(0.001, _squall.run_locally, 1, 1e6)");
  EXPECT_EQ(Receive(), R"(spawning_complete {"user_count":1})");
}

TEST_F(LaneTest, WhatIsThrownIntoTheReceiverEndsItsWait) {
  EXPECT_EQ(Ask("gevent.with_timeout(0.001, _squall.receive, timeout_value='timeout')"), "timeout");
  lane->engine()->Stop("nothing to stop", true);
  HangUp();
  EXPECT_EQ(Receive(), "closed {}");  // one receives again
}

TEST_F(LaneTest, ARunGoesFromPreparedToFinished) {
  SendPrepare(PlanOf(3));
  EXPECT_EQ(Receive(), "prepared {}");
  EXPECT_EQ(NextNote(), "prepared {}");
  EXPECT_EQ(lane->StateWord(), "ready");
  SendStart();
  EXPECT_EQ(Receive(), "start {}");
  EXPECT_EQ(lane->engine()->state(), RunState::kPrepared);  // test_start is being fired
  lane->StartUsers();
  EXPECT_EQ(lane->StateWord(), "spawning");
  EXPECT_EQ(Receive(), kSpawned);
  EXPECT_EQ(lane->StateWord(), "running");
  EXPECT_EQ(lane->TargetUsers(), 3U);
  SendStop();
  EXPECT_EQ(Receive(), R"(stopping {"reason":"stopped"})");
  EXPECT_EQ(Receive(), R"(finished {"reason":"stopped"})");
  EXPECT_EQ(lane->StateWord(), "stopping");
  lane->ReportFinished();
  EXPECT_EQ(lane->StateWord(), "stopped");
}

TEST_F(LaneTest, SnapshotsComeByThemselvesAndTheLastOneAfterTheReport) {
  SendPrepare(PlanOf(3));
  SendStart();
  EXPECT_EQ(Receive(), "prepared {}");
  EXPECT_EQ(Receive(), "start {}");
  lane->StartUsers();
  EXPECT_EQ(Receive(), kSpawned);
  Snapshot snapshot = NextSnapshot();
  while (snapshot.UserCount() < 3 || snapshot.iterations == 0) {
    snapshot = NextSnapshot();
  }
  EXPECT_EQ(snapshot.state, RunState::kRunning);
  EXPECT_GT(snapshot.health.rss_bytes, 0U);
  SendStop();
  while (!lane->engine()->finished()) {
    EXPECT_NE(NextSnapshot().state, RunState::kFinished);
  }
  lane->ReportFinished();
  while (NextSnapshot().state != RunState::kFinished) {
  }
}

TEST_F(LaneTest, APlanThatCannotRunIsRefused) {
  Plan plan;
  plan.load_profile.load = Arrival{{{std::chrono::seconds(1), 1, 1}}};
  SendPrepare(plan);
  EXPECT_EQ(NextNote(),
            R"(refused {"message":"a locustfile must have a profile of users, not of arrivals"})");
}

TEST_F(LaneTest, APlanThatWantsSpansIsRefusedByAProgramThatCannotSendThem) {
  Plan plan = PlanOf(1);
  plan.outputs.traces = TraceOutput{.endpoint = "http://127.0.0.1:4317", .sample = 0};
  SendPrepare(plan);
  EXPECT_EQ(NextNote(), "prepared {}");
  plan.outputs.traces->sample = 1;
  SendPrepare(plan);
  EXPECT_EQ(NextNote(), R"(refused {"message":"squall-python must be built with OpenTelemetry )"
                        R"((SQUALL_WITH_OTEL) for outputs.traces"})");
}

TEST_F(LaneTest, AChangeOfLoadIsToldOnceThoseUsersAreThere) {
  SendPrepare(PlanOf(3));
  EXPECT_EQ(Receive(), "prepared {}");
  lane->StartUsers();
  EXPECT_EQ(Receive(), kSpawned);
  LoadChange change;
  change.users = 5;
  change.spawn_rate = 1e6;
  change.since = lane->engine()->Elapsed();
  v1::LaneCommand command;
  LaneChangeToProto(change, command.mutable_change());
  Send(command);
  EXPECT_EQ(Receive(), R"(spawning_complete {"user_count":5})");
  EXPECT_EQ(Ask("sum(_squall.users_by_class().values())"), "5");
}

TEST_F(LaneTest, APauseAndItsEndReachTheEngine) {
  SendPrepare(PlanOf(1));
  EXPECT_EQ(Receive(), "prepared {}");
  lane->StartUsers();
  v1::LaneCommand pause;
  pause.mutable_pause();
  Send(pause);
  TurnUntil([&] { return lane->engine()->state() == RunState::kPaused; });
  v1::LaneCommand resume;
  resume.mutable_resume();
  Send(resume);
  TurnUntil([&] { return lane->engine()->state() == RunState::kRunning; });
}

TEST_F(LaneTest, ResultsBeginWhenAllUsersAreThereIfThatWasAskedFor) {
  lane->ResetAtSpawningComplete();
  EXPECT_EQ(context->PhaseAt(clock.Now()), RunPhase::kWarmUp);
  SendPrepare(PlanOf(3));
  EXPECT_EQ(Receive(), "prepared {}");
  lane->StartUsers();
  EXPECT_EQ(Receive(), kSpawned);
  EXPECT_EQ(context->PhaseAt(clock.Now()), RunPhase::kMeasured);
}

TEST_F(LaneTest, TheRunEndsWhenTheParentIsGone) {
  SendPrepare(PlanOf(3));
  EXPECT_EQ(Receive(), "prepared {}");
  lane->StartUsers();
  EXPECT_EQ(Receive(), kSpawned);
  HangUp();
  // "closed" comes among what the end of the run has to say.
  std::string all;
  while (all.find("closed") == std::string::npos || all.find("finished") == std::string::npos) {
    all += Receive() + "\n";
  }
  EXPECT_NE(all.find("the process that started the run is gone"), std::string::npos) << all;
  lane->Send("late", "{}");  // to nobody
}

TEST_F(LaneTest, GarbageOnTheChannelIsTheEndOfIt) {
  SendBytes("\xff\xff\xff\xff garbage");
  EXPECT_EQ(Receive(), "closed {}");
}

TEST_F(LaneTest, MessagesMayComeInPieces) {
  v1::LaneCommand command;
  command.mutable_note()->set_kind("load");
  command.mutable_note()->set_json("{}");
  const std::string frame = *LaneFrame(command);
  for (const char byte : frame) {
    SendBytes({&byte, 1});
    Run("gevent.sleep(0)");
  }
  EXPECT_EQ(Receive(), "load {}");
}

TEST_F(LaneTest, AChannelThatIsNoSocketIsRefused) {
  Lane other(context.get(), &clock, {12345, false});
  EXPECT_FALSE(other.Open().ok());
}

TEST_F(CoordinatorLaneTest, ItsStatisticsAreWhatTheParentSends) {
  Snapshot totals;
  totals.state = RunState::kRunning;
  totals.target_users = 40;
  totals.users["First"] = 38;
  totals.entries[{RunPhase::kMeasured, "/x", "GET"}].requests = 0;
  v1::LaneCommand command;
  SnapshotToProto(totals, command.mutable_totals());
  Send(command);
  TurnUntil([&] { return lane->TargetUsers() == 40; });
  EXPECT_EQ(lane->StateWord(), "running");
  EXPECT_EQ(Ask("_squall.users_by_class()"), "{'First': 38}");
  EXPECT_EQ(lane->Statistics().entries.size(), 1U);
}

}  // namespace
}  // namespace squall
