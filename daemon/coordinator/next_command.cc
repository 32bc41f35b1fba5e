#include "daemon/coordinator/next_command.h"

namespace squall {
namespace {

// Of an agent that runs its part.
Command WhileRunning(const RunWish& wish, const AgentProgress& agent) {
  if (wish.stop > agent.stop) {
    return Command::kStop;
  }
  if (agent.stop != StopLevel::kNone) {
    return Command::kNone;  // nothing else matters to it now
  }
  if (agent.drained) {
    return Command::kStop;
  }
  if (wish.epoch > agent.epoch) {
    return Command::kReassign;
  }
  if (wish.load_version > agent.load_version) {
    return Command::kSetLoad;
  }
  if (wish.paused != agent.paused) {
    return wish.paused ? Command::kPause : Command::kResume;
  }
  return Command::kNone;
}

}  // namespace

Command NextCommand(const RunWish& wish, const AgentProgress& agent) {
  if (agent.lost) {
    return agent.fenced ? Command::kNone : Command::kFence;
  }
  if (agent.over) {
    return Command::kNone;
  }
  if (agent.to_attach) {
    return Command::kAttach;
  }
  if (agent.probes < kClockProbes) {
    return Command::kProbe;
  }
  if (!agent.prepared) {
    return Command::kPrepare;
  }
  if (!agent.started) {
    return wish.started ? Command::kStart : Command::kNone;
  }
  return WhileRunning(wish, agent);
}

}  // namespace squall
