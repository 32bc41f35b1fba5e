// squall-target: the demo product service that tests and demos put load on, with latency, errors,
// stalls and sizes that can be switched. daemon/target/router.h lists what it answers.
//
// Exit codes: 0 stopped by SIGTERM or SIGINT after the open requests, 1 could not start (port in
// use, unreadable file), 2 usage.
#include <cstdio>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "daemon/base/file.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/stop_signals.h"
#include "daemon/base/units.h"
#include "daemon/net/certificate.h"
#include "daemon/net/health_probe.h"
#include "daemon/net/listen_address.h"
#include "daemon/target/catalogue.h"
#include "daemon/target/counters.h"
#include "daemon/target/faults.h"
#include "daemon/target/router.h"
#include "daemon/target/server.h"
#include "daemon/target/store.h"
#include "daemon/target/traceparent_log.h"

namespace squall {
namespace {

constexpr int kExitCannotStart = 1;
constexpr int kExitUsage = 2;
constexpr int64_t kPaddingBytesMax = 64 << 20;

constexpr const char* kFooter = R"(Addresses:
  GET  /products  /products?category=X  /products/{id}    POST /products/details {"name"}
  POST /products/buy {"name","quantity"}    PUT|POST /products/stock {"name","stock"}
  GET  /healthz  /stats  /traceparents    POST /stats/reset  /admin/stall?for=2s (loopback only)
  Fixtures: /bytes/{n} /status/{code} /delay/{ms} /redirect/{n} /cookie/set /cookie/check /gzip
  /chunked /close /echo (POST) /basic-auth (demo:demo) /bearer (demo-token) /truncate /drop
Products: ids 1 to 100 (Laptop, Phone, Headphones, ...) in Electronics, Clothing and Books;
  ZeroStockItem is sold out (409), NonExistentProduct is unknown (404).
Times are 5ms, 2s, 1m30s; sizes 512, 64KiB, 1MB.)";

// The command line as typed.
struct Flags {
  std::string listen = "127.0.0.1:8082";
  bool insecure = false;
  std::string port_file;
  std::string health;  // of another squall-target
  size_t threads = 1;
  size_t connections_max = TargetLimits().connections_max;
  std::string idle_timeout = "60s";
  std::string drain_timeout = "10s";
  std::string latency = "0";
  double error_rate = 0;
  std::string stall;
  std::string size = "0";
  uint64_t seed = 1;
  size_t record_traceparents = 0;
  std::string tls_cert;
  std::string tls_key;
  std::string client_ca;
  bool self_signed = false;
  std::string write_cert;
};

// The command line as understood.
struct Settings {
  TargetServerOptions server;
  TargetRouterOptions router;
  StallPlan stall;
  Nanos drain_timeout{0};
};

void DefineFlags(CLI::App* app, Flags* flags) {
  app->footer(kFooter);
  app->set_version_flag("--version", std::string("squall-target ") + SQUALL_VERSION);
  app->add_option("--listen", flags->listen, "ADDRESS:PORT; port 0 lets the kernel pick one")
      ->capture_default_str();
  app->add_flag("--insecure", flags->insecure, "Allow an address that other machines can reach");
  app->add_option("--port-file", flags->port_file, "Write the port to this file once listening");
  app->add_option("--health", flags->health,
                  "Do not serve: ask the squall-target at ADDRESS:PORT whether it is well (exit\n"
                  "code 0) or not (1), for health checks; by HTTP or HTTPS");
  app->add_option("--threads", flags->threads, "Event loops")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app->add_option("--max-connections", flags->connections_max, "Close those above this number")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app->add_option("--idle-timeout", flags->idle_timeout, "Close connections without progress")
      ->capture_default_str();
  app->add_option("--drain-timeout", flags->drain_timeout,
                  "On SIGTERM, how long open requests may take")
      ->capture_default_str();
  app->add_option("--latency", flags->latency, "Delay every answer: 5ms, or 5ms..20ms (uniform)")
      ->capture_default_str();
  app->add_option("--error-rate", flags->error_rate, "Share of requests answered 500, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app->add_option("--stall", flags->stall, "AFTER,FOR: answer nothing for a while, once: 5s,2s");
  app->add_option("--size", flags->size, "Extra bytes in GET /products")->capture_default_str();
  app->add_option("--seed", flags->seed, "Of the latencies and errors")->capture_default_str();
  app->add_option("--record-traceparents", flags->record_traceparents,
                  "Keep so many traceparent headers for GET /traceparents")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  auto* cert = app->add_option("--tls-cert", flags->tls_cert, "HTTPS: certificate chain, PEM file");
  auto* key = app->add_option("--tls-key", flags->tls_key, "HTTPS: private key, PEM file");
  cert->needs(key);
  key->needs(cert);
  auto* self_signed = app->add_flag("--self-signed", flags->self_signed,
                                    "HTTPS with a certificate made now, for localhost");
  self_signed->excludes(cert);
  app->add_option("--write-cert", flags->write_cert,
                  "Write that certificate to this file, for clients to trust")
      ->needs(self_signed);
  app->add_option("--client-ca", flags->client_ca,
                  "HTTPS: require client certificates signed by this CA, PEM file");
}

absl::Status Named(std::string_view flag, const absl::Status& status) {
  return status.ok() ? status
                     : absl::Status(status.code(),
                                    fmt::format("{} {}", flag, std::string(status.message())));
}

absl::StatusOr<std::string> ReadFile(std::string_view flag, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    return absl::NotFoundError(fmt::format("{} must be a readable file, got '{}'", flag, path));
  }
  return text.str();
}

absl::StatusOr<TargetTls> ReadTls(const Flags& flags, const ListenAddress& listen,
                                  const Clock& clock) {
  TargetTls tls;
  if (flags.self_signed) {
    CertificateSpec spec;
    if (!IsLoopback(listen)) {
      spec.ip_addresses.push_back(listen.host);
    }
    CertificatePair pair;
    SQUALL_ASSIGN_OR_RETURN(pair, MakeSelfSigned(spec, clock.Wall()));
    tls.certificate_pem = pair.certificate_pem;
    tls.key_pem = pair.key_pem;
    if (!flags.write_cert.empty()) {
      SQUALL_RETURN_IF_ERROR(WriteFlagFile("--write-cert", flags.write_cert, pair.certificate_pem));
    }
  } else if (!flags.tls_cert.empty()) {
    SQUALL_ASSIGN_OR_RETURN(tls.certificate_pem, ReadFile("--tls-cert", flags.tls_cert));
    SQUALL_ASSIGN_OR_RETURN(tls.key_pem, ReadFile("--tls-key", flags.tls_key));
  }
  if (!flags.client_ca.empty()) {
    if (tls.certificate_pem.empty()) {
      return absl::InvalidArgumentError(
          "--client-ca must come with --tls-cert and --tls-key or --self-signed");
    }
    SQUALL_ASSIGN_OR_RETURN(tls.client_ca_pem, ReadFile("--client-ca", flags.client_ca));
  }
  return tls;
}

absl::StatusOr<Nanos> ReadSpan(std::string_view flag, const std::string& text) {
  const absl::StatusOr<Nanos> span = ParseTimeSpan(text);
  return span.ok() ? span : Named(flag, span.status());
}

absl::StatusOr<Settings> Understand(const Flags& flags, const Clock& clock) {
  Settings settings;
  TargetServerOptions& server = settings.server;
  const auto listen = ParseListenAddress(flags.listen);
  SQUALL_RETURN_IF_ERROR(Named("--listen", listen.status()));
  server.listen = *listen;
  if (!IsLoopback(*listen) && !flags.insecure) {
    return absl::InvalidArgumentError(fmt::format(
        "--listen must be a loopback address unless --insecure is given, got '{}'", flags.listen));
  }
  const auto latency = ParseLatency(flags.latency);
  SQUALL_RETURN_IF_ERROR(Named("--latency", latency.status()));
  server.latency = *latency;
  if (!flags.stall.empty()) {
    const auto stall = ParseStall(flags.stall);
    SQUALL_RETURN_IF_ERROR(Named("--stall", stall.status()));
    settings.stall = *stall;
  }
  const auto size = ParseByteSize(flags.size);
  SQUALL_RETURN_IF_ERROR(Named("--size", size.status()));
  if (*size > kPaddingBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("--size must be at most 64MiB, got '{}'", flags.size));
  }
  settings.router.padding_bytes = static_cast<size_t>(*size);
  SQUALL_ASSIGN_OR_RETURN(server.limits.idle_timeout,
                          ReadSpan("--idle-timeout", flags.idle_timeout));
  SQUALL_ASSIGN_OR_RETURN(settings.drain_timeout, ReadSpan("--drain-timeout", flags.drain_timeout));
  server.limits.connections_max = flags.connections_max;
  server.threads = flags.threads;
  server.error_rate = flags.error_rate;
  server.seed = flags.seed;
  SQUALL_ASSIGN_OR_RETURN(server.tls, ReadTls(flags, *listen, clock));
  return settings;
}

