#include "daemon/wire/load_profile_proto.h"

#include <string_view>
#include <variant>
#include <vector>

#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/load_profile.pb.h"

namespace squall {
namespace {

constexpr int64_t kStepsMax = 1'000'000;
constexpr double kUsersMaxReal = static_cast<double>(kUsersMax);

// ---- writing, one overload for each alternative of LoadProfile::load -------------------------

void Write(const ConstantLoad& from, v1::LoadProfile* profile) {
  v1::ConstantLoad* to = profile->mutable_constant();
  to->set_users(from.users);
  to->set_spawn_rate(from.spawn_rate);
  if (from.run_time) {
    NanosToProto(*from.run_time, to->mutable_run_time());
  }
}

void Write(const std::vector<Stage>& from, v1::LoadProfile* profile) {
  v1::StagedLoad* to = profile->mutable_staged();
  for (const Stage& stage : from) {
    v1::Stage* proto = to->add_stages();
    NanosToProto(stage.duration, proto->mutable_duration());
    proto->set_users(stage.users);
    proto->set_spawn_rate(stage.spawn_rate);
  }
}

void Write(const Arrival& from, v1::LoadProfile* profile) {
  v1::ArrivalLoad* to = profile->mutable_arrival();
  for (const ArrivalStage& stage : from.stages) {
    v1::ArrivalStage* proto = to->add_stages();
    NanosToProto(stage.duration, proto->mutable_duration());
    proto->set_rate(stage.rate);
    if (stage.from) {
      proto->set_from_rate(*stage.from);
    }
  }
  to->set_users_max(from.users_max);
  to->set_spacing(ToProtoEnum<v1::ArrivalSpacing>(from.spacing));
}

void Write(const PeakShape& from, v1::LoadProfile* profile) {
  v1::PeakShape* to = profile->mutable_peak();
  to->set_users(from.users);
  to->set_spawn_rate(from.spawn_rate);
  NanosToProto(from.ramp_up, to->mutable_ramp_up());
  NanosToProto(from.hold, to->mutable_hold());
  NanosToProto(from.ramp_down, to->mutable_ramp_down());
}

void Write(const StressShape& from, v1::LoadProfile* profile) {
  v1::StressShape* to = profile->mutable_stress();
  to->set_users_per_step(from.users_per_step);
  to->set_spawn_rate(from.spawn_rate);
  NanosToProto(from.step, to->mutable_step());
  NanosToProto(from.duration, to->mutable_duration());
}

void Write(const SoakShape& from, v1::LoadProfile* profile) {
  v1::SoakShape* to = profile->mutable_soak();
  to->set_users(from.users);
  to->set_spawn_rate(from.spawn_rate);
  NanosToProto(from.ramp_up, to->mutable_ramp_up());
  NanosToProto(from.duration, to->mutable_duration());
}

void Write(const SpikeShape& from, v1::LoadProfile* profile) {
  v1::SpikeShape* to = profile->mutable_spike();
  to->set_base_users(from.base_users);
  to->set_spike_users(from.spike_users);
  to->set_base_spawn_rate(from.base_spawn_rate);
  to->set_spike_spawn_rate(from.spike_spawn_rate);
  NanosToProto(from.before, to->mutable_before());
  NanosToProto(from.spike, to->mutable_spike());
  NanosToProto(from.after, to->mutable_after());
}

void Write(const LinearShape& from, v1::LoadProfile* profile) {
  v1::LinearShape* to = profile->mutable_linear();
  to->set_from_users(from.from);
  to->set_to_users(from.to);
  NanosToProto(from.duration, to->mutable_duration());
  to->set_spawn_rate(from.spawn_rate);
}

void Write(const SineShape& from, v1::LoadProfile* profile) {
  v1::SineShape* to = profile->mutable_sine();
  to->set_low_users(from.low);
  to->set_high_users(from.high);
  NanosToProto(from.period, to->mutable_period());
  NanosToProto(from.duration, to->mutable_duration());
  to->set_spawn_rate(from.spawn_rate);
}

void Write(const StepsShape& from, v1::LoadProfile* profile) {
  v1::StepsShape* to = profile->mutable_steps();
  to->set_start_users(from.start);
  to->set_step_users(from.step_users);
  NanosToProto(from.step, to->mutable_step());
  to->set_steps(from.steps);
  to->set_spawn_rate(from.spawn_rate);
}

void Write(const CurveShape& from, v1::LoadProfile* profile) {
  v1::CurveShape* to = profile->mutable_curve();
  for (const CurveShape::Point& point : from.points) {
    v1::CurvePoint* proto = to->add_points();
    NanosToProto(point.at, proto->mutable_at());
    proto->set_users(point.users);
  }
  to->set_spawn_rate(from.spawn_rate);
}

// ---- reading ---------------------------------------------------------------------------------

// A field that is not set leaves `to` at its default.
void Users(std::string_view field, bool set, uint64_t value, ProtoReader* reader, uint64_t* to) {
  if (set) {
    reader->Count(field, value, kUsersMax, to);
  }
}

void Rate(std::string_view field, bool set, double value, ProtoReader* reader, double* to) {
  if (set) {
    reader->Number(field, value, 0, kRateMax, to);
  }
}

template <typename Span>
void Length(std::string_view field, bool set, const google::protobuf::Duration& value,
            ProtoReader* reader, Span* to) {
  if (set) {
    reader->Span(field, value, to);
  }
}

ConstantLoad Read(const v1::ConstantLoad& from, ProtoReader* reader) {
  ConstantLoad to;
  Users("users", from.has_users(), from.users(), reader, &to.users);
  Rate("spawn_rate", from.has_spawn_rate(), from.spawn_rate(), reader, &to.spawn_rate);
  Length("run_time", from.has_run_time(), from.run_time(), reader, &to.run_time);
  return to;
}

std::vector<Stage> Read(const v1::StagedLoad& from, ProtoReader* reader) {
  std::vector<Stage> to;
  reader->List("stages", from.stages(), &to, [reader](const v1::Stage& proto, Stage* stage) {
    Length("duration", proto.has_duration(), proto.duration(), reader, &stage->duration);
    Users("users", true, proto.users(), reader, &stage->users);
    Rate("spawn_rate", proto.has_spawn_rate(), proto.spawn_rate(), reader, &stage->spawn_rate);
  });
  return to;
}

Arrival Read(const v1::ArrivalLoad& from, ProtoReader* reader) {
  Arrival to;
  reader->List("stages", from.stages(), &to.stages,
               [reader](const v1::ArrivalStage& proto, ArrivalStage* stage) {
                 Length("duration", proto.has_duration(), proto.duration(), reader,
                        &stage->duration);
                 Rate("rate", true, proto.rate(), reader, &stage->rate);
                 if (proto.has_from_rate()) {
                   Rate("from_rate", true, proto.from_rate(), reader, &stage->from.emplace());
                 }
               });
  Users("users_max", from.has_users_max(), from.users_max(), reader, &to.users_max);
  reader->Enum("spacing", from.spacing(), Arrival::Spacing::kPoisson, &to.spacing);
  return to;
}

PeakShape Read(const v1::PeakShape& from, ProtoReader* reader) {
  PeakShape to;
  Users("users", from.has_users(), from.users(), reader, &to.users);
  Rate("spawn_rate", from.has_spawn_rate(), from.spawn_rate(), reader, &to.spawn_rate);
  Length("ramp_up", from.has_ramp_up(), from.ramp_up(), reader, &to.ramp_up);
  Length("hold", from.has_hold(), from.hold(), reader, &to.hold);
  Length("ramp_down", from.has_ramp_down(), from.ramp_down(), reader, &to.ramp_down);
  return to;
}

StressShape Read(const v1::StressShape& from, ProtoReader* reader) {
  StressShape to;
  Users("users_per_step", from.has_users_per_step(), from.users_per_step(), reader,
        &to.users_per_step);
  Rate("spawn_rate", from.has_spawn_rate(), from.spawn_rate(), reader, &to.spawn_rate);
  Length("step", from.has_step(), from.step(), reader, &to.step);
  Length("duration", from.has_duration(), from.duration(), reader, &to.duration);
  return to;
}

SoakShape Read(const v1::SoakShape& from, ProtoReader* reader) {
  SoakShape to;
  Users("users", from.has_users(), from.users(), reader, &to.users);
  Rate("spawn_rate", from.has_spawn_rate(), from.spawn_rate(), reader, &to.spawn_rate);
  Length("ramp_up", from.has_ramp_up(), from.ramp_up(), reader, &to.ramp_up);
  Length("duration", from.has_duration(), from.duration(), reader, &to.duration);
  return to;
}

SpikeShape Read(const v1::SpikeShape& from, ProtoReader* reader) {
  SpikeShape to;
  Users("base_users", from.has_base_users(), from.base_users(), reader, &to.base_users);
  Users("spike_users", from.has_spike_users(), from.spike_users(), reader, &to.spike_users);
  Rate("base_spawn_rate", from.has_base_spawn_rate(), from.base_spawn_rate(), reader,
       &to.base_spawn_rate);
  Rate("spike_spawn_rate", from.has_spike_spawn_rate(), from.spike_spawn_rate(), reader,
       &to.spike_spawn_rate);
  Length("before", from.has_before(), from.before(), reader, &to.before);
  Length("spike", from.has_spike(), from.spike(), reader, &to.spike);
  Length("after", from.has_after(), from.after(), reader, &to.after);
  return to;
}

LinearShape Read(const v1::LinearShape& from, ProtoReader* reader) {
  LinearShape to;
  Users("from_users", from.has_from_users(), from.from_users(), reader, &to.from);
  Users("to_users", from.has_to_users(), from.to_users(), reader, &to.to);
  Length("duration", from.has_duration(), from.duration(), reader, &to.duration);
  Rate("spawn_rate", from.has_spawn_rate(), from.spawn_rate(), reader, &to.spawn_rate);
  return to;
}

SineShape Read(const v1::SineShape& from, ProtoReader* reader) {
  SineShape to;
  Users("low_users", from.has_low_users(), from.low_users(), reader, &to.low);
  Users("high_users", from.has_high_users(), from.high_users(), reader, &to.high);
  Length("period", from.has_period(), from.period(), reader, &to.period);
  Length("duration", from.has_duration(), from.duration(), reader, &to.duration);
  Rate("spawn_rate", from.has_spawn_rate(), from.spawn_rate(), reader, &to.spawn_rate);
  return to;
}

StepsShape Read(const v1::StepsShape& from, ProtoReader* reader) {
  StepsShape to;
  Users("start_users", from.has_start_users(), from.start_users(), reader, &to.start);
  Users("step_users", from.has_step_users(), from.step_users(), reader, &to.step_users);
  Length("step", from.has_step(), from.step(), reader, &to.step);
  if (from.has_steps()) {
    reader->Int("steps", from.steps(), 0, kStepsMax, &to.steps);
  }
  Rate("spawn_rate", from.has_spawn_rate(), from.spawn_rate(), reader, &to.spawn_rate);
  return to;
}

CurveShape Read(const v1::CurveShape& from, ProtoReader* reader) {
  CurveShape to;
  reader->List("points", from.points(), &to.points,
               [reader](const v1::CurvePoint& proto, CurveShape::Point* point) {
                 Length("at", proto.has_at(), proto.at(), reader, &point->at);
                 reader->Number("users", proto.users(), 0, kUsersMaxReal, &point->users);
               });
  Rate("spawn_rate", from.has_spawn_rate(), from.spawn_rate(), reader, &to.spawn_rate);
  return to;
}

template <typename Shape>
void ReadInside(std::string_view field, const Shape& from, ProtoReader* reader, LoadProfile* to) {
  const ProtoReader::Inside inside(reader, field);
  to->load = Read(from, reader);
}

}  // namespace

void WriteLoadProfile(const LoadProfile& load, v1::LoadProfile* proto) {
  std::visit([proto](const auto& shape) { Write(shape, proto); }, load.load);
  if (load.iterations) {
    proto->set_iterations(*load.iterations);
  }
  if (load.run_time) {
    NanosToProto(*load.run_time, proto->mutable_run_time());
  }
  NanosToProto(load.warm_up, proto->mutable_warm_up());
  NanosToProto(load.cool_down, proto->mutable_cool_down());
}

void ReadLoadProfile(const v1::LoadProfile& proto, ProtoReader* reader, LoadProfile* load) {
  switch (proto.load_case()) {
    case v1::LoadProfile::kConstant:
      ReadInside("constant", proto.constant(), reader, load);
      break;
    case v1::LoadProfile::kStaged:
      ReadInside("staged", proto.staged(), reader, load);
      break;
    case v1::LoadProfile::kArrival:
      ReadInside("arrival", proto.arrival(), reader, load);
      break;
    case v1::LoadProfile::kPeak:
      ReadInside("peak", proto.peak(), reader, load);
      break;
    case v1::LoadProfile::kStress:
      ReadInside("stress", proto.stress(), reader, load);
      break;
    case v1::LoadProfile::kSoak:
      ReadInside("soak", proto.soak(), reader, load);
      break;
    case v1::LoadProfile::kSpike:
      ReadInside("spike", proto.spike(), reader, load);
      break;
    case v1::LoadProfile::kLinear:
      ReadInside("linear", proto.linear(), reader, load);
      break;
    case v1::LoadProfile::kSine:
      ReadInside("sine", proto.sine(), reader, load);
      break;
    case v1::LoadProfile::kSteps:
      ReadInside("steps", proto.steps(), reader, load);
      break;
    case v1::LoadProfile::kCurve:
      ReadInside("curve", proto.curve(), reader, load);
      break;
    case v1::LoadProfile::LOAD_NOT_SET:
      break;
  }
  if (proto.has_iterations()) {
    reader->Count("iterations", proto.iterations(), INT64_MAX, &load->iterations.emplace());
  }
  Length("run_time", proto.has_run_time(), proto.run_time(), reader, &load->run_time);
  Length("warm_up", proto.has_warm_up(), proto.warm_up(), reader, &load->warm_up);
  Length("cool_down", proto.has_cool_down(), proto.cool_down(), reader, &load->cool_down);
}

absl::StatusOr<LoadProfile> LoadProfileFromProto(const v1::LoadProfile& proto) {
  ProtoReader reader;
  LoadProfile load;
  ReadLoadProfile(proto, &reader, &load);
  if (!reader.ok()) {
    return reader.status();
  }
  return load;
}

}  // namespace squall
