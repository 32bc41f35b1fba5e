#include "daemon/gateway/run_service.h"

#include <fstream>

#include <gmock/gmock.h>

#include "daemon/wire/plan_proto.h"
#include "protos/squall/v1/run_service.grpc.pb.h"
#include "tests/daemon/gateway/gateway_fixture.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class RunServiceTest : public GatewayTest {
 protected:
  RunServiceTest() {
    RunManagerOptions options;
    options.parts = parts_;
    options.connect = [this](const std::string& address) { return Connect(address); };
    runs_ = std::make_unique<RunManager>(std::move(options));
    std::vector<RpcService> services;
    services.push_back(MakeService(nullptr));
    ServerSecurity security;
    security.listen = "127.0.0.1:0";
    server_ = *RpcServer::Make(security, std::move(services));
    stub_ = v1::RunService::NewStub(grpc::CreateChannel(
        "127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials()));
  }
  RpcService MakeService(const TokenGuard* guard) {
    return MakeRunService(
        runs_.get(), [this](RunOrder order) { return runs_->Create(std::move(order)); }, guard);
  }
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::RunService::Stub::*method)(grpc::ClientContext*,
                                                                 const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    return (stub_.get()->*method)(&context, request, response);
  }
  void Create(const std::string& run_id, std::string_view load) {
    v1::CreateRunRequest request;
    request.set_run_id(run_id);
    ASSERT_TRUE(PlanToProto(fleet_.PlanFor(load, kPath), request.mutable_plan()).ok());
    v1::CreateRunResponse response;
    const grpc::Status status = Call(&v1::RunService::Stub::CreateRun, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.run().run_id(), run_id);
  }
  // The last message of the stream.
  v1::WatchRunResponse WatchToTheEnd(const std::string& run_id) {
    grpc::ClientContext context;
    v1::WatchRunRequest request;
    request.set_run_id(run_id);
    request.set_with_snapshot(true);
    const auto stream = stub_->WatchRun(&context, request);
    v1::WatchRunResponse response;
    v1::WatchRunResponse last;
    while (stream->Read(&response)) {
      last = response;
    }
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return last;
  }
  grpc::Status Update(const v1::UpdateRunRequest& request) {
    v1::UpdateRunResponse response;
    return Call(&v1::RunService::Stub::UpdateRun, request, &response);
  }

  std::unique_ptr<RunManager> runs_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<v1::RunService::Stub> stub_;
};

