#include "daemon/coordinator/agent_link.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/snapshot_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"

namespace squall {
namespace {

constexpr int kClockProbes = 5;

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace

struct AgentLink::Rpc {
  std::unique_ptr<v1::AgentService::Stub> stub;
};

// One Watch call. Lives until gRPC is done with it; Stop waits for that.
class AgentLink::Stream final : public grpc::ClientReadReactor<v1::WatchResponse> {
 public:
  Stream(Inbox* inbox, std::function<void(Snapshot)> on_snapshot,
         std::function<void(absl::Status)> on_end)
      : inbox_(inbox), on_snapshot_(std::move(on_snapshot)), on_end_(std::move(on_end)) {}

  void Begin(v1::AgentService::Stub* stub, const std::string& run_id, Nanos interval,
             const std::string& authorization) {
    request_.set_run_id(run_id);
    NanosToProto(interval, request_.mutable_interval());
    if (!authorization.empty()) {
      context_.AddMetadata("authorization", authorization);
    }
    stub->async()->Watch(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      return;  // OnDone follows
    }
    absl::StatusOr<Snapshot> snapshot = SnapshotFromProto(response_.snapshot());
    if (snapshot.ok()) {
      inbox_->Post([deliver = on_snapshot_, snapshot = *std::move(snapshot)]() mutable {
        deliver(std::move(snapshot));
      });
    }
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    inbox_->Post([deliver = on_end_, status = FromGrpc(status)] { deliver(status); });
    const std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
    ended_.notify_all();
  }

  void Stop() {
    context_.TryCancel();
    std::unique_lock<std::mutex> lock(mutex_);
    ended_.wait(lock, [this] { return done_; });
  }

 private:
  Inbox* const inbox_;
  const std::function<void(Snapshot)> on_snapshot_;
  const std::function<void(absl::Status)> on_end_;
  grpc::ClientContext context_;
  v1::WatchRequest request_;
  v1::WatchResponse response_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
};

namespace {

// Whether a call waits, up to its deadline, for an agent that is not there (yet). Only the first
// one does: an agent that has gone must not hold up the coordinator, which has others to look
// after.
enum class Absent { kWait, kFail };

// Makes one call with the deadline and the token, and says who failed at what.
template <typename Request, typename Response>
absl::Status Call(v1::AgentService::Stub* stub,
                  grpc::Status (v1::AgentService::Stub::*method)(grpc::ClientContext*,
                                                                 const Request&, Response*),
                  const std::string& name, std::string_view what, const AgentLinkOptions& options,
                  const Request& request, Response* response, Absent absent = Absent::kFail) {
  grpc::ClientContext context;
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_nanos(options.call_timeout.count(), GPR_TIMESPAN)));
  context.set_wait_for_ready(absent == Absent::kWait);
  if (!options.authorization.empty()) {
    context.AddMetadata("authorization", options.authorization);
  }
  const grpc::Status status = (stub->*method)(&context, request, response);
  if (status.ok()) {
    return absl::OkStatus();
  }
  // A deadline on a channel that never connected means that nobody is there.
  const bool unreachable = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  return absl::Status(unreachable ? absl::StatusCode::kUnavailable
                                  : static_cast<absl::StatusCode>(status.error_code()),
                      fmt::format("agent '{}': {}: {}", name, what,
                                  unreachable ? "no answer in time; is squalld running there?"
                                              : status.error_message()));
}

}  // namespace

AgentLink::AgentLink(std::string name, const std::shared_ptr<grpc::Channel>& channel,
                     AgentLinkOptions options)
    : name_(std::move(name)),
      options_(std::move(options)),
      rpc_(std::make_unique<Rpc>(Rpc{v1::AgentService::NewStub(channel)})) {}

AgentLink::~AgentLink() {
  if (stream_ != nullptr) {
    stream_->Stop();
  }
}

absl::StatusOr<Nanos> AgentLink::MeasureClockOffset(const Clock& clock) {
  Nanos best_trip = Nanos::max();
  Nanos best_offset{0};
  for (int i = 0; i < kClockProbes; ++i) {
    v1::GetStatusResponse response;
    const TimePoint before = clock.Now();
    const WallTime wall_before = clock.Wall();
    const absl::Status status =
        Call(rpc_->stub.get(), &v1::AgentService::Stub::GetStatus, name_, "get status", options_,
             v1::GetStatusRequest(), &response, Absent::kWait);
    if (!status.ok()) {
      return status;
    }
    const Nanos trip = clock.Now() - before;
    const std::optional<WallTime> remote = WallTimeFromProto(response.now());
    if (trip < best_trip && remote.has_value()) {
      best_trip = trip;
      best_offset = *remote - (wall_before + trip / 2);
    }
  }
  return best_offset;
}

