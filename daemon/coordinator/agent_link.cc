#include "daemon/coordinator/agent_link.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/arena.h>
#include <grpcpp/grpcpp.h>

#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/load_profile_proto.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/snapshot_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"

namespace squall {
namespace {

// What agents say to a command of an earlier epoch.
constexpr std::string_view kStaleEpoch = "epoch must be ";

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

RunState FromProto(v1::RunState state) {
  return state == v1::RUN_STATE_UNSPECIFIED || !v1::RunState_IsValid(state)
             ? RunState::kIdle
             : static_cast<RunState>(static_cast<int>(state) - 1);
}

// A snapshot is tens of thousands of small parts: they are laid side by side and go together.
google::protobuf::ArenaOptions SnapshotArena() {
  google::protobuf::ArenaOptions options;
  options.max_block_size = 256 << 10;
  return options;
}

// Whether a call waits, up to its deadline, for an agent that is not there (yet).
enum class Absent { kWait, kFail };

}  // namespace

bool IsFenced(const absl::Status& status) {
  return status.code() == absl::StatusCode::kFailedPrecondition &&
         std::string_view(status.message().data(), status.message().size()).find(kStaleEpoch) !=
             std::string_view::npos;
}

// The stub, and the calls that gRPC still holds.
struct AgentLink::Rpc {
  template <typename Request, typename Response>
  using Method = void (v1::AgentService::StubInterface::async_interface::*)(
      grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>);

  template <typename Request, typename Response>
  struct Call {
    grpc::ClientContext context;
    Request request;
    Response response;
  };

  // Makes one call with the deadline and the token; says who failed at what.
  template <typename Request, typename Response>
  void Send(const AgentLink& link, Method<Request, Response> method, std::string_view what,
            Request request, Absent absent,
            std::function<void(absl::Status, const Response&)> done) {
    auto call = std::make_shared<Call<Request, Response>>();
    call->request = std::move(request);
    const Nanos timeout =
        absent == Absent::kWait ? link.options_.call_timeout : link.options_.command_timeout;
    call->context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                            gpr_time_from_nanos(timeout.count(), GPR_TIMESPAN)));
    call->context.set_wait_for_ready(absent == Absent::kWait);
    Add(&call->context);
    (stub->async()->*method)(&call->context, &call->request, &call->response,
                             [this, call, inbox = link.inbox_, name = link.name_, what,
                              done = std::move(done)](const grpc::Status& status) {
                               inbox->Post([call, done, result = Explain(status, name, what)] {
                                 done(result, call->response);
                               });
                               Remove(&call->context);  // last: the link may be gone after it
                             });
  }

  static absl::Status Explain(const grpc::Status& status, const std::string& name,
                              std::string_view what) {
    if (status.ok()) {
      return absl::OkStatus();
    }
    // A deadline on a channel that never connected means that nobody is there.
    const bool silent = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    return absl::Status(silent ? absl::StatusCode::kUnavailable
                               : static_cast<absl::StatusCode>(status.error_code()),
                        fmt::format("agent '{}': {}: {}", name, what,
                                    silent ? "no answer in time; is squalld running there?"
                                           : status.error_message()));
  }

  void Add(grpc::ClientContext* context) {
    const std::lock_guard<std::mutex> lock(mutex);
    calls.insert(context);
  }

  void Remove(grpc::ClientContext* context) {
    const std::lock_guard<std::mutex> lock(mutex);
    calls.erase(context);
    ended.notify_all();
  }

  void CancelAll() {
    std::unique_lock<std::mutex> lock(mutex);
    for (grpc::ClientContext* context : calls) {
      context->TryCancel();
    }
    ended.wait(lock, [this] { return calls.empty(); });
  }

  std::unique_ptr<v1::AgentService::Stub> stub;
  std::mutex mutex;
  std::condition_variable ended;
  std::set<grpc::ClientContext*> calls;  // guarded by mutex
};

