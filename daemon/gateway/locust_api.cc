#include "daemon/gateway/locust_api.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/gateway/locust_replies.h"
#include "daemon/gateway/snapshot_since.h"
#include "daemon/gateway/status_reply.h"
#include "daemon/gateway/swarm_form.h"
#include "daemon/report/csv.h"
#include "daemon/report/text.h"
#include "daemon/report/view_json.h"

namespace squall {
namespace {

constexpr int kRunsLookedAt = 20;
constexpr int64_t kLogLines = 500;  // as Locust keeps

HttpReply Failure(const absl::Status& status, std::string_view host) {
  const std::string message(status.message().data(), status.message().size());
  return JsonReply(200, LocustAnswer(false, message, host));
}

std::string ExceptionsNow(const RunView& view) {
  // Where an error happened is all that the table wants of agents.
  std::vector<Snapshot> agents;
  for (const auto& [text, ids] : view.error_agents) {
    Snapshot& agent = agents.emplace_back();
    agent.agent_id = ids;
    agent.task_errors[text] = 1;
  }
  std::vector<const Snapshot*> borrowed;
  for (const Snapshot& agent : agents) {
    borrowed.push_back(&agent);
  }
  return ExceptionsCsv(*view.total, borrowed);
}

// Of the requests of the last ten seconds, in milliseconds.
std::optional<double> CurrentPercentile(const RunView& view, double quantile) {
  if (view.total == nullptr || IsOver(view.summary.state)) {
    return std::nullopt;
  }
  Histogram response = view.total->Total().response;
  if (view.before != nullptr) {
    response = response.Since(view.before->Total().response);
  }
  return response.count() == 0 ? std::nullopt
                               : std::optional(ToMillis(response.Percentile(quantile)));
}

}  // namespace

void LocustApi::AddTo(RouteTable* routes) {
  using Request = const HttpRequest&;
  using Id = const std::string&;
  const auto get = [&](const char* path, auto handle) {
    routes->Add({"GET", path, BodyKind::kNone, std::move(handle)});
  };
  routes->Add(
      {"POST", "/swarm", BodyKind::kForm, [this](Request request, Id) { return Swarm(request); }});
  routes->Add({"POST", "/user", BodyKind::kNone, [](Request, Id) {
                 return StatusReply(absl::UnimplementedError(
                     "user classes cannot be changed here: change the plan, or choose among them "
                     "with user_classes when you start"));
               }});
  get("/stop", [this](Request, Id) { return Stop(); });
  get("/stats/reset", [this](Request, Id) { return Reset(); });
  get("/stats/requests", [this](Request, Id) {
    return OfNewest(&LocustApi::RenderRequests, "requests", LocustNoRequests());
  });
  get("/stats/requests/csv", [this](Request, Id) { return Csv("csv_stats"); });
  get("/stats/failures/csv", [this](Request, Id) { return Csv("csv_failures"); });
  get("/stats/requests_full_history/csv", [this](Request, Id) { return Csv("csv_history"); });
  get("/stats/report", [this](Request request, Id) { return HtmlReport(request); });
  get("/exceptions", [this](Request, Id) {
    return OfNewest(&LocustApi::RenderExceptions, "exceptions", R"({"exceptions":[]})");
  });
  get("/exceptions/csv", [this](Request, Id) { return Csv("csv_exceptions"); });
  get("/tasks", [this](Request, Id) {
    return OfNewest(&LocustApi::RenderTasks, "tasks", R"({"per_class":{},"total":{}})");
  });
  get("/logs", [this](Request, Id) { return Logs(); });
  get("/worker-count", [this](Request, Id) { return WorkerCount(); });
}

absl::StatusOr<std::optional<RunSummary>> LocustApi::Newest() {
  // Asked for by its state: any number of newer runs may be over by now.
  std::optional<RunSummary> newest;
  for (const std::optional<StoredState> state :
       {std::optional(StoredState::kRunning), std::optional(StoredState::kPending),
        std::optional<StoredState>()}) {
    std::string next_page;
    RunFilter filter;
    filter.state = state;
    filter.limit = kRunsLookedAt;
    SQUALL_ASSIGN_OR_RETURN(std::vector<RunSummary> runs, host_->List(filter, &next_page));
    const auto active = std::find_if(runs.begin(), runs.end(),
                                     [](const RunSummary& run) { return !IsOver(run.state); });
    if (active != runs.end()) {
      return std::move(*active);  // one that has just ended may not be stored yet
    }
    if (!runs.empty()) {
      newest = std::move(runs.front());
    }
  }
  return newest;
}

HttpReply LocustApi::Swarm(const HttpRequest& request) {
  const std::vector<PlanOffer> plans = host_->Plans();
  const absl::StatusOr<SwarmForm> form = ParseSwarmForm(request.body, plans);
  if (!form.ok()) {
    return Failure(form.status(), "");
  }
  const std::string host = WithoutCredentials(form->host);
  const absl::StatusOr<std::optional<RunSummary>> newest = Newest();
  if (!newest.ok()) {
    return Failure(newest.status(), host);
  }
  const bool goes_on =
      newest->has_value() && (*newest)->state != RunState::kStopping && !IsOver((*newest)->state);
  if (!goes_on) {
    const absl::StatusOr<RunSummary> run = host_->Start(form->start);
    const std::string_view message =
        form->by_shape ? "Swarming started using shape class" : "Swarming started";
    return run.ok() ? JsonReply(200, LocustStarted(message, host, form->start))
                    : Failure(run.status(), host);
  }
  // As Locust's Edit: the users of the run that goes on.
  if (!form->user_count.has_value()) {
    return Failure(absl::InvalidArgumentError("user_count must be given while a run goes on"),
                   host);
  }
  LoadRequest load;
  load.users = form->user_count;
  load.spawn_rate = form->spawn_rate.value_or(load.spawn_rate);
  const absl::Status status = host_->SetLoad((*newest)->run_id, load);
  return status.ok() ? JsonReply(200, LocustAnswer(true, "Swarming started", host))
                     : Failure(status, host);
}

HttpReply LocustApi::Stop() {
  const absl::StatusOr<std::optional<RunSummary>> newest = Newest();
  if (!newest.ok()) {
    return Failure(newest.status(), "");
  }
  // Locust calls it a success when there is nothing to stop.
  if (newest->has_value() && !IsOver((*newest)->state)) {
    const absl::Status status =
        host_->Stop((*newest)->run_id, "stopped by request", /*immediate=*/false);
    if (!status.ok()) {
      return Failure(status, "");
    }
  }
  return JsonReply(200, R"({"success":true,"message":"Test stopped"})");
}

HttpReply LocustApi::Reset() {
  const absl::StatusOr<std::optional<RunSummary>> newest = Newest();
  if (!newest.ok()) {
    return StatusReply(newest.status());
  }
  if (newest->has_value()) {
    const absl::StatusOr<RunPieces::Edition> edition = pieces_.Find((*newest)->run_id);
    if (!edition.ok()) {
      return StatusReply(edition.status());
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    reset_run_ = (*newest)->run_id;
    reset_total_ = edition->view == nullptr ? nullptr : edition->view->total;
    ++resets_;
  }
  return TextReply(200, "ok", "text/html");
}

absl::StatusOr<RunPieces::Edition> LocustApi::FindSinceReset(const std::string& run_id) {
  SQUALL_ASSIGN_OR_RETURN(RunPieces::Edition edition, pieces_.Find(run_id));
  const std::lock_guard<std::mutex> lock(mutex_);
  if (edition.view == nullptr || edition.view->total == nullptr || reset_total_ == nullptr ||
      reset_run_ != run_id) {
    return edition;
  }
  auto view = std::make_shared<RunView>(*edition.view);
  view->total = std::make_shared<const Snapshot>(SnapshotSince(*view->total, *reset_total_));
  const bool before_reset =
      view->before == nullptr || view->before->elapsed <= reset_total_->elapsed;
  view->before = std::make_shared<const Snapshot>(
      before_reset ? Snapshot() : SnapshotSince(*view->before, *reset_total_));
  edition.view = std::move(view);
  edition.version += fmt::format("-{}", resets_);
  return edition;
}

absl::StatusOr<std::string> LocustApi::RenderRequests(const std::string& run_id,
                                                      const RunPieces::Edition& edition) {
  SQUALL_ASSIGN_OR_RETURN(const Rendering run, pieces_.Get(run_id, edition, "run"));
  SQUALL_ASSIGN_OR_RETURN(const Rendering stats, pieces_.Get(run_id, edition, "stats"));
  SQUALL_ASSIGN_OR_RETURN(const Rendering failures, pieces_.Get(run_id, edition, "failures"));
  SQUALL_ASSIGN_OR_RETURN(const Rendering agents, pieces_.Get(run_id, edition, "agents"));
  LocustSource source{
      .run = *run.text, .stats = *stats.text, .failures = *failures.text, .agents = *agents.text};
  if (edition.view != nullptr) {
    source.current_p50_ms = CurrentPercentile(*edition.view, 0.5);
    source.current_p95_ms = CurrentPercentile(*edition.view, 0.95);
  }
  return LocustRequests(source);
}

absl::StatusOr<std::string> LocustApi::RenderExceptions(const std::string& run_id,
                                                        const RunPieces::Edition& edition) {
  SQUALL_ASSIGN_OR_RETURN(const Rendering table, pieces_.Get(run_id, edition, "exceptions"));
  return LocustExceptions(*table.text);
}

absl::StatusOr<std::string> LocustApi::RenderTasks(const std::string& run_id,
                                                   const RunPieces::Edition& edition) {
  SQUALL_ASSIGN_OR_RETURN(const Rendering tasks, pieces_.Get(run_id, edition, "tasks"));
  return LocustTasks(*tasks.text);
}

HttpReply LocustApi::OfNewest(Make make, std::string_view name, std::string otherwise) {
  const absl::StatusOr<std::optional<RunSummary>> newest = Newest();
  if (!newest.ok()) {
    return StatusReply(newest.status());
  }
  if (!newest->has_value()) {
    return JsonReply(200, std::move(otherwise));
  }
  const std::string& run_id = (*newest)->run_id;
  const absl::StatusOr<RunPieces::Edition> edition = FindSinceReset(run_id);
  if (!edition.ok()) {
    return StatusReply(edition.status());
  }
  const absl::StatusOr<Rendering> made =
      cache_.Get(fmt::format("{} {}", name, run_id), edition->version,
                 [&] { return (this->*make)(run_id, *edition); });
  if (!made.ok()) {
    return StatusReply(made.status());
  }
  HttpReply reply;
  reply.body = made->text;
  reply.gzip_body = made->gzip;
  return reply;
}

HttpReply LocustApi::Logs() {
  const absl::StatusOr<std::optional<RunSummary>> newest = Newest();
  if (!newest.ok()) {
    return StatusReply(newest.status());
  }
  std::vector<EventRecord> events;
  if (newest->has_value()) {
    absl::StatusOr<std::vector<EventRecord>> found = host_->Events((*newest)->run_id, kLogLines);
    if (!found.ok()) {
      return StatusReply(found.status());
    }
    events = *std::move(found);
  }
  return JsonReply(200, LocustLogs(events));
}

HttpReply LocustApi::WorkerCount() {
  return JsonReply(200, fmt::format(R"({{"worker_count":{}}})", host_->Agents().size()));
}

absl::StatusOr<std::string> LocustApi::CsvOf(const std::string& run_id, std::string_view format) {
  SQUALL_ASSIGN_OR_RETURN(const RunPieces::Edition edition, FindSinceReset(run_id));
  const bool goes_on = edition.view != nullptr && edition.view->total != nullptr &&
                       !IsOver(edition.view->summary.state);
  // A report of a run that goes on is made by the run itself, which has better things to do for
  // those who ask every second. The time line is in no view.
  if (!goes_on || format == "csv_history") {
    return host_->Report(run_id, std::string(format));
  }
  if (format == "csv_stats") {
    return StatsCsv(*edition.view->total);
  }
  return format == "csv_failures" ? FailuresCsv(*edition.view->total)
                                  : ExceptionsNow(*edition.view);
}

HttpReply LocustApi::Csv(std::string_view format_name) {
  const ReportFormat& format = *FindReportFormat(format_name);
  const absl::StatusOr<std::optional<RunSummary>> newest = Newest();
  if (!newest.ok()) {
    return StatusReply(newest.status());
  }
  if (!newest->has_value()) {
    return StatusReply(absl::NotFoundError("there is no run yet: start one first"));
  }
  absl::StatusOr<std::string> csv = CsvOf((*newest)->run_id, format.name);
  return csv.ok() ? ReportReply(*std::move(csv), **newest, format, /*as_file=*/true)
                  : StatusReply(csv.status());
}

HttpReply LocustApi::HtmlReport(const HttpRequest& request) {
  const absl::StatusOr<std::optional<RunSummary>> newest = Newest();
  if (!newest.ok()) {
    return StatusReply(newest.status());
  }
  if (!newest->has_value()) {
    return StatusReply(absl::NotFoundError("there is no run yet: start one first"));
  }
  absl::StatusOr<std::string> html = host_->Report((*newest)->run_id, "html");
  return html.ok() ? ReportReply(*std::move(html), **newest, *FindReportFormat("html"),
                                 !request.Query("download").empty())
                   : StatusReply(html.status());
}

}  // namespace squall
