#include "operator/loadtest/load_run.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/agent/agent.h"
#include "daemon/agent/agent_service.h"
#include "daemon/coordinator/checkpoint.h"
#include "daemon/net/certificate.h"
#include "daemon/plan/parse_plan.h"
#include "daemon/protocol/http/http_protocol.h"
#include "daemon/rpc/rpc_server.h"
#include "operator/loadtest/names.h"
#include "tests/daemon/target/test_client.h"

namespace squall {
namespace {

constexpr char kEndless[] = "{users: 6, spawn_rate: 1000}";

// Agents as their pods are: TLS with a certificate for a name that no address has, and a token.
class LoadRunTest : public testing::Test {
 protected:
  LoadRunTest() {
    CertificateSpec spec;
    spec.dns_names = {std::string(kAgentServerName)};
    spec.ip_addresses.clear();
    pair_ = *MakeSelfSigned(spec, clock_.Wall());
    guard_ = *TokenGuard::FromToken("sesame");
    for (int i = 0; i < 2; ++i) {
      agents_[i].agent = std::make_unique<Agent>(AgentConfig{}, &protocol_, &clock_);
      std::vector<RpcService> services;
      services.push_back(MakeAgentService(agents_[i].agent.get(), {.guard = guard_.get()}));
      ServerSecurity security;
      security.listen = "127.0.0.1:0";
      security.tls_cert_pem = pair_.certificate_pem;
      security.tls_key_pem = pair_.key_pem;
      security.guard = guard_.get();
      agents_[i].server = *RpcServer::Make(security, std::move(services));
    }
  }

  AgentPlace Place(size_t index) const {
    return {fmt::format("agent-{}", index),
            fmt::format("127.0.0.1:{}", agents_[index].server->port())};
  }
  ChannelSecurity Security(const std::string& token = "sesame") const {
    ChannelSecurity security;
    security.ca_pem = pair_.certificate_pem;
    security.server_name = std::string(kAgentServerName);
    security.token = *TokenGuard::FromToken(token);
    return security;
  }
  LoadRunOrder Order(const std::string& load, size_t agents) const {
    PlanInputs inputs;
    inputs.texts.push_back({"plan.yaml", fmt::format(R"(
name: operated
service: {{base_url: "http://127.0.0.1:{}"}}
load_profile: {}
users: [{{name: U, tasks: [{{name: t, steps: [get: {{path: /products/1, name: Look}}]}}]}}]
)",
                                                     target_.port(), load)});
    PlanResult plan = ParsePlan(inputs);
    EXPECT_TRUE(plan.errors.empty());
    LoadRunOrder order;
    order.run_id = "uid-1";
    order.owner = "the test";
    order.plan = std::move(plan.plan);
    for (size_t i = 0; i < agents; ++i) {
      order.agents.push_back(Place(i));
    }
    order.security = Security();
    order.loss_timeout = std::chrono::hours(1);  // no test passes or fails by the clock
    return order;
  }
  RunHooks Hooks() {
    RunHooks hooks;
    hooks.store = [this](const std::string& checkpoint) {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++offers_;
      changed_.notify_all();
      if (offers_ <= refusals_) {
        return absl::UnavailableError("the API server is away");
      }
      stored_ = checkpoint;
      answered_at_store_.push_back(target_.counters.TotalRequests());
      return absl::OkStatus();
    };
    hooks.changed = [this] {
      const std::lock_guard<std::mutex> lock(mutex_);
      changed_.notify_all();
    };
    return hooks;
  }
  std::unique_ptr<LoadRun> Start(LoadRunOrder order) {
    auto run = LoadRun::Start(std::move(order), Hooks(), &clock_);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? *std::move(run) : nullptr;
  }
  // Ticks tell nobody, so it looks now and then, too.
  void Await(const std::function<bool()>& happened) {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!happened()) {
      changed_.wait_for(lock, std::chrono::milliseconds(20));
    }
  }
  RunSeen AwaitEnd(const LoadRun& run) {
    Await([&] { return run.Seen().over; });
    return run.Seen();
  }
  uint64_t Answered() const { return target_.counters.TotalRequests(); }

