#include "daemon/sinks/json_lines_sink.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/plan/value.h"

namespace squall {
namespace {

// 2026-11-25T21:00:00.000Z
std::string Civil(WallTime at) {
  const int64_t milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const time_t seconds = milliseconds / 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     milliseconds % 1000);
}

Value Whole(uint64_t count) { return static_cast<int64_t>(count); }

// What every line begins with.
ValueObject Start(const char* type, const MetricReport& report, const MetricOutput& output,
                  const MetricSource& source) {
  ValueObject line;
  line.emplace_back("type", type);
  line.emplace_back("at", Civil(report.at));
  line.emplace_back("run_id", source.run_id);
  line.emplace_back("test", SampleText(source.test));
  if (!output.tags.empty()) {
    ValueObject tags;
    for (const auto& [name, value] : output.tags) {
      tags.emplace_back(name, value);
    }
    line.emplace_back("tags", std::move(tags));
  }
  return line;
}

void Append(ValueObject line, std::string* lines) {
  Value(std::move(line)).AppendJson(lines);
  *lines += '\n';
}

ValueObject LoadLine(ValueObject line, const MetricReport& report) {
  for (const LoadNumber& number : LoadNumbers(*report.now, report.stage)) {
    if (std::string_view(number.name) != "stage") {  // an agent knows it, not their sum
      line.emplace_back(fmt::format("{}{}", number.name, number.counter ? "_total" : ""),
                        number.value);
    }
  }
  ValueObject classes;
  for (const auto& [user_class, count] : report.now->users) {
    classes.emplace_back(SampleText(user_class), Whole(count));
  }
  line.emplace_back("users_by_class", std::move(classes));
  line.emplace_back("last", report.last);
  return line;
}

ValueObject RequestLine(ValueObject line, const RequestSample& sample, const MetricReport& report) {
  line.emplace_back("method", sample.method);
  line.emplace_back("name", sample.name);
  line.emplace_back("interval_seconds", ToSeconds(report.since_before));
  line.emplace_back("requests", Whole(sample.requests));
  line.emplace_back("failures", Whole(sample.failures));
  line.emplace_back("timeouts", Whole(sample.timeouts));
  line.emplace_back("bytes_sent", Whole(sample.bytes_sent));
  line.emplace_back("bytes_received", Whole(sample.bytes_received));
  for (const ResponseNumber& number : ResponseNumbers(sample.response)) {
    line.emplace_back(fmt::format("{}_ms", number.name), number.milliseconds);
  }
  line.emplace_back("requests_total", Whole(sample.total.requests));
  line.emplace_back("failures_total", Whole(sample.total.failures));
  return line;
}

}  // namespace

std::string JsonLines(const std::vector<RequestSample>& samples, const MetricReport& report,
                      const MetricOutput& output, const MetricSource& source) {
  std::string lines;
  Append(LoadLine(Start("load", report, output, source), report), &lines);
  for (const RequestSample& sample : samples) {
    Append(RequestLine(Start("requests", report, output, source), sample, report), &lines);
  }
  return lines;
}

absl::StatusOr<std::unique_ptr<JsonLinesSink>> JsonLinesSink::Make(const MetricOutput& output,
                                                                   const MetricSource& source) {
  // O_NONBLOCK for pipes, whose reader may never come or may stop reading.
  const int file =
      open(output.to.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (file < 0 && errno == ENXIO) {
    return absl::InvalidArgumentError(fmt::format(
        "output json_lines must be a pipe that somebody reads, and nobody reads '{}'", output.to));
  }
  if (file < 0) {
    return absl::InvalidArgumentError(
        fmt::format("output json_lines must be a file that can be "
                    "written, got '{}': {}",
                    output.to, std::strerror(errno)));
  }
  return std::unique_ptr<JsonLinesSink>(new JsonLinesSink(output, source, file));
}

JsonLinesSink::~JsonLinesSink() { close(file_); }

absl::Status JsonLinesSink::Send(const MetricReport& report) {
  std::string lines = torn_ ? "\n" : "";
  lines += JsonLines(sampler_.Take(report), report, output_, source_);
  const off_t before = lseek(file_, 0, SEEK_END);  // -1 for a pipe
  const bool torn_before = torn_;
  std::string_view rest = lines;
  while (!rest.empty()) {
    const ssize_t written = write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      const int fault = errno;
      // Taken back: the differences of the next report begin where those of this one did.
      const auto got = static_cast<off_t>(lines.size() - rest.size());
      if (before >= 0 && got > 0 && lseek(file_, 0, SEEK_END) == before + got &&
          ftruncate(file_, before) == 0) {
        torn_ = torn_before;
      }
      return absl::ResourceExhaustedError(fault == EAGAIN ? "its reader does not keep up"
                                                          : std::strerror(fault));
    }
    rest.remove_prefix(static_cast<size_t>(written));
    torn_ = !rest.empty() && !(rest.data() > lines.data() && rest.data()[-1] == '\n');
  }
  return absl::OkStatus();
}

}  // namespace squall
