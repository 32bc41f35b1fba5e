// What an agent has measured, as Prometheus metrics. Nothing is counted twice: a scrape takes a
// snapshot and translates it, so the event loops pay for a scrape and for nothing else.
//
// All phases of a run are counted, warm-up and cool-down too: a counter that skipped them would
// look like a target that is down. squall_checks_total alone is of the measured phase, as the
// snapshot has it. Counters start from 0 with every run, which Prometheus takes for a restart.
//
// Owned by main(). Collect and Text may be called from any thread, also from several at once.
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

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "daemon/base/clock.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// The process as its kernel sees it; all since its start.
struct ProcessFigures {
  double cpu_seconds = 0;
  uint64_t rss_bytes = 0;
  uint64_t open_fds = 0;
  uint64_t fd_limit = 0;
};

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

class RunCollector final : public prometheus::Collectable {
 public:
  struct Source {
    std::function<Snapshot()> run;            // Agent::Peek
    std::function<ProcessFigures()> process;  // of this process
    // Calls that the agent refused since the process started, by reason. Few reasons, always the
    // same; not set: no such metric.
    std::function<std::map<std::string, uint64_t>()> refused_calls;
  };

  RunCollector(RunCollectorOptions options, Source source);

  std::vector<prometheus::MetricFamily> Collect() const override;
  // The same as Prometheus reads it (text format 0.0.4).
  std::string Text() const;

 private:
  using NameKey = std::pair<std::string, std::string>;  // method, name

  std::string Label(std::string_view text) const;
  prometheus::MetricFamily Users(const Snapshot& run) const;
  std::map<NameKey, EntryStats> Fold(const Snapshot& snapshot) const;

  const RunCollectorOptions options_;
  const Source source_;
  mutable std::mutex mutex_;
  // Guarded by mutex_. A name keeps its series for the whole run: if it moved into "other" and
  // back, both counters would jump.
  mutable std::string run_id_;
  mutable std::set<NameKey> admitted_;
};

}  // namespace squall