  struct Member {  // the server goes first
    std::unique_ptr<Agent> agent;
    std::unique_ptr<RpcServer> server;
  };

  const SystemClock clock_;
  const HttpProtocol protocol_;
  RunningTarget target_;
  CertificatePair pair_;
  std::unique_ptr<TokenGuard> guard_;
  Member agents_[2];

  std::mutex mutex_;
  std::condition_variable changed_;
  int offers_ = 0;      // guarded by mutex_, as are the next
  int refusals_ = 0;    // so many offers are refused
  std::string stored_;  // the newest checkpoint
  std::vector<uint64_t> answered_at_store_;
};

TEST_F(LoadRunTest, RunsToItsReport) {
  const auto run = Start(Order("{users: 2, spawn_rate: 1000, iterations: 20}", 2));
  const RunSeen seen = AwaitEnd(*run);
  ASSERT_NE(seen.report, nullptr) << seen.error;
  EXPECT_TRUE(seen.started);
  EXPECT_EQ(seen.state, RunState::kFinished);
  EXPECT_EQ(seen.report->total.Total().requests, 20U);
  EXPECT_EQ(seen.requests, 20U);
  EXPECT_EQ(seen.failures, 0U);
  EXPECT_TRUE(seen.started_at.has_value());
  EXPECT_EQ(seen.present, (std::set<std::string>{"agent-0", "agent-1"}));
  EXPECT_TRUE(seen.lost.empty());
  ASSERT_EQ(seen.endpoints.size(), 1U);
  EXPECT_EQ(seen.endpoints[0].name, "Look");
  EXPECT_EQ(seen.endpoints[0].method, "GET");
  EXPECT_EQ(seen.endpoints[0].requests, 20U);
  EXPECT_GT(seen.endpoints[0].p95, Nanos(0));
}

TEST_F(LoadRunTest, ShowsItselfToPages) {
  LoadRunOrder order = Order(kEndless, 2);
  order.shown_id = "team-a:peak:1";
  order.shown_name = "team-a/peak";
  const auto run = Start(std::move(order));
  const uint64_t first = run->Version();
  Await([&] { return run->Summary().requests > 0; });
  EXPECT_GT(run->Version(), first);
  const auto view = run->View();
  EXPECT_EQ(view->summary.run_id, "team-a:peak:1");
  EXPECT_EQ(view->summary.plan_name, "team-a/peak");
  EXPECT_EQ(view->summary.state, RunState::kRunning);
  EXPECT_EQ(view->summary.agents.size(), 2U);
  EXPECT_EQ(view->agents.size(), 2U);
  EXPECT_FALSE(view->summary.plan_digest.empty());
  ASSERT_NE(view->total, nullptr);
  const auto report = run->Report();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->total.Total().requests, 0U);
  run->Stop("seen enough", /*immediate=*/false);
  const RunSeen seen = AwaitEnd(*run);
  Await([&] { return run->Summary().state == RunState::kFinished; });
  EXPECT_EQ(run->Summary().run_id, "team-a:peak:1");
  EXPECT_EQ(run->Summary().requests, seen.requests);
  EXPECT_EQ(run->Report()->total.Total().requests, seen.requests);
  EXPECT_FALSE(run->Points(0).points.empty());
}

TEST_F(LoadRunTest, WhatTheNextLeaderNeedsIsStoredBeforeAnyLoad) {
  const auto run = Start(Order("{users: 2, spawn_rate: 1000, iterations: 20}", 2));
  AwaitEnd(*run);
  const std::lock_guard<std::mutex> lock(mutex_);
  ASSERT_FALSE(answered_at_store_.empty());
  EXPECT_EQ(answered_at_store_[0], 0U);
  const auto checkpoint = DecodeCheckpoint(stored_);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  ASSERT_EQ(checkpoint->resumption.members.size(), 2U);
  EXPECT_EQ(checkpoint->resumption.members[1].target.address, Place(1).address);
}

