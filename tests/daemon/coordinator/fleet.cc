#include "tests/daemon/coordinator/fleet.h"

#include <utility>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "daemon/base/check.h"
#include "daemon/plan/parse_plan.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"

namespace squall {

Fleet::Fleet(size_t agents, const Clock* agent_clock) {
  for (size_t i = 0; i < agents; ++i) {
    Member member;
    member.agent = std::make_unique<Agent>(AgentConfig{}, &protocol_,
                                           agent_clock == nullptr ? &clock_ : agent_clock);
    std::vector<RpcService> services;
    services.push_back(MakeAgentService(member.agent.get(), {}));
    ServerSecurity options;
    options.listen = "127.0.0.1:0";
    auto server = RpcServer::Make(options, std::move(services));
    SQUALL_CHECK(server.ok());
    member.server = *std::move(server);
    // Not gRPC's channel inside the process: 1.51 crashes in a call on one whose server has gone.
    member.channel = grpc::CreateChannel(fmt::format("127.0.0.1:{}", member.server->port()),
                                         grpc::InsecureChannelCredentials());
    members_.push_back(std::move(member));
  }
}

std::vector<AgentTarget> Fleet::Targets() const {
  std::vector<AgentTarget> targets;
  for (size_t i = 0; i < members_.size(); ++i) {
    targets.push_back({fmt::format("agent-{}", i), members_[i].channel});
  }
  return targets;
}

void Fleet::Kill(size_t index) {
  members_[index].server.reset();
  members_[index].agent.reset();
}

Plan Fleet::PlanFor(std::string_view load, std::string_view path, std::string_view extra) const {
  PlanInputs inputs;
  inputs.texts.push_back({"plan.yaml", fmt::format(R"(
name: coordinated
service: {{base_url: "http://127.0.0.1:{}"}}
load_profile: {}
{}
users:
  - name: Buyer
    tasks:
      - name: browse
        steps:
          - get: {}
)",
                                                   target_.port(), load, extra, path)});
  PlanResult result = ParsePlan(inputs);
  for (const PlanError& error : result.errors) {
    ADD_FAILURE() << error.ToString();
  }
  return std::move(result.plan);
}

void Watcher::OnTick(const RunProgress& progress) {
  if (on_tick) {
    on_tick(progress);
  }
}

void Watcher::OnEvent(std::string_view text) {
  events.emplace_back(text);
  if (on_event) {
    on_event(text);
  }
}

void Watcher::OnRoster(const RunRoster& roster) {
  if (on_roster) {
    on_roster(roster);
  }
}

class HollowAgent::Service final : public v1::AgentService::CallbackService {
 public:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  explicit Service(std::string digest) : digest_(std::move(digest)) {}

  Reactor* GetStatus(Context* context, const v1::GetStatusRequest* /*request*/,
                     v1::GetStatusResponse* response) override {
    WallTimeToProto(SystemClock().Wall(), response->mutable_now());
    return Agree(context);
  }
  Reactor* Prepare(Context* context, const v1::PrepareRequest* /*request*/,
                   v1::PrepareResponse* response) override {
    response->set_plan_digest(digest_);
    return Agree(context);
  }
  Reactor* Start(Context* context, const v1::StartRequest* /*request*/,
                 v1::StartResponse* /*response*/) override {
    return Agree(context);
  }
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(Context* /*context*/,
                                                     const v1::WatchRequest* /*request*/) override {
    return &silence_;  // of one stream; a test needs no more
  }

 private:
  class Silence final : public grpc::ServerWriteReactor<v1::WatchResponse> {
   public:
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override {}
  };

  static Reactor* Agree(Context* context) {
    Reactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  const std::string digest_;
  Silence silence_;
};

HollowAgent::HollowAgent(std::string digest)
    : service_(std::make_unique<Service>(std::move(digest))) {
  grpc::ServerBuilder builder;
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
}

HollowAgent::~HollowAgent() {
  server_->Shutdown(gpr_inf_past(GPR_CLOCK_REALTIME));
  server_->Wait();
}

AgentTarget HollowAgent::Target() const { return {"hollow", server_->InProcessChannel({})}; }

CoordinatorOptions TestOptions() {
  CoordinatorOptions options;
  options.run_id = "run-1";
  options.owner = "the test";
  options.version = "1.2.3";
  options.watch_interval = std::chrono::milliseconds(100);
  options.start_lead = Nanos(0);
  options.loss_timeout = std::chrono::hours(1);
  options.call_timeout = std::chrono::minutes(2);
  return options;
}

bool HasUsers(const RunProgress& progress, uint64_t users) {
  return progress.merged->UserCount() == users && progress.merged->target_users == users;
}

}  // namespace squall
