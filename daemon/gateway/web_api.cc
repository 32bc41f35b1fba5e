#include "daemon/gateway/web_api.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/suggest.h"
#include "daemon/base/units.h"
#include "daemon/gateway/host_json.h"
#include "daemon/gateway/report_download.h"
#include "daemon/gateway/run_request.h"
#include "daemon/gateway/status_reply.h"
#include "daemon/report/compare.h"
#include "daemon/report/run_figures.h"
#include "daemon/report/view_json.h"

namespace squall {
namespace {

constexpr uint64_t kEventNumberMax = uint64_t{1} << 53;
constexpr uint64_t kPointsMax = 1'000'000;
constexpr double kStepSecondsMax = 1e9;

HttpReply RenderedReply(const Rendering& rendering, std::string etag) {
  HttpReply reply;
  reply.body = rendering.text;
  reply.gzip_body = rendering.gzip;
  reply.etag = std::move(etag);
  return reply;
}

// A parameter of the query that is a whole number; `otherwise` when it is not there.
absl::StatusOr<uint64_t> CountOf(const HttpRequest& request, std::string_view name,
                                 uint64_t otherwise, uint64_t min, uint64_t max) {
  const std::optional<std::string> text = request.FindQuery(name);
  if (!text.has_value()) {
    return otherwise;
  }
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error != std::errc() || end != text->data() + text->size() || count < min || count > max) {
    return absl::InvalidArgumentError(
        fmt::format("{} must be a whole number from {} to {}, got '{}'", name, min, max, *text));
  }
  return count;
}

absl::StatusOr<Nanos> StepOf(const HttpRequest& request) {
  const std::optional<std::string> text = request.FindQuery("step");
  if (!text.has_value()) {
    return Nanos(0);
  }
  double seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc() || end != text->data() + text->size() ||
      !(seconds >= 0 && seconds <= kStepSecondsMax)) {
    return absl::InvalidArgumentError(
        fmt::format("step must be a number of seconds, 0 or more, got '{}'", *text));
  }
  return FromSeconds(seconds);
}

absl::StatusOr<RunFilter> FilterOf(const HttpRequest& request) {
  RunFilter filter;
  SQUALL_ASSIGN_OR_RETURN(const uint64_t limit, CountOf(request, "limit", 100, 1, kRunPageMax));
  filter.limit = static_cast<int>(limit);
  filter.page_token = request.Query("page");
  filter.name = request.Query("plan");
  if (const std::string state = request.Query("state"); !state.empty()) {
    filter.state = ParseStoredState(state);
    if (!filter.state.has_value()) {
      return absl::InvalidArgumentError(
          fmt::format("state must be one of pending, running, finished, failed, got '{}'", state));
    }
  }
  return filter;
}

// Where a session stands for a credential, its cookie is there (daemon/http/gatekeeper.h).
bool HasSession(const HttpRequest& request) {
  return request.Header("cookie").find("squall-") != std::string::npos;
}

absl::StatusOr<RunFigures> FiguresOf(RunHost* host, const HttpRequest& request,
                                     std::string_view parameter) {
  const std::string run_id = request.Query(parameter);
  if (run_id.empty()) {
    return absl::InvalidArgumentError(fmt::format("{} must be the id of a run", parameter));
  }
  SQUALL_ASSIGN_OR_RETURN(const std::string json, host->Report(run_id, "json"));
  return ParseRunFigures(json);
}

}  // namespace

WebApi::WebApi(RunHost* host, RunPieces* pieces, std::string instance)
    : host_(host),
      pieces_(pieces),
      instance_(std::move(instance)),
      stream_(std::make_shared<WebStream>(host, pieces)) {}