// A connection is a descriptor; the soft limit is often 1024.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int Fail(int code, const absl::Status& status) {
  fmt::print(stderr, "squall-target: {}\n", std::string(status.message()));
  return code;
}

// Threads started later inherit the blocked signals; only this one takes them. The second one
// kills, for those who do not want to wait for the drain.
void WaitForStopSignal(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

int Serve(const Settings& settings, const Flags& flags, const Clock& clock,
          const sigset_t& signals) {
  ProductStore store(DemoCatalogue());
  TargetCounters counters(settings.server.threads, TargetRouter::RouteLabels());
  StallSwitch stall(clock.Now(), settings.stall);
  TraceparentLog traceparents(flags.record_traceparents);
  TargetRouterOptions answers = settings.router;
  answers.traceparents = flags.record_traceparents > 0 ? &traceparents : nullptr;
  const TargetRouter router(answers, &store, &counters, &stall);
  const TargetServer::Parts parts{&router, &stall, &counters, &clock};
  auto server = TargetServer::Start(settings.server, parts);
  if (!server.ok()) {
    return Fail(kExitCannotStart, server.status());
  }
  const ListenAddress address = (*server)->address();
  if (!flags.port_file.empty()) {
    const absl::Status written =
        WriteFlagFile("--port-file", flags.port_file, fmt::format("{}\n", address.port));
    if (!written.ok()) {
      return Fail(kExitCannotStart, written);
    }
  }
  const bool tls = !settings.server.tls.certificate_pem.empty();
  fmt::print("listening on {}://{}\n", tls ? "https" : "http", FormatListenAddress(address));
  std::fflush(stdout);
  WaitForStopSignal(signals);
  (*server)->Stop(settings.drain_timeout);
  fmt::print(stderr, "squall-target: stopped after {} requests\n", counters.TotalRequests());
  return 0;
}

int Main(int argc, char** argv) {
  const sigset_t signals = BlockStopSignals();

  CLI::App app("The demo product service: something real to put load on.", "squall-target");
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
  const SystemClock clock;
  const auto settings = Understand(flags, clock);
  if (!settings.ok()) {
    const bool usage = settings.status().code() == absl::StatusCode::kInvalidArgument;
    return Fail(usage ? kExitUsage : kExitCannotStart, settings.status());
  }
  RaiseDescriptorLimit();
  return Serve(*settings, flags, clock, signals);
}

}  // namespace
}  // namespace squall

int main(int argc, char** argv) { return squall::Main(argc, argv); }
