#include "daemon/report/run_figures.h"

#include <cmath>
#include <utility>

#include <absl/status/status.h>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/report/json_report.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

namespace json = boost::json;

// A report nests five deep.
constexpr size_t kDepthMax = 32;

std::string Text(json::string_view text) { return {text.data(), text.size()}; }

// One object of the report; keeps the first thing that is wrong in any of them.
class Fields {
 public:
  Fields(const json::value* value, std::string path, absl::Status* status)
      : path_(std::move(path)), status_(status) {
    if (value != nullptr && !value->is_object()) {
      Refuse("", "be an object");
    } else if (value != nullptr) {
      object_ = &value->as_object();
    }
  }

  // Nothing is read from an object that is not there, and nothing is refused for it.
  bool exists() const { return object_ != nullptr; }

  Fields Object(std::string_view field) const { return {Find(field), PathOf(field), status_}; }

  // A field that may be null.
  Fields OptionalObject(std::string_view field) const {
    const json::value* value = Find(field);
    return {value != nullptr && value->is_null() ? nullptr : value, PathOf(field), status_};
  }

  void String(std::string_view field, std::string* to) const {
    const json::value* value = Find(field);
    if (value == nullptr || value->is_null()) {
      return;
    }
    if (!value->is_string()) {
      Refuse(field, "be a text");
      return;
    }
    *to = Text(value->as_string());
  }

  void Count(std::string_view field, uint64_t* to) const {
    const json::value* value = Find(field);
    if (value == nullptr) {
      return;
    }
    json::error_code error;
    *to = value->to_number<uint64_t>(error);
    if (error) {
      Refuse(field, "be a whole number");
    }
  }

  // A count that may be null.
  void OptionalCount(std::string_view field, std::optional<uint64_t>* to) const {
    const json::value* value = Find(field);
    if (value != nullptr && !value->is_null()) {
      Count(field, &to->emplace());
    }
  }

  void Number(std::string_view field, double* to) const {
    const json::value* value = Find(field);
    if (value == nullptr) {
      return;
    }
    json::error_code error;
    *to = value->to_number<double>(error);
    if (error || !std::isfinite(*to) || *to < 0) {
      Refuse(field, "be a number, 0 or more");
    }
  }

  template <typename Read>
  void List(std::string_view field, const Read& read) const {
    const json::value* value = Find(field);
    if (value == nullptr) {
      return;
    }
    if (!value->is_array()) {
      Refuse(field, "be a list");
      return;
    }
    const json::array& items = value->as_array();
    for (size_t i = 0; i < items.size() && status_->ok(); ++i) {
      read(Fields(&items[i], fmt::format("{}[{}]", PathOf(field), i), status_));
    }
  }

  void Refuse(std::string_view field, std::string_view what) const {
    if (status_->ok()) {
      *status_ = absl::InvalidArgumentError(fmt::format("{} must {}", WhereIs(field), what));
    }
  }

 private:
  std::string WhereIs(std::string_view field) const {
    if (!field.empty()) {
      return PathOf(field);
    }
    return path_.empty() ? "the report" : path_;
  }

  std::string PathOf(std::string_view field) const {
    return path_.empty() ? std::string(field) : fmt::format("{}.{}", path_, field);
  }

  const json::value* Find(std::string_view field) const {
    if (object_ == nullptr) {
      return nullptr;
    }
    const json::value* value = object_->if_contains({field.data(), field.size()});
    if (value == nullptr) {
      Refuse(field, "be there");
    }
    return value;
  }

  const json::object* object_ = nullptr;
  std::string path_;
  absl::Status* status_;
};

void ReadEntry(const Fields& fields, EntryFigures* entry) {
  fields.Count("requests", &entry->requests);
  fields.Count("failures", &entry->failures);
  fields.Number("failure_ratio", &entry->failure_ratio);
  fields.Number("requests_per_second", &entry->requests_per_second);
  const Fields response = fields.OptionalObject("response_ms");
  if (response.exists()) {
    const Fields percentiles = response.Object("percentiles");
    percentiles.Number("50", &entry->response_p50_ms.emplace());
    percentiles.Number("95", &entry->response_p95_ms.emplace());
    percentiles.Number("99", &entry->response_p99_ms.emplace());
  }
}

void ReadRun(const Fields& report, RunFigures* figures) {
  const Fields run = report.Object("run");
  run.String("id", &figures->run_id);
  run.String("plan", &figures->plan_name);
  run.String("host", &figures->host);
  run.String("started_at", &figures->started_at);
  run.Number("measured_seconds", &figures->measured_seconds);
  const Fields verdict = report.Object("verdict");
  verdict.String("verdict", &figures->verdict);
}

// The format and version come first: with another one nothing else could be trusted.
void ReadHeader(const Fields& report) {
  std::string format;
  uint64_t version = 0;
  report.String("format", &format);
  report.Count("version", &version);
  if (format != "squall-report") {
    report.Refuse("format", fmt::format("be 'squall-report', got '{}'", Printable(format, 60)));
  } else if (version != kJsonReportVersion) {
    report.Refuse("version", fmt::format("be {}, got {}", kJsonReportVersion, version));
  }
}

}  // namespace

absl::StatusOr<RunFigures> ParseRunFigures(std::string_view text) {
  if (text.size() > kReportJsonBytesMax) {
    return absl::InvalidArgumentError(fmt::format(
        "the report must be at most {} bytes long, got {}", kReportJsonBytesMax, text.size()));
  }
  json::error_code error;
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::monotonic_resource memory;
  const json::value value = json::parse({text.data(), text.size()}, error, &memory, options);
  if (error) {
    return absl::InvalidArgumentError(fmt::format("the report must be JSON: {}", error.message()));
  }
  absl::Status status;
  const Fields report(&value, "", &status);
  RunFigures figures;
  ReadHeader(report);
  ReadRun(report, &figures);
  report.Object("options").OptionalCount("users", &figures.users);
  ReadEntry(report.Object("totals"), &figures.total);
  report.List("entries", [&figures](const Fields& fields) {
    EntryFigures* entry = &figures.entries.emplace_back();
    fields.String("name", &entry->name);
    fields.String("method", &entry->method);
    ReadEntry(fields, entry);
  });
  if (!status.ok()) {
    return status;
  }
  return figures;
}

}  // namespace squall
