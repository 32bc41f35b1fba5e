// Takes the figures of one run to its outputs, every few seconds and once more at its end. Each
// output has a thread of its own: one that is slow delays nobody else, and never the load, which
// does not know of it.
//
// Owned by whoever holds the run. Any thread may call the methods, one at a time.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/plan/plan.h"
#include "daemon/sinks/metric_sink.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// What became of the reports to the outputs of one kind.
struct OutputFigures {
  std::string_view output;  // OutputKindName
  uint64_t sent = 0;
  uint64_t failed = 0;
};

// Counts them over all runs of a process. Any thread.
class OutputCounts final {
 public:
  void Count(MetricOutput::Kind kind, bool sent) {
    ++counts_.at(static_cast<size_t>(kind)).at(sent ? 0 : 1);
  }
  // Of every kind, also of those that nobody uses: metrics begin at 0.
  std::vector<OutputFigures> Figures() const;

 private:
  std::array<std::array<std::atomic<uint64_t>, 2>, 5> counts_{};
};

struct PumpSample {
  Snapshot figures;
  uint64_t stage = 0;
};

// How the last report of a run is sent: no other one holds what it could not send.
struct LastReportTries {
  // It is tried again after each, unless the receiver refuses it for good.
  std::vector<Nanos> pauses = {std::chrono::milliseconds(500), std::chrono::seconds(1),
                               std::chrono::seconds(2)};
  // From the end of the run on; a program that ends waits that long.
  Nanos time_max = std::chrono::seconds(8);
};

class MetricPump final {
 public:
  struct Part {
    MetricOutput output;
    std::unique_ptr<MetricSink> sink;
  };
  struct Hooks {
    // From the pump's threads. The run that is going on; of another one it is left alone.
    std::function<PumpSample()> sample;
    // One line for whoever runs the daemon: "output failed" for the first failure of a row,
    // "output works again", and "last report not sent" whatever was said before.
    std::function<void(std::string_view what, const std::string& text)> tell;
  };

  // `counts` and `clock` outlive it. Nothing is sent before Start.
  MetricPump(std::string run_id, std::vector<Part> parts, Hooks hooks, OutputCounts* counts,
             const Clock* clock, LastReportTries tries = {});
  // Waits for the last reports: LastReportTries::time_max, or as long as a sink takes, twice.
  ~MetricPump();
  MetricPump(const MetricPump&) = delete;
  MetricPump& operator=(const MetricPump&) = delete;

  void Start();
  // Look now whether the run is over: it may be. From any thread.
  void Wake();
  // The run is over, and no sample is to be taken any more: `last` is the final one.
  void End(PumpSample last);

  // The first failure of each output, for the report: "output influxdb http://h:8086: …". Not of
  // the last report: the run's may be made already.
  std::vector<std::string> Warnings() const;

 private:
  struct Lane {
    Part part;
    uint64_t failed_in_row = 0;  // its thread's, as those below
    std::optional<Snapshot> before;
    TimePoint before_at{};
    std::thread thread;
  };

  void Run(Lane* lane, TimePoint started);
  // Waits for the next report; false when the run turned out to be over.
  bool AwaitNext(TimePoint due, uint64_t* seen_wakes);
  std::optional<PumpSample> Take() const;
  void Report(Lane* lane, const PumpSample& sample, bool last);
  absl::Status SendLast(Lane* lane, MetricReport* report);
  // When the last reports must be sent; the first call decides.
  TimePoint DeadlineLocked();
  void Tell(Lane* lane, const absl::Status& status, bool last);

  const std::string run_id_;
  const Hooks hooks_;
  OutputCounts* const counts_;
  const Clock* const clock_;
  const LastReportTries tries_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  uint64_t wakes_ = 0;  // guarded by mutex_, as those below
  std::shared_ptr<const PumpSample> last_;
  std::optional<TimePoint> deadline_;
  bool closing_ = false;
  std::vector<std::string> warnings_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // fixed from the start on
};

}  // namespace squall
