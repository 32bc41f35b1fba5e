// An agent that makes no load but reports as if it did: it speaks squall.v1.AgentService as a real
// one does, so a coordinator cannot tell. Many of them share a process, a server and the figures
// that they report. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/plan/assignment.h"
#include "daemon/plan/profile.h"
#include "daemon/stats/snapshot.h"
#include "tests/bench/simulated_stats.h"

namespace squall {

namespace v1 {
class AttachResponse;
class GetStatusResponse;
class PrepareRequest;
class SetLoadRequest;
class Snapshot;
}  // namespace v1

class SimulatedAgent final {
 public:
  // Borrowed for life.
  SimulatedAgent(const SimulatedStats* stats, const Clock* clock) : stats_(stats), clock_(clock) {}

  absl::StatusOr<std::string> Prepare(const v1::PrepareRequest& request);  // the plan's digest
  // The commands: FAILED_PRECONDITION for a lower epoch, NOT_FOUND for another run.
  absl::Status Start(const std::string& run_id, uint64_t epoch, WallTime at);
  absl::Status Reassign(const std::string& run_id, uint64_t epoch, Assignment assignment);
  absl::StatusOr<uint64_t> SetLoad(const v1::SetLoadRequest& request);  // the users then
  absl::Status SetPaused(const std::string& run_id, uint64_t epoch, bool paused);
  absl::Status Stop(const std::string& run_id, uint64_t epoch, const std::string& reason);
  absl::Status Attach(const std::string& run_id, uint64_t epoch, v1::AttachResponse* response);
  void GetStatus(v1::GetStatusResponse* response) const;

  struct Report {
    std::string message;  // a v1::WatchResponse, serialized
    uint64_t requests = 0;
    bool last = false;
  };
  // NOT_FOUND when the run is not held.
  absl::StatusOr<Report> TakeSnapshot(const std::string& run_id);
  // Until the run ends by itself; nothing when it does not.
  std::optional<Nanos> Left() const;

 private:
  absl::Status Admit(const std::string& run_id, uint64_t epoch);
  RunState State() const;
  Nanos Elapsed() const;
  uint64_t Users() const;

  const SimulatedStats* const stats_;
  const Clock* const clock_;
  mutable std::mutex mutex_;  // guards all below; private methods are called with it held
  std::string run_id_;
  std::string agent_id_;
  std::string digest_;
  uint64_t epoch_ = 0;
  uint64_t sequence_ = 0;
  Assignment assignment_;
  std::optional<Profile> profile_;
  std::optional<uint64_t> wanted_users_;  // of all agents, over the profile
  WallTime started_at_{};
  std::optional<WallTime> paused_at_;
  std::optional<Nanos> stopped_;  // what the run's clock showed then
  std::string stop_reason_;
};

}  // namespace squall
