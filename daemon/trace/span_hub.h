// The span recorders of one run on one agent: hands them to the event loops, collects from all of
// them, and counts what became of the spans. Owned by a SpanExport.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/stats/snapshot.h"
#include "daemon/trace/span_recorder.h"

namespace squall {

struct SpanHubOptions {
  double ratio = 1;
  // Spans that wait for each loop: 50 ms of 80,000 requests a second. Raise it, at 750 bytes a
  // span, when spans are dropped.
  size_t queue_spans = 4096;
  uint64_t seed = 1;  // differs between agents and runs
};

class SpanHub final {
 public:
  explicit SpanHub(SpanHubOptions options) : options_(options) {}
  SpanHub(const SpanHub&) = delete;
  SpanHub& operator=(const SpanHub&) = delete;

  // One for each event loop, before it sends; lives as long as the hub. Any thread.
  SpanRecorder* NewRecorder();

  // The exporter's thread.
  size_t Drain(const std::function<void(const RequestSpan&)>& take);
  void CountExported(uint64_t spans);
  void CountFailed(uint64_t spans);   // the collector did not take them
  void CountDropped(uint64_t spans);  // given up behind the recorders' queues
  // The newest of its method, name and bucket (kDurationBounds).
  void KeepExemplar(const RequestSpan& span);

  // Adds figures and exemplars to a snapshot. Any thread.
  void Fill(Snapshot* snapshot) const;

 private:
  struct Exemplar {
    TraceContext context;
    Nanos response;
    WallTime at;
  };
  using ExemplarKey = std::tuple<std::string, std::string, size_t>;  // method, name, bucket

  const SpanHubOptions options_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<SpanRecorder>> recorders_;    // guarded by mutex_, as all below
  TraceFigures figures_;                                    // without the recorders' own
  std::map<ExemplarKey, Exemplar, std::less<>> exemplars_;  // at most kTraceExemplarsMax
};

}  // namespace squall
