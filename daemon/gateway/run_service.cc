#include "daemon/gateway/run_service.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "daemon/base/status_macros.h"
#include "daemon/gateway/run_order_proto.h"
#include "daemon/gateway/run_pieces.h"
#include "daemon/gateway/watched_agent_proto.h"
#include "daemon/report/compare.h"
#include "daemon/report/run_figures.h"
#include "daemon/report/text.h"
#include "daemon/rpc/bearer.h"
#include "daemon/rpc/polling_stream.h"
#include "daemon/wire/load_profile_proto.h"
#include "daemon/wire/proto_reader.h"
#include "daemon/wire/snapshot_proto.h"
#include "daemon/wire/summary_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/run_service.grpc.pb.h"

namespace squall {
namespace {

constexpr int32_t kPageDefault = 50;
constexpr int64_t kEventsShown = 1000;
constexpr Nanos kGlance = std::chrono::milliseconds(200);

struct Format {
  v1::ReportFormat format;
  const char* name;  // RunHost's
  const char* media_type;
};

constexpr Format kRpcFormats[] = {
    {v1::REPORT_FORMAT_JSON, "json", "application/json"},
    {v1::REPORT_FORMAT_JUNIT, "junit", "application/xml"},
    {v1::REPORT_FORMAT_MARKDOWN, "markdown", "text/markdown"},
    {v1::REPORT_FORMAT_TEXT, "text", "text/plain"},
    {v1::REPORT_FORMAT_CSV_STATS, "csv_stats", "text/csv"},
    {v1::REPORT_FORMAT_CSV_FAILURES, "csv_failures", "text/csv"},
    {v1::REPORT_FORMAT_CSV_EXCEPTIONS, "csv_exceptions", "text/csv"},
    {v1::REPORT_FORMAT_CSV_HISTORY, "csv_history", "text/csv"},
    {v1::REPORT_FORMAT_HTML, "html", "text/html"},
};

void FillEvent(const EventRecord& event, v1::RunEvent* proto) {
  WallTimeToProto(event.at, proto->mutable_at());
  proto->set_text(event.text);
}

// What one WatchRun stream has shown.
struct Watched {
  uint64_t version = UINT64_MAX;
  int64_t events = 0;
};

class Rpc final : public v1::RunService::CallbackService {
 public:
  Rpc(RunHost* runs, squall::CreateRun create, const TokenGuard* guard)
      : runs_(runs), create_(std::move(create)), guard_(guard) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* CreateRun(Context* context, const v1::CreateRunRequest* request,
                     v1::CreateRunResponse* response) override {
    return Answer(context, [&]() -> absl::Status {
      std::vector<std::string> warnings;
      SQUALL_ASSIGN_OR_RETURN(RunOrder order, RunOrderFromProto(*request, &warnings));
      response->mutable_warnings()->Assign(warnings.begin(), warnings.end());
      if (request->dry_run()) {
        Plan applied = order.plan;
        SQUALL_RETURN_IF_ERROR(ApplyRunSettings(order.settings, &applied));
        response->mutable_run()->set_plan_name(order.plan.name);
        return absl::OkStatus();
      }
      if (create_ == nullptr) {
        return absl::UnimplementedError("runs are not made by this call here");
      }
      SQUALL_ASSIGN_OR_RETURN(const RunSummary run, create_(std::move(order)));
      SummaryToProto(run, response->mutable_run());
      return absl::OkStatus();
    });
  }

  Reactor* GetRun(Context* context, const v1::GetRunRequest* request,
                  v1::GetRunResponse* response) override {
    return Answer(context, [&]() -> absl::Status {
      SQUALL_RETURN_IF_ERROR(FillRun(request->run_id(), response->mutable_run()));
      SQUALL_ASSIGN_OR_RETURN(const std::vector<EventRecord> events,
                              runs_->Events(request->run_id(), kEventsShown));
      for (const EventRecord& event : events) {
        FillEvent(event, response->add_events());
      }
      return absl::OkStatus();
    });
  }

  Reactor* ListRuns(Context* context, const v1::ListRunsRequest* request,
                    v1::ListRunsResponse* response) override {
    return Answer(context, [&]() -> absl::Status {
      RunFilter filter;
      filter.name = request->plan_name();
      filter.page_token = request->page_token();
      filter.limit = request->page_size() == 0 ? kPageDefault : request->page_size();
      if (filter.limit < 0 || filter.limit > kRunPageMax) {
        return absl::InvalidArgumentError(
            fmt::format("page_size must be 0 to {}, got {}", kRunPageMax, filter.limit));
      }
      SQUALL_ASSIGN_OR_RETURN(const std::vector<RunSummary> page,
                              runs_->List(filter, response->mutable_next_page_token()));
      for (const RunSummary& run : page) {
        SummaryToProto(run, response->add_runs());
      }
      return absl::OkStatus();
    });
  }