TEST_F(RunServiceTest, ARunIsCreatedWatchedReportedComparedAndForgotten) {
  AgentJoins("agent-0");
  for (const char* id : {"one", "two"}) {
    Create(id, "{users: 2, spawn_rate: 1000, iterations: 20}");
    const v1::WatchRunResponse last = WatchToTheEnd(id);
    EXPECT_EQ(last.run().state(), v1::RUN_STATE_FINISHED);
    EXPECT_NE(last.run().verdict(), v1::VERDICT_UNSPECIFIED);  // a slow machine is no PASS
    EXPECT_EQ(last.run().requests(), 20U);
  }
  v1::ListRunsResponse list;
  ASSERT_TRUE(Call(&v1::RunService::Stub::ListRuns, v1::ListRunsRequest(), &list).ok());
  ASSERT_EQ(list.runs_size(), 2);
  EXPECT_EQ(list.runs(0).run_id(), "two");
  v1::GetReportRequest report;
  report.set_run_id("one");
  report.set_format(v1::REPORT_FORMAT_JUNIT);
  v1::GetReportResponse text;
  ASSERT_TRUE(Call(&v1::RunService::Stub::GetReport, report, &text).ok());
  EXPECT_THAT(text.content(), HasSubstr("<testsuite"));
  EXPECT_EQ(text.media_type(), "application/xml");
  for (const auto& [format, beginning] : {std::pair(v1::REPORT_FORMAT_HTML, "<!doctype html>"),
                                          std::pair(v1::REPORT_FORMAT_CSV_EXCEPTIONS, "Count,"),
                                          std::pair(v1::REPORT_FORMAT_CSV_HISTORY, "Timestamp,")}) {
    report.set_format(format);
    ASSERT_TRUE(Call(&v1::RunService::Stub::GetReport, report, &text).ok());
    EXPECT_THAT(text.content(), testing::StartsWith(beginning));
  }
  v1::CompareRunsRequest compare;
  compare.set_base_run_id("one");
  compare.set_run_id("two");
  v1::CompareRunsResponse comparison;
  ASSERT_TRUE(Call(&v1::RunService::Stub::CompareRuns, compare, &comparison).ok());
  EXPECT_THAT(comparison.text(), HasSubstr(kPath));
  EXPECT_THAT(comparison.json(), HasSubstr("\"one\""));
  v1::DeleteRunRequest forget;
  forget.set_run_id("one");
  v1::DeleteRunResponse forgotten;
  ASSERT_TRUE(Call(&v1::RunService::Stub::DeleteRun, forget, &forgotten).ok());
  v1::GetRunRequest get;
  get.set_run_id("one");
  v1::GetRunResponse run;
  EXPECT_EQ(Call(&v1::RunService::Stub::GetRun, get, &run).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(RunServiceTest, TheLoadOfARunIsChangedPausedAndStopped) {
  AgentJoins("agent-0");
  Create("r", kEndless);
  Until([&] { return runs_->Summary("r")->users == kUsers; });
  v1::UpdateRunRequest update;
  update.set_run_id("r");
  update.mutable_users()->set_users(2);
  update.mutable_users()->set_spawn_rate(1000);
  EXPECT_TRUE(Update(update).ok());
  Until([&] { return runs_->Summary("r")->users == 2; });
  v1::Stage* stage = update.mutable_stages()->add_stages();
  stage->mutable_duration()->set_seconds(3600);
  stage->set_users(3);
  stage->set_spawn_rate(1000);
  EXPECT_TRUE(Update(update).ok());
  Until([&] { return runs_->Summary("r")->users == 3; });
  update.set_paused(true);
  EXPECT_TRUE(Update(update).ok());
  Until([&] { return runs_->Summary("r")->state == RunState::kPaused; });
  update.set_paused(false);
  EXPECT_TRUE(Update(update).ok());
  Until([&] { return runs_->Summary("r")->state == RunState::kRunning; });
  v1::GetReportRequest report;
  report.set_run_id("r");
  v1::GetReportResponse json;
  ASSERT_TRUE(Call(&v1::RunService::Stub::GetReport, report, &json).ok());
  EXPECT_THAT(json.content(), HasSubstr("\"id\": \"r\""));
  v1::StopRunRequest stop;
  stop.set_run_id("r");
  stop.set_reason("seen enough");
  v1::StopRunResponse stopped;
  EXPECT_TRUE(Call(&v1::RunService::Stub::StopRun, stop, &stopped).ok());
  EXPECT_EQ(WatchToTheEnd("r").run().stop_reason(), "seen enough");
}

TEST_F(RunServiceTest, WhoWatchesWithSnapshotsLearnsWhatIsPlanned) {
  AgentJoins("agent-0");
  Create("r", "{users: 1, spawn_rate: 1000, run_time: 1h}");
  Until([&] { return (*runs_->View("r"))->total != nullptr; });
  grpc::ClientContext context;
  v1::WatchRunRequest request;
  request.set_run_id("r");
  request.set_with_snapshot(true);
  const auto stream = stub_->WatchRun(&context, request);
  v1::WatchRunResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_THAT(response.host(), HasSubstr("127.0.0.1"));
  EXPECT_EQ(response.run_time().seconds(), 3600);
  EXPECT_EQ(response.warm_up().seconds(), 0);
  EXPECT_TRUE(response.has_snapshot());
  context.TryCancel();
  runs_->StopAll("the end");
}

TEST_F(RunServiceTest, WhereRunsAreMadeOtherwiseNoneIsCreated) {
  std::vector<RpcService> services;
  services.push_back(MakeRunService(runs_.get(), nullptr, nullptr));
  ServerSecurity security;
  security.listen = "127.0.0.1:0";
  const auto server = *RpcServer::Make(security, std::move(services));
  const auto stub = v1::RunService::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string(server->port()), grpc::InsecureChannelCredentials()));
  v1::CreateRunRequest request;
  ASSERT_TRUE(PlanToProto(fleet_.PlanFor(kEndless), request.mutable_plan()).ok());
  v1::CreateRunResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(stub->CreateRun(&context, request, &response).error_code(), StatusCode::UNIMPLEMENTED);
}