void WebApi::AddTo(RouteTable* routes) {
  const auto get = [&](const std::string& path, auto handle) {
    routes->Add({"GET", path, BodyKind::kNone, std::move(handle)});
  };
  using Request = const HttpRequest&;
  using Id = const std::string&;
  const std::string runs = "/api/v1/runs";
  const std::string run = "/api/v1/runs/{id}";
  get("/api/v1/server", [this](Request request, Id) { return Server(request); });
  get("/api/v1/agents",
      [this](Request, Id) { return JsonReply(200, HostAgentsJson(host_->Agents())); });
  get("/api/v1/compare", [this](Request request, Id) { return Compare(request); });
  get(runs, [this](Request request, Id) { return List(request); });
  get(run, [this](Request request, Id id) { return Piece(request, id, "run"); });
  for (const char* name : {"view", "stats", "failures", "exceptions", "agents", "tasks", "heat"}) {
    get(fmt::format("{}/{}", run, name),
        [this, name](Request request, Id id) { return Piece(request, id, name); });
  }
  get(run + "/points", [this](Request request, Id id) { return Points(request, id); });
  get(run + "/events", [this](Request request, Id id) { return Events(request, id); });
  get(run + "/stream", [this](Request request, Id id) { return Stream(request, id); });
  get(run + "/report", [this](Request request, Id id) { return Report(request, id); });
  routes->Add(
      {"POST", runs, BodyKind::kJson, [this](Request request, Id) { return Start(request); }});
  routes->Add({"PATCH", run, BodyKind::kJson,
               [this](Request request, Id id) { return Change(request, id); }});
  routes->Add({"DELETE", run, BodyKind::kNone, [this](Request, Id id) { return Delete(id); }});
  routes->Add({"POST", run + "/stop", BodyKind::kJson,
               [this](Request request, Id id) { return Stop(request, id); }});
}

HttpReply WebApi::Server(const HttpRequest& request) {
  return JsonReply(200,
                   ServerJson(host_->Abilities(), host_->Plans(), instance_, HasSession(request)));
}

HttpReply WebApi::List(const HttpRequest& request) {
  const absl::StatusOr<RunFilter> filter = FilterOf(request);
  if (!filter.ok()) {
    return StatusReply(filter.status());
  }
  std::string next_page;
  const auto runs = host_->List(*filter, &next_page);
  return runs.ok() ? JsonReply(200, RunListJson(*runs, next_page)) : StatusReply(runs.status());
}

HttpReply WebApi::Start(const HttpRequest& request) {
  const absl::StatusOr<StartRequest> start = ParseStartRequest(request.body);
  if (!start.ok()) {
    return StatusReply(start.status());
  }
  const absl::StatusOr<RunSummary> run = host_->Start(*start);
  if (!run.ok()) {
    return StatusReply(run.status());
  }
  HttpReply reply = JsonReply(201, RunItemJson(*run));
  reply.headers.emplace_back("Location", fmt::format("/api/v1/runs/{}", run->run_id));
  return reply;
}

HttpReply WebApi::Change(const HttpRequest& request, const std::string& run_id) {
  const absl::StatusOr<RunChange> change = ParseRunChange(request.body);
  if (!change.ok()) {
    return StatusReply(change.status());
  }
  absl::Status status;
  if (const auto* load = std::get_if<LoadRequest>(&*change)) {
    status = host_->SetLoad(run_id, *load);
  } else if (const auto* pause = std::get_if<PauseRequest>(&*change)) {
    status = host_->SetPaused(run_id, pause->paused);
  } else {
    status = host_->SetStages(run_id, std::get<std::vector<Stage>>(*change));
  }
  return status.ok() ? Item(200, run_id) : StatusReply(status);
}

HttpReply WebApi::Stop(const HttpRequest& request, const std::string& run_id) {
  const absl::StatusOr<StopRequest> stop = ParseStopRequest(request.body);
  if (!stop.ok()) {
    return StatusReply(stop.status());
  }
  const absl::Status status = host_->Stop(run_id, stop->reason, stop->immediate);
  return status.ok() ? Item(200, run_id) : StatusReply(status);
}

HttpReply WebApi::Delete(const std::string& run_id) {
  const absl::Status status = host_->Delete(run_id);
  if (!status.ok()) {
    return StatusReply(status);
  }
  HttpReply reply;
  reply.status = 204;
  return reply;
}

HttpReply WebApi::Piece(const HttpRequest& request, const std::string& run_id,
                        const std::string& name) {
  const absl::StatusOr<RunPieces::Edition> edition = pieces_->Find(run_id);
  if (!edition.ok()) {
    return StatusReply(edition.status());
  }
  if (request.ClientHas(edition->version)) {
    return NotModifiedReply(edition->version);
  }
  const absl::StatusOr<Rendering> piece = pieces_->Get(run_id, *edition, name);
  return piece.ok() ? RenderedReply(*piece, edition->version) : StatusReply(piece.status());
}

