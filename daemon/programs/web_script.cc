#include "daemon/programs/web_script.h"

#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/gateway/start_order.h"
#include "daemon/programs/run_output.h"
#include "daemon/programs/script_engines.h"
#include "daemon/programs/script_form.h"
#include "daemon/programs/web_run.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr Nanos kPageLoadTimeout = std::chrono::seconds(90);  // an agent's process imports modules

// The sessions of one program, one after another.
class ScriptRuns final {
 public:
  ScriptRuns(std::shared_ptr<ScriptSession> first, ScriptSessionOptions options)
      : options_(std::move(options)), host_(first->told().host), ready_(std::move(first)) {}

  // RunManagerOptions::on_start.
  absl::Status Prepare(const StartRequest& request, RunOrder* order);
  std::shared_ptr<LaneProcess> process() const;

 private:
  absl::StatusOr<std::shared_ptr<ScriptSession>> Session(const StartRequest& request);

  const ScriptSessionOptions options_;
  const std::string host_;
  mutable std::mutex mutex_;
  std::shared_ptr<ScriptSession> ready_;    // loaded, and not yet used; guarded by mutex_
  std::shared_ptr<ScriptSession> current_;  // guarded by mutex_
};

absl::StatusOr<std::shared_ptr<ScriptSession>> ScriptRuns::Session(const StartRequest& request) {
  ScriptSessionOptions options = options_;
  StartRequest changed = request;
  if (changed.settings.host == WithoutCredentials(host_)) {
    changed.settings.host.clear();  // as it was offered: without the password that it may have
  }
  options.chosen = ChosenJson(changed);
  std::shared_ptr<ScriptSession> ready;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ready = std::move(ready_);
  }
  if (options.chosen.empty() && ready != nullptr) {
    return ready;
  }
  ready = nullptr;  // what it does in the background would be done twice
  auto session = std::make_shared<ScriptSession>(std::move(options));
  if (const std::optional<int> code = session->Load(); code.has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("the locustfile cannot be loaded (exit code {}); the terminal of this program "
                    "says why",
                    *code));
  }
  return session;
}

absl::Status ScriptRuns::Prepare(const StartRequest& request, RunOrder* order) {
  SQUALL_ASSIGN_OR_RETURN(std::shared_ptr<ScriptSession> session, Session(request));
  SQUALL_ASSIGN_OR_RETURN(order->plan, session->MakePlan());
  if (request.stages.has_value()) {
    if (session->told().has_shape) {
      return absl::InvalidArgumentError(
          "stages must not be given: the locustfile has a shape, which says how many users there "
          "are");
    }
    order->plan.load_profile.load = *request.stages;
    order->plan.load_profile.run_time = request.settings.run_time;
  }
  // The process has applied everything else that was chosen.
  const std::optional<uint64_t> seed = order->settings.seed;
  order->settings = RunSettings();
  order->settings.seed = seed;
  SQUALL_RETURN_IF_ERROR(session->MakeConsole());
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    current_ = session;
  }
  order->companion = std::move(session);
  return absl::OkStatus();
}

std::shared_ptr<LaneProcess> ScriptRuns::process() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return current_->process();
}

// Ours, and Locust's as the locustfile's command line has them.
WebFlags WebFlagsOf(const RunFlags& flags, const ScriptDescription& told) {
  WebFlags web = flags.web;
  web.host = told.web_host.empty() ? "127.0.0.1" : told.web_host;
  web.port = told.web_port;
  web.autostart = told.autostart;
  if (told.autoquit.has_value()) {
    web.autoquit_seconds = ToSeconds(*told.autoquit);
  }
  if (web.tls_cert.empty() && web.tls_key.empty()) {
    web.tls_cert = told.web_tls_cert;
    web.tls_key = told.web_tls_key;
  }
  return web;
}

}  // namespace

int RunScriptWithPage(std::shared_ptr<ScriptSession> first, ScriptSessionOptions options,
                      StopSignals* signals) {
  const ScriptDescription told = first->told();
  RunFlags flags = first->flags();
  flags.web = WebFlagsOf(flags, told);
  absl::StatusOr<Plan> plan = first->MakePlan();
  if (!plan.ok()) {
    return SayStatus(plan.status());
  }
  // Once in vain: a CSV file that cannot be written is said now.
  if (const absl::Status status = first->MakeConsole(); !status.ok()) {
    Say(std::string(status.message()));
    return static_cast<int>(ExitCode::kUsage);
  }
  WebRunOptions page;
  page.flags = &flags;
  page.program = options.line->as_locust ? "locust" : "squall run";
  page.stages = !told.has_shape;
  page.call_timeout = kPageLoadTimeout;
  RunSettings settings;
  settings.seed = flags.seed;
  PlanOffer offer = OfferOf(*plan, settings);
  DescribeScript(told, &offer);
  page.plans.push_back({std::move(offer), *std::move(plan), settings});
  RunDesk* const desk = options.desk;
  const Clock* const clock = options.clock;
  const ScriptRole role = options.role;
  ScriptRuns runs(std::move(first), std::move(options));
  if (role == ScriptRole::kLocal) {
    page.scripts = JoinScriptEngine([&runs] { return runs.process(); }, clock);
  }
  page.on_start = [&runs](const StartRequest& request, RunOrder* order) {
    return runs.Prepare(request, order);
  };
  return ServeRuns(std::move(page), clock, desk, signals);
}

}  // namespace squall
