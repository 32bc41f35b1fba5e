// InfluxDB line protocol over HTTP, as versions 1 and 2, Telegraf and VictoriaMetrics read it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/sinks/http_post.h"
#include "daemon/sinks/metric_sink.h"
#include "daemon/sinks/request_samples.h"

namespace squall {

// The lines of one report, each with a newline at its end. `tags` are those of every line, escaped
// already (InfluxTags).
std::string InfluxLines(const std::vector<RequestSample>& samples, const MetricReport& report,
                        const std::string& tags);
// ",agent=a,run_id=…", in the order of their names; empty values are left out, as the protocol has
// none. A backslash becomes a slash: the protocol cannot write one before a comma.
std::string InfluxTags(std::vector<std::pair<std::string, std::string>> tags);

// A report may take several posts. Those that were not taken are kept, and go first next time with
// the same text and times: points that the receiver has already are then overwritten with what they
// are, not added up.
class InfluxDbSink final : public MetricSink {
 public:
  InfluxDbSink(const MetricOutput& output, const MetricSource& source, HttpPostOptions http);
  absl::Status Send(const MetricReport& report) override;

 private:
  // The text of a report that was not taken, or not all of it.
  struct Kept {
    std::string lines;
    size_t taken = 0;  // bytes of it
    Snapshot figures;
  };
  absl::Status Post(std::string_view lines, size_t* taken, Nanos* time_left);
  absl::Status PostKept(Nanos* time_left);

  const std::string tags_;
  RequestSampler sampler_;
  HttpPost http_;
  std::optional<Kept> kept_;
  // What the receiver has got though its report was told to have failed; differences go on from it.
  std::optional<Snapshot> has_;
  WallTime newest_{};
};

}  // namespace squall