  Reactor* UpdateRun(Context* context, const v1::UpdateRunRequest* request,
                     v1::UpdateRunResponse* response) override {
    return Answer(context, [&]() -> absl::Status {
      SQUALL_RETURN_IF_ERROR(Change(*request));
      return FillRun(request->run_id(), response->mutable_run());
    });
  }

  Reactor* StopRun(Context* context, const v1::StopRunRequest* request,
                   v1::StopRunResponse* response) override {
    return Answer(context, [&]() -> absl::Status {
      SQUALL_RETURN_IF_ERROR(runs_->Stop(request->run_id(), request->reason().substr(0, 1000),
                                         request->mode() == v1::STOP_MODE_IMMEDIATE));
      return FillRun(request->run_id(), response->mutable_run());
    });
  }

  Reactor* GetReport(Context* context, const v1::GetReportRequest* request,
                     v1::GetReportResponse* response) override {
    return Answer(context, [&]() -> absl::Status {
      const v1::ReportFormat wanted = request->format() == v1::REPORT_FORMAT_UNSPECIFIED
                                          ? v1::REPORT_FORMAT_JSON
                                          : request->format();
      const auto* format = std::find_if(std::begin(kRpcFormats), std::end(kRpcFormats),
                                        [&](const Format& item) { return item.format == wanted; });
      if (format == std::end(kRpcFormats)) {
        return absl::InvalidArgumentError(
            fmt::format("format must be one of ReportFormat's, got {}", static_cast<int>(wanted)));
      }
      SQUALL_ASSIGN_OR_RETURN(*response->mutable_content(),
                              runs_->Report(request->run_id(), format->name));
      response->set_media_type(format->media_type);
      return absl::OkStatus();
    });
  }

  Reactor* DeleteRun(Context* context, const v1::DeleteRunRequest* request,
                     v1::DeleteRunResponse* /*response*/) override {
    return Answer(context, [&] { return runs_->Delete(request->run_id()); });
  }

  Reactor* CompareRuns(Context* context, const v1::CompareRunsRequest* request,
                       v1::CompareRunsResponse* response) override {
    return Answer(context, [&]() -> absl::Status {
      SQUALL_ASSIGN_OR_RETURN(const RunFigures base, Figures(request->base_run_id()));
      SQUALL_ASSIGN_OR_RETURN(const RunFigures run, Figures(request->run_id()));
      const RunComparison comparison = squall::CompareRuns(base, run);
      response->set_text(ComparisonTable(comparison, {}));
      response->set_json(ComparisonJson(comparison));
      return absl::OkStatus();
    });
  }

  Reactor* ListAgents(Context* context, const v1::ListAgentsRequest* /*request*/,
                      v1::ListAgentsResponse* response) override {
    return Answer(context, [&] {
      for (const HostAgent& agent : runs_->Agents()) {
        v1::JoinedAgent* proto = response->add_agents();
        AgentDescriptionToProto(agent.agent, proto->mutable_agent());
        proto->set_address(agent.address);
        proto->set_run_id(agent.run_id);
        WallTimeToProto(agent.joined_at, proto->mutable_joined_at());
      }
      return absl::OkStatus();
    });
  }

  using Stream = PollingStream<v1::WatchRunResponse>;

  grpc::ServerWriteReactor<v1::WatchRunResponse>* WatchRun(
      Context* context, const v1::WatchRunRequest* request) override {
    if (!Admitted(guard_, *context)) {
      return Stream::Refuse(FromGrpc(Unauthenticated()));
    }
    return Stream::Begin(
        [this, run_id = request->run_id(), full = request->with_snapshot(),
         watched = Watched()](v1::WatchRunResponse* response) mutable {
          return Show(run_id, full, &watched, response);
        },
        kGlance);
  }

 private:
  template <typename Work>
  Reactor* Answer(Context* context, const Work& work) {
    Reactor* reactor = context->DefaultReactor();
    reactor->Finish(Admitted(guard_, *context) ? ToGrpc(work()) : Unauthenticated());
    return reactor;
  }

  absl::Status FillRun(const std::string& run_id, v1::RunSummary* proto) {
    SQUALL_ASSIGN_OR_RETURN(const RunSummary summary, runs_->Summary(run_id));
    SummaryToProto(summary, proto);
    return absl::OkStatus();
  }

