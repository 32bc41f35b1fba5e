#include "daemon/sinks/statsd_sink.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace squall {
namespace {

bool IsPlainChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// A tag's value ends at a comma, a metric at '|' or a line's end.
std::string TagValue(std::string_view text) {
  std::string value = SampleText(text);
  std::replace_if(
      value.begin(), value.end(), [](char c) { return c == ',' || c == '|' || c == '#'; }, '_');
  return value;
}

void AddTag(std::string_view name, std::string_view value, std::string* tags) {
  if (!value.empty()) {
    *tags += fmt::format("{}{}:{}", tags->empty() ? "" : ",", name, TagValue(value));
  }
}

}  // namespace

std::string StatsdPart(std::string_view text) {
  std::string part = SampleText(text);
  std::replace_if(
      part.begin(), part.end(), [](char c) { return !IsPlainChar(c); }, '_');
  const size_t start = part.find_first_not_of('_');  // "/products/1" is products_1
  if (start == std::string::npos) {
    return "_";
  }
  return part.substr(start, part.find_last_not_of('_') + 1 - start);
}

std::vector<std::string> StatsdDatagrams(const std::vector<std::string>& metrics,
                                         size_t bytes_max) {
  std::vector<std::string> datagrams;
  for (const std::string& metric : metrics) {
    if (datagrams.empty() || datagrams.back().size() + 1 + metric.size() > bytes_max) {
      datagrams.push_back(metric);
    } else {
      datagrams.back() += '\n';
      datagrams.back() += metric;
    }
  }
  return datagrams;
}

StatsdNaming::StatsdNaming(const MetricOutput& output, const MetricSource& source)
    : prefix_(output.prefix), agent_(StatsdPart(source.agent)) {
  if (output.tags.empty()) {
    return;
  }
  for (const auto& [name, value] : output.tags) {
    AddTag(name, value, &tags_);
  }
  AddTag("run_id", source.run_id, &tags_);
  AddTag("test", source.test, &tags_);
  AddTag("agent", source.agent, &tags_);
}

std::string StatsdNaming::Tags(const RequestSample* sample) const {
  std::string tags = tags_;
  if (sample != nullptr) {
    AddTag("method", sample->method, &tags);
    AddTag("name", sample->name, &tags);
  }
  return tags;
}

std::string StatsdNaming::Counter(std::string_view what, const RequestSample* sample,
                                  double value) const {
  if (!tags_.empty()) {
    return fmt::format("{}.{}:{}|c|#{}", prefix_, what, value, Tags(sample));
  }
  const std::string row = sample == nullptr ? ""
                                            : fmt::format(".{}.{}", StatsdPart(sample->method),
                                                          StatsdPart(sample->name));
  return fmt::format("{}.{}{}:{}|c", prefix_, what, row, value);
}

// Those of one agent would overwrite another's, so plain names say whose they are.
std::string StatsdNaming::Gauge(std::string_view what, const RequestSample* sample,
                                std::string_view part, double value) const {
  const std::string last = part.empty() ? "" : fmt::format(".{}", part);
  if (!tags_.empty()) {
    return fmt::format("{}.{}{}:{}|g|#{}", prefix_, what, last, value, Tags(sample));
  }
  const std::string row = sample == nullptr ? ""
                                            : fmt::format(".{}.{}", StatsdPart(sample->method),
                                                          StatsdPart(sample->name));
  return fmt::format("{}.{}.{}{}{}:{}|g", prefix_, agent_, what, row, last, value);
}

std::vector<std::string> StatsdNaming::Metrics(const std::vector<RequestSample>& samples,
                                               const MetricReport& report) const {
  std::map<std::string_view, double> before;
  std::vector<LoadNumber> old;
  if (report.before != nullptr) {
    old = LoadNumbers(*report.before, 0);
    for (const LoadNumber& number : old) {
      before[number.name] = number.value;
    }
  }
  std::vector<std::string> metrics;
  for (const LoadNumber& number : LoadNumbers(*report.now, report.stage)) {
    metrics.push_back(number.counter
                          ? Counter(number.name, nullptr, number.value - before[number.name])
                          : Gauge(number.name, nullptr, "", number.value));
  }
  for (const RequestSample& sample : samples) {
    if (sample.requests == 0) {
      continue;  // nothing to add, and statsd keeps gauges
    }
    metrics.push_back(Counter("requests", &sample, static_cast<double>(sample.requests)));
    metrics.push_back(Counter("failures", &sample, static_cast<double>(sample.failures)));
    metrics.push_back(
        Counter("bytes_received", &sample, static_cast<double>(sample.bytes_received)));
    for (const ResponseNumber& number : ResponseNumbers(sample.response)) {
      metrics.push_back(Gauge("response_ms", &sample, number.name, number.milliseconds));
    }
  }
  return metrics;
}

StatsdSink::StatsdSink(const MetricOutput& output, const MetricSource& source,
                       std::function<bool(const sockaddr_storage&)> allows_address)
    : naming_(output, source), peer_(output.to, std::move(allows_address)) {}

absl::Status StatsdSink::Send(const MetricReport& report) {
  return peer_.Send(StatsdDatagrams(naming_.Metrics(sampler_.Take(report), report)), report.at);
}

}  // namespace squall
