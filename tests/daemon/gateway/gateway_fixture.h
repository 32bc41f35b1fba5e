// What the gateway's tests share: real agents that have joined, a store in memory, and time to wait
// for what other threads do.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "daemon/gateway/run_manager.h"
#include "tests/daemon/coordinator/fleet.h"

namespace squall {

class GatewayTest : public testing::Test {
 protected:
  static constexpr const char* kEndless = "{users: 6, spawn_rate: 1000}";
  static constexpr uint64_t kUsers = 6;
  // Every user asks again at once; no answer is faster than this, so the load stays small.
  static constexpr const char* kPath = "/delay/5";

  GatewayTest() : store_(*RunStore::Open(":memory:")) {
    parts_.store = store_.get();
    parts_.pool = &pool_;
    parts_.clock = &clock_;
    parts_.owner = "the test";
    parts_.version = "1.2.3";
    parts_.loss_timeout = std::chrono::hours(1);
  }

  absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const std::string& address) {
    for (const AgentTarget& target : fleet_.Targets()) {
      if (target.name == address) {
        return target.channel;
      }
    }
    return absl::NotFoundError(address);
  }
  void AgentJoins(const std::string& name) {
    AgentDescription agent;
    agent.name = name;
    ASSERT_TRUE(pool_.Add(agent, name).ok());
  }
  RunOrder Order(const std::string& run_id, std::string_view load = kEndless) {
    RunOrder order;
    order.run_id = run_id;
    order.plan = fleet_.PlanFor(load, kPath);
    return order;
  }
  // Other threads bring it about; a test that waits for what never comes is ended by ctest.
  static void Until(const std::function<bool()>& condition) {
    while (!condition()) {
      std::this_thread::yield();
    }
  }

  Fleet fleet_{3};
  const SystemClock clock_;
  std::unique_ptr<RunStore> store_;
  AgentPool pool_{[this](const std::string& address) { return Connect(address); }, &clock_};
  RunParts parts_;
};

}  // namespace squall
