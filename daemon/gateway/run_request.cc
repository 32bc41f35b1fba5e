#include "daemon/gateway/run_request.h"

#include <charconv>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/gateway/json_fields.h"
#include "daemon/plan/arrival_rate.h"
#include "daemon/wire/proto_reader.h"

namespace squall {
namespace {

constexpr size_t kNameMax = 4096;  // bytes
constexpr size_t kPlanBytesMax = 4 << 20;
constexpr size_t kStagesMax = 1000;
constexpr size_t kReasonBytesMax = 1000;
constexpr uint64_t kIterationsMax = uint64_t{1} << 53;

double SpanSecondsMax() { return ToSeconds(kSpanMax); }

// What is in the body of a request, and what of it is wrong.
class Body final {
 public:
  explicit Body(boost::json::value value)
      : value_(std::move(value)), fields_(&value_.as_object(), "", &status_) {}
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  JsonFields& fields() { return fields_; }
  absl::Status Finish() {
    fields_.Finish();
    return status_;
  }

 private:
  boost::json::value value_;
  absl::Status status_;
  JsonFields fields_;
};

std::optional<Nanos> Span(JsonFields* fields, std::string_view name, bool may_be_zero) {
  const std::optional<double> seconds = may_be_zero
                                            ? fields->Number(name, 0, SpanSecondsMax())
                                            : fields->PositiveNumber(name, SpanSecondsMax());
  return seconds.has_value() ? std::optional<Nanos>(FromSeconds(*seconds)) : std::nullopt;
}

std::optional<std::vector<Stage>> Stages(JsonFields* fields) {
  std::optional<std::vector<JsonFields>> objects = fields->Objects("stages", kStagesMax);
  if (!objects.has_value()) {
    return std::nullopt;
  }
  std::vector<Stage> stages;
  for (JsonFields& object : *objects) {
    for (const std::string_view name : {"duration_seconds", "users"}) {
      if (!object.Has(name)) {
        object.Refuse(name, "be given");
      }
    }
    Stage stage;
    stage.duration = Span(&object, "duration_seconds", /*may_be_zero=*/false).value_or(Nanos(0));
    stage.users = object.Count("users", 0, kUsersMax).value_or(0);
    stage.spawn_rate = object.PositiveNumber("spawn_rate", kRateMax).value_or(1);
    object.Finish();
    stages.push_back(stage);
  }
  if (stages.empty()) {
    fields->Refuse("stages", "have at least one stage");
  }
  return stages;
}

// A text, since JSON's numbers do not hold 64 bits.
std::optional<uint64_t> Seed(JsonFields* fields) {
  const std::optional<std::string> text = fields->Text("seed", kNameMax);
  if (!text.has_value()) {
    return std::nullopt;
  }
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seed);
  if (error != std::errc() || end != text->data() + text->size()) {
    fields->Refuse("seed", "be a whole number of 64 bits, as a text");
    return std::nullopt;
  }
  return seed;
}

RunSettings Settings(JsonFields* fields) {
  RunSettings settings;
  settings.host = fields->Text("host", kNameMax).value_or("");
  settings.users = fields->Count("users", 0, kUsersMax);
  settings.spawn_rate = fields->PositiveNumber("spawn_rate", kRateMax);
  settings.arrival_rate = fields->PositiveNumber("arrival_rate", kArrivalRateMax);
  settings.run_time = Span(fields, "run_time_seconds", /*may_be_zero=*/false);
  settings.iterations = fields->Count("iterations", 1, kIterationsMax);
  settings.stop_timeout = Span(fields, "stop_timeout_seconds", /*may_be_zero=*/true);
  settings.seed = Seed(fields);
  settings.tags = fields->Texts("tags");
  settings.exclude_tags = fields->Texts("exclude_tags");
  return settings;
}

// Null is not the same as left out, which leaves a field to the plan and the command line.
EmptiedFields Emptied(const JsonFields& fields, const RunSettings& settings) {
  EmptiedFields emptied;
  emptied.host = fields.IsNull("host");
  emptied.run_time = fields.IsNull("run_time_seconds");
  emptied.iterations = fields.IsNull("iterations");
  emptied.stop_timeout = fields.IsNull("stop_timeout_seconds");
  emptied.seed = fields.IsNull("seed");
  emptied.tags = fields.IsNull("tags") || (fields.Has("tags") && settings.tags.empty());
  emptied.exclude_tags = fields.IsNull("exclude_tags") ||
                         (fields.Has("exclude_tags") && settings.exclude_tags.empty());
  return emptied;
}

}  // namespace