TEST_F(LoadRunTest, WhatCouldNotBeStoredIsOfferedAgain) {
  refusals_ = 2;
  const auto run = Start(Order(kEndless, 2));
  Await([&] { return !stored_.empty(); });
  EXPECT_EQ(offers_, 3);
  run->Stop("seen enough", /*immediate=*/false);
  const RunSeen seen = AwaitEnd(*run);
  ASSERT_NE(seen.report, nullptr) << seen.error;
  EXPECT_GT(seen.requests, 0U);  // nobody had to wait for it
}

TEST_F(LoadRunTest, AnotherLeaderGoesOnAndNothingIsCountedTwice) {
  auto first = Start(Order(kEndless, 2));
  Await([&] { return first->Seen().requests > 0; });
  first.reset();
  auto checkpoint = DecodeCheckpoint(stored_);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  LoadRunOrder order = Order(kEndless, 0);
  order.plan = std::move(checkpoint->plan);
  order.settings = std::move(checkpoint->settings);
  order.resumption = std::move(checkpoint->resumption);
  order.epoch = 1'000'000;
  const auto second = Start(std::move(order));
  EXPECT_EQ(second->Seen().present, (std::set<std::string>{"agent-0", "agent-1"}));
  Await([&] { return second->Seen().started && second->Seen().requests > 0; });
  second->Stop("seen enough", /*immediate=*/false);
  const RunSeen seen = AwaitEnd(*second);
  ASSERT_NE(seen.report, nullptr) << seen.error;
  EXPECT_EQ(seen.report->total.Total().requests, Answered());
  EXPECT_TRUE(seen.lost.empty());
}

TEST_F(LoadRunTest, AnAgentJoinsAndAnotherLeaves) {
  const auto run = Start(Order(kEndless, 1));
  Await([&] { return run->Seen().requests > 0; });
  EXPECT_TRUE(run->Join(Place(1)).ok());
  Await([&] { return run->Seen().present.contains("agent-1"); });
  Await([&] { return agents_[1].agent->Status().state == RunState::kRunning; });
  run->Leave("agent-0");
  Await([&] { return run->Seen().left.contains("agent-0"); });
  EXPECT_EQ(run->Seen().present, std::set<std::string>{"agent-1"});
  EXPECT_TRUE(run->Seen().lost.empty());
  run->Stop("seen enough", /*immediate=*/false);
  const RunSeen seen = AwaitEnd(*run);
  ASSERT_NE(seen.report, nullptr) << seen.error;
  EXPECT_EQ(seen.report->total.Total().requests, Answered());
}

TEST_F(LoadRunTest, LoadAndPauseFollowWhatIsAsked) {
  const auto run = Start(Order(kEndless, 2));
  Await([&] { return run->Seen().target_users == 6; });
  EXPECT_TRUE(run->SetLoad({.users = 9, .spawn_rate = 1000}).ok());
  Await([&] { return run->Seen().target_users == 9; });
  EXPECT_FALSE(run->IsOpen());
  EXPECT_EQ(run->SetLoad({.arrival_factor = 2}).code(), absl::StatusCode::kInvalidArgument);
  run->SetPaused(true);
  Await([&] { return run->Seen().state == RunState::kPaused; });
  run->SetPaused(false);
  Await([&] { return run->Seen().state == RunState::kRunning; });
  run->Stop("seen enough", /*immediate=*/true);
  EXPECT_NE(AwaitEnd(*run).report, nullptr);
}

TEST_F(LoadRunTest, AgentsThatDoNotTrustUsEndTheRunBeforeItBegins) {
  LoadRunOrder order = Order(kEndless, 2);
  order.security = Security("wrong");
  const auto run = Start(std::move(order));
  const RunSeen seen = AwaitEnd(*run);
  EXPECT_FALSE(seen.started);
  EXPECT_EQ(seen.report, nullptr);
  EXPECT_FALSE(seen.error.ok());
  EXPECT_EQ(seen.state, RunState::kFailed);
  EXPECT_EQ(Answered(), 0U);
}

TEST_F(LoadRunTest, WhatCannotBeIsRefusedAtOnce) {
  LoadRunOrder order = Order(kEndless, 1);
  order.security.ca_pem = "no certificate";
  EXPECT_EQ(LoadRun::Start(std::move(order), Hooks(), &clock_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace squall
