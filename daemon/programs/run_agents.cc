#include "daemon/programs/run_agents.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "daemon/agent/agent_service.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/gateway/agent_registry.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/otel/otlp.h"
#include "daemon/programs/agent_hall.h"
#include "daemon/programs/once_trace.h"
#include "daemon/programs/run_output.h"
#include "daemon/protocol/http/http_protocol.h"
#include "daemon/rpc/pem_file.h"
#include "daemon/sinks/sink_maker.h"

namespace squall {
namespace {

constexpr Nanos kLocalInterval = std::chrono::milliseconds(200);
constexpr Nanos kWaitDefault = std::chrono::seconds(60);

absl::StatusOr<Nanos> WaitOf(const RunFlags& flags) {
  if (flags.expect_agents_max_wait.empty()) {
    return kWaitDefault;
  }
  absl::StatusOr<Nanos> wait = ParseTimeSpan(flags.expect_agents_max_wait);
  if (!wait.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--expect-agents-max-wait: {}", std::string(wait.status().message())));
  }
  // As in Locust: 0 waits for ever.
  return *wait == Nanos(0) ? Nanos(std::chrono::hours(24 * 365)) : *wait;
}

bool WantsHall(const RunFlags& flags) { return flags.expect_agents > 0 || flags.processes != 0; }

size_t CountOf(const RunFlags& flags) {
  if (flags.processes == 0) {
    return flags.expect_agents;
  }
  return flags.processes > 0 ? static_cast<size_t>(flags.processes)
                             : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

// The agent inside this process. Its parts die in the right order.
struct RunAgents::Local {
  explicit Local(TargetAllowList allowed) : protocol({std::move(allowed)}) {}
  const HttpProtocol protocol;
  std::unique_ptr<OnceTrace> trace;
  std::unique_ptr<Agent> agent;
  std::unique_ptr<RpcServer> server;
};

// Where agents join.
struct RunAgents::Hall {
  std::string listen;
  std::unique_ptr<TemporaryToken> token;
  std::unique_ptr<TokenGuard> guard;
  std::unique_ptr<AgentPool> pool;
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<LocalProcesses> processes;  // ends first
};

RunAgents::RunAgents() = default;
RunAgents::~RunAgents() = default;

std::optional<int> RunAgents::Find(const RunFlags& flags, ScriptEngineMaker scripts,
                                   const Clock* clock, bool colour, StopSignals* signals,
                                   CoordinatorOptions* options, std::unique_ptr<RunAgents>* found) {
  std::unique_ptr<RunAgents> agents(new RunAgents());
  absl::Status status;
  if (!flags.agents.empty()) {
    status = agents->MakeRemote(flags);
  } else if (WantsHall(flags)) {
    status = agents->MakeHall(flags, clock);
    if (status.ok()) {
      status = agents->WaitForAgents(flags, options->run_id, signals);
    }
  } else {
    status = agents->MakeLocal(flags, std::move(scripts), clock, colour);
    options->watch_interval = kLocalInterval;
    options->start_lead = std::chrono::milliseconds(20);  // it hears of the start before it
    options->loss_timeout = std::chrono::hours(24);       // it cannot be lost without us
  }
  if (!status.ok()) {
    fmt::print(stderr, "squall: {}\n", std::string(status.message()));
    return ExitOf(status);
  }
  *found = std::move(agents);
  return std::nullopt;
}

absl::StatusOr<std::unique_ptr<RunAgents>> RunAgents::Open(const RunFlags& flags,
                                                           ScriptEngineMaker scripts,
                                                           const Clock* clock) {
  std::unique_ptr<RunAgents> agents(new RunAgents());
  SQUALL_ASSIGN_OR_RETURN(agents->patience_, WaitOf(flags));
  if (flags.agents.empty() && WantsHall(flags)) {
    SQUALL_RETURN_IF_ERROR(agents->MakeHall(flags, clock));
    agents->wanted_ = CountOf(flags);
    agents->pool_ = agents->hall_->pool.get();
    return agents;
  }
  if (!flags.agents.empty()) {
    SQUALL_RETURN_IF_ERROR(agents->MakeRemote(flags));
  } else {
    SQUALL_RETURN_IF_ERROR(agents->MakeLocal(flags, std::move(scripts), clock, /*colour=*/false));
  }
  SQUALL_RETURN_IF_ERROR(agents->MakePool(clock));
  return agents;
}

int RunAgents::ExitOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return static_cast<int>(ExitCode::kInvalid);
    case absl::StatusCode::kDeadlineExceeded:
      return static_cast<int>(ExitCode::kAgentsLost);
    case absl::StatusCode::kCancelled:
      return static_cast<int>(ExitCode::kInterrupted);
    default:  // a flag that cannot be, a port in use, a file that is not there
      return static_cast<int>(ExitCode::kUsage);
  }
}

// Of targets whose channels are there already.
absl::Status RunAgents::MakePool(const Clock* clock) {
  wanted_ = targets_.size();
  const auto connect =
      [targets =
           targets_](const std::string& address) -> absl::StatusOr<std::shared_ptr<grpc::Channel>> {
    for (const AgentTarget& target : targets) {
      if (target.name == address) {
        return target.channel;
      }
    }
    return absl::NotFoundError(fmt::format("there is no agent '{}'", address));
  };
  fixed_ = std::make_unique<AgentPool>(connect, clock);
  pool_ = fixed_.get();
  for (const AgentTarget& target : targets_) {
    AgentDescription agent;
    agent.name = target.name;
    agent.version = local_ == nullptr ? "" : SQUALL_VERSION;
    SQUALL_RETURN_IF_ERROR(pool_->Add(std::move(agent), target.name).status());
  }
  return absl::OkStatus();
}

std::vector<OutputFigures> RunAgents::OutputsInside() const {
  return local_ == nullptr ? std::vector<OutputFigures>() : local_->agent->output_figures();
}

std::string RunAgents::JoinAddress() const {
  return hall_ == nullptr || hall_->processes != nullptr
             ? ""
             : Reachable(hall_->listen, hall_->server->port());
}

std::string RunAgents::Ended() const {
  return hall_ == nullptr || hall_->processes == nullptr ? "" : hall_->processes->Ended();
}

absl::Status RunAgents::MakeLocal(const RunFlags& flags, ScriptEngineMaker scripts,
                                  const Clock* clock, bool colour) {
  absl::StatusOr<TargetAllowList> allowed = ParseTargetAllowList(flags.allow_targets);
  if (!allowed.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--allow-target {}", std::string(allowed.status().message())));
  }
  local_ = std::make_unique<Local>(*std::move(allowed));
  AgentConfig config;
  config.shards =
      flags.shards > 0 ? flags.shards : std::max(1U, std::thread::hardware_concurrency());
  if (flags.once) {
    local_->trace = std::make_unique<OnceTrace>(colour);
    config.trace = local_->trace.get();
  }
  config.log = [](std::string_view text) { fmt::print(stderr, "log: {}\n", text); };
  config.make_script_engine = std::move(scripts);
  SinkOptions sinks;
  sinks.version = SQUALL_VERSION;
  sinks.process_started_at = clock->Wall();
  config.make_span_export =
      OtlpSpanExportMaker(flags.otel.environment.sending, [](std::string_view text) { Say(text); });
  sinks.otlp = OtlpMetricSinkMaker(flags.otel.environment.sending);
  config.make_metric_sink = MakeSinks(std::move(sinks));
  config.on_event = [](const AgentEvent& event) {
    // Too late for the report; the rest is among the run's warnings.
    if (event.what == "last report not sent") {
      Say(fmt::format("{}: {}", event.what, event.detail));
    }
  };
  local_->agent = std::make_unique<Agent>(config, &local_->protocol, clock);
  std::vector<RpcService> services;
  services.push_back(MakeAgentService(local_->agent.get(), {SQUALL_VERSION, nullptr}));
  SQUALL_ASSIGN_OR_RETURN(local_->server, RpcServer::Make({}, std::move(services)));
  targets_.push_back({"local", local_->server->InProcessChannel(), ""});
  return absl::OkStatus();
}

absl::Status RunAgents::MakeRemote(const RunFlags& flags) {
  SQUALL_ASSIGN_OR_RETURN(const ChannelSecurity security, ReadAgentCallFlags(flags.agent_call));
  for (const std::string& address : flags.agents) {
    const auto same = [&](const AgentTarget& target) { return target.name == address; };
    if (std::any_of(targets_.begin(), targets_.end(), same)) {
      return absl::InvalidArgumentError(fmt::format("--agents must name '{}' once", address));
    }
    SQUALL_ASSIGN_OR_RETURN(auto channel, MakeChannel(address, security));
    targets_.push_back({address, std::move(channel), address});
  }
  return absl::OkStatus();
}

absl::Status RunAgents::MakeHall(const RunFlags& flags, const Clock* clock) {
  hall_ = std::make_unique<Hall>();
  AgentCallFlags call = flags.agent_call;
  ServerSecurity security;
  security.listen = flags.join_listen;
  hall_->listen = flags.join_listen;
  security.insecure = flags.insecure;
  if (flags.processes != 0) {
    // Ours alone, on this machine.
    SQUALL_ASSIGN_OR_RETURN(hall_->token, TemporaryToken::Make());
    call = AgentCallFlags();
    call.token_file = hall_->token->path();
    security.listen = "127.0.0.1:0";
  } else {
    SQUALL_ASSIGN_OR_RETURN(security.tls_cert_pem,
                            ReadPemFile("--join-tls-cert", flags.join_tls_cert));
    SQUALL_ASSIGN_OR_RETURN(security.tls_key_pem,
                            ReadPemFile("--join-tls-key", flags.join_tls_key));
    SQUALL_ASSIGN_OR_RETURN(security.client_ca_pem,
                            ReadPemFile("--join-client-ca", flags.join_client_ca));
  }
  if (!call.token_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(hall_->guard, TokenGuard::FromFile(call.token_file));
    security.guard = hall_->guard.get();
  }
  SQUALL_ASSIGN_OR_RETURN(ChannelSecurity channels, ReadAgentCallFlags(call));
  hall_->pool = std::make_unique<AgentPool>(
      [channels](const std::string& address) { return MakeChannel(address, channels); }, clock);
  std::vector<RpcService> services;
  services.push_back(MakeAgentRegistry(hall_->pool.get(), hall_->guard.get()));
  absl::StatusOr<std::unique_ptr<RpcServer>> server =
      RpcServer::Make(security, std::move(services));
  if (!server.ok()) {
    return absl::Status(server.status().code(),
                        fmt::format("--join-listen: {}", std::string(server.status().message())));
  }
  hall_->server = *std::move(server);
  if (flags.processes == 0) {
    return absl::OkStatus();
  }
  // Our own plan names the outputs, and --allow-target is about load.
  std::vector<std::string> more = {"--allow-output", "any", "--no-otel-defaults"};
  for (const std::string& target : flags.allow_targets) {
    more.push_back("--allow-target");
    more.push_back(target);
  }
  if (flags.script_memory_max.has_value()) {
    more.push_back("--script-memory-max");
    more.push_back(std::to_string(*flags.script_memory_max));
  }
  hall_->processes = std::make_unique<LocalProcesses>(flags.self);
  return hall_->processes->Start(static_cast<uint32_t>(CountOf(flags)),
                                 fmt::format("127.0.0.1:{}", hall_->server->port()),
                                 call.token_file, more);
}

absl::Status RunAgents::WaitForAgents(const RunFlags& flags, const std::string& run_id,
                                      StopSignals* signals) {
  SQUALL_ASSIGN_OR_RETURN(const Nanos wait, WaitOf(flags));
  const size_t count = CountOf(flags);
  signals->Handle([this, &run_id](int /*count*/) { hall_->pool->Cancel(run_id); });
  const auto on_wait = [&](size_t present) {
    if (flags.processes == 0 && !flags.quiet) {
      fmt::print(stderr, "waiting for agents: {} of {} have joined at {}\n", present, count,
                 Reachable(flags.join_listen, hall_->server->port()));
    }
  };
  const auto agents = hall_->pool->Claim(run_id, {}, count, wait, on_wait);
  signals->Handle(nullptr);
  if (!agents.ok()) {
    const std::string ended = hall_->processes == nullptr ? "" : hall_->processes->Ended();
    return ended.empty() ? agents.status() : absl::UnavailableError(ended);
  }
  for (const PoolAgent& agent : *agents) {
    targets_.push_back(agent.Target());
  }
  return absl::OkStatus();
}

void RunAgents::SendLateTo(const std::string& run_id, RunCoordinator* coordinator) {
  if (hall_ == nullptr) {
    return;
  }
  if (coordinator == nullptr) {
    hall_->pool->OnJoin(nullptr);
    return;
  }
  const auto send = [this, run_id, coordinator](const PoolAgent& agent) {
    // One whose connection broke comes again, and has its part already.
    if (hall_->pool->Take(agent.address, run_id)) {
      coordinator->Join(agent.Target());
    }
  };
  hall_->pool->OnJoin(send);
  for (const PoolAgent& agent : hall_->pool->List()) {
    send(agent);  // came between the wait and now
  }
}

}  // namespace squall
