#include "daemon/stats/snapshot.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/stats/duration_bounds.h"

namespace squall {
namespace {

// The earlier of two times of which zero means "never".
WallTime Earliest(WallTime a, WallTime b) {
  if (a == WallTime{} || b == WallTime{}) {
    return std::max(a, b);
  }
  return std::min(a, b);
}

void JoinText(std::string* text, const std::string& other) {
  if (other.empty() || text->find(other) != std::string::npos) {
    return;
  }
  if (!text->empty()) {
    *text += "; ";
  }
  *text += other;
}

template <typename Map>
void MergeMaps(Map* into, const Map& from) {
  for (const auto& [key, value] : from) {
    (*into)[key].Merge(value);
  }
}

void AddCounts(std::map<std::string, uint64_t>* into, const std::map<std::string, uint64_t>& from) {
  for (const auto& [key, count] : from) {
    (*into)[key] += count;
  }
}

// As kTraceExemplarsMax says: a rare slow request is not pushed out by the fast ones of its name.
void MergeExemplars(const std::vector<TraceExemplar>& from, std::vector<TraceExemplar>* to) {
  if (from.empty()) {
    return;
  }
  const auto bucket = [](const TraceExemplar& each) {
    return std::tuple<const std::string&, const std::string&, size_t>(
        each.method, each.name, DurationBoundOf(each.response));
  };
  to->insert(to->end(), from.begin(), from.end());
  std::sort(to->begin(), to->end(), [&](const auto& a, const auto& b) {
    return std::pair(bucket(a), b.at) < std::pair(bucket(b), a.at);
  });
  to->erase(std::unique(to->begin(), to->end(),
                        [&](const auto& a, const auto& b) { return bucket(a) == bucket(b); }),
            to->end());
  if (to->size() > kTraceExemplarsMax) {
    std::nth_element(to->begin(), to->begin() + kTraceExemplarsMax, to->end(),
                     [](const auto& a, const auto& b) { return a.at > b.at; });
    to->resize(kTraceExemplarsMax);
  }
}

}  // namespace

void EntryStats::Merge(const EntryStats& other) {
  requests += other.requests;
  failures += other.failures;
  timeouts += other.timeouts;
  unfinished += other.unfinished;
  bytes_sent += other.bytes_sent;
  bytes_received += other.bytes_received;
  for (size_t i = 0; i < status_classes.size(); ++i) {
    status_classes[i] += other.status_classes[i];
  }
  service.Merge(other.service);
  response.Merge(other.response);
  start_delay.Merge(other.start_delay);
  times.dns.Merge(other.times.dns);
  times.connect.Merge(other.times.connect);
  times.tls.Merge(other.times.tls);
  times.first_byte.Merge(other.times.first_byte);
  first_at = Earliest(first_at, other.first_at);
  last_at = std::max(last_at, other.last_at);
}

void FailureStats::Merge(const FailureStats& other) {
  count += other.count;
  first_at = Earliest(first_at, other.first_at);
  last_at = std::max(last_at, other.last_at);
}

void CheckStats::Merge(const CheckStats& other) {
  passed += other.passed;
  failed += other.failed;
}

void GeneratorHealth::Merge(const GeneratorHealth& other) {
  loop_lag.Merge(other.loop_lag);
  cpu_seconds += other.cpu_seconds;
  thread_seconds += other.thread_seconds;
  run_delay_seconds += other.run_delay_seconds;
  elapsed_seconds = std::max(elapsed_seconds, other.elapsed_seconds);
  shards += other.shards;
  fd_exhausted += other.fd_exhausted;
  ports_exhausted += other.ports_exhausted;
  memory_exhausted += other.memory_exhausted;
  rss_bytes += other.rss_bytes;
  open_fds += other.open_fds;
  fd_limit += other.fd_limit;
  names_dropped += other.names_dropped;
}

std::string_view RunStateName(RunState state) {
  switch (state) {
    case RunState::kIdle:
      return "idle";
    case RunState::kPrepared:
      return "prepared";
    case RunState::kRunning:
      return "running";
    case RunState::kPaused:
      return "paused";
    case RunState::kStopping:
      return "stopping";
    case RunState::kFinished:
      return "finished";
    case RunState::kFailed:
      return "failed";
  }
  return "unknown";
}

uint64_t Snapshot::UserCount() const {
  uint64_t count = 0;
  for (const auto& [name, running] : users) {
    count += running;
  }
  return count;
}

EntryStats Snapshot::Total(RunPhase phase) const {
  EntryStats total;
  for (const auto& [key, stats] : entries) {
    if (key.phase == phase) {
      total.Merge(stats);
    }
  }
  return total;
}

Nanos Snapshot::MeasuredTime() const {
  WallTime begin = started_at;
  WallTime end = started_at + elapsed;
  WallTime first{};
  WallTime last{};
  bool warm_up = false;
  bool cool_down = false;
  for (const auto& [key, stats] : entries) {
    warm_up = warm_up || key.phase == RunPhase::kWarmUp;
    cool_down = cool_down || key.phase == RunPhase::kCoolDown;
    if (key.phase == RunPhase::kMeasured) {
      first = Earliest(first, stats.first_at);
      last = std::max(last, stats.last_at);
    }
  }
  if (warm_up) {
    begin = first == WallTime{} ? end : std::clamp(first, begin, end);
  }
  if (cool_down) {
    end = std::clamp(last, begin, end);
  }
  return end - begin;
}

void TraceFigures::Merge(const TraceFigures& other) {
  sampled += other.sampled;
  exported += other.exported;
  dropped += other.dropped;
  failed += other.failed;
}

void Snapshot::Merge(const Snapshot& other) {
  if (agent_id != other.agent_id) {
    agent_id.clear();
  }
  epoch = std::max(epoch, other.epoch);
  sequence += other.sequence;
  state = std::min(state, other.state);
  JoinText(&error, other.error);
  JoinText(&stop_reason, other.stop_reason);
  at = std::max(at, other.at);
  started_at = Earliest(started_at, other.started_at);
  elapsed = std::max(elapsed, other.elapsed);
  AddCounts(&users, other.users);
  target_users += other.target_users;
  target_rate += other.target_rate;
  users_started += other.users_started;
  users_stopped += other.users_stopped;
  arrivals_planned += other.arrivals_planned;
  dropped_iterations += other.dropped_iterations;
  iterations += other.iterations;
  open_requests += other.open_requests;
  MergeMaps(&entries, other.entries);
  MergeMaps(&failures, other.failures);
  MergeMaps(&checks, other.checks);
  AddCounts(&task_errors, other.task_errors);
  for (const std::string& warning : other.warnings) {
    if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) {
      warnings.push_back(warning);
    }
  }
  health.Merge(other.health);
  traces.Merge(other.traces);
  MergeExemplars(other.exemplars, &exemplars);
}

Snapshot MergeSnapshots(const std::vector<const Snapshot*>& snapshots) {
  if (snapshots.empty()) {
    return Snapshot{};
  }
  Snapshot merged = *snapshots.front();
  for (size_t i = 1; i < snapshots.size(); ++i) {
    merged.Merge(*snapshots[i]);
  }
  return merged;
}

}  // namespace squall
