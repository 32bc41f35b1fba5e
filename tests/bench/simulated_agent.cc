#include "tests/bench/simulated_agent.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "daemon/base/status_macros.h"
#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/plan_digest.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/agent_service.pb.h"

namespace squall {
namespace {

v1::RunState ToProto(RunState state) {
  return static_cast<v1::RunState>(static_cast<int>(state) + 1);
}

// v1::WatchResponse{snapshot: head and measured}: parts of a message that stand one behind the
// other are one message, so the large part need not be made again for every agent.
std::string Join(const v1::Snapshot& head, const std::string& measured) {
  std::string text;
  google::protobuf::io::StringOutputStream stream(&text);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.WriteTag(v1::WatchResponse::kSnapshotFieldNumber << 3 | 2);
  out.WriteVarint64(head.ByteSizeLong() + measured.size());
  head.SerializeToCodedStream(&out);
  out.WriteString(measured);
  out.Trim();
  return text;
}

}  // namespace

absl::StatusOr<std::string> SimulatedAgent::Prepare(const v1::PrepareRequest& request) {
  SQUALL_ASSIGN_OR_RETURN(Plan plan, PlanFromProto(request.plan()));
  SQUALL_ASSIGN_OR_RETURN(const RunSettings settings, SettingsFromProto(request.settings()));
  SQUALL_ASSIGN_OR_RETURN(Assignment assignment, AssignmentFromProto(request.assignment()));
  std::string digest = PlanDigest(plan);
  SQUALL_RETURN_IF_ERROR(ApplyRunSettings(settings, &plan));
  SQUALL_ASSIGN_OR_RETURN(Profile profile, Profile::Make(plan.load_profile));
  const std::lock_guard<std::mutex> lock(mutex_);
  run_id_ = request.run_id();
  agent_id_ = request.agent_id();
  epoch_ = request.epoch();
  digest_ = std::move(digest);
  assignment_ = std::move(assignment);
  profile_ = std::move(profile);
  sequence_ = 0;
  started_at_ = WallTime{};
  wanted_users_.reset();
  paused_at_.reset();
  stopped_.reset();
  return digest_;
}

absl::Status SimulatedAgent::Admit(const std::string& run_id, uint64_t epoch) {
  if (!profile_.has_value() || run_id != run_id_) {
    return absl::NotFoundError(fmt::format("run '{}' is not held here", run_id));
  }
  if (epoch < epoch_) {
    return absl::FailedPreconditionError(
        fmt::format("epoch must be at least {}, got {}", epoch_, epoch));
  }
  epoch_ = epoch;
  return absl::OkStatus();
}

absl::Status SimulatedAgent::Start(const std::string& run_id, uint64_t epoch, WallTime at) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Admit(run_id, epoch));
  started_at_ = at;
  return absl::OkStatus();
}

absl::Status SimulatedAgent::Reassign(const std::string& run_id, uint64_t epoch,
                                      Assignment assignment) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Admit(run_id, epoch));
  assignment_ = std::move(assignment);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SimulatedAgent::SetLoad(const v1::SetLoadRequest& request) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Admit(request.run_id(), request.epoch()));
  wanted_users_.reset();
  if (request.has_users()) {
    wanted_users_ = request.users().users();
  }
  return Users();
}

absl::Status SimulatedAgent::SetPaused(const std::string& run_id, uint64_t epoch, bool paused) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Admit(run_id, epoch));
  if (paused && !paused_at_.has_value()) {
    paused_at_ = clock_->Wall();
  } else if (!paused && paused_at_.has_value()) {
    started_at_ += clock_->Wall() - *paused_at_;
    paused_at_.reset();
  }
  return absl::OkStatus();
}

absl::Status SimulatedAgent::Stop(const std::string& run_id, uint64_t epoch,
                                  const std::string& reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Admit(run_id, epoch));
  if (!stopped_.has_value()) {
    stopped_ = Elapsed();
    stop_reason_ = reason.empty() ? "stopped" : reason;
  }
  return absl::OkStatus();
}

absl::Status SimulatedAgent::Attach(const std::string& run_id, uint64_t epoch,
                                    v1::AttachResponse* response) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Admit(run_id, epoch));
  response->set_state(ToProto(State()));
  response->set_plan_digest(digest_);
  response->set_epoch(epoch_);
  AssignmentToProto(assignment_, response->mutable_assignment());
  WallTimeToProto(clock_->Wall(), response->mutable_now());
  return absl::OkStatus();
}

void SimulatedAgent::GetStatus(v1::GetStatusResponse* response) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  response->set_state(ToProto(State()));
  response->set_run_id(run_id_);
  response->set_plan_digest(digest_);
  response->set_epoch(epoch_);
  response->set_users(Users());
  WallTimeToProto(clock_->Wall(), response->mutable_now());
}

absl::StatusOr<SimulatedAgent::Report> SimulatedAgent::TakeSnapshot(const std::string& run_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Admit(run_id, epoch_));
  const Nanos elapsed = Elapsed();
  const auto seconds = static_cast<uint64_t>(elapsed / std::chrono::seconds(1));
  const RunState state = State();
  Report report;
  report.requests = stats_->RequestsAfter(seconds);
  report.last = state == RunState::kFinished;
  v1::Snapshot head;
  head.set_run_id(run_id_);
  head.set_agent_id(agent_id_);
  head.set_epoch(epoch_);
  head.set_sequence(++sequence_);
  head.set_state(ToProto(state));
  if (report.last) {
    head.set_stop_reason(stop_reason_.empty() ? "profile finished" : stop_reason_);
  }
  WallTimeToProto(clock_->Wall(), head.mutable_at());
  WallTimeToProto(started_at_, head.mutable_started_at());
  NanosToProto(elapsed, head.mutable_elapsed());
  const uint64_t users = Users();
  (*head.mutable_users())["User"] = users;
  head.set_target_users(users);
  head.set_users_started(assignment_.Share(profile_->PeakUsers()));
  head.set_iterations(report.requests);
  report.message = Join(head, stats_->After(seconds));
  return report;
}

std::optional<Nanos> SimulatedAgent::Left() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!profile_.has_value() || !profile_->Duration().has_value() || paused_at_.has_value()) {
    return std::nullopt;
  }
  return *profile_->Duration() - Elapsed();
}

RunState SimulatedAgent::State() const {
  if (!profile_.has_value()) {
    return RunState::kIdle;
  }
  if (started_at_ == WallTime{}) {
    return RunState::kPrepared;
  }
  const std::optional<Nanos> duration = profile_->Duration();
  if (stopped_.has_value() || (duration.has_value() && Elapsed() >= *duration)) {
    return RunState::kFinished;
  }
  return paused_at_.has_value() ? RunState::kPaused : RunState::kRunning;
}

Nanos SimulatedAgent::Elapsed() const {
  if (started_at_ == WallTime{}) {
    return Nanos(0);
  }
  const Nanos elapsed =
      stopped_.value_or(std::max(Nanos(0), paused_at_.value_or(clock_->Wall()) - started_at_));
  const std::optional<Nanos> duration = profile_->Duration();
  return duration.has_value() ? std::min(elapsed, *duration) : elapsed;
}

uint64_t SimulatedAgent::Users() const {
  if (State() != RunState::kRunning && State() != RunState::kPaused) {
    return 0;
  }
  return assignment_.Share(wanted_users_.value_or(profile_->UsersAt(Elapsed())));
}

}  // namespace squall
