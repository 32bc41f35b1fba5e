#include "daemon/sinks/remote_write_sink.h"

#include <bit>
#include <map>
#include <snappy.h>
#include <utility>

#include <fmt/format.h>
#include <prometheus/metric_family.h>

#include "daemon/base/process_usage.h"
#include "daemon/telemetry/metric_page.h"

namespace squall {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// The few messages of the protocol are written by hand: their numbers are fixed for good, and no
// generated code of another project's schema is needed.
constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kBytes = 2;

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    *out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out += static_cast<char>(value);
}

void AppendTag(int field, int type, std::string* out) {
  AppendVarint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(type), out);
}

void AppendBytes(int field, std::string_view bytes, std::string* out) {
  AppendTag(field, kBytes, out);
  AppendVarint(bytes.size(), out);
  *out += bytes;
}

void AppendFixed64(int field, uint64_t bits, std::string* out) {
  AppendTag(field, kFixed64, out);
  for (int i = 0; i < 8; ++i, bits >>= 8) {
    *out += static_cast<char>(bits);
  }
}

// One certain NaN, which tells that a series has ended.
constexpr uint64_t kStale = 0x7ff0000000000002;

using LabelMap = std::map<std::string, std::string>;  // the protocol wants them sorted

class SeriesMaker final {
 public:
  explicit SeriesMaker(const SeriesLabels& labels) : common_(labels.begin(), labels.end()) {}

  void Add(const std::string& name, const ClientMetric& metric, const char* more_label,
           const std::string& more_value, double value) {
    LabelMap labels = common_;
    for (const ClientMetric::Label& label : metric.label) {
      labels[label.name] = label.value;
    }
    if (more_label != nullptr) {
      labels[more_label] = more_value;
    }
    labels["__name__"] = name;
    std::string text;
    for (const auto& [label, label_value] : labels) {
      if (!label_value.empty()) {
        std::string pair;
        AppendBytes(1, label, &pair);
        AppendBytes(2, label_value, &pair);
        AppendBytes(1, pair, &text);
      }
    }
    series_[std::move(text)] = std::bit_cast<uint64_t>(value);
  }

  void AddHistogram(const std::string& name, const ClientMetric& metric) {
    const ClientMetric::Histogram& histogram = metric.histogram;
    for (const ClientMetric::Bucket& bucket : histogram.bucket) {
      Add(name + "_bucket", metric, "le", BucketBound(bucket.upper_bound),
          static_cast<double>(bucket.cumulative_count));
    }
    const auto count = static_cast<double>(histogram.sample_count);
    Add(name + "_bucket", metric, "le", "+Inf", count);
    Add(name + "_count", metric, nullptr, "", count);
    Add(name + "_sum", metric, nullptr, "", histogram.sample_sum);
  }

  WrittenSeries Take() { return std::move(series_); }

 private:
  const LabelMap common_;
  WrittenSeries series_;
};

// As a scrape would have them: `instance` and `job` are what dashboards tell agents apart by.
SeriesLabels LabelsOf(const MetricOutput& output, const MetricSource& source) {
  SeriesLabels labels = output.tags;  // the first of a name wins
  labels.emplace_back("job", "squall");
  labels.emplace_back("instance", source.agent);
  labels.emplace_back("agent", source.agent);
  labels.emplace_back("run_id", source.run_id);
  return labels;
}

}  // namespace

WrittenSeries SeriesOf(const std::vector<MetricFamily>& families, const SeriesLabels& labels) {
  SeriesMaker series(labels);
  for (const MetricFamily& family : families) {
    for (const ClientMetric& metric : family.metric) {
      switch (family.type) {
        case MetricType::Counter:
          series.Add(family.name, metric, nullptr, "", metric.counter.value);
          break;
        case MetricType::Histogram:
          series.AddHistogram(family.name, metric);
          break;
        default:
          series.Add(family.name, metric, nullptr, "", metric.gauge.value);
          break;
      }
    }
  }
  return series.Take();
}

std::string WriteRequestOf(const WrittenSeries& series, WallTime at) {
  const auto at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch());
  std::string request;
  for (const auto& [labels, value_bits] : series) {
    std::string sample;
    AppendFixed64(1, value_bits, &sample);
    AppendTag(2, kVarint, &sample);
    AppendVarint(static_cast<uint64_t>(at_ms.count()), &sample);
    std::string text = labels;
    AppendBytes(2, sample, &text);
    AppendBytes(1, text, &request);
  }
  return request;
}

RemoteWriteSink::RemoteWriteSink(const MetricOutput& output, const MetricSource& source,
                                 HttpPostOptions http, RunCollectorOptions collector)
    : labels_(LabelsOf(output, source)),
      test_(source.test),
      collector_(std::move(collector), {.process = ReadProcessUsage}),
      http_(std::move(http)) {}

absl::Status RemoteWriteSink::Post(const WrittenSeries& series, WallTime at, Nanos* time_left) {
  const std::string request = WriteRequestOf(series, at);
  std::string compressed;
  snappy::Compress(request.data(), request.size(), &compressed);
  return http_.Send(compressed, time_left);
}

// Each step is left out when it has been done, and is the same when it is done again: a receiver
// takes the same sample twice, but none that is older than the markers.
absl::Status RemoteWriteSink::Send(const MetricReport& report) {
  Nanos time_left = report.time_max;
  if (!last_sent_) {
    WrittenSeries series =
        last_.empty() ? SeriesOf(collector_.Collect({*report.now, test_, report.stage}), labels_)
                      : last_;
    if (report.last) {
      last_ = series;  // some are of this process, and would be others next time
    }
    WrittenSeries request = series;
    for (const auto& [labels, value_bits] : living_) {
      request.emplace(labels, kStale);  // of those that are no more
    }
    const absl::Status status = Post(request, report.at, &time_left);
    if (!status.ok()) {
      living_.merge(series);  // it may have taken them
      return status;
    }
    living_ = std::move(series);
    last_sent_ = report.last;
  }
  if (!report.last) {
    return absl::OkStatus();
  }
  for (auto& [labels, value_bits] : living_) {
    value_bits = kStale;
  }
  return Post(living_, report.at + std::chrono::milliseconds(1), &time_left);
}

}  // namespace squall
