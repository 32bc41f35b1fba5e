#include <array>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/plan/arrival_rate.h"
#include "daemon/plan/csv.h"
#include "daemon/plan/profile.h"
#include "daemon/plan/sections.h"

namespace squall {
namespace {

constexpr WholeRange kUsers{.min = 0, .max = 10'000'000};
constexpr NumberRange kSpawnRate{.min = 0, .max = 1e7, .above_min = true};
constexpr NumberRange kArrivalRate{.min = 0, .max = kArrivalRateMax};

// "duration" (seconds or a time span) or the seed document's "duration_seconds".
void ReadDuration(Fields* fields, Nanos* out) {
  constexpr NumberRange kSeconds{.min = 0, .max = 315'576'000, .above_min = true};
  fields->OneOf({"duration", "duration_seconds"}, true);
  fields->Span("duration", SpanRule::kPositive, out);
  std::optional<double> seconds;
  fields->Number("duration_seconds", kSeconds, &seconds);
  if (seconds) {
    *out = FromSeconds(*seconds);
  }
}

std::vector<Place> ReadStageList(const Place& place, Reading* reading) {
  std::vector<Place> items = ReadList(place, reading->problems);
  if (items.empty() && place.node->IsList()) {
    reading->problems->Add(place, "must have at least one stage");
  }
  return items;
}

std::vector<Stage> ParseStages(const Place& place, Reading* reading) {
  std::vector<Stage> stages;
  for (const Place& item : ReadStageList(place, reading)) {
    Fields fields(item, reading->problems);
    Stage stage;
    ReadDuration(&fields, &stage.duration);
    fields.Require("users");
    fields.Whole("users", kUsers, &stage.users);
    fields.Number("spawn_rate", kSpawnRate, &stage.spawn_rate);
    stages.push_back(stage);
  }
  return stages;
}

Arrival ParseArrival(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  Arrival arrival;
  if (const auto stages = fields.Require("stages")) {
    for (const Place& item : ReadStageList(*stages, reading)) {
      Fields stage_fields(item, reading->problems);
      ArrivalStage stage;
      ReadDuration(&stage_fields, &stage.duration);
      stage_fields.Require("rate");
      stage_fields.Number("rate", kArrivalRate, &stage.rate);
      stage_fields.Number("from", kArrivalRate, &stage.from);
      arrival.stages.push_back(stage);
    }
  }
  fields.Whole("max_users", {.min = 1, .max = kUsers.max}, &arrival.users_max);
  if (const auto spacing = fields.Find("spacing")) {
    const auto choice = ReadChoice(*spacing, {"even", "poisson"}, reading->problems);
    arrival.spacing = choice == 1 ? Arrival::Spacing::kPoisson : Arrival::Spacing::kEven;
  }
  return arrival;
}

ConstantLoad ParseConstant(Fields* fields) {
  ConstantLoad load;
  fields->Whole("users", kUsers, &load.users);
  fields->Number("spawn_rate", kSpawnRate, &load.spawn_rate);
  fields->Span("run_time", SpanRule::kPositive, &load.run_time);
  return load;
}

PeakShape ParsePeak(Fields* fields, Reading*) {
  PeakShape shape;
  fields->Whole("users", kUsers, &shape.users);
  fields->Number("spawn_rate", kSpawnRate, &shape.spawn_rate);
  fields->Span("ramp_up", SpanRule::kAny, &shape.ramp_up);
  fields->Span("hold", SpanRule::kAny, &shape.hold);
  fields->Span("ramp_down", SpanRule::kAny, &shape.ramp_down);
  return shape;
}

StressShape ParseStress(Fields* fields, Reading*) {
  StressShape shape;
  fields->Whole("users_per_step", kUsers, &shape.users_per_step);
  fields->Number("spawn_rate", kSpawnRate, &shape.spawn_rate);
  fields->Span("step", SpanRule::kPositive, &shape.step);
  fields->Span("duration", SpanRule::kPositive, &shape.duration);
  return shape;
}

SoakShape ParseSoak(Fields* fields, Reading*) {
  SoakShape shape;
  fields->Whole("users", kUsers, &shape.users);
  fields->Number("spawn_rate", kSpawnRate, &shape.spawn_rate);
  fields->Span("ramp_up", SpanRule::kAny, &shape.ramp_up);
  fields->Span("duration", SpanRule::kPositive, &shape.duration);
  return shape;
}

SpikeShape ParseSpike(Fields* fields, Reading*) {
  SpikeShape shape;
  fields->Whole("base_users", kUsers, &shape.base_users);
  fields->Whole("spike_users", kUsers, &shape.spike_users);
  fields->Number("base_spawn_rate", kSpawnRate, &shape.base_spawn_rate);
  fields->Number("spike_spawn_rate", kSpawnRate, &shape.spike_spawn_rate);
  fields->Span("before", SpanRule::kAny, &shape.before);
  fields->Span("spike", SpanRule::kAny, &shape.spike);
  fields->Span("after", SpanRule::kAny, &shape.after);
  return shape;
}

LinearShape ParseLinear(Fields* fields, Reading*) {
  LinearShape shape;
  fields->Require("to");
  fields->Require("duration");
  fields->Whole("from", kUsers, &shape.from);
  fields->Whole("to", kUsers, &shape.to);
  fields->Span("duration", SpanRule::kPositive, &shape.duration);
  fields->Number("spawn_rate", kSpawnRate, &shape.spawn_rate);
  return shape;
}

SineShape ParseSine(Fields* fields, Reading*) {
  SineShape shape;
  fields->Require("high");
  fields->Require("duration");
  fields->Whole("low", kUsers, &shape.low);
  fields->Whole("high", kUsers, &shape.high);
  fields->Span("period", SpanRule::kPositive, &shape.period);
  fields->Span("duration", SpanRule::kPositive, &shape.duration);
  fields->Number("spawn_rate", kSpawnRate, &shape.spawn_rate);
  return shape;
}

StepsShape ParseStepsShape(Fields* fields, Reading*) {
  StepsShape shape;
  fields->Require("step_users");
  fields->Require("steps");
  fields->Whole("start", kUsers, &shape.start);
  fields->Whole("step_users", kUsers, &shape.step_users);
  fields->Span("step", SpanRule::kPositive, &shape.step);
  fields->Whole("steps", {.min = 1, .max = 1'000'000}, &shape.steps);
  fields->Number("spawn_rate", kSpawnRate, &shape.spawn_rate);
  return shape;
}

std::vector<CurveShape::Point> ReadCurvePoints(const Place& place, Reading* reading) {
  std::vector<CurveShape::Point> points;
  for (const Place& item : ReadList(place, reading->problems)) {
    Fields fields(item, reading->problems);
    CurveShape::Point point;
    fields.Require("at");
    fields.Require("users");
    fields.Span("at", SpanRule::kAny, &point.at);
    fields.Number("users", {.min = 0, .max = 1e7}, &point.users);
    points.push_back(point);
  }
  return points;
}

// A CSV file with the columns seconds and users.
std::vector<CurveShape::Point> ReadCurveFile(const Place& place, Reading* reading) {
  std::vector<CurveShape::Point> points;
  const std::optional<std::string> text = ReadNamedFile(place, reading);
  if (!text) {
    return points;
  }
  const absl::StatusOr<std::vector<Value>> rows = ReadCsv(*text);
  if (!rows.ok()) {
    reading->problems->Add(place, MessageOf(rows.status()));
    return points;
  }
  for (const Value& row : *rows) {
    const Value* seconds = row.Find("seconds");
    const Value* users = row.Find("users");
    double at = 0;
    double count = 0;
    if (seconds == nullptr || users == nullptr || !seconds->ToNumber(&at) ||
        !users->ToNumber(&count) || !(at >= 0 && at <= 315'576'000) ||
        !(count >= 0 && count <= 1e7)) {
      reading->problems->Add(
          place, fmt::format("must name a CSV file with the columns seconds and users, and numbers "
                             "of at least 0 in them; row {} has something else",
                             points.size() + 1));
      return {};
    }
    points.push_back({FromSeconds(at), count});
  }
  return points;
}

CurveShape ParseCurve(Fields* fields, Reading* reading) {
  CurveShape shape;
  fields->OneOf({"points", "file"}, true);
  fields->Number("spawn_rate", kSpawnRate, &shape.spawn_rate);
  if (const std::optional<Place> points = fields->Find("points")) {
    shape.points = ReadCurvePoints(*points, reading);
  } else if (const std::optional<Place> file = fields->Find("file")) {
    shape.points = ReadCurveFile(*file, reading);
  }
  return shape;
}

template <typename Shape, Shape (*kParse)(Fields*, Reading*)>
decltype(LoadProfile::load) ParseAs(Fields* fields, Reading* reading) {
  return kParse(fields, reading);
}

void ParseShape(Fields* fields, const Place& shape, LoadProfile* profile, Reading* reading) {
  using ParseAny = decltype(LoadProfile::load) (*)(Fields*, Reading*);
  constexpr std::array<ParseAny, 8> kParsers = {
      ParseAs<PeakShape, ParsePeak>,        ParseAs<StressShape, ParseStress>,
      ParseAs<SoakShape, ParseSoak>,        ParseAs<SpikeShape, ParseSpike>,
      ParseAs<LinearShape, ParseLinear>,    ParseAs<SineShape, ParseSine>,
      ParseAs<StepsShape, ParseStepsShape>, ParseAs<CurveShape, ParseCurve>};
  const auto choice =
      ReadChoice(shape, {"peak", "stress", "soak", "spike", "linear", "sine", "steps", "curve"},
                 reading->problems);
  if (choice) {
    profile->load = kParsers[*choice](fields, reading);
  } else {
    fields->Ignore();  // whose parameters they are is not known
  }
}

// What profile.h finds wrong beyond the single fields.
void CheckWhole(const Place& place, const LoadProfile& profile, Reading* reading) {
  const absl::StatusOr<Profile> made = Profile::Make(profile);
  if (!made.ok()) {
    reading->problems->Add(place, MessageOf(made.status()));
  }
}

}  // namespace

LoadProfile ParseLoadProfile(const Place& place, Reading* reading) {
  const size_t errors_before = reading->problems->count();
  LoadProfile profile;
  {
    Fields fields(place, reading->problems);
    fields.OneOf({"stages", "arrival", "shape"}, false);
    if (const auto shape = fields.Find("shape")) {
      ParseShape(&fields, *shape, &profile, reading);
    } else if (const auto stages = fields.Find("stages")) {
      fields.OneOf({"stages", "users", "spawn_rate"}, false);
      profile.load = ParseStages(*stages, reading);
    } else if (const auto arrival = fields.Find("arrival")) {
      fields.OneOf({"arrival", "users", "spawn_rate"}, false);
      profile.load = ParseArrival(*arrival, reading);
    } else {
      profile.load = ParseConstant(&fields);
    }
    fields.Whole("iterations", {.min = 1}, &profile.iterations);
    if (!std::holds_alternative<ConstantLoad>(profile.load)) {
      fields.Span("run_time", SpanRule::kPositive, &profile.run_time);
    }
    fields.Span("warm_up", SpanRule::kAny, &profile.warm_up);
    fields.Span("cool_down", SpanRule::kAny, &profile.cool_down);
  }
  if (reading->problems->count() == errors_before) {
    CheckWhole(place, profile, reading);
  }
  return profile;
}

}  // namespace squall
