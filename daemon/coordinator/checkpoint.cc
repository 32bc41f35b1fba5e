#include "daemon/coordinator/checkpoint.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>

#include "daemon/base/status_macros.h"
#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/load_profile_proto.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/snapshot_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/run_checkpoint.pb.h"

namespace squall {
namespace {

// A plan is at most some MiB; a bomb of zeros must not become more.
constexpr size_t kPlainBytesMax = size_t{64} << 20;

std::string Compress(const std::string& plain) {
  uLongf size = compressBound(plain.size());
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
            reinterpret_cast<const Bytef*>(plain.data()), plain.size(), Z_DEFAULT_COMPRESSION);
  packed.resize(size);
  return packed;
}

std::optional<std::string> Expand(const std::string& packed) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) {
    return std::nullopt;
  }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string plain;
  int result = Z_OK;
  while (result == Z_OK && plain.size() < kPlainBytesMax) {
    const size_t had = plain.size();
    plain.resize(std::max<size_t>(had * 2, size_t{64} << 10));
    stream.next_out = reinterpret_cast<Bytef*>(plain.data() + had);
    stream.avail_out = static_cast<uInt>(plain.size() - had);
    result = inflate(&stream, Z_NO_FLUSH);
    plain.resize(plain.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return result == Z_STREAM_END ? std::optional(std::move(plain)) : std::nullopt;
}

v1::MemberFate ToProto(MemberFate fate) {
  return static_cast<v1::MemberFate>(static_cast<int>(fate) + 1);
}

void AddMember(const MemberRecord& member, v1::RunCheckpoint* proto) {
  v1::RunMember* to = proto->add_members();
  to->set_name(member.name);
  to->set_address(member.address);
  to->set_fate(ToProto(member.fate));
  AssignmentToProto(member.assignment, to->mutable_assignment());
  if (member.last.has_value()) {
    SnapshotToProto(*member.last, to->mutable_last());
  }
}

// The roster with one figure for all that are gone; the others are still there, without theirs.
RunRoster WithoutDetail(RunRoster roster) {
  std::vector<const Snapshot*> gone;
  MemberRecord* first = nullptr;
  for (MemberRecord& member : roster.members) {
    if (member.fate == MemberFate::kGone && member.last.has_value()) {
      gone.push_back(&*member.last);
      first = first == nullptr ? &member : first;
    }
  }
  if (first == nullptr) {
    return roster;
  }
  Snapshot sum = MergeSnapshots(gone);
  sum.agent_id = first->name;
  for (MemberRecord& member : roster.members) {
    if (member.fate == MemberFate::kGone) {
      member.last.reset();
    }
  }
  first->last = std::move(sum);
  return roster;
}

absl::StatusOr<std::string> Encode(const Plan& plan, const RunSettings& settings,
                                   const RunRoster& roster) {
  v1::RunCheckpoint proto;
  SQUALL_RETURN_IF_ERROR(PlanToProto(plan, proto.mutable_plan()));
  SettingsToProto(settings, proto.mutable_settings());
  WallTimeToProto(roster.started_at, proto.mutable_started_at());
  proto.set_epoch(roster.epoch);
  for (const MemberRecord& member : roster.members) {
    AddMember(member, &proto);
  }
  ControlToProto(roster.control, proto.mutable_control());
  for (const std::string& warning : roster.warnings) {
    proto.add_warnings(warning);
  }
  return Compress(proto.SerializeAsString());
}

absl::StatusOr<Resumption::Member> ReadMember(const v1::RunMember& proto) {
  Resumption::Member member;
  member.target.name = proto.name();
  member.target.address = proto.address();
  if (proto.fate() < v1::MEMBER_FATE_PRESENT || proto.fate() > v1::MEMBER_FATE_GONE) {
    return absl::InvalidArgumentError(
        fmt::format("members: fate must be known, got {}", static_cast<int>(proto.fate())));
  }
  member.fate = static_cast<MemberFate>(static_cast<int>(proto.fate()) - 1);
  SQUALL_ASSIGN_OR_RETURN(member.assignment, AssignmentFromProto(proto.assignment()));
  if (proto.has_last()) {
    SQUALL_ASSIGN_OR_RETURN(member.snapshot, SnapshotFromProto(proto.last()));
  }
  return member;
}

}  // namespace

