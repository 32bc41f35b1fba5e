#include "daemon/agent/agent_service.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "daemon/agent/plan_file.h"
#include "daemon/base/status_macros.h"
#include "daemon/rpc/bearer.h"
#include "daemon/rpc/status.h"
#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/handover_proto.h"
#include "daemon/wire/load_change_proto.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/snapshot_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"

namespace squall {
namespace {

constexpr Nanos kWatchIntervalMin = std::chrono::milliseconds(100);
constexpr Nanos kWatchIntervalDefault = std::chrono::seconds(1);
// How soon a stream with a longer interval sees that its run is over.
constexpr Nanos kWatchGlance = std::chrono::milliseconds(500);

constexpr Nanos kStartAheadMax = std::chrono::hours(24 * 30);

// What the time_proto readers give: nothing for what is no moment or no duration.
template <typename T>
absl::StatusOr<T> Field(std::string_view name, const std::optional<T>& value) {
  if (!value.has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("{} must have seconds and nanos of one sign, within 292 years", name));
  }
  return *value;
}

v1::RunState ToProto(RunState state) {
  return static_cast<v1::RunState>(static_cast<int>(state) + 1);
}

// One Watch stream. Its callbacks follow one another; only OnCancel comes from the side, and all it
// does is to hurry the alarm.
class WatchStream final : public grpc::ServerWriteReactor<v1::WatchResponse> {
 public:
  static WatchStream* Begin(Agent* agent, const v1::WatchRequest& request, Nanos interval) {
    auto stream = std::make_shared<WatchStream>(agent, request.run_id(), interval);
    stream->self_ = stream;
    stream->Send();
    return stream.get();
  }

  WatchStream(Agent* agent, std::string run_id, Nanos interval)
      : agent_(agent), run_id_(std::move(run_id)), interval_(interval) {}

  void OnWriteDone(bool ok) override {
    if (!ok || last_) {
      Finish(grpc::Status::OK);
      return;
    }
    Wait(interval_);
  }

  void OnCancel() override {
    const std::lock_guard<std::mutex> lock(alarm_mutex_);
    cancelled_ = true;
    if (alarm_.has_value()) {
      alarm_->Cancel();
    }
  }

  void OnDone() override {
    if (watching_) {
      agent_->OnWatchEnded();
    }
    const std::shared_ptr<WatchStream> last_reference = std::move(self_);
  }

 private:
  bool Cancelled() {
    const std::lock_guard<std::mutex> lock(alarm_mutex_);
    return cancelled_;
  }

  void Wait(Nanos left) {
    const std::lock_guard<std::mutex> lock(alarm_mutex_);
    const Nanos step = cancelled_ ? Nanos(0) : std::min(left, kWatchGlance);
    // A new alarm each time: the old one may still be in its callback, which led here. Not by
    // assignment, which in gRPC 1.51 leaks the old one.
    alarm_.emplace();
    alarm_->Set(std::chrono::system_clock::time_point(
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(
                        SystemClock().Wall().time_since_epoch() + step)),
                [this, left = left - step](bool fired) { OnAlarm(fired, left); });
  }

  void OnAlarm(bool fired, Nanos left) {
    if (!fired || Cancelled()) {
      Finish(grpc::Status::CANCELLED);
    } else if (left <= Nanos(0) || agent_->Idle()) {
      Send();
    } else {
      Wait(left);
    }
  }

  void Send() {
    const absl::StatusOr<Snapshot> snapshot = agent_->TakeSnapshot(run_id_);
    if (!snapshot.ok()) {
      Finish(ToGrpc(snapshot.status()));
      return;
    }
    if (!watching_) {
      watching_ = true;  // only who sees the run keeps it under control
      agent_->OnWatchBegan();
    }
    last_ = snapshot->state == RunState::kFinished || snapshot->state == RunState::kFailed;
    response_.Clear();
    SnapshotToProto(*snapshot, response_.mutable_snapshot());
    for (EngineNote& note : agent_->TakeNotes(run_id_)) {
      v1::ScriptNote* to = response_.add_notes();
      to->set_kind(std::move(note.kind));
      to->set_json(std::move(note.json));
    }
    StartWrite(&response_);
  }

