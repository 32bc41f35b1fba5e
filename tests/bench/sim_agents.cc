// sim_agents --count N --addresses FILE: N simulated agents behind N ports of 127.0.0.1, for
// scripts/bench coordinator. Writes "host:port,host:port,…" to FILE once all are served; on SIGTERM
// prints what was sent as JSON, and ends.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "daemon/rpc/limits.h"
#include "daemon/rpc/status.h"
#include "daemon/wire/assignment_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"
#include "tests/bench/simulated_agent.h"
#include "tests/bench/simulated_stats.h"

namespace squall {
namespace {

// As many agents report the same figures as share one of these.
constexpr size_t kVariants = 8;

struct Sent {
  std::atomic<uint64_t> snapshots = 0;
  std::atomic<uint64_t> bytes = 0;
  std::atomic<uint64_t> requests = 0;  // in the last snapshots
};

// One Watch call; deletes itself. As the real one, it waits from the end of one write to the next.
class WatchStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  WatchStream(SimulatedAgent* agent, const v1::WatchRequest& request, Sent* sent)
      : agent_(agent),
        run_id_(request.run_id()),
        interval_(request.has_interval() ? NanosFromProto(request.interval()).value_or(Nanos(0))
                                         : std::chrono::seconds(1)),
        sent_(sent) {
    Send();
  }

  void OnWriteDone(bool ok) override {
    if (!ok || last_) {
      Finish(grpc::Status::OK);
      return;
    }
    const Nanos wait = std::min(interval_, agent_->Left().value_or(interval_));
    alarm_.emplace();  // a new one: the old one may still be in the callback that led here
    alarm_->Set(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(wait.count(), GPR_TIMESPAN)),
        [this](bool /*fired*/) {
          if (cancelled_) {
            Finish(grpc::Status::CANCELLED);
          } else {
            Send();
          }
        });
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { const std::unique_ptr<WatchStream> last(this); }

 private:
  void Send() {
    const absl::StatusOr<SimulatedAgent::Report> report = agent_->TakeSnapshot(run_id_);
    if (!report.ok()) {
      Finish(ToGrpc(report.status()));
      return;
    }
    last_ = report->last;
    ++sent_->snapshots;
    sent_->bytes += report->message.size();
    sent_->requests += last_ ? report->requests : 0;
    const grpc::Slice slice(report->message);
    buffer_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&buffer_);
  }

  SimulatedAgent* const agent_;
  const std::string run_id_;
  const Nanos interval_;
  Sent* const sent_;
  grpc::ByteBuffer buffer_;
  bool last_ = false;
  std::atomic<bool> cancelled_ = false;
  std::optional<grpc::Alarm> alarm_;
};

