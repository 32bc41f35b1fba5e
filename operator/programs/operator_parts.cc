#include "operator/programs/operator_parts.h"

#include <algorithm>
#include <atomic>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/process_usage.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/net/token_guard.h"
#include "daemon/telemetry/http_endpoint.h"
#include "operator/controller/controller.h"
#include "operator/controller/event_recorder.h"
#include "operator/controller/health.h"
#include "operator/controller/informer.h"
#include "operator/controller/leader_elector.h"
#include "operator/controller/metric_values.h"
#include "operator/controller/metrics.h"
#include "operator/kube/client/kube_client.h"
#include "operator/kube/client/kube_config.h"
#include "operator/loadtest/load_test_metrics.h"
#include "operator/loadtest/load_test_reconciler.h"
#include "operator/loadtest/names.h"
#include "operator/programs/operator_web.h"

namespace squall {
namespace {

constexpr Nanos kPassPatience = std::chrono::seconds(20);
// Runs store their state through the same client, and should not wait long for a server that hangs.
constexpr Nanos kRequestPatience = std::chrono::seconds(10);
constexpr Nanos kEventFlush = std::chrono::seconds(2);

// As client-go's: two processes on one host, or one after the other, must not take each other for
// themselves.
absl::StatusOr<std::string> IdentityOf(const OperatorFlags& flags) {
  if (!flags.identity.empty()) {
    return flags.identity;
  }
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  SQUALL_ASSIGN_OR_RETURN(const std::string random, RandomToken());
  return fmt::format("{}_{}", host, random.substr(0, 12));
}

absl::StatusOr<Nanos> Span(std::string_view flag, const std::string& text) {
  const absl::StatusOr<Nanos> span = ParseTimeSpan(text);
  if (!span.ok() || *span <= Nanos(0)) {
    return absl::InvalidArgumentError(
        fmt::format("{} must be a time span above zero, got '{}'", flag, text));
  }
  return span;
}

}  // namespace

struct OperatorParts::Impl {
  absl::Status MakeClients(const KubeConfigSources& sources);
  absl::Status MakeElector(std::function<void()> lost);
  void MakeController();
  void MakeInformers();
  absl::Status Serve();
  absl::Status ServeWeb();
  std::string Metrics(MetricFormat format) const;
  bool Leads() const { return elector == nullptr || elector->leading(); }
  void Lead(int64_t term);

