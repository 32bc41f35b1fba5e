// What the coordinator's tests run against: real agents inside the process, each behind a port of
// its own, a real target on a free port, and an agent that is none. Owned by the test.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/agent/agent.h"
#include "daemon/agent/agent_service.h"
#include "daemon/base/clock.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/plan/plan.h"
#include "daemon/protocol/http/http_protocol.h"
#include "daemon/rpc/rpc_server.h"
#include "tests/daemon/target/test_client.h"

namespace squall {

class Fleet final {
 public:
  explicit Fleet(size_t agents, const Clock* agent_clock = nullptr);  // nullptr: the system's

  // Called "agent-0", "agent-1", …
  std::vector<AgentTarget> Targets() const;
  Agent& agent(size_t index) { return *members_[index].agent; }
  // The agent dies as a process does: its calls break off, its load ends.
  void Kill(size_t index);
  // Requests that the target has answered.
  uint64_t Answered() const { return target_.counters.TotalRequests(); }
  const Clock& clock() const { return clock_; }

  // One class of users that keep asking the target for `path`. `load` and `extra` are YAML.
  Plan PlanFor(std::string_view load, std::string_view path = "/products/1",
               std::string_view extra = "") const;

 private:
  struct Member {  // the server goes first
    std::unique_ptr<Agent> agent;
    std::unique_ptr<RpcServer> server;
    std::shared_ptr<grpc::Channel> channel;
  };

  const SystemClock clock_;
  const HttpProtocol protocol_;
  RunningTarget target_;
  std::vector<Member> members_;
};

// An observer made of functions; those that are not set do nothing.
struct Watcher final : RunObserver {
  std::function<void(const RunProgress&)> on_tick;
  std::function<void(std::string_view)> on_event;
  std::function<void(const RunRoster&)> on_roster;
  std::vector<std::string> events;
  int started = 0;

  void OnStarted(const Plan& /*plan*/, const Profile& /*profile*/) override { ++started; }
  void OnTick(const RunProgress& progress) override;
  void OnEvent(std::string_view text) override;
  void OnRoster(const RunRoster& roster) override;
};

// Speaks the agents' protocol and does nothing: answers every Prepare with `digest`, and its Watch
// stream stays silent until it is cancelled.
class HollowAgent final {
 public:
  explicit HollowAgent(std::string digest);
  ~HollowAgent();
  HollowAgent(const HollowAgent&) = delete;
  HollowAgent& operator=(const HollowAgent&) = delete;

  AgentTarget Target() const;  // named "hollow"

 private:
  class Service;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

// Patient enough for a sanitizer on a busy machine: no test passes or fails by the clock.
CoordinatorOptions TestOptions();

// As many as the profile asks for. Comes true only after a while: a tick may hold the new share of
// one agent beside the old share of another.
bool HasUsers(const RunProgress& progress, uint64_t users);

}  // namespace squall
