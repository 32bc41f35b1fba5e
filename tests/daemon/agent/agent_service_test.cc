#include "daemon/agent/agent_service.h"

#include <cmath>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "daemon/rpc/rpc_server.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/snapshot_proto.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"
#include "tests/daemon/agent/agent_rig.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

constexpr int64_t kForever = 1'000'000;  // ms a request may take that nobody waits for

class AgentServiceTest : public testing::Test {
 protected:
  AgentServiceTest() : rig_(&clock_) {}

  void SetUp() override { Serve(nullptr); }

  void Serve(const TokenGuard* guard) {
    std::vector<RpcService> services;
    services.push_back(MakeAgentService(&rig_.agent, {"1.2.3", guard}));
    auto server = RpcServer::Make({}, std::move(services));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::AgentService::NewStub(server_->InProcessChannel());
  }

  static std::string Slow() { return fmt::format("/delay/{}", kForever); }

  v1::PrepareRequest PrepareRequestFor(const std::string& run_id, const Plan& plan,
                                       uint64_t epoch = 1) {
    v1::PrepareRequest request;
    request.set_run_id(run_id);
    request.set_agent_id("one of one");
    request.set_epoch(epoch);
    request.set_owner("the test");
    EXPECT_TRUE(PlanToProto(plan, request.mutable_plan()).ok());
    return request;
  }
  grpc::Status Prepare(const v1::PrepareRequest& request, v1::PrepareResponse* response) {
    grpc::ClientContext context;
    return stub_->Prepare(&context, request, response);
  }
  void RunSlow(uint64_t users) {
    v1::PrepareResponse response;
    const grpc::Status status =
        Prepare(PrepareRequestFor("r", rig_.MakePlan(Slow(), users)), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_TRUE(Call(&v1::AgentService::Stub::Start, StartRequestFor("r")).ok());
  }
  static v1::StartRequest StartRequestFor(const std::string& run_id, uint64_t epoch = 1) {
    v1::StartRequest request;
    request.set_run_id(run_id);
    request.set_epoch(epoch);
    return request;
  }
  template <typename Request>
  static Request For(const std::string& run_id, uint64_t epoch = 1) {
    Request request;
    request.set_run_id(run_id);
    request.set_epoch(epoch);
    return request;
  }

  // Calls one of the stub's methods; `response` may be nullptr.
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::AgentService::Stub::*method)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                    const Request& request, Response* response = nullptr) {
    grpc::ClientContext context;
    Response unused;
    return (stub_.get()->*method)(&context, request, response == nullptr ? &unused : response);
  }

  // Every snapshot until the stream ends.
  grpc::Status Watch(const std::string& run_id, std::vector<Snapshot>* snapshots) {
    grpc::ClientContext context;
    v1::WatchRequest request;
    request.set_run_id(run_id);
    request.mutable_interval()->set_nanos(1);  // below the minimum, which then holds
    auto stream = stub_->Watch(&context, request);
    v1::WatchResponse response;
    while (stream->Read(&response)) {
      auto snapshot = SnapshotFromProto(response.snapshot());
      EXPECT_TRUE(snapshot.ok()) << snapshot.status();
      snapshots->push_back(*std::move(snapshot));
    }
    return stream->Finish();
  }
  Snapshot Last(const std::string& run_id) {
    std::vector<Snapshot> snapshots;
    const grpc::Status status = Watch(run_id, &snapshots);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_FALSE(snapshots.empty());
    return snapshots.empty() ? Snapshot() : snapshots.back();
  }

  const SystemClock clock_;
  AgentRig rig_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<v1::AgentService::Stub> stub_;
};

using Stub = v1::AgentService::Stub;