HttpReply WebApi::Points(const HttpRequest& request, const std::string& run_id) {
  const absl::StatusOr<uint64_t> known = CountOf(request, "known", 0, 0, kPointsMax);
  const absl::StatusOr<Nanos> step = StepOf(request);
  if (!known.ok() || !step.ok()) {
    return StatusReply(known.ok() ? step.status() : known.status());
  }
  const absl::StatusOr<PointsPage> page = pieces_->PointsSince(run_id, *known, *step);
  if (page.ok()) {
    return JsonReply(200, PointsJson(page->points, page->from));
  }
  return page.status().code() == absl::StatusCode::kFailedPrecondition
             ? Piece(request, run_id, "points")
             : StatusReply(page.status());
}

HttpReply WebApi::Events(const HttpRequest& request, const std::string& run_id) {
  const absl::StatusOr<uint64_t> after = CountOf(request, "after", 0, 0, kEventNumberMax);
  const absl::StatusOr<uint64_t> limit = CountOf(request, "limit", 1000, 1, kEventsMax);
  if (!after.ok() || !limit.ok()) {
    return StatusReply(after.ok() ? limit.status() : after.status());
  }
  const int64_t from =
      request.FindQuery("after").has_value() ? static_cast<int64_t>(*after) + 1 : 0;
  const auto events = pieces_->EventsFrom(run_id, from, static_cast<int64_t>(*limit));
  return events.ok() ? JsonReply(200, EventsJson(*events)) : StatusReply(events.status());
}

HttpReply WebApi::Stream(const HttpRequest& request, const std::string& run_id) {
  const absl::StatusOr<uint64_t> points = CountOf(request, "points", 0, 0, kPointsMax);
  const absl::StatusOr<uint64_t> events = CountOf(request, "events", 0, 0, kEventNumberMax);
  const absl::StatusOr<Nanos> step = StepOf(request);
  for (const absl::Status& status :
       {points.status(), events.status(), step.status(), host_->Version(run_id).status()}) {
    if (!status.ok()) {
      return StatusReply(status);
    }
  }
  HttpReply reply;
  reply.feed = stream_->Open(
      run_id, {.points = *points, .step = *step, .events = static_cast<int64_t>(*events)});
  return reply;
}

HttpReply WebApi::Report(const HttpRequest& request, const std::string& run_id) {
  const std::string name = request.FindQuery("format").value_or("json");
  const ReportFormat* format = FindReportFormat(name);
  if (format == nullptr) {
    const std::vector<std::string> names = ReportFormatNames();
    const std::string nearest = SuggestNearest(name, names);
    return StatusReply(absl::InvalidArgumentError(
        fmt::format("format must be one of {}, got '{}'{}", fmt::join(names, ", "), name,
                    nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest))));
  }
  const absl::StatusOr<RunSummary> run = host_->Summary(run_id);
  if (!run.ok()) {
    return StatusReply(run.status());
  }
  absl::StatusOr<std::string> content = host_->Report(run_id, name);
  return content.ok() ? ReportReply(*std::move(content), *run, *format, /*as_file=*/true)
                      : StatusReply(content.status());
}

HttpReply WebApi::Compare(const HttpRequest& request) {
  absl::StatusOr<RunFigures> base = FiguresOf(host_, request, "base");
  if (!base.ok()) {
    return StatusReply(base.status());
  }
  absl::StatusOr<RunFigures> run = FiguresOf(host_, request, "run");
  if (!run.ok()) {
    return StatusReply(run.status());
  }
  return JsonReply(200, ComparisonJson(CompareRuns(*std::move(base), *std::move(run))));
}

HttpReply WebApi::Item(int status, const std::string& run_id) {
  const absl::StatusOr<RunSummary> run = host_->Summary(run_id);
  return run.ok() ? JsonReply(status, RunItemJson(*run)) : StatusReply(run.status());
}

}  // namespace squall