  absl::Status Change(const v1::UpdateRunRequest& request) {
    LoadRequest load;
    switch (request.change_case()) {
      case v1::UpdateRunRequest::kUsers:
        load.users = request.users().users();
        if (*load.users > kUsersMax) {
          return absl::InvalidArgumentError(
              fmt::format("users.users must be at most {}, got {}", kUsersMax, *load.users));
        }
        if (request.users().has_spawn_rate()) {
          load.spawn_rate = request.users().spawn_rate();
          if (!(load.spawn_rate > 0 && load.spawn_rate <= kRateMax)) {
            return absl::InvalidArgumentError(
                fmt::format("users.spawn_rate must be above 0 and at most {}, got {}", kRateMax,
                            load.spawn_rate));
          }
        }
        break;
      case v1::UpdateRunRequest::kArrivalFactor:
        load.arrival_factor = request.arrival_factor();
        if (!(*load.arrival_factor >= 0 && *load.arrival_factor <= kRateMax)) {
          return absl::InvalidArgumentError(fmt::format("arrival_factor must be 0 to {}, got {}",
                                                        kRateMax, *load.arrival_factor));
        }
        break;
      case v1::UpdateRunRequest::kClear:
        load.clear = true;
        break;
      case v1::UpdateRunRequest::kPaused:
        return runs_->SetPaused(request.run_id(), request.paused());
      case v1::UpdateRunRequest::kStages: {
        v1::LoadProfile proto;
        *proto.mutable_staged() = request.stages();
        SQUALL_ASSIGN_OR_RETURN(const LoadProfile profile, LoadProfileFromProto(proto));
        return runs_->SetStages(request.run_id(), std::get<std::vector<Stage>>(profile.load));
      }
      case v1::UpdateRunRequest::CHANGE_NOT_SET:
        return absl::InvalidArgumentError(
            "change must be one of users, arrival_factor, clear, paused, stages");
    }
    return runs_->SetLoad(request.run_id(), load);
  }

  // Whether it is over.
  absl::StatusOr<bool> FillNow(const std::string& run_id, bool full,
                               v1::WatchRunResponse* response) {
    const absl::StatusOr<std::shared_ptr<const RunView>> view = runs_->View(run_id);
    if (!view.ok()) {
      SQUALL_ASSIGN_OR_RETURN(const RunSummary summary, runs_->Summary(run_id));
      SummaryToProto(summary, response->mutable_run());
      return IsOver(summary.state);
    }
    const RunView& now = **view;
    SummaryToProto(now.summary, response->mutable_run());
    response->set_requests_per_second(now.requests_per_second);
    response->set_failures_per_second(now.failures_per_second);
    if (full) {
      response->set_host(WithoutCredentials(now.host));
      NanosToProto(now.options.warm_up, response->mutable_warm_up());
      if (now.options.run_time.has_value()) {
        NanosToProto(*now.options.run_time, response->mutable_run_time());
      }
      for (const AgentView& agent : now.agents) {
        WatchedAgentToProto(agent, response->add_agents());
      }
      response->mutable_invalid_so_far()->Assign(now.invalid_so_far.begin(),
                                                 now.invalid_so_far.end());
      if (now.total != nullptr) {
        SnapshotToProto(*now.total, response->mutable_snapshot());
      }
    }
    return IsOver(now.summary.state);
  }

  absl::StatusOr<RunFigures> Figures(const std::string& run_id) {
    SQUALL_ASSIGN_OR_RETURN(const std::string json, runs_->Report(run_id, "json"));
    return ParseRunFigures(json);
  }

  absl::StatusOr<Look> Show(const std::string& run_id, bool full, Watched* watched,
                            v1::WatchRunResponse* response) {
    SQUALL_ASSIGN_OR_RETURN(const uint64_t version, runs_->Version(run_id));
    if (version == watched->version && version != 0) {
      return Look::kNothing;
    }
    watched->version = version;
    SQUALL_ASSIGN_OR_RETURN(const bool over, FillNow(run_id, full, response));
    SQUALL_ASSIGN_OR_RETURN(const std::vector<EventRecord> events,
                            runs_->Events(run_id, kEventsShown));
    for (const EventRecord& event : events) {
      if (event.number >= watched->events) {
        FillEvent(event, response->add_events());
        watched->events = event.number + 1;
      }
    }
    return over ? Look::kLast : Look::kSend;
  }

  RunHost* const runs_;
  const squall::CreateRun create_;
  const TokenGuard* const guard_;
};

}  // namespace

RpcService MakeRunService(RunHost* runs, CreateRun create, const TokenGuard* guard) {
  return {"squall.v1.RunService", std::make_unique<Rpc>(runs, std::move(create), guard)};
}

}  // namespace squall