void ControlToProto(const RunControl& control, v1::RunControl* proto) {
  if (control.load.has_value()) {
    if (control.load->clear) {
      proto->mutable_clear();
    } else if (control.load->arrival_factor.has_value()) {
      proto->set_arrival_factor(*control.load->arrival_factor);
    } else {
      proto->mutable_users()->set_users(control.load->users.value_or(0));
      proto->mutable_users()->set_spawn_rate(control.load->spawn_rate);
    }
  }
  if (control.profile.has_value()) {
    WriteLoadProfile(*control.profile, proto->mutable_load_profile());
  }
  proto->set_paused(control.paused);
  proto->set_stop(static_cast<v1::StopMode>(control.stop));
  proto->set_stop_reason(control.stop_reason);
}

absl::StatusOr<RunControl> ControlFromProto(const v1::RunControl& proto) {
  RunControl control;
  if (proto.load_case() != v1::RunControl::LOAD_NOT_SET) {
    LoadRequest load;
    load.clear = proto.has_clear();
    if (proto.has_arrival_factor()) {
      load.arrival_factor = proto.arrival_factor();
    } else if (proto.has_users()) {
      load.users = proto.users().users();
      load.spawn_rate = proto.users().spawn_rate();
    }
    control.load = load;
  }
  if (proto.has_load_profile()) {
    SQUALL_ASSIGN_OR_RETURN(control.profile, LoadProfileFromProto(proto.load_profile()));
  }
  control.paused = proto.paused();
  control.stop = static_cast<StopLevel>(std::clamp<int>(proto.stop(), 0, 2));
  control.stop_reason = proto.stop_reason();
  return control;
}

absl::StatusOr<std::string> EncodeCheckpoint(const Plan& plan, const RunSettings& settings,
                                             const RunRoster& roster, size_t bytes_max) {
  SQUALL_ASSIGN_OR_RETURN(std::string bytes, Encode(plan, settings, roster));
  if (bytes.size() > bytes_max) {
    SQUALL_ASSIGN_OR_RETURN(bytes, Encode(plan, settings, WithoutDetail(roster)));
  }
  if (bytes.size() > bytes_max) {
    return absl::ResourceExhaustedError(
        fmt::format("the run's state must be at most {} bytes, it has {}: make the plan or its "
                    "test data smaller",
                    bytes_max, bytes.size()));
  }
  return bytes;
}

absl::StatusOr<Checkpoint> DecodeCheckpoint(const std::string& bytes) {
  v1::RunCheckpoint proto;
  const std::optional<std::string> plain = Expand(bytes);
  if (!plain.has_value() || !proto.ParseFromString(*plain)) {
    return absl::DataLossError("the stored state of the run cannot be read");
  }
  Checkpoint checkpoint;
  SQUALL_ASSIGN_OR_RETURN(checkpoint.plan, PlanFromProto(proto.plan()));
  SQUALL_ASSIGN_OR_RETURN(checkpoint.settings, SettingsFromProto(proto.settings()));
  const std::optional<WallTime> started_at = WallTimeFromProto(proto.started_at());
  if (!started_at.has_value()) {
    return absl::InvalidArgumentError("started_at must be a time");
  }
  checkpoint.resumption.started_at = *started_at;
  checkpoint.resumption.epoch = proto.epoch();
  for (const v1::RunMember& member : proto.members()) {
    SQUALL_ASSIGN_OR_RETURN(Resumption::Member read, ReadMember(member));
    checkpoint.resumption.members.push_back(std::move(read));
  }
  SQUALL_ASSIGN_OR_RETURN(checkpoint.resumption.control, ControlFromProto(proto.control()));
  checkpoint.resumption.warnings = {proto.warnings().begin(), proto.warnings().end()};
  return checkpoint;
}

}  // namespace squall