TEST_F(AgentServiceTest, AWholeRunCountsWhatTheTargetSaw) {
  v1::PrepareResponse prepared;
  ASSERT_TRUE(
      Prepare(PrepareRequestFor("r", rig_.MakePlan("/products/1", 10, 500)), &prepared).ok());
  EXPECT_EQ(prepared.plan_digest().size(), 64U);
  EXPECT_EQ(prepared.agent().agent_id(), "one of one");
  EXPECT_EQ(prepared.agent().name(), "a-1");
  EXPECT_EQ(prepared.agent().version(), "1.2.3");
  EXPECT_EQ(prepared.agent().shards(), 2U);
  EXPECT_GE(prepared.agent().cpu_count(), 1U);
  v1::StartResponse started;
  ASSERT_TRUE(Call(&Stub::Start, StartRequestFor("r"), &started).ok());
  EXPECT_TRUE(started.has_start_at());

  std::vector<Snapshot> snapshots;
  ASSERT_TRUE(Watch("r", &snapshots).ok());
  const Snapshot& last = snapshots.back();
  EXPECT_EQ(last.state, RunState::kFinished);
  EXPECT_EQ(last.agent_id, "one of one");
  EXPECT_EQ(last.stop_reason, "iterations finished");
  EXPECT_EQ(last.Total().requests, 500U);
  EXPECT_EQ(last.Total().failures, 0U);
  EXPECT_EQ(last.iterations, 500U);
  EXPECT_EQ(rig_.target.counters.TotalRequests(), 500U);
  for (size_t i = 1; i < snapshots.size(); ++i) {
    EXPECT_EQ(snapshots[i].sequence, snapshots[i - 1].sequence + 1);
    EXPECT_GE(snapshots[i].Total().requests, snapshots[i - 1].Total().requests);
  }
}

TEST_F(AgentServiceTest, WhoComesLateStillGetsTheLastSnapshot) {
  v1::PrepareResponse prepared;
  ASSERT_TRUE(Prepare(PrepareRequestFor("r", rig_.MakePlan("/products/1", 2, 6)), &prepared).ok());
  ASSERT_TRUE(Call(&Stub::Start, StartRequestFor("r")).ok());
  EXPECT_EQ(Last("r").Total().requests, 6U);
  EXPECT_EQ(Last("r").Total().requests, 6U);
}

TEST_F(AgentServiceTest, WithoutAnAssignmentTheAgentOwnsTheWholeRun) {
  v1::PrepareRequest request = PrepareRequestFor("r", rig_.MakePlan("/products/1", 4, 40));
  v1::PrepareResponse prepared;
  ASSERT_TRUE(Prepare(request, &prepared).ok());
  ASSERT_TRUE(Call(&Stub::Start, StartRequestFor("r")).ok());
  EXPECT_EQ(Last("r").iterations, 40U);
  // Half of it: users 0 and 2 of 4.
  request.set_run_id("half");
  request.mutable_assignment()->set_epoch(1);
  auto* half = request.mutable_assignment()->add_classes();
  half->set_residue(0);
  half->set_modulus(2);
  ASSERT_TRUE(Prepare(request, &prepared).ok());
  ASSERT_TRUE(Call(&Stub::Start, StartRequestFor("half")).ok());
  EXPECT_EQ(Last("half").iterations, 20U);
}

TEST_F(AgentServiceTest, AnUnknownRunIsNotFound) {
  RunSlow(1);
  EXPECT_EQ(Call(&Stub::Start, StartRequestFor("x")).error_code(), grpc::NOT_FOUND);
  EXPECT_EQ(Call(&Stub::Stop, For<v1::StopRequest>("x")).error_code(), grpc::NOT_FOUND);
  EXPECT_EQ(Call(&Stub::Pause, For<v1::PauseRequest>("x")).error_code(), grpc::NOT_FOUND);
  EXPECT_EQ(Call(&Stub::Resume, For<v1::ResumeRequest>("x")).error_code(), grpc::NOT_FOUND);
  std::vector<Snapshot> snapshots;
  EXPECT_EQ(Watch("x", &snapshots).error_code(), grpc::NOT_FOUND);
  EXPECT_TRUE(snapshots.empty());
}

