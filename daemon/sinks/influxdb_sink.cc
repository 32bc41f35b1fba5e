#include "daemon/sinks/influxdb_sink.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

// InfluxData's own advice is 5000 lines; this is about as much.
constexpr size_t kBatchBytesMax = 1'000'000;

void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    if (c == ',' || c == '=' || c == ' ') {
      *out += '\\';
    }
    *out += c == '\\' ? '/' : c;
  }
}

void AppendTag(std::string_view name, std::string_view value, std::string* line) {
  if (!value.empty()) {
    *line += ',';
    AppendEscaped(name, line);
    *line += '=';
    AppendEscaped(value, line);
  }
}

// One line, field by field.
class Line final {
 public:
  Line(std::string_view start, std::string* out) : out_(out) { *out_ += start; }
  void Count(std::string_view name, uint64_t value) {
    *out_ += fmt::format("{}{}={}i", Separator(), name, value);
  }
  void Number(std::string_view name, double value) {
    if (std::isfinite(value)) {  // the protocol has no others
      *out_ += fmt::format("{}{}={}", Separator(), name, value);
    }
  }
  void End(WallTime at) { *out_ += fmt::format(" {}\n", at.time_since_epoch().count()); }

 private:
  char Separator() { return std::exchange(separator_, ','); }
  std::string* const out_;
  char separator_ = ' ';
};

void AppendRequests(const RequestSample& sample, const MetricReport& report,
                    const std::string& tags, std::string* out) {
  std::string start = "squall_requests" + tags;
  AppendTag("method", sample.method, &start);
  AppendTag("name", sample.name, &start);
  Line line(start, out);
  line.Count("requests", sample.requests);
  line.Count("failures", sample.failures);
  line.Count("timeouts", sample.timeouts);
  line.Count("bytes_sent", sample.bytes_sent);
  line.Count("bytes_received", sample.bytes_received);
  line.Count("requests_total", sample.total.requests);
  line.Count("failures_total", sample.total.failures);
  for (const ResponseNumber& number : ResponseNumbers(sample.response)) {
    line.Number(fmt::format("{}_ms", number.name), number.milliseconds);
  }
  line.End(report.at);
}

void AppendUsers(const MetricReport& report, const std::string& tags, std::string* out) {
  for (const auto& [user_class, count] : UserSamples(*report.now)) {
    std::string start = "squall_users" + tags;
    AppendTag("user_class", user_class, &start);
    Line line(start, out);
    line.Count("users", count);
    line.End(report.at);
  }
}

}  // namespace

std::string InfluxTags(std::vector<std::pair<std::string, std::string>> tags) {
  std::sort(tags.begin(), tags.end());  // the receiver is quicker then
  std::string text;
  for (const auto& [name, value] : tags) {
    AppendTag(name, value, &text);
  }
  return text;
}

std::string InfluxLines(const std::vector<RequestSample>& samples, const MetricReport& report,
                        const std::string& tags) {
  std::string lines;
  {
    Line line("squall_load" + tags, &lines);
    for (const LoadNumber& number : LoadNumbers(*report.now, report.stage)) {
      line.Number(fmt::format("{}{}", number.name, number.counter ? "_total" : ""), number.value);
    }
    line.End(report.at);
  }
  AppendUsers(report, tags, &lines);
  for (const RequestSample& sample : samples) {
    AppendRequests(sample, report, tags, &lines);
  }
  return lines;
}

InfluxDbSink::InfluxDbSink(const MetricOutput& output, const MetricSource& source,
                           HttpPostOptions http)
    : tags_(InfluxTags([&] {
        auto tags = output.tags;
        tags.emplace_back("run_id", SampleText(source.run_id));
        tags.emplace_back("test", SampleText(source.test));
        tags.emplace_back("agent", SampleText(source.agent));
        return tags;
      }())),
      http_(std::move(http)) {}

absl::Status InfluxDbSink::Send(const MetricReport& report) {
  Nanos time_left = report.time_max;
  if (kept_.has_value()) {
    const bool same = kept_->figures.at == report.now->at;  // a last report is tried again
    absl::Status kept = PostKept(&time_left);
    if (same || kept_.has_value()) {  // what is refused for good, and told of, holds up no other
      return kept;
    }
  }
  MetricReport fresh = report;
  if (has_.has_value()) {
    fresh.before = &*has_;
  }
  // A point of the same time would take the place of the one that is there.
  fresh.at = newest_ = std::max(report.at, newest_ + Nanos(1));
  std::string lines = InfluxLines(sampler_.Take(fresh), fresh, tags_);
  size_t taken = 0;
  const absl::Status status = Post(lines, &taken, &time_left);
  if (status.ok()) {
    has_.reset();  // the next report goes on from this one by itself
  } else if (absl::IsUnavailable(status)) {
    kept_ = {std::move(lines), taken, *report.now};
  } else if (taken > 0) {
    has_ = *report.now;  // see PostKept
  }
  return status;
}

absl::Status InfluxDbSink::PostKept(Nanos* time_left) {
  const absl::Status status = Post(kept_->lines, &kept_->taken, time_left);
  if (absl::IsUnavailable(status)) {
    return status;
  }
  // What it refuses for good is not kept. When it took others of the same text, their differences
  // would come twice with the next report, so those of the refused ones are lost.
  if (kept_->taken > 0) {
    has_ = std::move(kept_->figures);
  }
  kept_.reset();
  return status;
}

absl::Status InfluxDbSink::Post(std::string_view lines, size_t* taken, Nanos* time_left) {
  while (*taken < lines.size()) {
    std::string_view batch = lines.substr(*taken);
    if (batch.size() > kBatchBytesMax) {  // lines are far shorter than a batch
      batch = batch.substr(0, batch.rfind('\n', kBatchBytesMax) + 1);
    }
    SQUALL_RETURN_IF_ERROR(http_.Send(batch, time_left));
    *taken += batch.size();
  }
  return absl::OkStatus();
}

}  // namespace squall
