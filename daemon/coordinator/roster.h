// The agents of one run: brings each of them to what the run wants, hears their snapshots, and
// keeps the run whole when one is lost, comes back or joins. One owner, one thread: that which
// empties the Inbox.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "daemon/coordinator/agent_link.h"
#include "daemon/coordinator/inbox.h"
#include "daemon/coordinator/membership.h"
#include "daemon/coordinator/next_command.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/run_settings.h"
#include "daemon/report/report.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct AgentTarget {
  std::string name;  // unique in the run
  std::shared_ptr<grpc::Channel> channel;
  std::string address;  // for whoever must find the agent again; may be empty
};

enum class MemberFate : uint8_t {
  kPresent,
  kLost,  // silent for too long; to be stopped when it comes back
  kGone,  // lost, and stopped or replaced: only its figures count
};

// An agent's part in the run, as far as a coordinator that comes back needs it.
struct MemberRecord {
  std::string name;
  std::string address;
  Assignment assignment;
  MemberFate fate = MemberFate::kPresent;
  std::optional<Snapshot> last = {};  // of one of whom nothing more will come
};

// Whether its users went to others because it was lost, and not because it left by order.
inline bool WasLost(const MemberRecord& member) {
  const bool stopped = member.last.has_value() && member.last->error.empty();
  return member.fate == MemberFate::kLost || (member.fate == MemberFate::kGone && !stopped);
}

// What was asked of the run while it went on.
struct RunControl {
  std::optional<LoadRequest> load;
  std::optional<LoadProfile> profile = {};  // instead of the plan's
  bool paused = false;
  StopLevel stop = StopLevel::kNone;
  std::string stop_reason;
};

// What of it takes the profile's place; nothing: the profile is followed.
inline std::optional<LoadByHand> ByHand(const RunControl& control) {
  if (!control.load.has_value() || control.load->clear) {
    return std::nullopt;
  }
  return LoadByHand{.users = control.load->users,
                    .spawn_rate = control.load->spawn_rate,
                    .arrival_factor = control.load->arrival_factor};
}

struct RosterOptions {
  std::string run_id;
  std::string owner;  // who commands, for other coordinators' error messages
  AgentLinkOptions link;
  Nanos watch_interval = std::chrono::milliseconds(500);
  Nanos loss_timeout = std::chrono::seconds(3);
};

class Roster final {
 public:
  // Called on the roster's thread.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnNote(std::string_view text) = 0;  // goes by
    virtual void OnWarning(std::string text) = 0;    // belongs into the report
    virtual void OnMembers() = 0;                    // before anybody is told of the change
    // The run cannot begin, or somebody else commands it now.
    virtual void OnFatal(absl::Status status) = 0;
    // Whether an agent that ends with this snapshot has left load undone.
    virtual bool LeftEarly(const Snapshot& last) = 0;
    // How fast users move to an agent that joins at this moment of the run, per second.
    virtual double JoinRate(Nanos elapsed) = 0;
  };

  // Everything borrowed outlives it. `plan` is sent as it is; `settings` with it.
  Roster(RosterOptions options, const Plan* plan, const RunSettings* settings, Membership members,
         Inbox* inbox, Listener* listener, const Clock* clock);
  ~Roster();
  Roster(const Roster&) = delete;
  Roster& operator=(const Roster&) = delete;

  // The agent of the next index of the membership it was made with.
  void AddInitial(AgentTarget target);
  // The same for a run that goes on: what the agent had counted, and what has become of it. One
  // that is present and has no share yet was about to join.
  void AddResumed(AgentTarget target, Snapshot snapshot, MemberFate fate);
  // An agent that comes while the run goes on; gets its share once it is ready.
  void Join(AgentTarget target);
  // An agent that takes part gives its users to the others, at the spawn rate, and is stopped when
  // it has none left. False when there is no such agent, or nobody to give them to.
  bool Leave(const std::string& name);

  // What the run wants; takes effect with Advance.
  void Start(WallTime at);
  void Apply(const RunControl& control);  // of a coordinator that came back
  void SetLoad(const LoadRequest& load);
  void SetProfile(const LoadProfile& profile);
  void SetPaused(bool paused);
  void SetStop(StopLevel level, const std::string& reason);

  // To the agent of that name, or with "" to all that take part; who is away misses it.
  void Tell(const std::string& agent, const ScriptMessage& message);

  // Sends what is due. `listening_since`: what had arrived by then has been heard.
  void Advance(TimePoint listening_since);
  // Lets go of agents that wait for a run that will not begin; waits a little for their answers.
  void Disband();

  bool AllReady() const;  // every initial agent has understood the plan
  bool AllOver() const;
  // What the run's clock shows, as far as the agents have told.
  Nanos Elapsed() const;
  // The newest of every agent that has reported, lost ones included.
  std::vector<const Snapshot*> Snapshots() const;
  std::vector<MemberRecord> Records() const;
  const RunControl& control() const { return control_; }
  const RunWish& wish() const { return wish_; }
  uint32_t lost() const { return lost_; }

 private:
  struct Member;

  Member* Add(AgentTarget target, size_t index);
  std::string UniqueName(const std::string& name) const;
  void Advance(Member* member);
  void Send(Member* member, Command command);
  void OnReply(Member* member, Command command, const absl::Status& status,
               const AgentReply& reply);
  void OnDone(Member* member, Command command, const AgentReply& reply);
  void OnRefused(Member* member, Command command, const absl::Status& status);
  void OnAttached(Member* member, const AgentReply& reply);
  void OnProbed(Member* member, const AgentReply& reply);
  void OnPrepared(Member* member, const AgentReply& reply);
  void Watch(Member* member);
  void OnSnapshot(Member* member, Snapshot snapshot);
  void OnStreamEnd(Member* member, const absl::Status& status);
  void HearReturned(Member* member, Snapshot snapshot);
  void HearLeaving(Member* member);
  void Readmit(Member* member);
  void Lose(Member* member, const std::string& why);
  void HandOver(Member* member);
  void Admit(Member* member);
  void BeginEpoch(std::vector<ResidueClass> moving, double rate);
  void Drop(Member* member, const absl::Status& why);
  Nanos Backoff(Member* member);
  WallTime StartOf(const Member& member) const;

  const RosterOptions options_;
  const Plan* const plan_;
  const RunSettings* const settings_;
  Membership membership_;
  Inbox* const inbox_;
  Listener* const listener_;
  const Clock* const clock_;

  std::vector<std::unique_ptr<Member>> members_;
  RunWish wish_;
  RunControl control_;
  MoveOrder move_;  // of the newest epoch
  WallTime start_at_{};
  std::string digest_;
  uint32_t lost_ = 0;
  bool disbanding_ = false;
  Rng rng_;
};

}  // namespace squall
