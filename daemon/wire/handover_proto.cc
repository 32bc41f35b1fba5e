#include "daemon/wire/handover_proto.h"

#include <optional>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/proto_reader.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/agent_service.pb.h"

namespace squall {

void HandoverToProto(const Handover& handover, v1::ReassignRequest* proto) {
  AssignmentToProto(handover.after, proto->mutable_assignment());
  ResidueClassesToProto(handover.moving, proto->mutable_moving());
  if (handover.at != Handover::kWhenHeard) {
    NanosToProto(handover.at, proto->mutable_effective_at());
  }
  if (handover.rate > 0) {
    proto->set_spawn_rate(handover.rate);
  }
}

absl::StatusOr<Handover> HandoverFromProto(const v1::ReassignRequest& proto) {
  Handover handover;
  SQUALL_ASSIGN_OR_RETURN(handover.after, AssignmentFromProto(proto.assignment()));
  SQUALL_ASSIGN_OR_RETURN(handover.moving, ResidueClassesFromProto(proto.moving(), "moving"));
  if (proto.has_effective_at()) {
    const std::optional<Nanos> at = NanosFromProto(proto.effective_at());
    if (!at.has_value()) {
      return absl::InvalidArgumentError(
          "effective_at must have seconds and nanos of one sign, within 292 years");
    }
    if (*at < Nanos(0)) {
      return absl::InvalidArgumentError(
          fmt::format("effective_at must be at least 0 s, got {} s", ToSeconds(*at)));
    }
    handover.at = *at;
  }
  if (proto.has_spawn_rate()) {
    SQUALL_RETURN_IF_ERROR(CheckSpawnRate("spawn_rate", proto.spawn_rate()));
    handover.rate = proto.spawn_rate();
  }
  return handover;
}

}  // namespace squall
