// What an agent has measured, as Prometheus metrics. Nothing is counted twice: a scrape takes a
// snapshot and translates it, so the event loops pay for a scrape and for nothing else.
//
// All phases of a run are counted, warm-up and cool-down too: a counter that skipped them would
// look like a target that is down. squall_checks_total alone is of the measured phase, as the
// snapshot has it. Counters start from 0 with every run, which Prometheus takes for a restart.
//
// Owned by main(). Page may be called from any thread, also from several at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

#include "daemon/base/clock.h"
#include "daemon/base/process_usage.h"
#include "daemon/stats/snapshot.h"
#include "daemon/telemetry/metric_page.h"

namespace squall {

struct RunCollectorOptions {
  std::string version;
  WallTime process_started_at{};
  // Pairs of method and name with series of their own: those with the most requests at the first
  // scrape of a run, then as they come. The rest is counted as "other". Raise it if Prometheus can
  // take three histograms for each.
  size_t names_max = 100;
  size_t user_classes_max = 100;
  size_t label_bytes_max = 128;  // longer values are cut
};

// A run, as its page shows it.
struct ShownRun {
  Snapshot figures;
  std::string test;    // the plan's name
  uint64_t stage = 0;  // StageAt
};

// What became of the reports to outputs of one kind.
struct OutputCount {
  std::string output;  // "influxdb", …
  uint64_t sent = 0;
  uint64_t failed = 0;
};

class RunCollector final {
 public:
  // What is not set is not among the metrics.
  struct Source {
    std::function<ShownRun()> run;
    std::function<ProcessUsage()> process;  // with it: squall_build_info, process_*
    // Calls that the agent refused since the process started, by reason. Few reasons, always the
    // same.
    std::function<std::map<std::string, uint64_t>()> refused_calls;
    std::function<std::vector<OutputCount>()> outputs;  // since the process started, too
  };

  RunCollector(RunCollectorOptions options, Source source);

  std::string Page(MetricFormat format) const { return PageWith({}, format); }
  // The same, with families of others behind it.
  std::string PageWith(std::vector<prometheus::MetricFamily> others, MetricFormat format) const;

  // The families of the page, for a run that is not asked for: for who sends them elsewhere.
  std::vector<prometheus::MetricFamily> Collect(const ShownRun& run) const;

 private:
  using NameKey = std::pair<std::string, std::string>;  // method, name

  using NewestExemplars = std::map<NameKey, std::vector<BucketExemplar>>;  // by bucket; "": none

  std::string Label(std::string_view text) const;
  prometheus::MetricFamily Users(const Snapshot& run) const;
  std::map<NameKey, EntryStats> Fold(const Snapshot& snapshot) const;
  NewestExemplars Exemplars(const Snapshot& run) const;

  const RunCollectorOptions options_;
  const Source source_;
  mutable std::mutex mutex_;
  // Guarded by mutex_. A name keeps its series for the whole run: if it moved into "other" and
  // back, both counters would jump.
  mutable std::string run_id_;
  mutable std::set<NameKey> admitted_;
};

}  // namespace squall
