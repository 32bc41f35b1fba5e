#include "daemon/wire/settings_proto.h"

#include <string>

#include "daemon/plan/arrival_rate.h"
#include "daemon/wire/proto_reader.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/run.pb.h"

namespace squall {
namespace {

void ReadNames(std::string_view field, const google::protobuf::RepeatedPtrField<std::string>& from,
               ProtoReader* reader, std::vector<std::string>* to) {
  reader->List(field, from, to, [&](const std::string& name, std::string* kept) {
    reader->Name(field, name, kept);
  });
}

void ReadLoad(const v1::LoadOverride& proto, ProtoReader* reader, RunSettings* settings) {
  const ProtoReader::Inside inside(reader, "load");
  if (proto.has_users()) {
    reader->Count("users", proto.users(), kUsersMax, &settings->users.emplace());
  }
  if (proto.has_spawn_rate()) {
    reader->Number("spawn_rate", proto.spawn_rate(), 1e-6, kRateMax,
                   &settings->spawn_rate.emplace());
  }
  if (proto.has_run_time()) {
    reader->Span("run_time", proto.run_time(), &settings->run_time);
  }
  if (proto.has_iterations()) {
    reader->Count("iterations", proto.iterations(), UINT64_MAX, &settings->iterations.emplace());
  }
  if (proto.has_arrival_rate()) {
    reader->Number("arrival_rate", proto.arrival_rate(), 1e-6, kArrivalRateMax,
                   &settings->arrival_rate.emplace());
  }
}

}  // namespace

void SettingsToProto(const RunSettings& settings, v1::RunSettings* proto) {
  proto->set_host(settings.host);
  for (const std::string& tag : settings.tags) {
    proto->add_tags(tag);
  }
  for (const std::string& tag : settings.exclude_tags) {
    proto->add_exclude_tags(tag);
  }
  if (settings.seed.has_value()) {
    proto->set_seed(*settings.seed);
  }
  if (settings.stop_timeout.has_value()) {
    NanosToProto(*settings.stop_timeout, proto->mutable_stop_timeout());
  }
  if (settings.users.has_value()) {
    proto->mutable_load()->set_users(*settings.users);
  }
  if (settings.spawn_rate.has_value()) {
    proto->mutable_load()->set_spawn_rate(*settings.spawn_rate);
  }
  if (settings.run_time.has_value()) {
    NanosToProto(*settings.run_time, proto->mutable_load()->mutable_run_time());
  }
  if (settings.iterations.has_value()) {
    proto->mutable_load()->set_iterations(*settings.iterations);
  }
  if (settings.arrival_rate.has_value()) {
    proto->mutable_load()->set_arrival_rate(*settings.arrival_rate);
  }
  proto->set_control_loss_policy(ToProtoEnum<v1::ControlLossPolicy>(settings.control_loss_policy));
  NanosToProto(settings.control_loss_timeout, proto->mutable_control_loss_timeout());
  proto->set_once(settings.once);
}

absl::StatusOr<RunSettings> SettingsFromProto(const v1::RunSettings& proto) {
  RunSettings settings;
  ProtoReader reader;
  reader.Name("host", proto.host(), &settings.host);
  ReadNames("tags", proto.tags(), &reader, &settings.tags);
  ReadNames("exclude_tags", proto.exclude_tags(), &reader, &settings.exclude_tags);
  if (proto.has_seed()) {
    settings.seed = proto.seed();
  }
  if (proto.has_stop_timeout()) {
    reader.Span("stop_timeout", proto.stop_timeout(), &settings.stop_timeout);
  }
  if (proto.has_load()) {
    ReadLoad(proto.load(), &reader, &settings);
  }
  reader.Enum("control_loss_policy", proto.control_loss_policy(), ControlLossPolicy::kStop,
              &settings.control_loss_policy);
  if (proto.has_control_loss_timeout()) {
    reader.Span("control_loss_timeout", proto.control_loss_timeout(),
                &settings.control_loss_timeout);
  }
  settings.once = proto.once();
  if (!reader.ok()) {
    return reader.status();
  }
  return settings;
}

}  // namespace squall
