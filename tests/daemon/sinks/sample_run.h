// A small run, as sinks get it.
#pragma once

#include <string>

#include "daemon/sinks/metric_sink.h"
#include "daemon/sinks/request_samples.h"

namespace squall {

// What could break a line, a tag, a metric's name or a datagram.
inline constexpr char kHostileName[] = "a b,c=d|e#f:g\\\n\"{}\xff ä\\";

inline void AddRequests(Snapshot* snapshot, const std::string& name, uint64_t requests,
                        uint64_t failures, Nanos response, RunPhase phase = RunPhase::kMeasured) {
  EntryStats& entry = snapshot->entries[{phase, name, "GET"}];
  entry.requests += requests;
  entry.failures += failures;
  entry.bytes_sent += 10 * requests;
  entry.bytes_received += 100 * requests;
  entry.response.RecordMany(response, requests);
}

inline Snapshot SampleRun(uint64_t requests = 4) {
  Snapshot snapshot;
  snapshot.run_id = "run-1";
  snapshot.agent_id = "a-1";
  snapshot.state = RunState::kRunning;
  snapshot.at = WallTime(std::chrono::seconds(1'700'000'000));
  snapshot.elapsed = std::chrono::seconds(5);
  snapshot.users = {{"Shopper", 3}};
  snapshot.target_users = 3;
  snapshot.iterations = requests;
  AddRequests(&snapshot, "/products", requests, 1, std::chrono::milliseconds(20));
  return snapshot;
}

inline MetricReport ReportOf(const Snapshot& now, const Snapshot* before = nullptr) {
  MetricReport report;
  report.now = &now;
  report.before = before;
  report.at = now.at;
  report.since_before = std::chrono::seconds(5);
  report.stage = 1;
  return report;
}

inline const MetricSource kSource = {"run-1", "shop", "a-1"};

}  // namespace squall
