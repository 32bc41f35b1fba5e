// Prometheus remote write 1.0: the series of the page of metrics, pushed instead of scraped, so
// that the same dashboards and rules read them. Series that end get a stale marker, and all of them
// after the last report: queries then no longer show the run as if it went on.
//
// https://prometheus.io/docs/specs/prw/remote_write_spec/
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/sinks/http_post.h"
#include "daemon/sinks/metric_sink.h"
#include "daemon/telemetry/run_collector.h"

namespace squall {

using SeriesLabels = std::vector<std::pair<std::string, std::string>>;

// A series' labels, as the protocol has them, and the bits of its value: stale markers are one NaN
// among many.
using WrittenSeries = std::map<std::string, uint64_t>;

// The families' present values. `labels` go to every series; one that a series has itself wins, and
// an empty one is left out.
WrittenSeries SeriesOf(const std::vector<prometheus::MetricFamily>& families,
                       const SeriesLabels& labels);
// A WriteRequest, not compressed.
std::string WriteRequestOf(const WrittenSeries& series, WallTime at);

class RemoteWriteSink final : public MetricSink {
 public:
  RemoteWriteSink(const MetricOutput& output, const MetricSource& source, HttpPostOptions http,
                  RunCollectorOptions collector);
  absl::Status Send(const MetricReport& report) override;

 private:
  absl::Status Post(const WrittenSeries& series, WallTime at, Nanos* time_left);

  const SeriesLabels labels_;
  const std::string test_;
  const RunCollector collector_;
  HttpPost http_;
  WrittenSeries living_;  // that the receiver may have, and that have not ended
  WrittenSeries last_;    // once the last report has been tried
  bool last_sent_ = false;
};

}  // namespace squall
