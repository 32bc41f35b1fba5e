// Where an output of a plan goes: what may be written there, and how logs show it. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/plan/plan.h"

namespace squall {

// An output costs a thread and a snapshot every few seconds.
inline constexpr size_t kMetricOutputsMax = 16;
inline constexpr size_t kOutputTagsMax = 32;
inline constexpr size_t kOutputHeadersMax = 32;
inline constexpr size_t kOutputTextBytesMax = 256;  // of a tag's value, a prefix, a service's name
inline constexpr Nanos kOutputIntervalMin = std::chrono::milliseconds(100);
inline constexpr Nanos kOutputIntervalMax = std::chrono::hours(1);

// "otlp", "remote_write", "influxdb", "statsd", "json_lines": as the metrics' label says it.
std::string_view OutputKindName(MetricOutput::Kind kind);

// What is wrong with `to`: "must …"; "" when nothing is.
std::string TargetFault(const MetricOutput& output);
// The same of a collector's URL; over gRPC there is no path.
std::string CollectorFault(std::string_view endpoint, OtlpProtocol protocol);
// Of the name and value of a tag: what every receiver takes, and none of the names that are ours.
std::string TagFault(std::string_view name, std::string_view value);
std::string PrefixFault(std::string_view prefix);

// http is what port 4318 or a path mean, where nobody has said.
OtlpProtocol GuessProtocol(std::string_view endpoint);

// Where a URL or host:port leads; an IPv6 address without its brackets.
struct OutputHost {
  std::string host;
  uint16_t port = 0;  // of the scheme, where none is said
};
OutputHost OutputHostOf(std::string_view to);

// What logs may show: "http://host:8086", without path, query and credentials, which may be
// secrets.
std::string ShownUrl(std::string_view url);
std::string ShownTarget(const MetricOutput& output);
// "influxdb http://host:8086".
std::string ShownOutput(const MetricOutput& output);

// KIND=TARGET of a command line: influxdb, statsd, remote-write, otlp, json, or the plan's names of
// them. As k6 has it, influxdb=http://host:8086/NAME is the database of this name. INVALID_ARGUMENT
// "must …".
absl::StatusOr<MetricOutput> ParseOutFlag(std::string_view text);

}  // namespace squall
