// The agents that have joined, and which run each of them takes part in. Any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/coordinator/roster.h"
#include "daemon/stats/run_summary.h"

namespace squall {

struct PoolAgent {
  uint64_t ticket = 0;     // of this stay; another one if it comes back
  AgentDescription agent;  // agent_id is unique in the pool
  std::string address;     // where it is called
  std::shared_ptr<grpc::Channel> channel;
  std::string run_id;  // "" = idle
  WallTime joined_at{};

  AgentTarget Target() const { return {agent.agent_id, channel, address}; }
};

class AgentPool final {
 public:
  using Connect =
      std::function<absl::StatusOr<std::shared_ptr<grpc::Channel>>(const std::string& address)>;

  // `clock` outlives it. `agents_max` bounds what strangers can make us hold.
  AgentPool(Connect connect, const Clock* clock, size_t agents_max = 10'000);

  // An agent offers itself. One that is here already (the same address) is the same agent after a
  // broken connection: it keeps its name and its run. RESOURCE_EXHAUSTED when the pool is full.
  absl::StatusOr<PoolAgent> Add(AgentDescription agent, const std::string& address);
  // Its stay is over. Nothing when it has come back meanwhile.
  void Remove(uint64_t ticket);

  // By name.
  std::vector<PoolAgent> List() const;
  // Waits until `count` agents are idle that `names` holds (all when it is empty), then takes them
  // and all other such ones for the run. DEADLINE_EXCEEDED says who is missing; CANCELLED after
  // Cancel(run_id). `on_wait` hears how many are there whenever that changes.
  absl::StatusOr<std::vector<PoolAgent>> Claim(const std::string& run_id,
                                               const std::vector<std::string>& names, size_t count,
                                               Nanos patience,
                                               const std::function<void(size_t)>& on_wait);
  void Cancel(const std::string& run_id);
  // Takes one agent for a run if it is here and idle; by address.
  bool Take(const std::string& address, const std::string& run_id);
  // The agent of this address belongs to the run, also if it only comes later.
  void Reserve(const std::string& address, const std::string& run_id);
  // The run is over: its agents are idle.
  void Release(const std::string& run_id);

  // Called with every agent that comes, on the caller's thread of Add, without any lock.
  void OnJoin(std::function<void(const PoolAgent&)> listener);

 private:
  std::string UniqueId(const std::string& wanted) const;
  std::vector<PoolAgent*> Idle(const std::vector<std::string>& names);

  const Connect connect_;
  const Clock* const clock_;
  const size_t agents_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<PoolAgent>> agents_;
  std::map<std::string, std::string> reserved_;  // run by address
  std::vector<std::string> cancelled_;
  uint64_t next_ticket_ = 1;
  std::function<void(const PoolAgent&)> listener_;
};

}  // namespace squall
