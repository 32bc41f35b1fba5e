#include "daemon/programs/web_run.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/gateway/start_order.h"
#include "daemon/programs/enter_key.h"
#include "daemon/programs/metrics_door.h"
#include "daemon/programs/plan_companion.h"
#include "daemon/programs/run_agents.h"
#include "daemon/programs/run_output.h"
#include "daemon/programs/web_door.h"

namespace squall {
namespace {

constexpr Nanos kWebWatchInterval = std::chrono::milliseconds(200);
constexpr Nanos kLocalLead = std::chrono::milliseconds(20);
constexpr size_t kRunsKept = 100;  // in memory
constexpr Nanos kBeginPoll = std::chrono::seconds(1);

HostAbilities AbilitiesOf(const WebRunOptions& options) {
  HostAbilities abilities;
  abilities.program = options.program;
  abilities.version = SQUALL_VERSION;
  abilities.start = true;
  abilities.start_text = options.start_text;
  abilities.one_at_a_time = true;
  abilities.scale = true;
  abilities.pause = true;
  abilities.stages = options.stages;
  abilities.stop = true;
  abilities.remove = true;
  abilities.agents = options.flags->expect_agents > 0;
  return abilities;
}

RunParts PartsOf(const WebRunOptions& options, const RunAgents& agents) {
  RunParts parts;
  parts.owner = fmt::format("{} (process {})", options.program, getpid());
  parts.version = SQUALL_VERSION;
  parts.exit_code_on_error = options.flags->exit_code_on_error;
  parts.call_timeout = options.call_timeout;
  if (agents.inside()) {
    parts.watch_interval = kWebWatchInterval;
    parts.start_lead = kLocalLead;                // it hears of the start before it
    parts.loss_timeout = std::chrono::hours(24);  // it cannot be lost without us
  }
  return parts;
}

// The runs and their page, in the order in which they must be built; they die the other way round.
class PageOfRuns final {
 public:
  PageOfRuns(WebRunOptions options, const Clock* clock, RunDesk* desk)
      : options_(std::move(options)), clock_(clock), desk_(desk) {}

  std::optional<int> Open();  // the exit code when it cannot be
  int Serve(StopSignals* signals);

 private:
  std::optional<int> OpenMetrics();
  std::optional<int> Start();  // what the command line says
  void SayWhere() const;
  int ExitCode() const;

