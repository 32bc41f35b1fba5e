// A place where figures go while a run goes on: an OTLP collector, Prometheus by remote write,
// InfluxDB, statsd, a file of JSON lines. One interface; a MetricPump calls it every few seconds.
//
// Owned by its pump and called on the pump's thread alone. Send ends by itself within seconds; what
// it could not send is lost but for the counters: they are cumulative, so the next report has them.
// The last report has no next one: it may be sent again, with the same figures.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/plan/plan.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// Whose figures they are; become tags or labels of every series.
struct MetricSource {
  std::string run_id;
  std::string test;               // the plan's name
  std::string agent;              // id or name; "" for all agents together
  std::string service_name = {};  // where the plan names one for its spans; only OTLP has it
};

struct MetricReport {
  const Snapshot* now = nullptr;     // borrowed for the call
  const Snapshot* before = nullptr;  // of the last report that was sent; nullptr: there is none
  WallTime at{};
  Nanos since_before{0};
  uint64_t stage = 0;  // of the load profile, from 1; 0: none is in force
  bool last = false;   // the run is over
  // What a Send may take in all; a sink's own bound may be shorter.
  Nanos time_max = std::chrono::seconds(4);
};

class MetricSink {
 public:
  virtual ~MetricSink() = default;
  // UNAVAILABLE and the like for what may be better next time; the pump tells the first of a row,
  // so it is one line and holds no secret.
  virtual absl::Status Send(const MetricReport& report) = 0;
};

// INVALID_ARGUMENT for an output that cannot be; a receiver that is down is none of its errors.
using MetricSinkMaker = std::function<absl::StatusOr<std::unique_ptr<MetricSink>>(
    const MetricOutput& output, const MetricSource& source)>;

}  // namespace squall
