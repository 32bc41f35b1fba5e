// A file of JSON objects, one a line, that grows with the run; docs/outputs.md says what is in
// them. Appends, so that runs follow one another in one file, and a program that follows it goes
// on.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/sinks/metric_sink.h"
#include "daemon/sinks/request_samples.h"

namespace squall {

// The lines of one report, each with a newline at its end.
std::string JsonLines(const std::vector<RequestSample>& samples, const MetricReport& report,
                      const MetricOutput& output, const MetricSource& source);

class JsonLinesSink final : public MetricSink {
 public:
  // INVALID_ARGUMENT when the file cannot be written: before any load.
  static absl::StatusOr<std::unique_ptr<JsonLinesSink>> Make(const MetricOutput& output,
                                                             const MetricSource& source);
  ~JsonLinesSink() override;
  // When the run is known only after the file.
  void set_source(MetricSource source) { source_ = std::move(source); }
  // A report is written whole or given up (a full disk): RESOURCE_EXHAUSTED. Of a pipe whose reader
  // does not keep up, some lines may be through; the next report begins a line of its own.
  absl::Status Send(const MetricReport& report) override;

 private:
  JsonLinesSink(MetricOutput output, MetricSource source, int file)
      : output_(std::move(output)), source_(std::move(source)), file_(file) {}

  const MetricOutput output_;
  MetricSource source_;
  const int file_;
  RequestSampler sampler_;
  bool torn_ = false;  // the file ends within a line
};

}  // namespace squall