  const WebRunOptions options_;
  const Clock* const clock_;
  RunDesk* const desk_;
  std::unique_ptr<RunAgents> agents_;
  std::unique_ptr<RunStore> store_;
  std::unique_ptr<RunManager> runs_;
  std::unique_ptr<WebDoor> door_;
  std::unique_ptr<MetricsDoor> metrics_;
  std::unique_ptr<EnterKey> enter_;
};

std::optional<int> PageOfRuns::Open() {
  const RunFlags& flags = *options_.flags;
  auto agents = RunAgents::Open(flags, options_.scripts, clock_);
  if (!agents.ok()) {
    Say(std::string(agents.status().message()));
    return RunAgents::ExitOf(agents.status());
  }
  agents_ = *std::move(agents);
  auto store = RunStore::Open(":memory:");
  if (!store.ok()) {
    return SayStatus(store.status());
  }
  store_ = *std::move(store);
  RunManagerOptions manager;
  manager.parts = PartsOf(options_, *agents_);
  manager.parts.store = store_.get();
  manager.parts.pool = agents_->pool();
  manager.parts.clock = clock_;
  manager.abilities = AbilitiesOf(options_);
  manager.plans = options_.plans;
  manager.retention.max_runs = kRunsKept;
  manager.on_start = [this](const StartRequest& request, RunOrder* order) {
    order->agents_min = agents_->wanted();
    order->agents_wait = agents_->patience();
    return options_.on_start(request, order);
  };
  runs_ = std::make_unique<RunManager>(std::move(manager));
  auto door = WebDoor::Open(flags.web, "--web-host", WebAddress(flags.web), flags.insecure,
                            runs_.get(), clock_);
  if (!door.ok()) {
    const std::string_view advice =
        absl::IsUnavailable(door.status())
            ? "; choose another port with --web-port, or run without a page: --headless"
        : absl::IsFailedPrecondition(door.status()) ? " (--web-token-file, --web-auth-file)"
                                                    : "";
    Say(fmt::format("{}{}", std::string(door.status().message()), advice));
    return Code(ExitCode::kUsage);
  }
  door_ = *std::move(door);
  return OpenMetrics();
}

std::optional<int> PageOfRuns::OpenMetrics() {
  MetricsSource source;
  source.coordinator = [this] {
    CoordinatorFigures figures = runs_->Figures();
    figures.http_requests = door_->visits().replies();
    figures.event_streams = door_->visits().open_streams();
    return figures;
  };
  source.load = [this] { return runs_->Newest(); };
  source.outputs = [this] { return agents_->OutputsInside(); };
  auto metrics = MetricsDoor::OpenForRun(*options_.flags, std::move(source), clock_);
  if (!metrics.ok()) {
    Say(std::string(metrics.status().message()));
    return Code(ExitCode::kUsage);
  }
  metrics_ = *std::move(metrics);
  return std::nullopt;
}

void PageOfRuns::SayWhere() const {
  if (const std::string join = agents_->JoinAddress(); !join.empty()) {
    Say(fmt::format("agents join at {}", join));
  }
  const std::string_view how = options_.flags->web.autostart ? ""
                               : enter_ != nullptr           ? "; press Start there, or Enter here"
                                                             : "; press Start there";
  Say(fmt::format("web page on {}{}", door_->Url(), how));
}

std::optional<int> PageOfRuns::Start() {
  const absl::StatusOr<RunSummary> started = runs_->Start({});
  if (!started.ok()) {
    return SayStatus(started.status());
  }
  return std::nullopt;
}

int PageOfRuns::Serve(StopSignals* signals) {
  const WebFlags& web = options_.flags->web;
  enter_ = EnterKey::Listen([this] { desk_->PressEnter(); });
  SayWhere();
  signals->Handle([this](int count) { desk_->Interrupt(count); });
  if (web.autostart) {
    if (const std::optional<int> code = Start(); code.has_value()) {
      signals->Handle(nullptr);
      return *code;
    }
  }
  std::optional<TimePoint> quit_at;
  while (true) {
    const RunDesk::News news = desk_->Wait(quit_at);
    if (news == RunDesk::News::kInterrupted ||
        (news == RunDesk::News::kNothing && !desk_->busy() && !runs_->Busy())) {
      break;
    }
    if (news == RunDesk::News::kEnter && !desk_->busy()) {
      Start();  // it says what is wrong; another try may go better
    } else if (news == RunDesk::News::kOver && web.autoquit_seconds.has_value()) {
      quit_at = clock_->Now() + FromSeconds(*web.autoquit_seconds);
    } else if (news == RunDesk::News::kOver) {
      Say(fmt::format("the page stays on {}; Ctrl-C ends it", door_->Url()));
    } else if (news == RunDesk::News::kNothing && desk_->busy()) {
      quit_at.reset();  // somebody has started another run
    } else if (news == RunDesk::News::kNothing) {
      // It is about to begin, or comes to nothing: a locustfile may take its time to load.
      quit_at = clock_->Now() + std::max<Nanos>(FromSeconds(*web.autoquit_seconds), kBeginPoll);
    }
  }
  runs_->StopAll("interrupted");
  signals->Handle(nullptr);
  return desk_->exit_code().value_or(0);
}

}  // namespace

int ServeRuns(WebRunOptions options, const Clock* clock, RunDesk* desk, StopSignals* signals) {
  PageOfRuns page(std::move(options), clock, desk);
  if (const std::optional<int> code = page.Open(); code.has_value()) {
    return *code;
  }
  return page.Serve(signals);
}

int RunPlanWithPage(Plan plan, const RunFlags& flags, const Environment& environment,
                    StopSignals* signals) {
  const absl::StatusOr<RunSettings> settings = SettingsOf(flags);
  if (!settings.ok()) {
    Say(std::string(settings.status().message()));
    return Code(ExitCode::kUsage);
  }
  // What could not be started is said now, and not when somebody presses Start.
  Plan applied = plan;
  if (const absl::Status status = ApplyRunSettings(*settings, &applied); !status.ok()) {
    return SayStatus(status);
  }
  RaiseDescriptorLimit();
  const SystemClock clock;
  RunDesk desk(&clock);
  const Outputs outputs = plan.outputs;
  const auto make_companion = [&] {
    return PlanCompanion::Make(&flags, outputs, &environment, &desk);
  };
  if (const auto tried = make_companion(); !tried.ok()) {
    Say(std::string(tried.status().message()));
    return Code(ExitCode::kUsage);
  }
  WebRunOptions options;
  options.flags = &flags;
  options.program = "squall run";
  PlanOffer offer = OfferOf(plan, *settings);
  options.plans.push_back({std::move(offer), std::move(plan), *settings});
  options.on_start = [&](const StartRequest& /*request*/, RunOrder* order) {
    SQUALL_ASSIGN_OR_RETURN(order->companion, make_companion());
    return absl::OkStatus();
  };
  return ServeRuns(std::move(options), &clock, &desk, signals);
}

}  // namespace squall