absl::StatusOr<StartRequest> ParseStartRequest(std::string_view json) {
  SQUALL_ASSIGN_OR_RETURN(boost::json::value value, ParseBodyObject(json));
  Body body(std::move(value));
  JsonFields& fields = body.fields();
  StartRequest request;
  request.plan = fields.Text("plan", kNameMax).value_or("");
  request.text = fields.Text("text", kPlanBytesMax);
  request.settings = Settings(&fields);
  request.emptied = Emptied(fields, request.settings);
  request.stages = Stages(&fields);
  request.user_classes = fields.Texts("user_classes");
  request.options = fields.TextByName("options");
  SQUALL_RETURN_IF_ERROR(body.Finish());
  if (request.text.has_value() && !request.plan.empty()) {
    return absl::InvalidArgumentError("plan and text must not both be given");
  }
  const RunSettings& settings = request.settings;
  if (request.stages.has_value() &&
      (settings.users || settings.spawn_rate || settings.arrival_rate)) {
    return absl::InvalidArgumentError(
        "users, spawn_rate and arrival_rate must not be given with stages, which have their own");
  }
  return request;
}

absl::StatusOr<RunChange> ParseRunChange(std::string_view json) {
  SQUALL_ASSIGN_OR_RETURN(boost::json::value value, ParseBodyObject(json));
  Body body(std::move(value));
  JsonFields& fields = body.fields();
  LoadRequest load;
  load.users = fields.Count("users", 0, kUsersMax);
  load.arrival_factor = fields.Number("arrival_factor", 0, kRateMax);
  const std::optional<bool> clear = fields.Flag("clear");
  const std::optional<bool> paused = fields.Flag("paused");
  std::optional<std::vector<Stage>> stages = Stages(&fields);
  const std::optional<double> spawn_rate = fields.PositiveNumber("spawn_rate", kRateMax);
  SQUALL_RETURN_IF_ERROR(body.Finish());

  const int given = int{load.users.has_value()} + int{load.arrival_factor.has_value()} +
                    int{clear.has_value()} + int{paused.has_value()} + int{stages.has_value()};
  if (given != 1) {
    return absl::InvalidArgumentError(fmt::format(
        "the body must have exactly one of users, arrival_factor, clear, paused, stages, got {}",
        given));
  }
  if (spawn_rate.has_value() && !load.users.has_value()) {
    return absl::InvalidArgumentError("spawn_rate must not be given without users");
  }
  if (clear.has_value() && !*clear) {
    return absl::InvalidArgumentError("clear must be true, got false");
  }
  if (paused.has_value()) {
    return PauseRequest{*paused};
  }
  if (stages.has_value()) {
    return *std::move(stages);
  }
  load.spawn_rate = spawn_rate.value_or(load.spawn_rate);
  load.clear = clear.value_or(false);
  return load;
}

absl::StatusOr<StopRequest> ParseStopRequest(std::string_view json) {
  StopRequest stop;
  if (json.empty()) {
    return stop;
  }
  SQUALL_ASSIGN_OR_RETURN(boost::json::value value, ParseBodyObject(json));
  Body body(std::move(value));
  stop.reason = body.fields().Text("reason", kReasonBytesMax).value_or(stop.reason);
  stop.immediate = body.fields().Flag("immediate").value_or(false);
  SQUALL_RETURN_IF_ERROR(body.Finish());
  return stop;
}

}  // namespace squall
