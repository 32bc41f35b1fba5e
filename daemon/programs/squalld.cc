// squalld: the agent daemon. It holds at most one run and puts its share of the load on the target;
// a coordinator (`squall run --agents`) or any gRPC client tells it what to do.
//
// Exit codes: 0 stopped by SIGTERM or SIGINT after the run was drained, 1 could not start (port in
// use, unreadable file), 2 usage, 130 a second signal came before the drain or the last reports to
// outputs were over.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <signal.h>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "daemon/agent/agent.h"
#include "daemon/agent/agent_service.h"
#include "daemon/base/clock.h"
#include "daemon/base/file.h"
#include "daemon/base/machine_name.h"
#include "daemon/base/process_usage.h"
#include "daemon/base/proxy_environment.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/stop_signals.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/net/health_probe.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/net/token_guard.h"
#include "daemon/otel/otlp.h"
#include "daemon/programs/join_loop.h"
#include "daemon/programs/otel_flags.h"
#include "daemon/programs/output_gate.h"
#include "daemon/programs/script_engines.h"
#include "daemon/programs/sibling.h"
#include "daemon/protocol/http/http_protocol.h"
#include "daemon/rpc/channel.h"
#include "daemon/rpc/grpc_log.h"
#include "daemon/rpc/pem_file.h"
#include "daemon/rpc/rpc_server.h"
#include "daemon/sinks/sink_maker.h"
#include "daemon/telemetry/event_log.h"
#include "daemon/telemetry/http_endpoint.h"
#include "daemon/telemetry/run_collector.h"

extern char** environ;

