#include "daemon/programs/serve_command.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/base/file.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/gateway/agent_registry.h"
#include "daemon/gateway/run_manager.h"
#include "daemon/gateway/run_service.h"
#include "daemon/programs/metrics_door.h"
#include "daemon/programs/plan_offers.h"
#include "daemon/programs/run_flags.h"
#include "daemon/programs/web_door.h"
#include "daemon/rpc/grpc_log.h"
#include "daemon/rpc/pem_file.h"

namespace squall {
namespace {

constexpr Nanos kStreamPatience = std::chrono::seconds(1);

std::string DefaultStore(const Environment& environment) {
  const auto state = environment.find("XDG_STATE_HOME");
  const auto home = environment.find("HOME");
  const std::string base = state != environment.end() && !state->second.empty() ? state->second
                           : home != environment.end() ? home->second + "/.local/state"
                                                       : "/var/lib";
  return base + "/squall/runs.db";
}

absl::StatusOr<Nanos> SpanOf(const std::string& text, std::string_view flag) {
  absl::StatusOr<Nanos> span = ParseTimeSpan(text);
  return span.ok() ? span
                   : absl::InvalidArgumentError(
                         fmt::format("{}: {}", flag, std::string(span.status().message())));
}

absl::StatusOr<ServerSecurity> SecurityOf(const ServeFlags& flags, const TokenGuard* guard) {
  ServerSecurity security;
  security.listen = flags.listen;
  security.insecure = flags.insecure;
  security.guard = guard;
  SQUALL_ASSIGN_OR_RETURN(security.tls_cert_pem, ReadPemFile("--tls-cert", flags.tls_cert));
  SQUALL_ASSIGN_OR_RETURN(security.tls_key_pem, ReadPemFile("--tls-key", flags.tls_key));
  SQUALL_ASSIGN_OR_RETURN(security.client_ca_pem, ReadPemFile("--client-ca", flags.client_ca));
  return security;
}

// Everything that serves, in the order in which it must be built; it dies the other way round.
struct Coordinator {
  SystemClock clock;
  std::unique_ptr<TokenGuard> guard;
  std::unique_ptr<TemporaryToken> local_token;
  std::unique_ptr<RunStore> store;
  std::unique_ptr<AgentPool> pool;
  std::unique_ptr<RunManager> runs;
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<RpcServer> local_door;  // where agents of our own join
  std::unique_ptr<TokenGuard> local_guard;
  std::unique_ptr<LocalProcesses> processes;
  std::unique_ptr<WebDoor> door;
  std::unique_ptr<MetricsDoor> metrics;  // looks at all of them
};

absl::Status AddFixedAgents(const ServeFlags& flags, AgentPool* pool) {
  for (const std::string& address : flags.agents) {
    AgentDescription agent;
    agent.name = address;
    const absl::StatusOr<PoolAgent> added = pool->Add(agent, address);
    if (!added.ok()) {
      return added.status();
    }
  }
  return absl::OkStatus();
}

absl::Status StartProcesses(const ServeFlags& flags, Coordinator* parts) {
  std::vector<RpcService> services;
  services.push_back(MakeAgentRegistry(parts->pool.get(), parts->local_guard.get()));
  ServerSecurity door;
  door.listen = "127.0.0.1:0";
  door.guard = parts->local_guard.get();
  SQUALL_ASSIGN_OR_RETURN(parts->local_door, RpcServer::Make(door, std::move(services)));
  parts->processes = std::make_unique<LocalProcesses>(flags.self);
  const uint32_t count = flags.processes > 0 ? static_cast<uint32_t>(flags.processes)
                                             : std::max(1U, std::thread::hardware_concurrency());
  return parts->processes->Start(count, fmt::format("127.0.0.1:{}", parts->local_door->port()),
                                 parts->local_token->path(), {});
}

HostAbilities Abilities() {
  HostAbilities abilities;
  abilities.program = "squall serve";
  abilities.version = SQUALL_VERSION;
  abilities.start = true;
  abilities.start_text = true;
  abilities.scale = true;
  abilities.pause = true;
  abilities.stages = true;
  abilities.stop = true;
  abilities.remove = true;
  abilities.agents = true;
  return abilities;
}

absl::Status MakeRuns(const ServeFlags& flags, const Environment& environment,
                      const std::string& store_path, EventLog* log, Coordinator* parts) {
  SQUALL_ASSIGN_OR_RETURN(parts->store, RunStore::Open(store_path));
  SQUALL_ASSIGN_OR_RETURN(ChannelSecurity channels, ReadAgentCallFlags(flags.agent_call));
  if (flags.processes != 0) {
    if (!flags.agent_call.token_file.empty() || !flags.agent_call.ca.empty()) {
      return absl::InvalidArgumentError(
          "--processes must stand without --agent-token-file and --agent-ca: agents of our own "
          "have a token that nobody else knows");
    }
    SQUALL_ASSIGN_OR_RETURN(parts->local_token, TemporaryToken::Make());
    SQUALL_ASSIGN_OR_RETURN(parts->local_guard, TokenGuard::FromFile(parts->local_token->path()));
    SQUALL_ASSIGN_OR_RETURN(channels.token, TokenGuard::FromFile(parts->local_token->path()));
  }
  const auto connect = [channels](const std::string& address) {
    return MakeChannel(address, channels);
  };
  parts->pool = std::make_unique<AgentPool>(connect, &parts->clock);
  RunManagerOptions options;
  options.connect = connect;
  options.parts.store = parts->store.get();
  options.parts.pool = parts->pool.get();
  options.parts.clock = &parts->clock;
  options.parts.owner = fmt::format("squall serve (process {})", getpid());
  options.parts.version = SQUALL_VERSION;
  SQUALL_ASSIGN_OR_RETURN(options.parts.loss_timeout,
                          SpanOf(flags.agent_timeout, "--agent-timeout"));
  options.parts.log = [log](const std::string& run_id, std::string_view text) {
    log->Info("run", {{"run_id", run_id}, {"text", std::string(text)}});
  };
  options.retention.max_runs = flags.keep_runs;
  SQUALL_ASSIGN_OR_RETURN(options.retention.max_age, SpanOf(flags.keep_for, "--keep-for"));
  options.abilities = Abilities();
  SQUALL_ASSIGN_OR_RETURN(options.plans, OfferPlans(flags.plans, flags.plan_dir, environment, log));
  parts->runs = std::make_unique<RunManager>(std::move(options));
  return parts->runs->TakeOver();
}

absl::Status OpenDoor(const ServeFlags& flags, EventLog* log, Coordinator* parts) {
  if (flags.web_listen.empty()) {
    return absl::OkStatus();
  }
  WebFlags web = flags.web;
  if (web.token_file.empty() && web.auth_file.empty()) {
    web.token_file = flags.token_file;  // the page opens no door that is closed elsewhere
  }
  absl::StatusOr<std::unique_ptr<WebDoor>> door = WebDoor::Open(
      web, "--web-listen", flags.web_listen, flags.insecure, parts->runs.get(), &parts->clock);
  if (absl::IsUnavailable(door.status())) {
    return absl::UnavailableError(
        fmt::format("{}; choose another with --web-listen, or \"\" for no page",
                    std::string(door.status().message())));
  }
  if (!door.ok()) {
    return door.status();
  }
  parts->door = *std::move(door);
  log->Info("web page", {{"url", parts->door->Url()}});
  return absl::OkStatus();
}

absl::Status OpenMetrics(const ServeFlags& flags, Coordinator* parts) {
  MetricsSource source;
  source.coordinator = [runs = parts->runs.get(), store = parts->store.get(),
                        door = parts->door.get()] {
    CoordinatorFigures figures = runs->Figures();
    figures.store_bytes = store->FileBytes();
    figures.store_writes = store->writes();
    if (door != nullptr) {
      figures.http_requests = door->visits().replies();
      figures.event_streams = door->visits().open_streams();
    }
    return figures;
  };
  if (flags.processes != 0) {
    source.load = [runs = parts->runs.get()] { return runs->Newest(); };
  }
  SQUALL_ASSIGN_OR_RETURN(
      parts->metrics,
      MetricsDoor::Open(flags.metrics_listen, flags.insecure || flags.metrics_insecure,
                        std::move(source), &parts->clock));
  return absl::OkStatus();
}

absl::Status Open(const ServeFlags& flags, const Environment& environment,
                  const std::string& store_path, EventLog* log, Coordinator* parts) {
  if (!flags.token_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(parts->guard, TokenGuard::FromFile(flags.token_file));
  }
  SQUALL_ASSIGN_OR_RETURN(const ServerSecurity security, SecurityOf(flags, parts->guard.get()));
  SQUALL_RETURN_IF_ERROR(MakeRuns(flags, environment, store_path, log, parts));
  SQUALL_RETURN_IF_ERROR(AddFixedAgents(flags, parts->pool.get()));
  std::vector<RpcService> services;
  const auto create = [runs = parts->runs.get()](RunOrder order) {
    return runs->Create(std::move(order));
  };
  services.push_back(MakeRunService(parts->runs.get(), create, parts->guard.get()));
  services.push_back(MakeAgentRegistry(parts->pool.get(), parts->guard.get()));
  SQUALL_ASSIGN_OR_RETURN(parts->server, RpcServer::Make(security, std::move(services)));
  if (flags.processes != 0) {
    SQUALL_RETURN_IF_ERROR(StartProcesses(flags, parts));
  }
  SQUALL_RETURN_IF_ERROR(OpenDoor(flags, log, parts));
  SQUALL_RETURN_IF_ERROR(OpenMetrics(flags, parts));
  if (!flags.port_file.empty()) {
    SQUALL_RETURN_IF_ERROR(
        WriteFileAtomically(flags.port_file, fmt::format("{}\n", parts->server->port())));
  }
  log->Info("serving",
            {{"version", SQUALL_VERSION},
             {"listen", flags.listen},
             {"port", std::to_string(parts->server->port())},
             {"metrics_port", std::to_string(parts->metrics ? parts->metrics->port() : 0)},
             {"store", store_path},
             {"tls", security.tls_cert_pem.empty() ? "no" : "yes"},
             {"token", parts->guard == nullptr ? "no" : "yes"}});
  return absl::OkStatus();
}

void WaitForSignal(StopSignals* signals, EventLog* log) {
  std::mutex mutex;
  std::condition_variable woken;
  bool told = false;
  signals->Handle([&](int /*count*/) {
    const std::lock_guard<std::mutex> lock(mutex);
    told = true;
    woken.notify_all();
  });
  {
    std::unique_lock<std::mutex> lock(mutex);
    woken.wait(lock, [&] { return told; });
  }
  log->Info("shutting down");
  signals->Handle(nullptr);
}

int Serve(const ServeFlags& flags, const Environment& environment, StopSignals* signals,
          EventLog* log) {
  const std::string store_path = flags.store.empty() ? DefaultStore(environment) : flags.store;
  Coordinator parts;
  if (const absl::Status status = Open(flags, environment, store_path, log, &parts); !status.ok()) {
    log->Error("cannot start", {{"reason", std::string(status.message())}});
    return static_cast<int>(ExitCode::kUsage);
  }
  WaitForSignal(signals, log);
  parts.metrics = nullptr;
  parts.door = nullptr;
  parts.server->SetServing(false);
  if (store_path == ":memory:" || flags.processes != 0) {
    parts.runs->StopAll("squall serve is shutting down");
  }
  parts.server->Shutdown(kStreamPatience);
  log->Info("stopped");
  return 0;
}

}  // namespace

void DefineServeFlags(CLI::App* command, ServeFlags* flags) {
  command
      ->add_option("--listen", flags->listen, "ADDRESS:PORT for gRPC: RunService, joining agents")
      ->capture_default_str();
  command->add_option("--store", flags->store,
                      "Where runs are kept: a file, or :memory: (default: squall/runs.db in\n"
                      "$XDG_STATE_HOME or ~/.local/state)");
  auto* cert = command->add_option("--tls-cert", flags->tls_cert, "TLS: certificate chain, PEM");
  auto* key = command->add_option("--tls-key", flags->tls_key, "TLS: its key");
  cert->needs(key);
  key->needs(cert);
  command
      ->add_option("--client-ca", flags->client_ca,
                   "TLS: callers must show a certificate of this CA")
      ->needs(cert);
  command->add_option("--token-file", flags->token_file,
                      "Callers and joining agents must send this token");
  command->add_flag("--insecure", flags->insecure,
                    "Allow addresses that other machines reach without TLS and a token");
  command->add_option("--agents", flags->agents, "squalld that are there without joining")
      ->delimiter(',');
  command
      ->add_option("--processes", flags->processes,
                   "Start so many squalld of our own; -1: one for each core")
      ->check(CLI::Range(-1, 1'000));
  command
      ->add_option("--agent-timeout", flags->agent_timeout,
                   "An agent that is silent for so long is lost, and others take over")
      ->capture_default_str();
  command->add_option("--keep-runs", flags->keep_runs, "How many runs are kept; 0: all")
      ->capture_default_str();
  command->add_option("--keep-for", flags->keep_for, "How long finished runs are kept; 0: for ever")
      ->capture_default_str();
  command->add_option("--port-file", flags->port_file, "Write the port to this file once serving");
  command
      ->add_option(
          "--web-listen", flags->web_listen,
          "ADDRESS:PORT of the web page and its API; \"\": none. Where no --web-… file is\n"
          "given it asks for the token of --token-file")
      ->capture_default_str();
  AddWebFlags(command, &flags->web, WebFlagSet::kServe);
  AddMetricsFlags(command, &flags->metrics_listen, &flags->metrics_insecure);
  command->add_option("--plan", flags->plans, "A plan that the page offers; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--plan-dir", flags->plan_dir, "It offers the plans in this directory, too");
  command
      ->add_option("--log-format", flags->log.format, "Of the log on stderr; text is the default")
      ->transform(CLI::CheckedTransformer(LogFormatNames()))
      ->option_text("text|json");
  command->add_option("--log-level", flags->log.level, "What is logged; info is the default")
      ->transform(CLI::CheckedTransformer(LogLevelNames()))
      ->option_text("debug|info|warning|error");
}

int ServeCommand(const ServeFlags& flags, const Environment& environment, StopSignals* signals) {
  EventLog log(flags.log.format, flags.log.level, &std::cerr);
  SendGrpcLogTo([&log](GrpcSeverity severity, std::string_view text) {
    log.Log(severity == GrpcSeverity::kError ? LogLevel::kWarning : LogLevel::kDebug, "grpc",
            {{"text", std::string(text)}});
  });
  const int code = Serve(flags, environment, signals, &log);
  SendGrpcLogTo(nullptr);
  return code;
}

}  // namespace squall
