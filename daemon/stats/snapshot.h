// What one agent (or, merged, all of them) has seen since the start of the run. Cumulative: a lost,
// repeated or late snapshot changes nothing, and rates are differences. A value; owned by whoever
// holds it; safe to read from many threads as long as none writes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/stats/histogram.h"
#include "daemon/stats/sample.h"

namespace squall {

// The phases of a request that have a histogram of their own.
struct PhaseTimes {
  Histogram dns;
  Histogram connect;
  Histogram tls;
  Histogram first_byte;
  bool operator==(const PhaseTimes&) const = default;
};

struct EntryKey {
  RunPhase phase = RunPhase::kMeasured;
  std::string name;
  std::string method;
  auto operator<=>(const EntryKey&) const = default;
};

struct EntryStats {
  uint64_t requests = 0;  // finished ones, failed ones included
  uint64_t failures = 0;
  uint64_t timeouts = 0;    // part of failures
  uint64_t unfinished = 0;  // part of failures
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  std::array<uint64_t, 6> status_classes{};  // [0] no reply or no such class, [1] 1xx … [5] 5xx
  Histogram service;
  Histogram response;
  Histogram start_delay;  // empty without a schedule
  PhaseTimes times;
  WallTime first_at{};  // first and last finished request; zero when there was none
  WallTime last_at{};

  void Merge(const EntryStats& other);
  bool operator==(const EntryStats&) const = default;
};

struct FailureKey {
  std::string method;
  std::string name;
  std::string reason;
  auto operator<=>(const FailureKey&) const = default;
};

struct FailureStats {
  uint64_t count = 0;
  WallTime first_at{};
  WallTime last_at{};
  void Merge(const FailureStats& other);
  bool operator==(const FailureStats&) const = default;
};

struct CheckKey {
  std::string name;  // request name
  std::string check;
  auto operator<=>(const CheckKey&) const = default;
};

struct CheckStats {
  uint64_t passed = 0;
  uint64_t failed = 0;
  void Merge(const CheckStats& other);
  bool operator==(const CheckStats&) const = default;
};

// How the generator itself fared: the material of the verdict (verdict.h).
struct GeneratorHealth {
  Histogram loop_lag;            // how late the event loops ran their timers
  double cpu_seconds = 0;        // user + system time of the process since the run began
  double thread_seconds = 0;     // CPU time of the shard threads alone
  double run_delay_seconds = 0;  // time the shard threads were runnable but not running (schedstat)
  double elapsed_seconds = 0;    // wall time that the figures above cover, per process
  uint32_t shards = 0;
  uint64_t fd_exhausted = 0;      // EMFILE / ENFILE met
  uint64_t ports_exhausted = 0;   // EADDRNOTAVAIL met
  uint64_t memory_exhausted = 0;  // ENOMEM / ENOBUFS met
  uint64_t rss_bytes = 0;
  uint64_t open_fds = 0;
  uint64_t fd_limit = 0;
  uint64_t names_dropped = 0;  // samples folded into the name "other" by the cardinality cap

  void Merge(const GeneratorHealth& other);  // sums; elapsed_seconds is the maximum
  bool operator==(const GeneratorHealth&) const = default;
};

// What became of the spans of sampled requests (daemon/trace); all 0 without tracing.
struct TraceFigures {
  uint64_t sampled = 0;   // requests that were chosen for a span
  uint64_t exported = 0;  // taken by the collector
  uint64_t dropped = 0;   // a queue of ours was full, or time was up at the end
  uint64_t failed = 0;    // the collector refused them or was not there
  void Merge(const TraceFigures& other);
  bool operator==(const TraceFigures&) const = default;
};

// A request that somebody can look up in the traces.
struct TraceExemplar {
  std::string method;
  std::string name;
  std::string trace_id;  // 32 hex digits
  Nanos response{0};
  WallTime at{};
  bool operator==(const TraceExemplar&) const = default;
};

// How many a snapshot has at most: of each method, name and bucket (kDurationBounds) the newest
// one, and of all of them the newest.
inline constexpr size_t kTraceExemplarsMax = 256;

enum class RunState : uint8_t {
  kIdle,      // nothing prepared
  kPrepared,  // plan held, waiting for Start
  kRunning,
  kPaused,
  kStopping,  // no new work; open requests are finishing
  kFinished,
  kFailed,  // an error of ours; see Snapshot::error
};

std::string_view RunStateName(RunState state);  // "running", …

struct Snapshot {
  std::string run_id;
  std::string agent_id;  // "" after a merge of several
  uint64_t epoch = 0;
  uint64_t sequence = 0;  // grows by one with every snapshot of an agent and run
  RunState state = RunState::kIdle;
  std::string error;        // why kFailed
  std::string stop_reason;  // why the run ended or is ending: "profile finished", "stopped", …
  WallTime at{};
  WallTime started_at{};  // zero before the start
  Nanos elapsed{0};       // since the start, as the agent's steady clock saw it

  std::map<std::string, uint64_t> users;  // running users by class
  uint64_t target_users = 0;              // this agent's share of the profile now
  double target_rate = 0;                 // arrivals/s of this agent now; 0 in a closed model
  uint64_t users_started = 0;
  uint64_t users_stopped = 0;
  uint64_t arrivals_planned = 0;    // open model: arrivals due so far
  uint64_t dropped_iterations = 0;  // open model: arrivals for which no user was free
  uint64_t iterations = 0;          // finished task executions
  uint64_t open_requests = 0;       // in flight right now

  std::map<EntryKey, EntryStats> entries;
  std::map<FailureKey, FailureStats> failures;  // of the measured phase
  std::map<CheckKey, CheckStats> checks;        // of the measured phase
  std::map<std::string, uint64_t>
      task_errors;  // template, data or script errors in a task, by text
  // What the agent wants its reader to know though it decides nothing; a few, each once.
  std::vector<std::string> warnings;
  GeneratorHealth health;
  TraceFigures traces;
  std::vector<TraceExemplar> exemplars;

  uint64_t UserCount() const;
  // All entries of one phase added up (Locust's "Aggregated" row).
  EntryStats Total(RunPhase phase = RunPhase::kMeasured) const;
  // How much of `elapsed` was measured: all of it, less a warm-up and a cool-down where requests
  // finished in them. The time to divide by for a rate per second, hangs of the target included.
  Nanos MeasuredTime() const;
  // Adds another agent's snapshot of the same run: counters sum (sequence too, so that it still
  // grows), state is the least advanced, elapsed, at and epoch are the latest, started_at the
  // earliest, different texts are joined.
  void Merge(const Snapshot& other);
};

// Merges one snapshot per agent; run_id is taken from the first, agent_id is "" unless there is
// exactly one.
Snapshot MergeSnapshots(const std::vector<const Snapshot*>& snapshots);

}  // namespace squall