namespace squall {
namespace {

constexpr int kExitCannotStart = 1;
constexpr int kExitUsage = 2;
constexpr int kExitInterrupted = 130;
// For Watch streams to carry the last snapshot; they look for the end twice a second.
constexpr Nanos kStreamPatience = std::chrono::seconds(3);
constexpr timespec kDrainPoll = {0, 50'000'000};

constexpr const char* kFooter = R"(Examples:
  squalld                                     an agent for this machine only
  squalld --listen 127.0.0.1:0 --port-file p  any free port, written to the file p
  squalld --listen 0.0.0.0:7071 --tls-cert agent.pem --tls-key agent.key --token-file token
  squalld --listen 0.0.0.0:7071 --tls-cert agent.pem --tls-key agent.key --client-ca ca.pem
  squalld --allow-target '10.0.0.0/8,*.staging.example.com:443'
gRPC: squall.v1.AgentService, grpc.health.v1.Health and server reflection.
HTTP: /metrics (Prometheus), /healthz, /readyz (503 while shutting down).
Exit codes: 0 stopped by SIGTERM or SIGINT, after the run has been drained; 1 could not start (port
  in use, unreadable file); 2 usage; 130 a second signal cut the drain short.)";

// The command line as typed.
struct Flags {
  std::string listen = "127.0.0.1:7071";
  std::string metrics_listen = HttpEndpointOptions().listen;
  uint32_t shards = std::max(1U, std::thread::hardware_concurrency());
  std::string name;
  std::string token_file;
  std::string tls_cert;
  std::string tls_key;
  std::string client_ca;
  std::string plan_directory;
  std::optional<uint64_t> script_memory_max;
  bool insecure = false;
  bool metrics_insecure = false;
  std::vector<std::string> allow_targets;
  std::vector<std::string> allow_outputs;
  OtelFlags otel;
  bool no_otel_defaults = false;
  LogFlags log;
  std::string port_file;
  std::string join;  // host:port of a coordinator
  std::string advertise;
  std::string join_token_file;
  std::string join_ca;
  std::string join_cert;
  std::string join_key;
  std::string health;  // the metrics address of another squalld
};

std::string DefaultName() {
  const std::string machine = MachineName();
  return machine.empty() ? "squalld" : machine;
}

void DefineServingFlags(CLI::App* app, Flags* flags) {
  app->add_option("--listen", flags->listen, "ADDRESS:PORT for gRPC; port 0: the kernel picks one")
      ->capture_default_str();
  app->add_option("--metrics-listen", flags->metrics_listen,
                  "ADDRESS:PORT for /metrics, /healthz and /readyz; \"\" turns them off")
      ->capture_default_str();
  app->add_option("--shards", flags->shards, "Event loops; default: one for each core")
      ->check(CLI::Range(1, 1024));
  app->add_option("--name", flags->name, "What logs and reports call this agent; default: the host")
      ->check([](const std::string& name) {
        return name.size() <= 128 ? "" : "must be at most 128 characters";
      });
  app->add_option("--token-file", flags->token_file,
                  "Callers must send the token in this file; read again when it changes");
  auto* cert = app->add_option("--tls-cert", flags->tls_cert, "TLS: certificate chain, PEM file");
  auto* key = app->add_option("--tls-key", flags->tls_key, "TLS: private key, PEM file");
  cert->needs(key);
  key->needs(cert);
  app->add_option("--client-ca", flags->client_ca,
                  "TLS: callers must show a certificate signed by this CA, PEM file")
      ->needs(cert);
  app->add_flag("--insecure", flags->insecure,
                "Allow addresses that other machines can reach without TLS and a token");
  app->add_flag("--metrics-insecure", flags->metrics_insecure,
                "Allow the same for --metrics-listen alone");
}

void DefineJoinFlags(CLI::App* app, Flags* flags) {
  auto* join = app->add_option("--join", flags->join,
                               "host:port of a coordinator (squall serve, squall run "
                               "--expect-agents)\nto be at the disposal of");
  app->add_option("--advertise", flags->advertise,
                  "host:port where that coordinator calls us; default: the listening address,\n"
                  "or the one that it sees")
      ->needs(join);
  app->add_option("--join-token-file", flags->join_token_file, "The coordinator's bearer token")
      ->needs(join);
  app->add_option("--join-ca", flags->join_ca, "CA (PEM) of the coordinator's certificate")
      ->needs(join);
  auto* join_cert = app->add_option("--join-cert", flags->join_cert, "What we show it (mTLS)");
  auto* join_key = app->add_option("--join-key", flags->join_key, "Its key");
  join_cert->needs(join_key);
  join_key->needs(join_cert);
}

// In the order of --help.
void DefineFlags(CLI::App* app, Flags* flags) {
  app->footer(kFooter);
  app->set_version_flag("--version", std::string("squalld ") + SQUALL_VERSION);
  DefineServingFlags(app, flags);
  app->add_option("--allow-target", flags->allow_targets,
                  "Put load on nothing else: addresses, CIDR blocks, hosts, each with or without\n"
                  "a port; may be repeated")
      ->allow_extra_args(false)
      ->option_text("TARGET,...");
  app->add_option("--allow-output", flags->allow_outputs,
                  "Let plans send spans and figures nowhere else: any, none, or as above; may be\n"
                  "repeated. Default: what --allow-target allows, and without it any")
      ->allow_extra_args(false)
      ->option_text("TARGET,...");
  AddOtelFlags(app, &flags->otel);
  app->add_flag("--no-otel-defaults", flags->no_otel_defaults,
                "Heed no endpoint of OTEL_*: where plans ask for nothing, nothing is sent");
  app->add_option("--plan-directory", flags->plan_directory,
                  "Let callers read the files below it: plans that come with an image or a volume");
  app->add_option("--log-format", flags->log.format, "Of the log on stderr; text is the default")
      ->transform(CLI::CheckedTransformer(LogFormatNames()))
      ->option_text("text|json");
  app->add_option("--log-level", flags->log.level, "What is logged; info is the default")
      ->transform(CLI::CheckedTransformer(LogLevelNames()))
      ->option_text("debug|info|warning|error");
  DefineJoinFlags(app, flags);
  app->add_option("--script-memory-max", flags->script_memory_max,
                  "Kill a locustfile's process that uses more memory: 2GB (default: no limit)")
      ->transform(CLI::AsSizeValue(true).description("SIZE"));
  app->add_option("--port-file", flags->port_file, "Write the gRPC port to this file once serving");
  app->add_option("--health", flags->health,
                  "Do not serve: ask the squalld whose --metrics-listen is ADDRESS:PORT whether\n"
                  "it is well (exit code 0) or not (1), for health checks");
}

absl::Status Named(std::string_view flag, const absl::Status& status) {
  return absl::Status(status.code(), fmt::format("{} {}", flag, std::string(status.message())));
}

// `squall run --worker` is this program, with a --listen that nobody typed: the coordinator calls
// whoever joins it.
absl::Status ForWorkers(const Flags& flags, const absl::Status& status) {
  if (flags.join.empty() || !absl::IsFailedPrecondition(status)) {
    return status;
  }
  return absl::Status(status.code(),
                      fmt::format("{} (of squall run --worker: --join-tls-cert, --join-tls-key and "
                                  "one of --agent-token-file and --join-client-ca, or --insecure)",
                                  std::string(status.message())));
}

absl::StatusOr<ServerSecurity> ReadSecurity(const Flags& flags, const TokenGuard* guard) {
  ServerSecurity security;
  security.listen = flags.listen;
  security.insecure = flags.insecure;
  security.guard = guard;
  SQUALL_ASSIGN_OR_RETURN(security.tls_cert_pem, ReadPemFile("--tls-cert", flags.tls_cert));
  SQUALL_ASSIGN_OR_RETURN(security.tls_key_pem, ReadPemFile("--tls-key", flags.tls_key));
  SQUALL_ASSIGN_OR_RETURN(security.client_ca_pem, ReadPemFile("--client-ca", flags.client_ca));
  return security;
}

std::map<std::string, std::string> ReadEnvironment() {
  std::map<std::string, std::string> environment;
  for (char** item = environ; *item != nullptr; ++item) {
    const std::string_view text = *item;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

absl::StatusOr<AgentConfig> MakeAgentConfig(const Flags& flags, OutputGate gate, const Clock* clock,
                                            EventLog* log) {
  AgentConfig config;
  SQUALL_ASSIGN_OR_RETURN(const OtelEnvironment otel,
                          flags.no_otel_defaults ? ReadOtel(ReadEnvironment())
                                                 : ReadOtel(flags.otel, ReadEnvironment()));
  for (const std::string& warning : otel.warnings) {
    log->Log(LogLevel::kWarning, warning);
  }
  Outputs own;
  SQUALL_RETURN_IF_ERROR(
      ApplyOtel(flags.otel, flags.no_otel_defaults ? OtelEnvironment() : otel, &own));
  gate.Trust(own);
  config.make_span_export = gate.Guard(OtlpSpanExportMaker(
      otel.sending, [log](std::string_view text) { log->Log(LogLevel::kWarning, text); }));
  const bool wanted = !own.metrics.empty() || (own.traces.has_value() && own.traces->sample > 0);
  if (!config.make_span_export && wanted) {
    log->Log(LogLevel::kWarning,
             "built without OpenTelemetry: what OTEL_* and --otel-* ask for is "
             "not sent");
    own = Outputs();
  }
  config.metrics = own.metrics;
  config.traces = own.traces;
  SinkOptions sinks;
  sinks.version = SQUALL_VERSION;
  sinks.process_started_at = clock->Wall();
  sinks.check_of = [gate](std::string_view to) { return gate.CheckOf(to); };
  sinks.otlp = OtlpMetricSinkMaker(otel.sending);
  config.make_metric_sink = gate.Guard(MakeSinks(std::move(sinks)));
  ScriptEngineOptions scripts;
  scripts.program = SiblingPath("", "squall-python");
  scripts.memory_bytes_max = flags.script_memory_max;
  scripts.allow_targets = flags.allow_targets;
  config.make_script_engine = gate.Guard(StartScriptEngines(std::move(scripts), clock));
  config.name = flags.name.empty() ? DefaultName() : flags.name;
  config.shards = flags.shards;
  config.log = [log](std::string_view text) {
    log->Info("plan says", {{"text", std::string(text)}});
  };
  config.on_event = [log](const AgentEvent& event) {
    // No report tells of this one.
    const bool lost = event.what == "last report not sent";
    log->Log(lost ? LogLevel::kWarning : LogLevel::kInfo, event.what,
             {{"run_id", event.run_id}, {"detail", event.detail}});
  };
  return config;
}

// Where a coordinator calls us.
std::string AdvertisedAddress(const Flags& flags, int port) {
  if (!flags.advertise.empty()) {
    return flags.advertise;
  }
  return fmt::format("{}:{}", flags.listen.substr(0, flags.listen.rfind(':')), port);
}

absl::StatusOr<std::unique_ptr<JoinLoop>> Join(const Flags& flags, const AgentConfig& config,
                                               int port, EventLog* log) {
  ChannelSecurity security;
  SQUALL_ASSIGN_OR_RETURN(security.ca_pem, ReadPemFile("--join-ca", flags.join_ca));
  SQUALL_ASSIGN_OR_RETURN(security.cert_pem, ReadPemFile("--join-cert", flags.join_cert));
  SQUALL_ASSIGN_OR_RETURN(security.key_pem, ReadPemFile("--join-key", flags.join_key));
  if (!flags.join_token_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(security.token, TokenGuard::FromFile(flags.join_token_file));
  }
  SQUALL_ASSIGN_OR_RETURN(const auto channel, MakeChannel(flags.join, security));
  JoinOptions options;
  options.agent.name = config.name;
  options.agent.version = SQUALL_VERSION;
  options.agent.shards = config.shards;
  options.agent.cpu_count = static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_ONLN));
  options.address = AdvertisedAddress(flags, port);
  options.coordinator = flags.join;
  options.log = [log](bool joined, std::string_view text) {
    log->Log(joined ? LogLevel::kInfo : LogLevel::kWarning, text);
  };
  return std::make_unique<JoinLoop>(channel, std::move(options));
}

// A second signal ends the process here and now: whoever sent it does not want to wait. Returns
// after a moment when none has come.
void HeedSecondSignal(const sigset_t& signals, EventLog* log) {
  if (sigtimedwait(&signals, nullptr, &kDrainPoll) > 0) {
    log->Log(LogLevel::kWarning, "stopped at once by a second signal");
    _exit(kExitInterrupted);
  }
}

// Until the run is over, and from then on in a thread, which `signals` and `log` must outlive: the
// last reports to outputs may take seconds more.
std::jthread WaitForDrain(const Agent& agent, const sigset_t& signals, EventLog* log) {
  while (!agent.Idle()) {
    HeedSecondSignal(signals, log);
  }
  return std::jthread([&signals, log](const std::stop_token& closed) {
    while (!closed.stop_requested()) {
      HeedSecondSignal(signals, log);
    }
  });
}

// By the label of the metric.
std::map<std::string, uint64_t> RefusedCalls(const Agent& agent, uint64_t failed_handshakes) {
  const RefusedCounts counts = agent.refused();
  return {{"stale_epoch", counts.stale_epoch},
          {"unknown_run", counts.unknown_run},
          {"busy", counts.busy},
          {"unauthenticated", counts.unauthenticated},
          {"tls_handshake", failed_handshakes}};
}

// Of the page; `agent` and `failed_handshakes` must outlive it.
RunCollector::Source MakeSource(Agent* agent, const std::atomic<uint64_t>* failed_handshakes) {
  RunCollector::Source source;
  source.run = [agent] {
    HeldRun held = agent->Look();
    return ShownRun{std::move(held.figures), std::move(held.test), held.stage};
  };
  source.process = ReadProcessUsage;
  source.refused_calls = [agent, failed_handshakes] {
    return RefusedCalls(*agent, *failed_handshakes);
  };
  source.outputs = [agent] {
    std::vector<OutputCount> counts;
    for (const OutputFigures& figures : agent->output_figures()) {
      counts.push_back({std::string(figures.output), figures.sent, figures.failed});
    }
    return counts;
  };
  return source;
}

// `failed_handshakes` is what gRPC's log tells; it counts up all the while.
absl::Status Serve(const Flags& flags, const sigset_t& signals,
                   const std::atomic<uint64_t>* failed_handshakes, EventLog* log) {
  const SystemClock clock;
  const absl::StatusOr<TargetAllowList> allowed = ParseTargetAllowList(flags.allow_targets);
  if (!allowed.ok()) {
    return Named("--allow-target", allowed.status());
  }
  SQUALL_ASSIGN_OR_RETURN(const OutputGate gate,
                          OutputGate::Make(flags.allow_outputs, flags.allow_targets));
  const HttpProtocol protocol({*allowed});
  std::unique_ptr<TokenGuard> guard;
  if (!flags.token_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(guard, TokenGuard::FromFile(flags.token_file));
  }
  SQUALL_ASSIGN_OR_RETURN(const ServerSecurity security, ReadSecurity(flags, guard.get()));
  const uint64_t fd_limit = RaiseDescriptorLimit();

  SQUALL_ASSIGN_OR_RETURN(AgentConfig config, MakeAgentConfig(flags, gate, &clock, log));
  std::jthread closing;  // joined last: the agent goes when its outputs have the last reports
  Agent agent(std::move(config), &protocol, &clock);
  const RunCollector collector({SQUALL_VERSION, clock.Wall()},
                               MakeSource(&agent, failed_handshakes));
  std::unique_ptr<HttpEndpoint> endpoint;
  if (!flags.metrics_listen.empty()) {
    HttpEndpointOptions http;
    http.listen = flags.metrics_listen;
    http.insecure = flags.insecure || flags.metrics_insecure;
    auto started = HttpEndpoint::Start(
        http, {[&collector](MetricFormat format) { return collector.Page(format); },
               [&agent] { return !agent.draining(); }});
    if (!started.ok()) {
      return Named("--metrics-listen", started.status());
    }
    endpoint = *std::move(started);
  }
  std::vector<RpcService> services;
  services.push_back(MakeAgentService(&agent, {SQUALL_VERSION, guard.get(), flags.plan_directory}));
  const absl::StatusOr<std::unique_ptr<RpcServer>> server =
      RpcServer::Make(security, std::move(services));
  if (!server.ok()) {
    return ForWorkers(flags, server.status());
  }
  if (!flags.port_file.empty()) {
    SQUALL_RETURN_IF_ERROR(
        WriteFlagFile("--port-file", flags.port_file, fmt::format("{}\n", (*server)->port())));
  }
  log->Info("serving", {{"version", SQUALL_VERSION},
                        {"name", agent.config().name},
                        {"listen", flags.listen},
                        {"port", std::to_string((*server)->port())},
                        {"metrics_port", std::to_string(endpoint ? endpoint->port() : 0)},
                        {"tls", security.tls_cert_pem.empty() ? "no" : "yes"},
                        {"token", guard == nullptr ? "no" : "yes"},
                        {"allowed", allowed->ToString()},
                        {"shards", std::to_string(flags.shards)},
                        {"fd_limit", std::to_string(fd_limit)}});

  std::unique_ptr<JoinLoop> join;
  if (!flags.join.empty()) {
    SQUALL_ASSIGN_OR_RETURN(join, Join(flags, agent.config(), (*server)->port(), log));
  }
  int number = 0;
  sigwait(&signals, &number);
  join.reset();
  log->Info("shutting down", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
  (*server)->SetServing(false);
  agent.Drain("agent is shutting down");
  closing = WaitForDrain(agent, signals, log);
  (*server)->Shutdown(kStreamPatience);
  log->Info("stopped");
  return absl::OkStatus();
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:     // an address or a certificate that is none
    case absl::StatusCode::kFailedPrecondition:  // an open port without TLS and a token
      return kExitUsage;
    default:
      return kExitCannotStart;
  }
}

int Main(int argc, char** argv) {
  const sigset_t signals = BlockStopSignals();
  SetProxiesAside();  // plans name collectors later

  CLI::App app("The agent daemon of Squall: it makes the load that a coordinator asks for.",
               "squalld");
  Flags flags;
  DefineFlags(&app, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (!flags.health.empty()) {
    const HealthVerdict verdict = JudgeHealth(flags.health, false, SystemClock());
    fmt::print("{}\n", verdict.line);
    return verdict.exit_code;
  }
  EventLog log(flags.log.format, flags.log.level, &std::cerr);
  std::atomic<uint64_t> failed_handshakes = 0;
  SendGrpcLogTo([&](GrpcSeverity severity, std::string_view text) {
    if (const auto reason = FailedHandshake(text); reason.has_value()) {
      ++failed_handshakes;
      log.Log(LogLevel::kWarning, "connection refused",
              {{"reason", "tls_handshake"}, {"detail", *reason}});
      return;
    }
    log.Log(severity == GrpcSeverity::kError ? LogLevel::kWarning : LogLevel::kDebug, "grpc",
            {{"text", std::string(text)}});
  });
  const absl::Status status = Serve(flags, signals, &failed_handshakes, &log);
  SendGrpcLogTo(nullptr);
  if (!status.ok()) {
    log.Error("cannot start", {{"reason", std::string(status.message())}});
  }
  return ExitCodeOf(status);
}

}  // namespace
}  // namespace squall

int main(int argc, char** argv) { return squall::Main(argc, argv); }