TEST_F(RunServiceTest, WhatCannotBeIsRefused) {
  v1::UpdateRunRequest update;
  update.set_run_id("none");
  EXPECT_EQ(Update(update).error_code(), StatusCode::INVALID_ARGUMENT);
  update.set_arrival_factor(-1);
  EXPECT_EQ(Update(update).error_code(), StatusCode::INVALID_ARGUMENT);
  update.mutable_stages();
  EXPECT_EQ(Update(update).error_code(), StatusCode::NOT_FOUND);
  update.mutable_stages()->add_stages()->set_spawn_rate(-1);
  EXPECT_EQ(Update(update).error_code(), StatusCode::INVALID_ARGUMENT);
  update.mutable_users()->set_users(3);
  EXPECT_EQ(Update(update).error_code(), StatusCode::NOT_FOUND);
  update.mutable_users()->set_spawn_rate(-3);
  EXPECT_EQ(Update(update).error_code(), StatusCode::INVALID_ARGUMENT);
  v1::ListRunsRequest list;
  list.set_page_size(100'000);
  v1::ListRunsResponse runs;
  EXPECT_EQ(Call(&v1::RunService::Stub::ListRuns, list, &runs).error_code(),
            StatusCode::INVALID_ARGUMENT);
  grpc::ClientContext context;
  v1::WatchRunRequest watch;
  watch.set_run_id("none");
  const auto stream = stub_->WatchRun(&context, watch);
  v1::WatchRunResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::NOT_FOUND);
}

TEST_F(RunServiceTest, ADryRunOnlyChecks) {
  v1::CreateRunRequest request;
  request.set_dry_run(true);
  ASSERT_TRUE(PlanToProto(fleet_.PlanFor(kEndless), request.mutable_plan()).ok());
  v1::CreateRunResponse response;
  EXPECT_TRUE(Call(&v1::RunService::Stub::CreateRun, request, &response).ok());
  EXPECT_EQ(response.run().plan_name(), "coordinated");
  request.mutable_settings()->add_tags("no-such-tag");
  EXPECT_EQ(Call(&v1::RunService::Stub::CreateRun, request, &response).error_code(),
            StatusCode::INVALID_ARGUMENT);
  v1::ListRunsResponse list;
  ASSERT_TRUE(Call(&v1::RunService::Stub::ListRuns, v1::ListRunsRequest(), &list).ok());
  EXPECT_EQ(list.runs_size(), 0);
}

TEST_F(RunServiceTest, WhoHasNoTokenIsRefused) {
  const TempDirectory directory;
  const std::string path = directory.path() / "token";
  std::ofstream(path) << "s3cret\n";
  const auto guard = *TokenGuard::FromFile(path);
  std::vector<RpcService> services;
  services.push_back(MakeService(guard.get()));
  ServerSecurity security;
  security.listen = "127.0.0.1:0";
  security.guard = guard.get();
  const auto server = *RpcServer::Make(security, std::move(services));
  const auto stub = v1::RunService::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string(server->port()), grpc::InsecureChannelCredentials()));
  v1::ListAgentsResponse response;
  grpc::ClientContext without;
  EXPECT_EQ(stub->ListAgents(&without, {}, &response).error_code(), StatusCode::UNAUTHENTICATED);
  grpc::ClientContext with;
  with.AddMetadata("authorization", "Bearer s3cret");
  EXPECT_TRUE(stub->ListAgents(&with, {}, &response).ok());
}

}  // namespace
}  // namespace squall