TEST_F(AgentServiceTest, ALowerEpochIsAFailedPrecondition) {
  RunSlow(1);
  ASSERT_TRUE(Call(&Stub::Pause, For<v1::PauseRequest>("r", 3)).ok());
  const grpc::Status refused = Call(&Stub::Resume, For<v1::ResumeRequest>("r", 2));
  EXPECT_EQ(refused.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_NE(refused.error_message().find("at least 3, got 2"), std::string::npos);
}

TEST_F(AgentServiceTest, ASecondPrepareIsToldWhoHoldsTheAgent) {
  RunSlow(1);
  v1::PrepareResponse response;
  const grpc::Status refused =
      Prepare(PrepareRequestFor("other", rig_.MakePlan("/products", 1)), &response);
  EXPECT_EQ(refused.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_NE(refused.error_message().find("held by the test with run 'r'"), std::string::npos)
      << refused.error_message();
}

TEST_F(AgentServiceTest, StateFollowsTheCommands) {
  RunSlow(2);
  const auto state = [this] {
    v1::GetStatusResponse status;
    EXPECT_TRUE(Call(&Stub::GetStatus, v1::GetStatusRequest(), &status).ok());
    return status.state();
  };
  EXPECT_EQ(state(), v1::RUN_STATE_RUNNING);
  v1::PauseResponse paused;
  ASSERT_TRUE(Call(&Stub::Pause, For<v1::PauseRequest>("r"), &paused).ok());
  EXPECT_EQ(paused.state(), v1::RUN_STATE_PAUSED);
  v1::ResumeResponse resumed;
  ASSERT_TRUE(Call(&Stub::Resume, For<v1::ResumeRequest>("r"), &resumed).ok());
  EXPECT_EQ(resumed.state(), v1::RUN_STATE_RUNNING);
  v1::StopRequest stop = For<v1::StopRequest>("r");
  stop.set_mode(v1::STOP_MODE_IMMEDIATE);
  stop.set_reason("enough");
  ASSERT_TRUE(Call(&Stub::Stop, stop).ok());
  const Snapshot last = Last("r");
  EXPECT_EQ(last.state, RunState::kFinished);
  EXPECT_EQ(last.stop_reason, "enough");
  EXPECT_EQ(state(), v1::RUN_STATE_FINISHED);
}

TEST_F(AgentServiceTest, LoadChangesLive) {
  RunSlow(2);
  rig_.target.AwaitRequests(2);
  v1::SetLoadRequest request = For<v1::SetLoadRequest>("r");
  request.mutable_users()->set_users(7);
  request.mutable_users()->set_spawn_rate(1e6);
  v1::SetLoadResponse response;
  ASSERT_TRUE(Call(&Stub::SetLoad, request, &response).ok());
  rig_.target.AwaitRequests(7);
  EXPECT_EQ(rig_.agent.Peek().target_users, 7U);
  request.mutable_clear();
  ASSERT_TRUE(Call(&Stub::SetLoad, request, &response).ok());
  EXPECT_EQ(response.target_users(), 2U);
}

TEST_F(AgentServiceTest, ReassignGivesUsersAway) {
  RunSlow(10);
  rig_.target.AwaitRequests(10);
  v1::ReassignRequest request = For<v1::ReassignRequest>("r", 2);
  request.mutable_assignment()->set_epoch(2);
  auto* half = request.mutable_assignment()->add_classes();
  half->set_residue(1);
  half->set_modulus(2);
  v1::ReassignResponse response;
  ASSERT_TRUE(Call(&Stub::Reassign, request, &response).ok());
  EXPECT_EQ(response.epoch(), 2U);
  EXPECT_EQ(rig_.agent.Peek().UserCount(), 5U);
  EXPECT_EQ(rig_.agent.Peek().target_users, 5U);
}

TEST_F(AgentServiceTest, UsersChangeHandsWhenTheRunHasComeToTheMoment) {
  RunSlow(10);
  rig_.target.AwaitRequests(10);
  v1::ReassignRequest request = For<v1::ReassignRequest>("r", 2);
  request.mutable_assignment()->set_epoch(2);
  auto* moving = request.add_moving();
  moving->set_modulus(1);
  request.mutable_effective_at()->set_seconds(3600);
  ASSERT_TRUE(Call(&Stub::Reassign, request).ok());
  EXPECT_EQ(rig_.agent.Peek().target_users, 10U) << "in an hour";
  request.mutable_effective_at()->set_seconds(0);
  request.set_epoch(3);
  ASSERT_TRUE(Call(&Stub::Reassign, request).ok());
  EXPECT_EQ(rig_.agent.Peek().target_users, 0U);
  moving->set_residue(1);
  EXPECT_EQ(Call(&Stub::Reassign, request).error_message(),
            "moving[0].residue must be below the modulus 1, got 1");
  moving->set_residue(0);
  request.mutable_effective_at()->set_seconds(-1);
  EXPECT_EQ(Call(&Stub::Reassign, request).error_message(),
            "effective_at must be at least 0 s, got -1 s");
}

TEST_F(AgentServiceTest, AttachTellsHowThingsStand) {
  RunSlow(4);
  v1::AttachRequest request = For<v1::AttachRequest>("r", 2);
  request.set_owner("another");
  v1::AttachResponse response;
  ASSERT_TRUE(Call(&Stub::Attach, request, &response).ok());
  v1::GetStatusResponse status;
  ASSERT_TRUE(Call(&Stub::GetStatus, v1::GetStatusRequest(), &status).ok());
  EXPECT_EQ(response.agent().agent_id(), "one of one");
  EXPECT_EQ(response.state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(response.epoch(), 2U);
  EXPECT_EQ(response.plan_digest(), status.plan_digest());
  EXPECT_TRUE(response.has_now());
  EXPECT_TRUE(response.has_started_at());
  EXPECT_EQ(response.started_at().seconds(), status.started_at().seconds());
  ASSERT_EQ(response.assignment().classes_size(), 1);
  EXPECT_EQ(response.assignment().classes(0).modulus(), 1U);
  EXPECT_EQ(status.assignment().classes_size(), 1);
  EXPECT_EQ(status.owner(), "another");
  request.set_owner("a third");
  EXPECT_EQ(Call(&Stub::Attach, request).error_code(), grpc::FAILED_PRECONDITION);
  request.set_run_id("x");
  EXPECT_EQ(Call(&Stub::Attach, request).error_code(), grpc::NOT_FOUND);
}

TEST_F(AgentServiceTest, AStartInThePastIsLimited) {
  v1::PrepareResponse prepared;
  ASSERT_TRUE(Prepare(PrepareRequestFor("r", rig_.MakePlan(Slow(), 1)), &prepared).ok());
  v1::StartRequest start = StartRequestFor("r");
  start.mutable_start_in()->set_seconds(-31LL * 24 * 3600);
  EXPECT_EQ(Call(&Stub::Start, start).error_code(), grpc::INVALID_ARGUMENT);
  start.mutable_start_in()->set_seconds(-3600);
  ASSERT_TRUE(Call(&Stub::Start, start).ok());
  EXPECT_GE(rig_.agent.Peek().elapsed, std::chrono::hours(1));
}

TEST_F(AgentServiceTest, AWatchOnARunThatWasStoppedGivesTheLastSnapshot) {
  RunSlow(2);
  v1::StopRequest stop = For<v1::StopRequest>("r");
  stop.set_mode(v1::STOP_MODE_IMMEDIATE);
  stop.set_reason("enough");
  ASSERT_TRUE(Call(&Stub::Stop, stop).ok());
  ASSERT_TRUE(rig_.events.Await("run finished r enough"));
  std::vector<Snapshot> snapshots;
  ASSERT_TRUE(Watch("r", &snapshots).ok());
  ASSERT_EQ(snapshots.size(), 1U);
  EXPECT_EQ(snapshots[0].state, RunState::kFinished);
  EXPECT_EQ(snapshots[0].stop_reason, "enough");
}

TEST_F(AgentServiceTest, HostileMessagesAreInvalidArguments) {
  v1::PrepareResponse response;
  const auto code = [&](const v1::PrepareRequest& request) {
    return Prepare(request, &response).error_code();
  };
  EXPECT_EQ(code({}), grpc::INVALID_ARGUMENT);
  v1::PrepareRequest request = PrepareRequestFor("r", rig_.MakePlan("/", 1));
  request.mutable_plan()->mutable_service()->set_base_url("gopher://x");
  EXPECT_EQ(code(request), grpc::INVALID_ARGUMENT);
  request = PrepareRequestFor("r", rig_.MakePlan("/{{ nonsense ", 1));
  EXPECT_EQ(code(request), grpc::INVALID_ARGUMENT);
  request = PrepareRequestFor("r", rig_.MakePlan("/", 1));
  request.mutable_assignment()->add_classes()->set_modulus(0);
  EXPECT_EQ(code(request), grpc::INVALID_ARGUMENT);
  request = PrepareRequestFor(std::string(1000, 'r'), rig_.MakePlan("/", 1));
  EXPECT_EQ(code(request), grpc::INVALID_ARGUMENT);
  EXPECT_TRUE(rig_.agent.Idle());
}

TEST_F(AgentServiceTest, FiguresOutOfRangeAreInvalidArguments) {
  v1::PrepareResponse response;
  ASSERT_TRUE(Prepare(PrepareRequestFor("r", rig_.MakePlan(Slow(), 1)), &response).ok());
  v1::StartRequest start = StartRequestFor("r");
  start.mutable_start_in()->set_seconds(INT64_MAX);
  EXPECT_EQ(Call(&Stub::Start, start).error_code(), grpc::INVALID_ARGUMENT);
  start.mutable_start_in()->set_seconds(9'000'000'000);
  EXPECT_EQ(Call(&Stub::Start, start).error_code(), grpc::INVALID_ARGUMENT);
  start.mutable_start_at()->set_nanos(-1);
  EXPECT_EQ(Call(&Stub::Start, start).error_code(), grpc::INVALID_ARGUMENT);
  ASSERT_TRUE(Call(&Stub::Start, StartRequestFor("r")).ok());

  v1::SetLoadRequest load = For<v1::SetLoadRequest>("r");
  EXPECT_EQ(Call(&Stub::SetLoad, load).error_code(), grpc::INVALID_ARGUMENT);
  load.mutable_users()->set_users(UINT64_MAX);
  EXPECT_EQ(Call(&Stub::SetLoad, load).error_code(), grpc::INVALID_ARGUMENT);
  load.mutable_users()->set_users(1);
  for (const double rate : {0.0, -1.0, std::nan(""), 1e300}) {
    load.mutable_users()->set_spawn_rate(rate);
    EXPECT_EQ(Call(&Stub::SetLoad, load).error_code(), grpc::INVALID_ARGUMENT) << rate;
  }
  load.set_arrival_factor(std::nan(""));
  EXPECT_EQ(Call(&Stub::SetLoad, load).error_code(), grpc::INVALID_ARGUMENT);
  v1::ReassignRequest reassign = For<v1::ReassignRequest>("r");
  reassign.set_spawn_rate(std::nan(""));
  EXPECT_EQ(Call(&Stub::Reassign, reassign).error_code(), grpc::INVALID_ARGUMENT);

  grpc::ClientContext context;
  v1::WatchRequest watch;
  watch.set_run_id("r");
  watch.mutable_interval()->set_nanos(INT32_MIN);
  EXPECT_EQ(stub_->Watch(&context, watch)->Finish().error_code(), grpc::INVALID_ARGUMENT);
}

TEST_F(AgentServiceTest, AStreamThatIsCancelledLetsGo) {
  RunSlow(1);
  grpc::ClientContext context;
  v1::WatchRequest request;
  request.set_run_id("r");
  request.mutable_interval()->set_seconds(3600);
  auto stream = stub_->Watch(&context, request);
  v1::WatchResponse response;
  ASSERT_TRUE(stream->Read(&response));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::CANCELLED);
}

TEST_F(AgentServiceTest, ALongIntervalDoesNotKeepTheEndBack) {
  RunSlow(1);
  grpc::ClientContext context;
  v1::WatchRequest request;
  request.set_run_id("r");
  request.mutable_interval()->set_seconds(3600);
  auto stream = stub_->Watch(&context, request);
  v1::WatchResponse response;
  ASSERT_TRUE(stream->Read(&response));
  v1::StopRequest stop = For<v1::StopRequest>("r");
  stop.set_mode(v1::STOP_MODE_IMMEDIATE);
  ASSERT_TRUE(Call(&Stub::Stop, stop).ok());
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.snapshot().state(), v1::RUN_STATE_FINISHED);
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(AgentServiceTest, WithoutTheTokenNothingIsSaid) {
  const TempDirectory directory;
  const std::string path = directory.path() / "token";
  std::ofstream(path) << "open-sesame\n";
  const auto guard = TokenGuard::FromFile(path);
  ASSERT_TRUE(guard.ok()) << guard.status();
  Serve(guard->get());
  const auto ask = [this](const std::string& authorization) {
    grpc::ClientContext context;
    if (!authorization.empty()) {
      context.AddMetadata("authorization", authorization);
    }
    v1::GetStatusResponse response;
    return stub_->GetStatus(&context, {}, &response).error_code();
  };
  EXPECT_EQ(ask("Bearer open-sesame"), grpc::OK);
  for (const char* wrong : {"", "open-sesame", "Bearer", "Bearer open-", "bearer open-sesame"}) {
    EXPECT_EQ(ask(wrong), grpc::UNAUTHENTICATED) << wrong;
  }
  v1::PrepareResponse response;
  EXPECT_EQ(Prepare(PrepareRequestFor("r", rig_.MakePlan("/", 1)), &response).error_code(),
            grpc::UNAUTHENTICATED);
  EXPECT_TRUE(rig_.agent.Idle());
  std::vector<Snapshot> snapshots;
  EXPECT_EQ(Watch("", &snapshots).error_code(), grpc::UNAUTHENTICATED);
  EXPECT_EQ(rig_.agent.refused().unauthenticated, 7U);
  server_.reset();  // before the guard goes
}

// Stands for a locustfile's engine: answers every note, fails when it is told to.
class TalkingEngine final : public LoadEngine {
 public:
  void Start(TimePoint /*at*/) override {}
  void Reassign(const Handover& /*handover*/) override {}
  void Change(const LoadChange& /*change*/) override {}
  void Pause() override {}
  void Resume() override {}
  void Stop(const std::string& /*reason*/, bool /*immediate*/) override {}
  bool finished() const override { return !failure_.empty(); }
  std::string failure() const override { return failure_; }
  void Tell(const EngineNote& note) override {
    if (note.kind == "fail") {
      failure_ = note.json;
    }
    notes_.push_back({"answer", note.json});
  }
  std::vector<EngineNote> TakeNotes() override { return std::exchange(notes_, {}); }
  Snapshot TakeSnapshot() override { return {}; }

 private:
  std::string failure_;
  std::vector<EngineNote> notes_;
};

// An agent whose plans are scripts.
class ScriptAgentTest : public testing::Test {
 protected:
  ScriptAgentTest() : agent_(Config(), nullptr, &clock_) {
    std::vector<RpcService> services;
    services.push_back(MakeAgentService(&agent_, {"1.2.3", nullptr}));
    server_ = *RpcServer::Make({}, std::move(services));
    stub_ = v1::AgentService::NewStub(server_->InProcessChannel());
    PrepareOrder order;
    order.run_id = "r";
    order.plan.script = Script{.locustfiles = {"x.py"}};
    EXPECT_TRUE(agent_.Prepare(std::move(order)).ok());
  }

  static AgentConfig Config() {
    AgentConfig config;
    config.make_script_engine = [](const PrepareOrder& /*order*/, const Plan& /*applied*/,
                                   const EngineListener& /*listener*/) {
      return absl::StatusOr<std::unique_ptr<LoadEngine>>(std::make_unique<TalkingEngine>());
    };
    return config;
  }

  grpc::Status Tell(const std::string& run_id, const std::string& kind, const std::string& json) {
    v1::TellRequest request;
    request.set_run_id(run_id);
    request.mutable_note()->set_kind(kind);
    request.mutable_note()->set_json(json);
    grpc::ClientContext context;
    v1::TellResponse response;
    return stub_->Tell(&context, request, &response);
  }

  v1::WatchResponse FirstOfWatch() {
    v1::WatchRequest request;
    request.set_run_id("r");
    grpc::ClientContext context;
    v1::WatchResponse response;
    const auto stream = stub_->Watch(&context, request);
    EXPECT_TRUE(stream->Read(&response));
    context.TryCancel();
    return response;
  }

  const SystemClock clock_;
  Agent agent_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<v1::AgentService::Stub> stub_;
};

TEST_F(ScriptAgentTest, NotesReachUserCodeAndItsAnswersTravelWithTheFigures) {
  EXPECT_TRUE(Tell("r", "message", "{}").ok());
  const v1::WatchResponse response = FirstOfWatch();
  ASSERT_EQ(response.notes_size(), 1);
  EXPECT_EQ(response.notes(0).kind(), "answer");
  EXPECT_EQ(response.notes(0).json(), "{}");
  EXPECT_EQ(FirstOfWatch().notes_size(), 0);  // each once
}

TEST_F(ScriptAgentTest, NotesOfAnotherRunAreRefused) {
  EXPECT_EQ(Tell("other", "message", "{}").error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ScriptAgentTest, AnEngineThatFailsEndsTheRunWithItsReason) {
  EXPECT_TRUE(Tell("r", "fail", "the process exited with code 3").ok());
  const v1::Snapshot last = FirstOfWatch().snapshot();
  EXPECT_EQ(last.state(), v1::RUN_STATE_FAILED);
  EXPECT_EQ(last.error(), "the process exited with code 3");
}

}  // namespace
}  // namespace squall