// One Watch call. Lives until gRPC is done with it; Stop waits for that.
class AgentLink::Stream final : public grpc::ClientReadReactor<v1::WatchResponse>,
                                public std::enable_shared_from_this<Stream> {
 public:
  using OnMessage = std::function<void(const ScriptMessage&)>;
  Stream(Inbox* inbox, std::function<void(Snapshot)> on_snapshot, OnMessage on_message, Done on_end)
      : inbox_(inbox),
        on_snapshot_(std::move(on_snapshot)),
        on_message_(std::move(on_message)),
        on_end_(std::move(on_end)) {}

  void Begin(v1::AgentService::Stub* stub, const std::string& run_id, Nanos interval) {
    request_.set_run_id(run_id);
    NanosToProto(interval, request_.mutable_interval());
    stub->async()->Watch(&context_, &request_, this);
    Read();
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      return;  // OnDone follows
    }
    absl::StatusOr<Snapshot> snapshot = SnapshotFromProto(response_->snapshot());
    if (!snapshot.ok()) {
      broken_ = snapshot.status();
      context_.TryCancel();
      return;
    }
    for (const v1::ScriptNote& note : response_->notes()) {
      Post([deliver = on_message_, message = ScriptMessage{note.kind(), note.json()}] {
        deliver(message);
      });
    }
    Post([deliver = on_snapshot_, snapshot = *std::move(snapshot)]() mutable {
      deliver(std::move(snapshot));
    });
    Read();
  }

  void OnDone(const grpc::Status& status) override {
    Post([deliver = on_end_, status = broken_.ok() ? FromGrpc(status) : broken_] {
      deliver(status);
    });
    const std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
    ended_.notify_all();
  }

  // Nothing of this stream is delivered afterwards, even if it is in the inbox already.
  void Stop() {
    context_.TryCancel();
    std::unique_lock<std::mutex> lock(mutex_);
    ended_.wait(lock, [this] { return done_; });
    stopped_ = true;
  }

 private:
  void Read() {
#ifdef __SANITIZE_THREAD__
    // Debian's libprotobuf, built without TSan, has another layout of map fields on an arena.
    response_ = &plain_response_;
#else
    arena_.Reset();
    response_ = google::protobuf::Arena::CreateMessage<v1::WatchResponse>(&arena_);
#endif
    StartRead(response_);
  }

  template <typename Work>
  void Post(Work work) {
    inbox_->Post([self = shared_from_this(), work = std::move(work)]() mutable {
      if (!self->stopped_) {
        work();
      }
    });
  }

  Inbox* const inbox_;
  const std::function<void(Snapshot)> on_snapshot_;
  const OnMessage on_message_;
  const Done on_end_;
  grpc::ClientContext context_;
  v1::WatchRequest request_;
  google::protobuf::Arena arena_{SnapshotArena()};
  v1::WatchResponse* response_ = nullptr;  // in the arena
#ifdef __SANITIZE_THREAD__
  v1::WatchResponse plain_response_;
#endif
  absl::Status broken_;   // what came is no snapshot
  bool stopped_ = false;  // inbox's thread
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
};

AgentLink::AgentLink(std::string name, const std::shared_ptr<grpc::Channel>& channel,
                     AgentLinkOptions options, Inbox* inbox)
    : name_(std::move(name)),
      options_(std::move(options)),
      inbox_(inbox),
      rpc_(std::make_unique<Rpc>()) {
  if (channel != nullptr) {
    rpc_->stub = v1::AgentService::NewStub(channel);
  }
}

AgentLink::~AgentLink() {
  if (stream_ != nullptr) {
    stream_->Stop();
  }
  rpc_->CancelAll();
}

void AgentLink::GetStatus(Reply done) {
  rpc_->Send<v1::GetStatusRequest, v1::GetStatusResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::GetStatus, "get status", {},
      Absent::kWait,
      [done = std::move(done)](const absl::Status& status, const v1::GetStatusResponse& response) {
        AgentReply reply;
        reply.now = WallTimeFromProto(response.now()).value_or(WallTime{});
        reply.plan_digest = response.plan_digest();
        reply.state = FromProto(response.state());
        done(status, reply);
      });
}

void AgentLink::Prepare(const std::string& run_id, uint64_t epoch, const std::string& owner,
                        const Plan& plan, const Assignment& assignment, const RunSettings& settings,
                        Reply done) {
  v1::PrepareRequest request;
  request.set_run_id(run_id);
  request.set_agent_id(name_);
  request.set_epoch(epoch);
  request.set_owner(owner);
  if (const absl::Status status = PlanToProto(plan, request.mutable_plan()); !status.ok()) {
    inbox_->Post([done = std::move(done), status] { done(status, {}); });
    return;
  }
  AssignmentToProto(assignment, request.mutable_assignment());
  SettingsToProto(settings, request.mutable_settings());
  rpc_->Send<v1::PrepareRequest, v1::PrepareResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::Prepare, "prepare run",
      std::move(request), Absent::kWait,
      [done = std::move(done)](const absl::Status& status, const v1::PrepareResponse& response) {
        AgentReply reply;
        reply.plan_digest = response.plan_digest();
        reply.state = RunState::kPrepared;
        done(status, reply);
      });
}

void AgentLink::Attach(const std::string& run_id, uint64_t epoch, const std::string& owner,
                       Reply done) {
  v1::AttachRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  request.set_owner(owner);
  rpc_->Send<v1::AttachRequest, v1::AttachResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::Attach, "attach",
      std::move(request), Absent::kFail,
      [done = std::move(done)](const absl::Status& status, const v1::AttachResponse& response) {
        AgentReply reply;
        reply.now = WallTimeFromProto(response.now()).value_or(WallTime{});
        reply.plan_digest = response.plan_digest();
        reply.state = FromProto(response.state());
        done(status, reply);
      });
}

