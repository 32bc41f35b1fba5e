#include "daemon/sinks/sink_maker.h"

#include <utility>

#include "daemon/base/status_macros.h"
#include "daemon/sinks/http_post.h"
#include "daemon/sinks/influxdb_sink.h"
#include "daemon/sinks/json_lines_sink.h"
#include "daemon/sinks/remote_write_sink.h"
#include "daemon/sinks/statsd_sink.h"

namespace squall {
namespace {

using Kind = MetricOutput::Kind;

AddressCheck CheckOf(const MetricOutput& output, const SinkOptions& options) {
  return options.check_of ? options.check_of(output.to) : nullptr;
}

HttpPostOptions HttpOf(const MetricOutput& output, const SinkOptions& options) {
  HttpPostOptions http;
  http.url = output.to;
  http.ca_pem = output.ca_pem;
  http.user_agent = "squall/" + options.version;
  http.allows_address = CheckOf(output, options);
  if (output.kind == Kind::kRemoteWrite) {
    http.headers = {{"Content-Type", "application/x-protobuf"},
                    {"Content-Encoding", "snappy"},
                    {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
  } else {
    http.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  }
  http.headers.insert(http.headers.end(), output.headers.begin(), output.headers.end());
  return http;
}

absl::StatusOr<std::unique_ptr<MetricSink>> MakeSink(const SinkOptions& options,
                                                     const MetricOutput& output,
                                                     const MetricSource& source) {
  switch (output.kind) {
    case Kind::kInfluxDb:
      return std::make_unique<InfluxDbSink>(output, source, HttpOf(output, options));
    case Kind::kStatsd:
      return std::make_unique<StatsdSink>(output, source, CheckOf(output, options));
    case Kind::kRemoteWrite: {
      RunCollectorOptions collector;
      collector.version = options.version;
      collector.process_started_at = options.process_started_at;
      return std::make_unique<RemoteWriteSink>(output, source, HttpOf(output, options),
                                               std::move(collector));
    }
    case Kind::kJsonLines:
      return JsonLinesSink::Make(output, source);
    case Kind::kOtlp:
      break;
  }
  if (options.otlp) {
    return options.otlp(output, source);
  }
  return absl::FailedPreconditionError(
      "this program must be built with OpenTelemetry (SQUALL_WITH_OTEL) to send OTLP");
}

}  // namespace

MetricSinkMaker MakeSinks(SinkOptions options) {
  return [options = std::move(options)](const MetricOutput& output, const MetricSource& source) {
    return MakeSink(options, output, source);
  };
}

}  // namespace squall