  OperatorFlags flags;
  EventLog* log = nullptr;
  const Clock* clock = nullptr;
  WallTime started_at{};
  std::string identity;
  KubeConfig config;
  RestClientMetrics rest_metrics;
  std::unique_ptr<KubeClient> client;
  std::unique_ptr<KubeClient> lease_client;
  std::unique_ptr<EventSink> event_sink;
  std::unique_ptr<EventRecorder> events;
  std::unique_ptr<Informer> tests;
  std::unique_ptr<Informer> pods;
  std::unique_ptr<LoadTestReconciler> reconciler;
  std::unique_ptr<Controller> controller;
  std::unique_ptr<LeaseStore> lease_store;
  std::unique_ptr<LeaderElector> elector;
  HealthChecks health;
  std::unique_ptr<HttpEndpoint> metrics_endpoint;
  std::unique_ptr<HttpEndpoint> health_endpoint;
  std::unique_ptr<OperatorWeb> web;  // uses the caches and the runs
  std::atomic<uint64_t> epoch = 0;
  std::atomic<bool> stopping = false;
};

absl::Status OperatorParts::Impl::MakeClients(const KubeConfigSources& sources) {
  SQUALL_ASSIGN_OR_RETURN(config, LoadKubeConfig(sources));
  KubeClientOptions options;
  options.user_agent = fmt::format("squall-operator/{} (linux)", SQUALL_VERSION);
  options.request_timeout = kRequestPatience;
  options.metrics = &rest_metrics;
  options.on_warning = [this](const std::string& text) {
    log->Log(LogLevel::kWarning, "the API server warns", {{"text", text}});
  };
  SQUALL_ASSIGN_OR_RETURN(client, KubeClient::Make(config, options, clock));
  SQUALL_ASSIGN_OR_RETURN(lease_client,
                          KubeClient::Make(config, LeaseClientOptions(options), clock));
  const auto known = client->GetRaw("/apis/squall.dev/v1alpha1");
  if (known.status().code() == absl::StatusCode::kNotFound) {
    return absl::FailedPreconditionError(
        "the API server does not know LoadTests: install the CRD first (helm install with "
        "crds.install, or kubectl apply -f config/install.yaml)");
  }
  return known.status();
}

absl::Status OperatorParts::Impl::MakeElector(std::function<void()> lost) {
  if (!flags.leader_elect) {
    return absl::OkStatus();
  }
  LeaderElectorOptions options;
  options.name = flags.lease_name;
  options.self.identity = identity;
  SQUALL_ASSIGN_OR_RETURN(options.self.duration, Span("--lease-duration", flags.lease_duration));
  SQUALL_ASSIGN_OR_RETURN(options.renew_deadline, Span("--renew-deadline", flags.renew_deadline));
  SQUALL_ASSIGN_OR_RETURN(options.retry, Span("--retry-period", flags.retry_period));
  if (options.self.duration <= options.renew_deadline ||
      options.renew_deadline <= options.retry + options.retry / 5) {
    return absl::InvalidArgumentError(
        "--lease-duration must be above --renew-deadline, and that above 1.2 times --retry-period");
  }
  options.log = log;
  const std::string ns = flags.lease_namespace.empty() ? config.ns : flags.lease_namespace;
  lease_store = MakeKubeLeaseStore(lease_client.get(), {ns, flags.lease_name});
  LeaderCallbacks callbacks;
  callbacks.on_started = [this](int64_t term) { Lead(term); };
  callbacks.on_lost = std::move(lost);
  elector =
      std::make_unique<LeaderElector>(options, lease_store.get(), std::move(callbacks), clock);
  return absl::OkStatus();
}

void OperatorParts::Impl::MakeInformers() {
  ReflectorOptions options;
  options.log = log;
  options.resource = "loadtests";
  tests = Informer::Make(client.get(), kLoadTests, flags.namespaces, "", options, clock);
  options.resource = "pods";
  pods = Informer::Make(client.get(), kPods, flags.namespaces,
                        fmt::format("{}={}", kManagedByLabel, kManagedBy), options, clock);
  tests->AddHandler([this](const ObjectChange& change) {
    controller->queue().Add(change.key, change.initial ? Priority::kBackground : Priority::kLive);
  });
  pods->AddHandler([this](const ObjectChange& change) {
    const ObjectPtr& pod = change.after != nullptr ? change.after : change.before;
    if (const auto owner = ControllerOf(*pod);
        owner.has_value() && owner->kind == kLoadTests.kind) {
      controller->queue().Add({change.key.ns, owner->name},
                              change.initial ? Priority::kBackground : Priority::kLive);
    }
  });
}

void OperatorParts::Impl::MakeController() {
  LoadTestOptions options;
  options.agents.image = flags.agent_image;
  options.identity = identity;
  options.version = SQUALL_VERSION;
  options.leader_epoch = [this] { return epoch.load(); };
  options.look_again = [this](const ObjectKey& key) { controller->queue().Add(key); };
  LoadTestParts parts;
  parts.client = client.get();
  parts.tests = tests.get();
  parts.pods = pods.get();
  parts.events = events.get();
  parts.clock = clock;
  reconciler = std::make_unique<LoadTestReconciler>(std::move(options), parts);
  ControllerOptions controller_options;
  controller_options.workers = flags.workers;
  controller_options.log = log;
  controller_options.ready = [this] { return tests->HasSynced() && pods->HasSynced(); };
  controller = std::make_unique<Controller>(controller_options, reconciler.get(), clock);
}

void OperatorParts::Impl::Lead(int64_t term) {
  epoch = static_cast<uint64_t>(std::max<int64_t>(term, 0));
  log->Info("leading", {{"identity", identity}, {"epoch", std::to_string(term)}});
  controller->Start();
}

std::string OperatorParts::Impl::Metrics(MetricFormat format) const {
  std::vector<MetricGroup> all;
  const auto add = [&all](std::vector<MetricGroup> groups) {
    all.insert(all.end(), std::make_move_iterator(groups.begin()),
               std::make_move_iterator(groups.end()));
  };
  add(MetricsOf(controller->queue().Stats()));
  add(MetricsOf(controller->Stats()));
  add(MetricsOf(events->Stats()));
  // Of one replica only: what every replica told would be doubled in sums. Before its cache is
  // filled a leader knows nothing, and must not say that there is nothing.
  if (Leads() && tests->HasSynced()) {
    add(MetricsOf(tests->List()));
  }
  add(MetricsOf("loadtests", tests->Stats()));
  add(MetricsOf("pods", pods->Stats()));
  add(rest_metrics.Collect());
  LeaderStats leader;
  leader.leading = true;  // who stands for no election leads alone
  add(MetricsOf(flags.lease_name, elector == nullptr ? leader : elector->Stats()));
  add(MetricsOf(ReadProcessUsage(), started_at, SQUALL_VERSION));
  return MetricsText(all, format);
}

absl::Status OperatorParts::Impl::Serve() {
  health.AddLiveness("workers", [this] { return controller->Healthy(); });
  health.AddLiveness("leader", [this] { return elector == nullptr || elector->Healthy(); });
  health.AddReadiness("caches", [this] { return tests->HasSynced() && pods->HasSynced(); });
  health.AddReadiness("permissions",
                      [this] { return !tests->Stats().forbidden && !pods->Stats().forbidden; });
  health.AddReadiness("running", [this] { return !stopping; });
  HttpEndpoint::Pages pages;
  pages.metrics = [this](MetricFormat format) { return Metrics(format); };
  pages.ready = [this] { return !stopping; };
  pages.health = [this](std::string_view target) {
    const std::optional<HealthAnswer> answer = health.Answer(target);
    return answer.has_value() ? std::optional(std::pair(answer->ok, answer->text)) : std::nullopt;
  };
  HttpEndpointOptions http;
  http.insecure = flags.insecure;
  if (!flags.metrics_listen.empty()) {
    http.listen = flags.metrics_listen;
    SQUALL_ASSIGN_OR_RETURN(metrics_endpoint, HttpEndpoint::Start(http, pages));
  }
  if (!flags.health_listen.empty()) {
    http.listen = flags.health_listen;
    SQUALL_ASSIGN_OR_RETURN(health_endpoint, HttpEndpoint::Start(http, pages));
  }
  return absl::OkStatus();
}

absl::Status OperatorParts::Impl::ServeWeb() {
  LoadTestHostParts parts;
  parts.client = client.get();
  parts.tests = tests.get();
  parts.find_run = [this](const LoadTest& test) { return reconciler->FindRun(test); };
  parts.version = SQUALL_VERSION;
  SQUALL_ASSIGN_OR_RETURN(web, OperatorWeb::Open(flags, std::move(parts), clock));
  return absl::OkStatus();
}

OperatorParts::OperatorParts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

OperatorParts::~OperatorParts() = default;

absl::StatusOr<std::unique_ptr<OperatorParts>> OperatorParts::Make(const OperatorFlags& flags,
                                                                   const KubeConfigSources& sources,
                                                                   std::function<void()> lost,
                                                                   EventLog* log,
                                                                   const Clock* clock) {
  auto impl = std::make_unique<Impl>();
  impl->flags = flags;
  impl->log = log;
  impl->clock = clock;
  impl->started_at = clock->Wall();
  SQUALL_ASSIGN_OR_RETURN(impl->identity, IdentityOf(flags));
  SQUALL_RETURN_IF_ERROR(impl->MakeClients(sources));
  EventRecorderOptions event_options;
  event_options.series.instance = impl->identity;
  event_options.log = log;
  impl->event_sink = MakeKubeEventSink(impl->client.get());
  impl->events = std::make_unique<EventRecorder>(event_options, impl->event_sink.get(), clock);
  impl->MakeInformers();
  impl->MakeController();
  SQUALL_RETURN_IF_ERROR(impl->MakeElector(std::move(lost)));
  return std::unique_ptr<OperatorParts>(new OperatorParts(std::move(impl)));
}

absl::Status OperatorParts::Start() {
  SQUALL_RETURN_IF_ERROR(impl_->Serve());
  SQUALL_RETURN_IF_ERROR(impl_->ServeWeb());
  impl_->events->Start();
  impl_->tests->Start();
  impl_->pods->Start();
  if (impl_->elector != nullptr) {
    impl_->elector->Start();
  } else {
    // Above that of every process before it, as far as clocks are right.
    impl_->Lead(
        std::chrono::duration_cast<std::chrono::seconds>(impl_->clock->Wall().time_since_epoch())
            .count());
  }
  impl_->log->Info(
      "serving",
      {{"version", SQUALL_VERSION},
       {"server", impl_->config.server},
       {"config", impl_->config.source},
       {"identity", impl_->identity},
       {"metrics_port",
        std::to_string(impl_->metrics_endpoint ? impl_->metrics_endpoint->port() : 0)},
       {"health_port", std::to_string(impl_->health_endpoint ? impl_->health_endpoint->port() : 0)},
       {"web_port", std::to_string(impl_->web->web_port())},
       {"grpc_port", std::to_string(impl_->web->grpc_port())}});
  return absl::OkStatus();
}

bool OperatorParts::Stop() {
  impl_->stopping = true;
  if (!impl_->controller->Stop(kPassPatience)) {
    return false;
  }
  impl_->events->Stop(kEventFlush);
  impl_->web.reset();         // nobody looks at the runs any more
  impl_->reconciler.reset();  // the agents go on
  impl_->tests->Stop();
  impl_->pods->Stop();
  if (impl_->elector != nullptr) {
    impl_->elector->Stop();
  }
  return true;
}

}  // namespace squall
