// What to do about a LoadTest: a pure function of what is seen. It may be called at any time and
// any number of times; what has been done already is not decided again.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/coordinator/run_coordinator.h"
#include "operator/loadtest/load_run.h"
#include "operator/loadtest/load_test.h"
#include "operator/loadtest/pod_view.h"

namespace squall {

enum class PlanState : uint8_t {
  kAccepted,
  kUnread,   // an agent has it, and none is ready
  kMissing,  // not there yet: a ConfigMap may come
  kInvalid,  // will not get better by itself
};

// Something the API server did not let us make.
struct Problem {
  std::string reason;  // the CRD's word: QuotaExceeded, NameCollision …
  std::string message;
};

// What has been asked of the run by this process.
struct Asked {
  std::optional<LoadOverride> load;
  bool paused = false;
  bool stop = false;
  std::map<std::string, WallTime> joins;  // agents, and when they were last told to join …
  std::set<std::string> leaves;           // … or to leave
};

struct Observation {
  LoadTest test;
  WallTime now{};
  std::vector<PodView> pods;  // all with this test's label, of whatever run
  PlanState plan = PlanState::kAccepted;
  std::string plan_reason;  // where it is not accepted
  std::string plan_message;
  std::optional<RunSeen> run;   // of this process
  bool has_checkpoint = false;  // another leader began the run
  bool state_unknown = false;   // whether there is one, the API server does not tell now
  bool children_applied = false;
  bool report_written = false;
  std::optional<Problem> problem;             // of the last attempt to make pods
  std::map<uint32_t, WallTime> create_after;  // by index: not before
  Asked asked;
  // What the spec says now, where that is not what the run does.
  std::optional<LoadProfile> edited_profile;
  std::optional<std::vector<Threshold>> edited_thresholds;
};

struct StatusCondition {
  std::string status = "Unknown";  // "True", "False", "Unknown"
  std::string reason;
  std::string message;
  bool operator==(const StatusCondition&) const = default;
};

struct EventNote {
  bool warning = false;
  std::string reason;
  std::string note;
  bool operator==(const EventNote&) const = default;
};

struct Decision {
  std::string phase;
  std::map<std::string, StatusCondition> conditions;  // what is not here stays as it was
  bool add_finalizer = false;
  bool remove_finalizer = false;
  bool apply_children = false;
  bool drop_children = false;
  std::vector<uint32_t> create_pods;
  std::vector<PodView> delete_pods;
  bool start_run = false;  // with `agents`
  bool resume_run = false;
  std::vector<AgentPlace> agents;
  std::vector<AgentPlace> join;
  std::vector<std::string> leave;
  std::optional<LoadRequest> load;
  std::optional<LoadProfile> profile;
  std::optional<std::vector<Threshold>> thresholds;
  std::optional<bool> pause;
  std::optional<std::string> stop;  // why
  bool stop_immediate = false;
  bool drop_run = false;
  bool write_report = false;
  bool delete_test = false;
  std::optional<WallTime> completed_at;
  std::string stage;  // "2/3 steady"; "" where the profile has no stages or none goes on
  size_t stage_index = 0;
  std::optional<WallTime> stage_ends;
  std::optional<Nanos> look_again;  // without being told of a change
  std::vector<EventNote> events;
};

Decision Decide(const Observation& seen);

// What the leader before us had asked of a run.
Asked AskedOf(const RunControl& control);
// From the override of the spec; `clear` for none.
LoadRequest LoadRequestOf(const std::optional<LoadOverride>& load);

}  // namespace squall
