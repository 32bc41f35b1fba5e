// What a Roster knows of one agent. For roster.cc alone.
#pragma once

#include <string>
#include <utility>

#include <fmt/format.h>

#include "daemon/coordinator/roster.h"

namespace squall {

inline bool IsFinal(RunState state) {
  return state == RunState::kFinished || state == RunState::kFailed;
}

// What a lost agent has counted stays; what it was doing then, nobody knows any more.
inline void MarkLost(std::string error, Snapshot* last) {
  last->state = RunState::kFailed;
  last->error = std::move(error);
  last->stop_reason.clear();  // its end is not the run's
  last->users.clear();
  last->target_users = 0;
  last->target_rate = 0;
  last->open_requests = 0;
}

inline std::string Text(const absl::Status& status) { return std::string(status.message()); }

inline std::string HowItLeft(const std::string& name, const Snapshot& last) {
  return last.state == RunState::kFailed
             ? fmt::format("agent '{}' failed: {}", name, last.error)
             : fmt::format("agent '{}' left before the end: {}", name, last.stop_reason);
}

struct Roster::Member {
  Member(AgentTarget from, size_t number, AgentLinkOptions options, Inbox* inbox)
      : target(std::move(from)),
        index(number),
        link(target.name, target.channel, std::move(options), inbox) {}

  const AgentTarget target;
  const size_t index;  // in the membership
  AgentLink link;
  AgentProgress progress;
  bool joins = false;     // came while the run went on …
  bool admitted = false;  // … and has its share
  bool leaves = false;    // gives its part to the others
  bool gone = false;      // never took part, or has been replaced: nobody waits for it
  bool busy = false;      // a command is under way
  uint64_t asked_load = 0;
  TimePoint retry_at{};
  uint32_t retries = 0;
  uint32_t returns = 0;  // how often the agent of this name was lost before
  bool watching = false;
  Nanos best_trip = Nanos::max();
  Nanos clock_offset{0};
  TimePoint asked_at{};
  WallTime asked_wall{};
  Snapshot snapshot;  // the newest one
  TimePoint heard_at{};
};

}  // namespace squall
