// A world without an API server or agents, for tests of Decide: what is decided happens at once, so
// a test sees whether it is decided again. Statuses go through StatusOf, as in the operator.
#pragma once

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "operator/loadtest/decide.h"

namespace squall {

// The agents of a test that StartRun has started.
inline constexpr char kFirstAgent[] = "peak-agent-0-pod00";
inline constexpr char kSecondAgent[] = "peak-agent-1-pod01";

// "finalizer+ children+ create 0,1": what the operator is to do, in the order of doing; "" when
// there is nothing.
std::string ActsOf(const Decision& decision);
// "AgentsReady Completed": the reasons of its events.
std::string EventsOf(const Decision& decision);

class DecideWorld final {
 public:
  Observation seen;

  // A test that nobody has looked at yet.
  explicit DecideWorld(const std::string& spec = "{agents: {replicas: 2}}");

  // The user edits the spec; the status stays.
  void Edit(const std::string& spec);
  // Decides and does it; returns ActsOf the decision, which stays in `last`.
  std::string Step();
  Decision last;

  void Advance(Nanos time) { seen.now += time; }
  PodView& pod(size_t index) { return seen.pods[index]; }
  RunSeen& run() { return *seen.run; }
  void MakeReady(size_t index);
  void RemovePod(size_t index) {
    seen.pods.erase(seen.pods.begin() + static_cast<std::ptrdiff_t>(index));
  }
  // A test whose agents have started: kFirstAgent and kSecondAgent.
  void StartRun();
  // The run ends so, with this report.
  void EndRun(RunReport report);
  // The process is another one: it knows nothing but what the API server has.
  void ChangeLeader();

  // "False WaitingForPods" of the status as it was written last.
  std::string Condition(const std::string& type) const;
  std::string Message(const std::string& type) const;
  std::string Phase() const;

 private:
  void Do(const Decision& decision);

  int pods_made_ = 0;
};

// Decides once, and once more: what was done is not done again.
#define EXPECT_STEP(world, acts)   \
  EXPECT_EQ((world).Step(), acts); \
  EXPECT_EQ((world).Step(), "") << "again"

}  // namespace squall
