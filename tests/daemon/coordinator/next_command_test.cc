#include "daemon/coordinator/next_command.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

// An agent of a run that goes on, with nothing left to say to it.
AgentProgress Settled() {
  AgentProgress agent;
  agent.probes = kClockProbes;
  agent.prepared = agent.started = true;
  agent.epoch = 3;
  return agent;
}

RunWish Going() {
  RunWish wish;
  wish.started = true;
  wish.epoch = 3;
  return wish;
}

struct Case {
  const char* says;
  void (*change)(RunWish* wish, AgentProgress* agent);
  Command command;
};

const Case kCases[] = {
    {"a settled agent is left alone", [](RunWish*, AgentProgress*) {}, Command::kNone},
    {"the clock is measured first",
     [](RunWish*, AgentProgress* agent) {
       *agent = {};
       agent->probes = kClockProbes - 1;
     },
     Command::kProbe},
    {"then it gets the plan",
     [](RunWish*, AgentProgress* agent) { agent->prepared = agent->started = false; },
     Command::kPrepare},
    {"and waits until all are ready",
     [](RunWish* wish, AgentProgress* agent) { wish->started = agent->started = false; },
     Command::kNone},
    {"and starts", [](RunWish*, AgentProgress* agent) { agent->started = false; }, Command::kStart},
    {"a coordinator that came back attaches before anything else",
     [](RunWish* wish, AgentProgress* agent) {
       agent->to_attach = true;
       wish->stop = StopLevel::kImmediate;
     },
     Command::kAttach},
    {"a new epoch comes before a new load",
     [](RunWish* wish, AgentProgress*) { wish->epoch = 4, wish->load_version = 1; },
     Command::kReassign},
    {"a new load", [](RunWish* wish, AgentProgress*) { wish->load_version = 2; },
     Command::kSetLoad},
    {"a pause", [](RunWish* wish, AgentProgress*) { wish->paused = true; }, Command::kPause},
    {"its end", [](RunWish*, AgentProgress* agent) { agent->paused = true; }, Command::kResume},
    {"a stop wins over everything",
     [](RunWish* wish, AgentProgress*) {
       wish->epoch = 9, wish->load_version = 9, wish->paused = true;
       wish->stop = StopLevel::kGraceful;
     },
     Command::kStop},
    {"a stop that was heard is not repeated",
     [](RunWish* wish, AgentProgress* agent) {
       wish->epoch = 9;
       wish->stop = agent->stop = StopLevel::kGraceful;
     },
     Command::kNone},
    {"but made immediate",
     [](RunWish* wish, AgentProgress* agent) {
       wish->stop = StopLevel::kImmediate, agent->stop = StopLevel::kGraceful;
     },
     Command::kStop},
    {"who is done is left alone",
     [](RunWish* wish, AgentProgress* agent) {
       agent->over = true, wish->epoch = 9, wish->stop = StopLevel::kImmediate;
     },
     Command::kNone},
    {"who was lost must hear that others have its part",
     [](RunWish*, AgentProgress* agent) { agent->lost = true; }, Command::kFence},
    {"once", [](RunWish*, AgentProgress* agent) { agent->lost = agent->fenced = true; },
     Command::kNone},
};

TEST(NextCommandTest, FollowsFromWhatIsWantedAndWhatIsAcknowledged) {
  for (const Case& row : kCases) {
    RunWish wish = Going();
    AgentProgress agent = Settled();
    row.change(&wish, &agent);
    EXPECT_EQ(NextCommand(wish, agent), row.command) << row.says;
  }
}

}  // namespace
}  // namespace squall
