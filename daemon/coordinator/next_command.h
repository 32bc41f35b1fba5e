// What an agent is told next: a pure function of what the run wants and of what the agent has
// acknowledged. Level-triggered, so a command that was lost is repeated and one that has been
// overtaken is left out; every command may be repeated without harm (agent_service.proto).
#pragma once

#include <cstdint>

namespace squall {

enum class Command : uint8_t {
  kNone,
  kProbe,    // how far is its clock off, and is it there
  kPrepare,  // hold the plan
  kStart,
  kAttach,  // go on commanding a run that it holds
  kReassign,
  kSetLoad,
  kPause,
  kResume,
  kStop,
  kFence,  // as kStop, of an agent whose part others have taken over
};

enum class StopLevel : uint8_t { kNone, kGraceful, kImmediate };

// What the run wants of every agent.
struct RunWish {
  bool started = false;  // the moment of the start is fixed
  bool paused = false;
  uint64_t epoch = 0;
  uint64_t load_version = 0;  // grows with every change of the load; 0: the profile's
  StopLevel stop = StopLevel::kNone;
};

// What one agent has acknowledged.
struct AgentProgress {
  uint32_t probes = 0;
  bool prepared = false;
  bool started = false;
  bool to_attach = false;  // holds the run of a coordinator that came back
  bool paused = false;
  uint64_t epoch = 0;
  uint64_t load_version = 0;
  StopLevel stop = StopLevel::kNone;
  bool drained = false;  // has given its part to the others, and nothing of it runs any more
  bool over = false;     // its part of the run is finished
  bool lost = false;     // silent for too long: others have its part
  bool fenced = false;   // lost, but it has heard so
};

// Round trips from which the best measure of the clock is taken.
constexpr uint32_t kClockProbes = 5;

Command NextCommand(const RunWish& wish, const AgentProgress& agent);

}  // namespace squall
