// The coordinator's end of one agent: calls with deadlines, and the stream of snapshots. Calls are
// made on the coordinator's thread; what the stream brings is posted to the Inbox.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/coordinator/inbox.h"
#include "daemon/plan/assignment.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/run_settings.h"
#include "daemon/stats/snapshot.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace squall {

// A live change of load, as a person or a program asks for it.
struct LoadRequest {
  std::optional<uint64_t> users;
  double spawn_rate = 1;
  std::optional<double> arrival_factor;
  bool clear = false;
};

struct AgentLinkOptions {
  std::string authorization;  // "Bearer …"; secret; "" = none
  Nanos call_timeout = std::chrono::seconds(10);
};

class AgentLink final {
 public:
  AgentLink(std::string name, const std::shared_ptr<grpc::Channel>& channel,
            AgentLinkOptions options);
  ~AgentLink();  // ends the stream and waits for it
  AgentLink(const AgentLink&) = delete;
  AgentLink& operator=(const AgentLink&) = delete;

  const std::string& name() const { return name_; }

  // Every status is prefixed with the agent's name and what was tried.
  //
  // How far the agent's civil clock is ahead of ours: the best of several round trips.
  absl::StatusOr<Nanos> MeasureClockOffset(const Clock& clock);
  // Returns the digest of the plan as the agent understood it.
  absl::StatusOr<std::string> Prepare(const std::string& run_id, uint64_t epoch,
                                      const std::string& owner, const Plan& plan,
                                      const Assignment& assignment, const RunSettings& settings);
  absl::Status Start(const std::string& run_id, uint64_t epoch, WallTime at);
  absl::Status Reassign(const std::string& run_id, uint64_t epoch, const Assignment& assignment,
                        double spawn_rate);
  absl::Status SetLoad(const std::string& run_id, uint64_t epoch, const LoadRequest& request);
  absl::Status Pause(const std::string& run_id, uint64_t epoch);
  absl::Status Resume(const std::string& run_id, uint64_t epoch);
  absl::Status Stop(const std::string& run_id, uint64_t epoch, const std::string& reason,
                    bool immediate);

  // Streams snapshots every `interval`. Both functions run on the inbox's thread; `on_end` once.
  void Watch(const std::string& run_id, Nanos interval, Inbox* inbox,
             std::function<void(Snapshot)> on_snapshot, std::function<void(absl::Status)> on_end);

 private:
  struct Rpc;
  class Stream;

  const std::string name_;
  const AgentLinkOptions options_;
  std::unique_ptr<Rpc> rpc_;
  std::shared_ptr<Stream> stream_;
};

}  // namespace squall