  Agent* const agent_;
  const std::string run_id_;
  const Nanos interval_;
  bool watching_ = false;
  v1::WatchResponse response_;
  bool last_ = false;
  std::mutex alarm_mutex_;
  bool cancelled_ = false;  // guarded by alarm_mutex_, as the alarm
  std::optional<grpc::Alarm> alarm_;
  std::shared_ptr<WatchStream> self_;  // until OnDone
};

// A stream that only says why there is none.
class RefusedWatch final : public grpc::ServerWriteReactor<v1::WatchResponse> {
 public:
  static RefusedWatch* Begin(const grpc::Status& status) {
    auto stream = std::make_shared<RefusedWatch>();
    stream->self_ = stream;
    stream->Finish(status);
    return stream.get();
  }
  void OnDone() override { const std::shared_ptr<RefusedWatch> last = std::move(self_); }

 private:
  std::shared_ptr<RefusedWatch> self_;
};

class Rpc final : public v1::AgentService::CallbackService {
 public:
  Rpc(Agent* agent, AgentServiceOptions options) : agent_(agent), options_(std::move(options)) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* Prepare(Context* context, const v1::PrepareRequest* request,
                   v1::PrepareResponse* response) override {
    return Answer(context, [&] { return DoPrepare(*request, response); });
  }

  Reactor* Start(Context* context, const v1::StartRequest* request,
                 v1::StartResponse* response) override {
    return Answer(context, [&]() -> absl::Status {
      const WallTime now = SystemClock().Wall();
      WallTime at = now;
      if (request->has_start_at()) {
        SQUALL_ASSIGN_OR_RETURN(at, Field("start_at", WallTimeFromProto(request->start_at())));
      } else if (request->has_start_in()) {
        SQUALL_ASSIGN_OR_RETURN(const Nanos delay,
                                Field("start_in", NanosFromProto(request->start_in())));
        at += std::min(delay, kStartAheadMax + Nanos(1));
      }
      if (at - kStartAheadMax > now) {
        return absl::InvalidArgumentError("the start must be at most 30 days ahead");
      }
      const absl::StatusOr<WallTime> started =
          agent_->Start(request->run_id(), request->epoch(), at);
      if (started.ok()) {
        WallTimeToProto(*started, response->mutable_start_at());
      }
      return started.status();
    });
  }

  Reactor* Reassign(Context* context, const v1::ReassignRequest* request,
                    v1::ReassignResponse* response) override {
    return Answer(context, [&]() -> absl::Status {
      SQUALL_ASSIGN_OR_RETURN(Handover handover, HandoverFromProto(*request));
      response->set_epoch(request->epoch());
      return agent_->Reassign(request->run_id(), request->epoch(), std::move(handover));
    });
  }

  Reactor* SetLoad(Context* context, const v1::SetLoadRequest* request,
                   v1::SetLoadResponse* response) override {
    return Answer(context, [&] { return DoSetLoad(*request, response); });
  }

  Reactor* Pause(Context* context, const v1::PauseRequest* request,
                 v1::PauseResponse* response) override {
    return Answer(context, [&] {
      const absl::Status status = agent_->Pause(request->run_id(), request->epoch());
      response->set_state(ToProto(agent_->Status().state));
      return status;
    });
  }

  Reactor* Resume(Context* context, const v1::ResumeRequest* request,
                  v1::ResumeResponse* response) override {
    return Answer(context, [&] {
      const absl::Status status = agent_->Resume(request->run_id(), request->epoch());
      response->set_state(ToProto(agent_->Status().state));
      return status;
    });
  }

  Reactor* Stop(Context* context, const v1::StopRequest* request,
                v1::StopResponse* response) override {
    return Answer(context, [&] {
      const absl::Status status =
          agent_->Stop(request->run_id(), request->epoch(), request->reason(),
                       request->mode() == v1::STOP_MODE_IMMEDIATE);
      response->set_state(ToProto(agent_->Status().state));
      return status;
    });
  }

  Reactor* Tell(Context* context, const v1::TellRequest* request,
                v1::TellResponse* /*response*/) override {
    return Answer(context, [&] {
      return agent_->Tell(request->run_id(), request->epoch(),
                          {request->note().kind(), request->note().json()});
    });
  }

  Reactor* GetStatus(Context* context, const v1::GetStatusRequest* /*request*/,
                     v1::GetStatusResponse* response) override {
    return Answer(context, [&] {
      const AgentStatus status = agent_->Status();
      FillStatus(status, response);
      response->set_run_id(status.run_id);
      response->set_owner(status.owner);
      response->set_users(status.users);
      response->set_error(status.error);
      return absl::OkStatus();
    });
  }

