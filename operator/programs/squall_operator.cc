// squall-operator: watches LoadTests and runs them on agent pods.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "daemon/base/stop_signals.h"
#include "daemon/net/health_probe.h"
#include "daemon/telemetry/event_log.h"
#include "operator/programs/operator_flags.h"
#include "operator/programs/operator_parts.h"

namespace squall {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitCannotStart = 1;
constexpr int kExitNotLeader = 1;
constexpr const char* kFooter =
    "Without --kubeconfig: $KUBECONFIG, the pod's service account, or ~/.kube/config.\n"
    "docs/kubernetes.md shows how to install it, and a first LoadTest.";

void DefineWebFlags(CLI::App* app, OperatorFlags* flags) {
  app->add_option("--web-listen", flags->web_listen,
                  "ADDRESS:PORT for the web page, such as 127.0.0.1:8089; default: none")
      ->group("Web page");
  app->add_option("--grpc-listen", flags->grpc_listen,
                  "ADDRESS:PORT for squall.v1.RunService (squall status, watch …); default: none")
      ->group("Web page");
  app->add_option("--web-token-file", flags->web_token_file, "Both ask for the token in this file")
      ->group("Web page");
  app->add_option("--web-tls-cert", flags->web_tls_cert, "Both speak TLS: a PEM chain, and …")
      ->group("Web page");
  app->add_option("--web-tls-key", flags->web_tls_key, "… its key")->group("Web page");
  app->add_option("--web-allowed-host", flags->web_allowed_hosts,
                  "A name by which browsers may call the page; may be repeated")
      ->allow_extra_args(false)
      ->group("Web page");
  app->add_flag("--web-insecure", flags->web_insecure,
                "Allow both at addresses that other machines can reach without a token")
      ->group("Web page");
}

void DefineFlags(CLI::App* app, OperatorFlags* flags) {
  app->footer(kFooter);
  app->set_version_flag("--version", std::string("squall-operator ") + SQUALL_VERSION);
  app->add_option("--kubeconfig", flags->kubeconfig, "File that says where the API server is");
  app->add_option("--context", flags->context, "Which of its contexts; default: the current one");
  app->add_option("--namespace", flags->namespaces,
                  "Watch only this namespace; may be repeated; default: all")
      ->allow_extra_args(false);
  app->add_flag("--leader-elect", flags->leader_elect,
                "One of several replicas leads; the others stand by");
  app->add_option("--leader-election-namespace", flags->lease_namespace,
                  "Where the Lease is; default: the namespace we run in");
  app->add_option("--lease-name", flags->lease_name, "Its name")->capture_default_str();
  app->add_option("--lease-duration", flags->lease_duration,
                  "Others take over when the Lease was not renewed for so long")
      ->capture_default_str();
  app->add_option("--renew-deadline", flags->renew_deadline,
                  "A leader that cannot renew for so long ends")
      ->capture_default_str();
  app->add_option("--retry-period", flags->retry_period, "Between two tries")
      ->capture_default_str();
  app->add_option("--identity", flags->identity,
                  "What the Lease calls us; default: the host and a random part");
  app->add_option("--agent-image", flags->agent_image, "For LoadTests that name none")
      ->capture_default_str();
  app->add_option("--metrics-listen", flags->metrics_listen,
                  "ADDRESS:PORT for /metrics; \"\" turns it off")
      ->capture_default_str();
  app->add_option("--health-listen", flags->health_listen,
                  "ADDRESS:PORT for /healthz and /readyz; \"\" turns them off")
      ->capture_default_str();
  app->add_option("--health", flags->health,
                  "Do not serve: ask the squall-operator whose --health-listen is ADDRESS:PORT\n"
                  "whether it is well (exit code 0) or not (1), for health checks");
  app->add_flag("--insecure", flags->insecure,
                "Allow both to be addresses that other machines can reach");
  app->add_option("--workers", flags->workers, "LoadTests that are looked at at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app->add_option("--log-format", flags->log.format, "Of the log on stderr; text is the default")
      ->transform(CLI::CheckedTransformer(LogFormatNames()))
      ->option_text("text|json");
  app->add_option("--log-level", flags->log.level, "What is logged; info is the default")
      ->transform(CLI::CheckedTransformer(LogLevelNames()))
      ->option_text("debug|info|warning|error");
  DefineWebFlags(app, flags);
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

KubeConfigSources SourcesOf(const OperatorFlags& flags) {
  KubeConfigSources sources;
  sources.kubeconfig_flag = flags.kubeconfig;
  sources.context_flag = flags.context;
  sources.kubeconfig_env = Environment("KUBECONFIG");
  sources.service_host = Environment("KUBERNETES_SERVICE_HOST");
  sources.service_port = Environment("KUBERNETES_SERVICE_PORT");
  sources.home = Environment("HOME");
  return sources;
}

int Serve(const OperatorFlags& flags, const sigset_t& signals, EventLog* log) {
  const SystemClock clock;
  // Whoever has lost the lead must not finish what it was doing.
  const auto lost = [log] {
    log->Error("does not lead any more; ends so that nothing is done twice");
    _exit(kExitNotLeader);
  };
  auto parts = OperatorParts::Make(flags, SourcesOf(flags), lost, log, &clock);
  const absl::Status status = parts.ok() ? (*parts)->Start() : parts.status();
  if (!status.ok()) {
    log->Error("cannot start", {{"reason", std::string(status.message())}});
    return status.code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitCannotStart;
  }
  int number = 0;
  sigwait(&signals, &number);
  log->Info("shutting down", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
  if (!(*parts)->Stop()) {
    log->Error("a pass hangs; left without it");
    _exit(kExitCannotStart);
  }
  log->Info("stopped");
  return 0;
}

int Main(int argc, char** argv) {
  const sigset_t signals = BlockStopSignals();

  CLI::App app("The Kubernetes operator of Squall: runs LoadTests on agent pods.",
               "squall-operator");
  OperatorFlags flags;
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
  return Serve(flags, signals, &log);
}

}  // namespace
}  // namespace squall

int main(int argc, char** argv) { return squall::Main(argc, argv); }
