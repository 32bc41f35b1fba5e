#include "daemon/wire/load_change_proto.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/wire/load_profile_proto.h"
#include "daemon/wire/proto_reader.h"
#include "protos/squall/v1/agent_service.pb.h"

namespace squall {
namespace {

constexpr double kArrivalFactorMax = 1e6;

}  // namespace

void LoadChangeToProto(const LoadChange& change, v1::SetLoadRequest* proto) {
  if (change.clear) {
    proto->mutable_clear();
  } else if (change.rate_factor.has_value()) {
    proto->set_arrival_factor(*change.rate_factor);
  } else if (change.users.has_value()) {
    proto->mutable_users()->set_users(*change.users);
    proto->mutable_users()->set_spawn_rate(change.spawn_rate);
  }
  if (change.profile != nullptr) {
    WriteLoadProfile(change.profile->load(), proto->mutable_load_profile());
  }
}

absl::StatusOr<LoadChange> LoadChangeFromProto(const v1::SetLoadRequest& proto) {
  LoadChange change;
  switch (proto.change_case()) {
    case v1::SetLoadRequest::kUsers:
      change.users = proto.users().users();
      if (*change.users > kUsersMax) {
        return absl::InvalidArgumentError(
            fmt::format("users.users must be at most {}, got {}", kUsersMax, *change.users));
      }
      if (proto.users().has_spawn_rate()) {
        change.spawn_rate = proto.users().spawn_rate();
        SQUALL_RETURN_IF_ERROR(CheckSpawnRate("users.spawn_rate", change.spawn_rate));
      }
      break;
    case v1::SetLoadRequest::kArrivalFactor:
      change.rate_factor = proto.arrival_factor();
      if (!(*change.rate_factor >= 0 && *change.rate_factor <= kArrivalFactorMax)) {
        return absl::InvalidArgumentError(fmt::format("arrival_factor must be 0 to {}, got {}",
                                                      kArrivalFactorMax, *change.rate_factor));
      }
      break;
    case v1::SetLoadRequest::kClear:
      change.clear = true;
      break;
    case v1::SetLoadRequest::CHANGE_NOT_SET:
      if (!proto.has_load_profile()) {
        return absl::InvalidArgumentError(
            "change must be one of users, arrival_factor, clear, or load_profile must be set");
      }
      break;
  }
  if (proto.has_load_profile()) {
    SQUALL_ASSIGN_OR_RETURN(const LoadProfile load, LoadProfileFromProto(proto.load_profile()));
    SQUALL_ASSIGN_OR_RETURN(Profile profile, Profile::Make(load));
    change.profile = std::make_shared<const Profile>(std::move(profile));
  }
  return change;
}

}  // namespace squall