// All agents; the :authority of a call tells which of them is meant.
class SimulatedService final
    : public v1::AgentService::WithRawCallbackMethod_Watch<v1::AgentService::CallbackService> {
 public:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  // Agents are added before the first call.
  void Add(const std::string& address, std::unique_ptr<SimulatedAgent> agent) {
    agents_.emplace(address, std::move(agent));
  }
  const Sent& sent() const { return sent_; }

  Reactor* GetStatus(Context* context, const v1::GetStatusRequest* /*request*/,
                     v1::GetStatusResponse* response) override {
    return Answer(context, [response](SimulatedAgent* agent) {
      agent->GetStatus(response);
      return absl::OkStatus();
    });
  }
  Reactor* Prepare(Context* context, const v1::PrepareRequest* request,
                   v1::PrepareResponse* response) override {
    return Answer(context, [=](SimulatedAgent* agent) {
      const absl::StatusOr<std::string> digest = agent->Prepare(*request);
      response->set_plan_digest(digest.value_or(""));
      return digest.status();
    });
  }
  Reactor* Start(Context* context, const v1::StartRequest* request,
                 v1::StartResponse* /*response*/) override {
    return Answer(context, [request](SimulatedAgent* agent) {
      const WallTime now = SystemClock().Wall();
      const WallTime at =
          request->has_start_at() ? WallTimeFromProto(request->start_at()).value_or(now) : now;
      return agent->Start(request->run_id(), request->epoch(), at);
    });
  }
  Reactor* Reassign(Context* context, const v1::ReassignRequest* request,
                    v1::ReassignResponse* response) override {
    return Answer(context, [=](SimulatedAgent* agent) {
      response->set_epoch(request->epoch());
      absl::StatusOr<Assignment> assignment = AssignmentFromProto(request->assignment());
      return assignment.ok()
                 ? agent->Reassign(request->run_id(), request->epoch(), *std::move(assignment))
                 : assignment.status();
    });
  }
  Reactor* SetLoad(Context* context, const v1::SetLoadRequest* request,
                   v1::SetLoadResponse* response) override {
    return Answer(context, [=](SimulatedAgent* agent) {
      const absl::StatusOr<uint64_t> users = agent->SetLoad(*request);
      response->set_target_users(users.value_or(0));
      return users.status();
    });
  }
  Reactor* Pause(Context* context, const v1::PauseRequest* request,
                 v1::PauseResponse* response) override {
    response->set_state(v1::RUN_STATE_PAUSED);
    return Answer(context, [request](SimulatedAgent* agent) {
      return agent->SetPaused(request->run_id(), request->epoch(), true);
    });
  }
  Reactor* Resume(Context* context, const v1::ResumeRequest* request,
                  v1::ResumeResponse* response) override {
    response->set_state(v1::RUN_STATE_RUNNING);
    return Answer(context, [request](SimulatedAgent* agent) {
      return agent->SetPaused(request->run_id(), request->epoch(), false);
    });
  }
  Reactor* Stop(Context* context, const v1::StopRequest* request,
                v1::StopResponse* response) override {
    response->set_state(v1::RUN_STATE_FINISHED);
    return Answer(context, [request](SimulatedAgent* agent) {
      return agent->Stop(request->run_id(), request->epoch(), request->reason());
    });
  }
  Reactor* Attach(Context* context, const v1::AttachRequest* request,
                  v1::AttachResponse* response) override {
    return Answer(context, [=](SimulatedAgent* agent) {
      return agent->Attach(request->run_id(), request->epoch(), response);
    });
  }
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Watch(Context* context,
                                                    const grpc::ByteBuffer* request) override {
    v1::WatchRequest parsed;
    grpc::ByteBuffer bytes(*request);
    SimulatedAgent* agent = Find(*context);
    if (agent == nullptr ||
        !grpc::GenericDeserialize<grpc::ProtoBufferReader, v1::WatchRequest>(&bytes, &parsed)
             .ok()) {
      return nullptr;  // UNIMPLEMENTED
    }
    return std::make_unique<WatchStream>(agent, parsed, &sent_).release();
  }

 private:
  SimulatedAgent* Find(const Context& context) const {
    const grpc::string_ref authority = context.ExperimentalGetAuthority();
    const auto found = agents_.find(std::string(authority.data(), authority.size()));
    return found == agents_.end() ? nullptr : found->second.get();
  }

  template <typename Work>
  Reactor* Answer(Context* context, const Work& work) {
    Reactor* reactor = context->DefaultReactor();
    SimulatedAgent* agent = Find(*context);
    reactor->Finish(ToGrpc(agent == nullptr ? absl::UnavailableError("no agent has this address")
                                            : work(agent)));
    return reactor;
  }

  Sent sent_;
  std::unordered_map<std::string, std::unique_ptr<SimulatedAgent>> agents_;
};

struct Flags {
  size_t count = 10;
  SimulatedStats::Shape shape;
  std::string addresses_file;
};

// In one piece: whoever waits for the file never sees half of it.
bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path + ".tmp", std::ios::binary) << text;
  return std::rename((path + ".tmp").c_str(), path.c_str()) == 0;
}

int Serve(const Flags& flags) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);  // before gRPC's threads

  const SystemClock clock;
  std::vector<std::unique_ptr<SimulatedStats>> stats;
  for (size_t i = 0; i < std::min(kVariants, flags.count); ++i) {
    stats.push_back(std::make_unique<SimulatedStats>(flags.shape, i + 1));
  }
  SimulatedService service;
  std::vector<int> ports(flags.count);
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kRpcMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);  // as RpcServer
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.RegisterService(&service);
  for (int& port : ports) {
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  }
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    fmt::print(stderr, "sim_agents: cannot serve; are there enough file descriptors?\n");
    return 1;
  }
  std::string addresses;
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string address = fmt::format("127.0.0.1:{}", ports[i]);
    service.Add(address, std::make_unique<SimulatedAgent>(stats[i % stats.size()].get(), &clock));
    addresses += (i == 0 ? "" : ",") + address;
  }
  if (!WriteFile(flags.addresses_file, addresses + "\n")) {
    fmt::print(stderr, "sim_agents: cannot write '{}'\n", flags.addresses_file);
    return 1;
  }
  int signal = 0;
  sigwait(&stop, &signal);
  server->Shutdown(gpr_inf_past(GPR_CLOCK_MONOTONIC));
  server->Wait();
  fmt::print("{{\"snapshots\": {}, \"bytes\": {}, \"requests\": {}}}\n",
             service.sent().snapshots.load(), service.sent().bytes.load(),
             service.sent().requests.load());
  return 0;
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Simulated agents for scripts/bench coordinator", "sim_agents");
  app.add_option("--count", flags.count, "How many agents")->check(CLI::PositiveNumber);
  app.add_option("--names", flags.shape.names, "Request names of each");
  app.add_option("--seconds", flags.shape.seconds, "How long their figures grow");
  app.add_option("--addresses", flags.addresses_file, "Where to write their addresses")->required();
  CLI11_PARSE(app, argc, argv);
  return Serve(flags);
}

}  // namespace
}  // namespace squall

int main(int argc, char** argv) { return squall::Main(argc, argv); }
