#include "daemon/telemetry/metric_page.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include "daemon/base/ascii.h"
#include "daemon/base/units.h"

namespace squall {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";
constexpr std::string_view kTotal = "_total";

// The next piece up to `separator`, which is taken off `rest`.
std::string_view Cut(std::string_view* rest, char separator) {
  const size_t end = rest->find(separator);
  const std::string_view piece = Trim(rest->substr(0, end));
  *rest = end == std::string_view::npos ? std::string_view() : rest->substr(end + 1);
  return piece;
}

double WeightOf(std::string_view text) {
  double weight = 0;  // what is no number is not wanted
  std::from_chars(text.data(), text.data() + text.size(), weight);
  return weight;
}

// As Prometheus reads numbers: the shortest text that gives the same value.
std::string Number(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  constexpr double kExact = 1e15;
  return value == std::floor(value) && std::abs(value) < kExact ? fmt::format("{:.0f}", value)
                                                                : fmt::format("{}", value);
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

// "{a="1",le="0.5"}"; "" without any.
std::string LabelText(const ClientMetric& metric, std::string_view bound = {}) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", name, Escaped(value));
  };
  for (const ClientMetric::Label& label : metric.label) {
    add(label.name, label.value);
  }
  if (!bound.empty()) {
    add("le", bound);
  }
  return text.empty() ? text : "{" + text + "}";
}

std::string ExemplarText(const BucketExemplar* exemplar) {
  return exemplar == nullptr
             ? ""
             : fmt::format(" # {{trace_id=\"{}\"}} {} {:.3f}", Escaped(exemplar->trace_id),
                           Number(exemplar->seconds), ToSeconds(exemplar->at.time_since_epoch()));
}

void AddHistogram(const MetricFamily& family, const ClientMetric& metric,
                  const ExemplarOf& exemplar_of, std::string* out) {
  const auto& histogram = metric.histogram;
  const auto add = [&](size_t i, double bound, uint64_t count) {
    const BucketExemplar* exemplar = exemplar_of ? exemplar_of(family, metric, i) : nullptr;
    *out += fmt::format("{}_bucket{} {}{}\n", family.name, LabelText(metric, BucketBound(bound)),
                        count, ExemplarText(exemplar));
  };
  for (size_t i = 0; i < histogram.bucket.size(); ++i) {
    add(i, histogram.bucket[i].upper_bound, histogram.bucket[i].cumulative_count);
  }
  add(histogram.bucket.size(), std::numeric_limits<double>::infinity(), histogram.sample_count);
  *out += fmt::format("{}_count{} {}\n", family.name, LabelText(metric), histogram.sample_count);
  *out +=
      fmt::format("{}_sum{} {}\n", family.name, LabelText(metric), Number(histogram.sample_sum));
}

void AddFamily(const MetricFamily& family, const ExemplarOf& exemplar_of, std::string* out) {
  std::string_view name = family.name;
  const bool counter = family.type == MetricType::Counter;
  if (counter && name.ends_with(kTotal)) {
    name.remove_suffix(kTotal.size());  // the family is called without it, its series with it
  }
  const bool histogram = family.type == MetricType::Histogram;
  *out += fmt::format("# TYPE {} {}\n", name,
                      counter     ? "counter"
                      : histogram ? "histogram"
                                  : "gauge");
  *out += fmt::format("# HELP {} {}\n", name, Escaped(family.help));
  for (const ClientMetric& metric : family.metric) {
    if (histogram) {
      AddHistogram(family, metric, exemplar_of, out);
    } else if (counter) {
      *out +=
          fmt::format("{}{}{} {}\n", name, kTotal, LabelText(metric), Number(metric.counter.value));
    } else {
      *out += fmt::format("{}{} {}\n", name, LabelText(metric), Number(metric.gauge.value));
    }
  }
}

}  // namespace

std::string BucketBound(double value) {
  std::string text = Number(value);
  if (text.find_first_of(".eI") == std::string::npos) {
    text += ".0";
  }
  return text;
}

MetricFormat MetricFormatFor(std::string_view accept) {
  double text = 0;
  double open = 0;
  while (!accept.empty()) {
    std::string_view choice = Cut(&accept, ',');
    const std::string_view type = Cut(&choice, ';');
    double weight = 1;
    bool known = true;
    while (!choice.empty()) {
      const std::string_view parameter = Cut(&choice, ';');
      if (parameter.starts_with("q=")) {
        weight = WeightOf(parameter.substr(2));
      } else if (parameter.starts_with("version=")) {
        known = type != kOpenMetricsType || parameter == "version=1.0.0";
      }
    }
    if (type == kOpenMetricsType && known) {
      open = std::max(open, weight);
    } else if (type == "text/plain" || type == "text/*") {
      text = std::max(text, weight);
    }
  }
  return open > 0 && open >= text ? MetricFormat::kOpenMetrics : MetricFormat::kText;
}

const char* MetricContentType(MetricFormat format) {
  return format == MetricFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string MetricPage(const std::vector<MetricFamily>& families, MetricFormat format,
                       const ExemplarOf& exemplar_of) {
  if (format == MetricFormat::kText) {
    return prometheus::TextSerializer().Serialize(families);
  }
  std::string page;
  for (const MetricFamily& family : families) {
    AddFamily(family, exemplar_of, &page);
  }
  return page + "# EOF\n";
}

}  // namespace squall
