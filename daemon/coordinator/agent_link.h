// The coordinator's end of one agent: calls with deadlines, and the stream of snapshots. Nothing
// blocks: every answer is posted to the Inbox, so a silent agent holds up nobody. Methods are
// called on the inbox's thread.
//
// A failed call's status is prefixed with the agent's name and what was tried. UNAVAILABLE: there
// was no answer, try again; NOT_FOUND: the agent does not hold the run; FAILED_PRECONDITION with
// IsFenced: another coordinator commands the run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/status.h>

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
  bool operator==(const LoadRequest&) const = default;
};

// All that was asked of a run's load: either may be missing.
struct LoadOrder {
  std::optional<LoadProfile> profile;  // instead of the plan's
  std::optional<LoadRequest> request;
};

// How a share of the run changes hands, the same for all agents (protos: ReassignRequest).
struct MoveOrder {
  std::vector<ResidueClass> moving;
  std::optional<Nanos> at;  // elapsed time of the run; nothing: at once
  double rate = 0;          // users per second of all agents; 0: together
};

// What Python code of a locustfile tells itself on another machine (protos: ScriptNote).
struct ScriptMessage {
  std::string kind;
  std::string json;
};

struct AgentLinkOptions {
  // For the calls before the start, which wait for an agent that is not there yet.
  Nanos call_timeout = std::chrono::seconds(10);
  // For those during the run, which do not.
  Nanos command_timeout = std::chrono::seconds(2);
  // What the user code on an agent has to say; on the inbox's thread.
  std::function<void(const std::string& agent, const ScriptMessage& message)> on_message;
};

// What an agent says of itself when a coordinator measures its clock or comes back to it.
struct AgentReply {
  WallTime now{};  // by its civil clock
  std::string plan_digest;
  RunState state = RunState::kIdle;
};

// Whether the agent refused because its run has another, newer coordinator.
bool IsFenced(const absl::Status& status);

class AgentLink final {
 public:
  using Done = std::function<void(absl::Status)>;
  using Reply = std::function<void(absl::Status, const AgentReply&)>;

  // `inbox` outlives the link.
  AgentLink(std::string name, const std::shared_ptr<grpc::Channel>& channel,
            AgentLinkOptions options, Inbox* inbox);
  ~AgentLink();  // ends what is under way and waits for it; nothing is posted afterwards
  AgentLink(const AgentLink&) = delete;
  AgentLink& operator=(const AgentLink&) = delete;

  const std::string& name() const { return name_; }

  void GetStatus(Reply done);
  void Prepare(const std::string& run_id, uint64_t epoch, const std::string& owner,
               const Plan& plan, const Assignment& assignment, const RunSettings& settings,
               Reply done);
  void Start(const std::string& run_id, uint64_t epoch, WallTime at, Done done);
  // Takes over the command of a run that the agent holds.
  void Attach(const std::string& run_id, uint64_t epoch, const std::string& owner, Reply done);
  void Reassign(const std::string& run_id, uint64_t epoch, const Assignment& assignment,
                const MoveOrder& move, Done done);
  void SetLoad(const std::string& run_id, uint64_t epoch, const LoadOrder& order, Done done);
  void Pause(const std::string& run_id, uint64_t epoch, Done done);
  void Resume(const std::string& run_id, uint64_t epoch, Done done);
  void Stop(const std::string& run_id, uint64_t epoch, const std::string& reason, bool immediate,
            Done done);

  void Tell(const std::string& run_id, uint64_t epoch, const ScriptMessage& message);

  // Streams snapshots every `interval`; replaces the stream there was. `on_end` comes once, unless
  // it is replaced.
  void Watch(const std::string& run_id, Nanos interval, std::function<void(Snapshot)> on_snapshot,
             Done on_end);

 private:
  struct Rpc;
  class Stream;

  const std::string name_;
  const AgentLinkOptions options_;
  Inbox* const inbox_;
  std::unique_ptr<Rpc> rpc_;
  std::shared_ptr<Stream> stream_;
};

}  // namespace squall
