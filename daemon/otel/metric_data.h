// A snapshot as metrics of OpenTelemetry. The names are those of the Prometheus page, as
// OpenTelemetry writes them ("squall.requests"): a collector that hands them on to Prometheus makes
// "squall_requests_total" of it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <opentelemetry/sdk/metrics/data/metric_data.h>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct MetricDataOptions {
  std::string test;
  std::string agent;
  std::vector<std::pair<std::string, std::string>> tags;  // on every point
  // Pairs of method and name with points of their own, as on the Prometheus page; the rest is
  // counted as "other".
  size_t names_max = 100;
};

// One thread at a time.
class MetricDataMaker final {
 public:
  explicit MetricDataMaker(MetricDataOptions options) : options_(std::move(options)) {}

  // `stage` is the one of the load profile, from 1; 0: none is in force.
  std::vector<opentelemetry::sdk::metrics::MetricData> Make(const Snapshot& run, WallTime at,
                                                            uint64_t stage = 0);

 private:
  using NameKey = std::pair<std::string, std::string>;  // method, name
  std::map<NameKey, EntryStats> Fold(const Snapshot& run);

  const MetricDataOptions options_;
  std::set<NameKey> admitted_;  // a name keeps its series for the whole run
};

}  // namespace squall