void AgentLink::Start(const std::string& run_id, uint64_t epoch, WallTime at, Done done) {
  v1::StartRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  WallTimeToProto(at, request.mutable_start_at());
  rpc_->Send<v1::StartRequest, v1::StartResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::Start, "start run",
      std::move(request), Absent::kFail,
      [done = std::move(done)](const absl::Status& status, const v1::StartResponse& /*response*/) {
        done(status);
      });
}

void AgentLink::Reassign(const std::string& run_id, uint64_t epoch, const Assignment& assignment,
                         const MoveOrder& move, Done done) {
  v1::ReassignRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  AssignmentToProto(assignment, request.mutable_assignment());
  if (move.rate > 0) {
    request.set_spawn_rate(move.rate);
  }
  if (move.at.has_value()) {
    NanosToProto(*move.at, request.mutable_effective_at());
  }
  for (const ResidueClass& item : move.moving) {
    v1::ResidueClass* added = request.add_moving();
    added->set_residue(item.residue);
    added->set_modulus(item.modulus);
  }
  rpc_->Send<v1::ReassignRequest, v1::ReassignResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::Reassign, "reassign",
      std::move(request), Absent::kFail,
      [done = std::move(done)](const absl::Status& status,
                               const v1::ReassignResponse& /*response*/) { done(status); });
}

void AgentLink::SetLoad(const std::string& run_id, uint64_t epoch, const LoadOrder& order,
                        Done done) {
  const LoadRequest load = order.request.value_or(LoadRequest());
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
  if (order.profile.has_value()) {
    WriteLoadProfile(*order.profile, request.mutable_load_profile());
  }
  rpc_->Send<v1::SetLoadRequest, v1::SetLoadResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::SetLoad, "set load",
      std::move(request), Absent::kFail,
      [done = std::move(done)](const absl::Status& status,
                               const v1::SetLoadResponse& /*response*/) { done(status); });
}

void AgentLink::Pause(const std::string& run_id, uint64_t epoch, Done done) {
  v1::PauseRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  rpc_->Send<v1::PauseRequest, v1::PauseResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::Pause, "pause", std::move(request),
      Absent::kFail,
      [done = std::move(done)](const absl::Status& status, const v1::PauseResponse& /*response*/) {
        done(status);
      });
}

void AgentLink::Resume(const std::string& run_id, uint64_t epoch, Done done) {
  v1::ResumeRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  rpc_->Send<v1::ResumeRequest, v1::ResumeResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::Resume, "resume",
      std::move(request), Absent::kFail,
      [done = std::move(done)](const absl::Status& status, const v1::ResumeResponse& /*response*/) {
        done(status);
      });
}

void AgentLink::Stop(const std::string& run_id, uint64_t epoch, const std::string& reason,
                     bool immediate, Done done) {
  v1::StopRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  request.set_reason(reason);
  request.set_mode(immediate ? v1::STOP_MODE_IMMEDIATE : v1::STOP_MODE_GRACEFUL);
  rpc_->Send<v1::StopRequest, v1::StopResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::Stop, "stop run",
      std::move(request), Absent::kFail,
      [done = std::move(done)](const absl::Status& status, const v1::StopResponse& /*response*/) {
        done(status);
      });
}

void AgentLink::Tell(const std::string& run_id, uint64_t epoch, const ScriptMessage& message) {
  v1::TellRequest request;
  request.set_run_id(run_id);
  request.set_epoch(epoch);
  request.mutable_note()->set_kind(message.kind);
  request.mutable_note()->set_json(message.json);
  // As in Locust, whoever does not hear a message has missed it.
  rpc_->Send<v1::TellRequest, v1::TellResponse>(
      *this, &v1::AgentService::StubInterface::async_interface::Tell, "tell", std::move(request),
      Absent::kFail, [](const absl::Status& /*status*/, const v1::TellResponse& /*response*/) {});
}

void AgentLink::Watch(const std::string& run_id, Nanos interval,
                      std::function<void(Snapshot)> on_snapshot, Done on_end) {
  if (stream_ != nullptr) {
    stream_->Stop();
  }
  const auto on_message = [this](const ScriptMessage& message) {
    if (options_.on_message) {
      options_.on_message(name_, message);
    }
  };
  stream_ = std::make_shared<Stream>(inbox_, std::move(on_snapshot), on_message, std::move(on_end));
  stream_->Begin(rpc_->stub.get(), run_id, interval);
}

}  // namespace squall