  Reactor* ReadPlanFile(Context* context, const v1::ReadPlanFileRequest* request,
                        v1::ReadPlanFileResponse* response) override {
    return Answer(context, [&] {
      absl::StatusOr<std::string> content =
          squall::ReadPlanFile(options_.plan_directory, request->path());
      if (content.ok()) {
        response->set_content(*content);
      }
      return content.status();
    });
  }

  Reactor* Attach(Context* context, const v1::AttachRequest* request,
                  v1::AttachResponse* response) override {
    return Answer(context, [&] {
      const absl::StatusOr<AgentStatus> status =
          agent_->Attach(request->run_id(), request->epoch(), request->owner());
      if (status.ok()) {
        FillStatus(*status, response);
      }
      return status.status();
    });
  }

  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(Context* context,
                                                     const v1::WatchRequest* request) override {
    if (!Admitted(*context)) {
      return RefusedWatch::Begin(Unauthenticated());
    }
    Nanos interval = kWatchIntervalDefault;
    if (request->has_interval()) {
      const auto wanted = Field("interval", NanosFromProto(request->interval()));
      if (!wanted.ok()) {
        return RefusedWatch::Begin(ToGrpc(wanted.status()));
      }
      interval = std::max(*wanted, kWatchIntervalMin);
    }
    return WatchStream::Begin(agent_, *request, interval);
  }

 private:
  template <typename Work>
  Reactor* Answer(Context* context, const Work& work) {
    Reactor* reactor = context->DefaultReactor();
    if (!Admitted(*context)) {
      reactor->Finish(Unauthenticated());
    } else {
      reactor->Finish(ToGrpc(work()));
    }
    return reactor;
  }

  bool Admitted(const Context& context) {
    if (squall::Admitted(options_.guard, context)) {
      return true;
    }
    agent_->CountRefused(Refusal::kUnauthenticated);
    return false;
  }

  absl::Status DoPrepare(const v1::PrepareRequest& request, v1::PrepareResponse* response) {
    PrepareOrder order;
    order.run_id = request.run_id();
    order.agent_id = request.agent_id();
    order.epoch = request.epoch();
    order.owner = request.owner();
    SQUALL_ASSIGN_OR_RETURN(order.plan, PlanFromProto(request.plan()));
    SQUALL_ASSIGN_OR_RETURN(order.settings, SettingsFromProto(request.settings()));
    if (request.has_assignment()) {
      SQUALL_ASSIGN_OR_RETURN(order.assignment, AssignmentFromProto(request.assignment()));
    } else {
      order.assignment = MakeAssignment(0, 1, request.epoch());  // alone: the whole run
    }
    const std::string agent_id = order.agent_id;
    const absl::StatusOr<std::string> digest = agent_->Prepare(std::move(order));
    if (digest.ok()) {
      response->set_plan_digest(*digest);
      FillInfo(agent_id, response->mutable_agent());
    }
    return digest.status();
  }

  absl::Status DoSetLoad(const v1::SetLoadRequest& request, v1::SetLoadResponse* response) {
    SQUALL_ASSIGN_OR_RETURN(LoadChange change, LoadChangeFromProto(request));
    const absl::Status status =
        agent_->SetLoad(request.run_id(), request.epoch(), std::move(change));
    if (status.ok()) {
      response->set_target_users(agent_->Peek().target_users);
    }
    return status;
  }

  // What GetStatus and Attach both tell.
  template <typename Response>
  void FillStatus(const AgentStatus& status, Response* response) const {
    WallTimeToProto(status.now, response->mutable_now());
    FillInfo(status.agent_id, response->mutable_agent());
    response->set_state(ToProto(status.state));
    response->set_epoch(status.epoch);
    response->set_plan_digest(status.plan_digest);
    if (status.state != RunState::kIdle) {
      AssignmentToProto(status.assignment, response->mutable_assignment());
    }
    if (status.started_at.has_value()) {
      WallTimeToProto(*status.started_at, response->mutable_started_at());
    }
  }

  void FillInfo(const std::string& agent_id, v1::AgentInfo* info) const {
    const AgentConfig& config = agent_->config();
    info->set_agent_id(agent_id.empty() ? config.name : agent_id);
    info->set_name(config.name);
    info->set_version(options_.version);
    info->set_shards(config.shards);
    info->set_cpu_count(static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_ONLN)));
  }

  Agent* const agent_;
  const AgentServiceOptions options_;
};

}  // namespace

RpcService MakeAgentService(Agent* agent, AgentServiceOptions options) {
  return {v1::AgentService::service_full_name(), std::make_unique<Rpc>(agent, std::move(options))};
}

}  // namespace squall
