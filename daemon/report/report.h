// Everything that is known about a run when it has ended: the input of every report format. A plain
// value; whoever ran the load fills it in. Holds no secrets: `host` may still carry a password, and
// every format takes it out (WithoutCredentials in text.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/plan/load_profile.h"
#include "daemon/report/planned_points.h"
#include "daemon/report/task_shares.h"
#include "daemon/stats/heat_map.h"
#include "daemon/stats/run_summary.h"
#include "daemon/stats/series.h"
#include "daemon/stats/series_set.h"
#include "daemon/stats/snapshot.h"
#include "daemon/stats/threshold.h"
#include "daemon/stats/verdict.h"

namespace squall {

// What was asked for, as far as a reader of the results needs it.
struct RunOptions {
  std::optional<uint64_t> users;     // peak of the profile; open model: its users_max
  std::optional<double> spawn_rate;  // only where the whole profile has one
  std::optional<Nanos> run_time;     // length of the profile; nothing: until stopped
  std::string profile;               // in words: "100 users at 10/s", "peak: 300 users …"
  bool open_model = false;           // arrival-rate driven
  Nanos warm_up{0};                  // left out of the results, from the start
  Nanos cool_down{0};                // left out of the results, before the end
  Nanos stop_timeout{0};
  bool operator==(const RunOptions&) const = default;
};

// What finished in one second of civil time.
struct SecondCount {
  int64_t epoch_seconds = 0;
  uint64_t requests = 0;
  uint64_t failures = 0;
  bool operator==(const SecondCount&) const = default;
};
// By entry, ascending in time, only seconds in which something finished.
using SecondCounts = std::map<EntryKey, std::vector<SecondCount>>;

// Something that happened to the run, in words.
struct EventView {
  WallTime at{};
  std::string text;
  int64_t number = 0;  // ascending within the run
  bool operator==(const EventView&) const = default;
};

// What somebody has set by hand, in the profile's place: the users, or a factor of the arrival
// rate.
struct LoadByHand {
  std::optional<uint64_t> users;
  double spawn_rate = 1;  // by which the users are approached
  std::optional<double> arrival_factor;
  bool operator==(const LoadByHand&) const = default;
};

struct RunReport {
  std::string run_id;
  std::string plan_name;
  std::string host;     // base URL of the target
  std::string version;  // of squall
  RunOptions options;
  WallTime started_at{};
  WallTime ended_at{};
  Snapshot total;                // all agents merged
  std::vector<Snapshot> agents;  // the last of each
  // How they call themselves, as far as that is known.
  std::vector<AgentDescription> agent_descriptions;
  std::set<std::string, std::less<>> lost_agents;  // by agent_id, those still lost at the end
  uint32_t agents_lost = 0;                  // before their part was over; the others took it over
  std::vector<PlannedPoint> planned;         // of the profile that was followed last
  std::optional<std::vector<Stage>> stages;  // when that is a list of stages
  std::optional<LoadByHand> overridden;      // nothing: the profile is followed
  std::vector<TaskShare> tasks;              // by user class
  std::vector<EventView> events;             // ascending in time
  std::vector<HeatColumn> heat;
  std::vector<SeriesPoint> series;
  // Of those names and agents that have a line of their own (SeriesSet::Lines); the others are only
  // counted.
  SeriesByName series_by_name;
  SeriesByAgent series_by_agent;
  uint64_t series_names_left_out = 0;
  uint64_t series_agents_left_out = 0;
  SecondCounts second_counts;  // for LocustJson alone (locust_json.h)
  std::vector<ThresholdResult> thresholds;
  VerdictReport verdict;
  std::vector<std::string> warnings;  // of the run, beside those of the verdict
  uint64_t seed = 0;
  int exit_code = 0;
  bool interrupted = false;  // ended by a signal, before its time
};

}  // namespace squall