absl::StatusOr<std::string> AgentLink::Prepare(const std::string& run_id, uint64_t epoch,
                                               const std::string& owner, const Plan& plan,
                                               const Assignment& assignment,
                                               const RunSettings& settings) {
  v1::PrepareRequest request;
  request.set_run_id(run_id);
  request.set_agent_id(name_);
  request.set_epoch(epoch);
  request.set_owner(owner);
  if (const absl::Status status = PlanToProto(plan, request.mutable_plan()); !status.ok()) {
    return status;
  }
  AssignmentToProto(assignment, request.mutable_assignment());
  SettingsToProto(settings, request.mutable_settings());
  v1::PrepareResponse response;
  const absl::Status status = Call(rpc_->stub.get(), &v1::AgentService::Stub::Prepare, name_,
                                   "prepare run", options_, request, &response);
  if (!status.ok()) {
    return status;
  }
  return response.plan_digest();
}

absl::Status AgentLink::Start(const std::string& run_id, uint64_t epoch, WallTime at) {
  v1::StartRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  WallTimeToProto(at, request.mutable_start_at());
  v1::StartResponse response;
  return Call(rpc_->stub.get(), &v1::AgentService::Stub::Start, name_, "start run", options_,
              request, &response);
}

absl::Status AgentLink::Reassign(const std::string& run_id, uint64_t epoch,
                                 const Assignment& assignment, double spawn_rate) {
  v1::ReassignRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  AssignmentToProto(assignment, request.mutable_assignment());
  request.set_spawn_rate(spawn_rate);
  v1::ReassignResponse response;
  return Call(rpc_->stub.get(), &v1::AgentService::Stub::Reassign, name_, "reassign", options_,
              request, &response);
}

absl::Status AgentLink::SetLoad(const std::string& run_id, uint64_t epoch,
                                const LoadRequest& load) {
  v1::SetLoadRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  if (load.clear) {
    request.mutable_clear();
  } else if (load.arrival_factor.has_value()) {
    request.set_arrival_factor(*load.arrival_factor);
  } else if (load.users.has_value()) {
    request.mutable_users()->set_users(*load.users);
    request.mutable_users()->set_spawn_rate(load.spawn_rate);
  }
  v1::SetLoadResponse response;
  return Call(rpc_->stub.get(), &v1::AgentService::Stub::SetLoad, name_, "set load", options_,
              request, &response);
}

absl::Status AgentLink::Pause(const std::string& run_id, uint64_t epoch) {
  v1::PauseRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  v1::PauseResponse response;
  return Call(rpc_->stub.get(), &v1::AgentService::Stub::Pause, name_, "pause", options_, request,
              &response);
}

absl::Status AgentLink::Resume(const std::string& run_id, uint64_t epoch) {
  v1::ResumeRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  v1::ResumeResponse response;
  return Call(rpc_->stub.get(), &v1::AgentService::Stub::Resume, name_, "resume", options_, request,
              &response);
}

absl::Status AgentLink::Stop(const std::string& run_id, uint64_t epoch, const std::string& reason,
                             bool immediate) {
  v1::StopRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  request.set_reason(reason);
  request.set_mode(immediate ? v1::STOP_MODE_IMMEDIATE : v1::STOP_MODE_GRACEFUL);
  v1::StopResponse response;
  return Call(rpc_->stub.get(), &v1::AgentService::Stub::Stop, name_, "stop run", options_, request,
              &response);
}

void AgentLink::Watch(const std::string& run_id, Nanos interval, Inbox* inbox,
                      std::function<void(Snapshot)> on_snapshot,
                      std::function<void(absl::Status)> on_end) {
  if (stream_ != nullptr) {
    stream_->Stop();
  }
  stream_ = std::make_shared<Stream>(inbox, std::move(on_snapshot), std::move(on_end));
  stream_->Begin(rpc_->stub.get(), run_id, interval, options_.authorization);
}

}  // namespace squall
