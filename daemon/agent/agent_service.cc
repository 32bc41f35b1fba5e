#include "daemon/agent/agent_service.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/snapshot_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"

namespace squall {
namespace {

constexpr Nanos kWatchIntervalMin = std::chrono::milliseconds(100);
constexpr Nanos kWatchIntervalDefault = std::chrono::seconds(1);

grpc::Status ToGrpc(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

v1::RunState ToProto(RunState state) {
  return static_cast<v1::RunState>(static_cast<int>(state) + 1);
}

bool Admitted(const TokenGuard* guard, const grpc::CallbackServerContext& context) {
  if (guard == nullptr) {
    return true;
  }
  const auto found = context.client_metadata().find("authorization");
  return found != context.client_metadata().end() &&
         guard->Admits(std::string_view(found->second.data(), found->second.size()));
}

const grpc::Status& Unauthenticated() {
  static const grpc::Status status(
      grpc::StatusCode::UNAUTHENTICATED,
      "metadata 'authorization' must be 'Bearer <token>' with this agent's token");
  return status;
}

// One Watch stream. Its callbacks follow one another; only OnCancel comes from the side, and all it
// does is to hurry the alarm.
class WatchStream final : public grpc::ServerWriteReactor<v1::WatchResponse> {
 public:
  static WatchStream* Begin(Agent* agent, const v1::WatchRequest& request) {
    auto stream = std::make_shared<WatchStream>(agent, request);
    stream->self_ = stream;
    agent->OnWatchBegan();
    stream->Send();
    return stream.get();
  }

  WatchStream(Agent* agent, const v1::WatchRequest& request)
      : agent_(agent), run_id_(request.run_id()), interval_(kWatchIntervalDefault) {
    if (request.has_interval()) {
      interval_ = std::max(NanosFromProto(request.interval()).value_or(kWatchIntervalDefault),
                           kWatchIntervalMin);
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok || last_) {
      Finish(grpc::Status::OK);
      return;
    }
    const std::lock_guard<std::mutex> lock(alarm_mutex_);
    const auto delay = cancelled_ ? Nanos(0) : interval_;
    alarm_.Set(std::chrono::system_clock::time_point(
                   std::chrono::duration_cast<std::chrono::system_clock::duration>(
                       SystemClock().Wall().time_since_epoch() + delay)),
               [this](bool fired) {
                 if (fired && !Cancelled()) {
                   Send();
                 } else {
                   Finish(grpc::Status::CANCELLED);
                 }
               });
  }

  void OnCancel() override {
    const std::lock_guard<std::mutex> lock(alarm_mutex_);
    cancelled_ = true;
    alarm_.Cancel();
  }

  void OnDone() override {
    agent_->OnWatchEnded();
    const std::shared_ptr<WatchStream> last_reference = std::move(self_);
  }

 private:
  bool Cancelled() {
    const std::lock_guard<std::mutex> lock(alarm_mutex_);
    return cancelled_;
  }

  void Send() {
    const absl::StatusOr<Snapshot> snapshot = agent_->TakeSnapshot(run_id_);
    if (!snapshot.ok()) {
      Finish(ToGrpc(snapshot.status()));
      return;
    }
    last_ = snapshot->state == RunState::kFinished || snapshot->state == RunState::kFailed;
    response_.Clear();
    SnapshotToProto(*snapshot, response_.mutable_snapshot());
    StartWrite(&response_);
  }

  Agent* const agent_;
  const std::string run_id_;
  Nanos interval_;
  v1::WatchResponse response_;
  bool last_ = false;
  std::mutex alarm_mutex_;
  bool cancelled_ = false;  // guarded by alarm_mutex_, as the alarm
  grpc::Alarm alarm_;
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
      WallTime at = SystemClock().Wall();
      if (request->has_start_at()) {
        at = WallTimeFromProto(request->start_at()).value_or(at);
      } else if (request->has_start_in()) {
        at += NanosFromProto(request->start_in()).value_or(Nanos(0));
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
      absl::StatusOr<Assignment> assignment = AssignmentFromProto(request->assignment());
      if (!assignment.ok()) {
        return assignment.status();
      }
      response->set_epoch(request->epoch());
      return agent_->Reassign(request->run_id(), request->epoch(), *std::move(assignment),
                              request->has_spawn_rate() ? request->spawn_rate() : 0);
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

  Reactor* GetStatus(Context* context, const v1::GetStatusRequest* /*request*/,
                     v1::GetStatusResponse* response) override {
    return Answer(context, [&] {
      const AgentStatus status = agent_->Status();
      WallTimeToProto(status.now, response->mutable_now());
      FillInfo(status.agent_id, response->mutable_agent());
      response->set_state(ToProto(status.state));
      response->set_run_id(status.run_id);
      response->set_owner(status.owner);
      response->set_epoch(status.epoch);
      response->set_plan_digest(status.plan_digest);
      response->set_users(status.users);
      response->set_error(status.error);
      return absl::OkStatus();
    });
  }

  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(Context* context,
                                                     const v1::WatchRequest* request) override {
    if (!Admitted(options_.guard, *context)) {
      return RefusedWatch::Begin(Unauthenticated());
    }
    return WatchStream::Begin(agent_, *request);
  }

 private:
  template <typename Work>
  Reactor* Answer(Context* context, const Work& work) {
    Reactor* reactor = context->DefaultReactor();
    if (!Admitted(options_.guard, *context)) {
      reactor->Finish(Unauthenticated());
    } else {
      reactor->Finish(ToGrpc(work()));
    }
    return reactor;
  }

  absl::Status DoPrepare(const v1::PrepareRequest& request, v1::PrepareResponse* response) {
    PrepareOrder order;
    order.run_id = request.run_id();
    order.agent_id = request.agent_id();
    order.epoch = request.epoch();
    order.owner = request.owner();
    absl::StatusOr<Plan> plan = PlanFromProto(request.plan());
    if (!plan.ok()) {
      return plan.status();
    }
    order.plan = *std::move(plan);
    absl::StatusOr<RunSettings> settings = SettingsFromProto(request.settings());
    if (!settings.ok()) {
      return settings.status();
    }
    order.settings = *std::move(settings);
    if (request.has_assignment()) {
      absl::StatusOr<Assignment> assignment = AssignmentFromProto(request.assignment());
      if (!assignment.ok()) {
        return assignment.status();
      }
      order.assignment = *std::move(assignment);
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
    LoadChange change;
    switch (request.change_case()) {
      case v1::SetLoadRequest::kUsers:
        change.users = request.users().users();
        change.spawn_rate = request.users().has_spawn_rate() ? request.users().spawn_rate() : 1;
        if (!(change.spawn_rate > 0 && change.spawn_rate <= 1e9)) {
          return absl::InvalidArgumentError("users.spawn_rate must be above 0");
        }
        break;
      case v1::SetLoadRequest::kArrivalFactor:
        change.rate_factor = request.arrival_factor();
        if (!(*change.rate_factor >= 0 && *change.rate_factor <= 1e6)) {
          return absl::InvalidArgumentError("arrival_factor must be 0 or more");
        }
        break;
      case v1::SetLoadRequest::kClear:
        change.clear = true;
        break;
      case v1::SetLoadRequest::CHANGE_NOT_SET:
        return absl::InvalidArgumentError("change must be one of users, arrival_factor, clear");
    }
    const absl::Status status =
        agent_->SetLoad(request.run_id(), request.epoch(), std::move(change));
    if (status.ok()) {
      response->set_target_users(agent_->Peek().target_users);
    }
    return status;
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

std::unique_ptr<grpc::Service> MakeAgentService(Agent* agent, AgentServiceOptions options) {
  return std::make_unique<Rpc>(agent, std::move(options));
}

}  // namespace squall
