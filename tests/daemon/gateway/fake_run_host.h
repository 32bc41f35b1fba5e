// A RunHost for tests: what it says is set, what it is asked is written down. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/gateway/run_host.h"
#include "daemon/http/http_message.h"

namespace squall {

class FakeRunHost final : public RunHost {
 public:
  struct Run {
    RunSummary summary;
    std::shared_ptr<RunView> view;  // nullptr: stored
    std::vector<SeriesPoint> points;
    std::vector<EventRecord> events;
    std::map<std::string, std::string> reports;  // by format
  };

  // A run that goes on, with one request of 20 ms.
  Run& Add(const std::string& run_id) {
    order_.push_back(run_id);
    Run& run = runs_[run_id];
    run.summary.run_id = run_id;
    run.summary.plan_name = "shop";
    run.summary.state = RunState::kRunning;
    run.summary.started_at = WallTime(std::chrono::seconds(1'700'000'000));
    run.summary.users = 3;
    auto total = std::make_shared<Snapshot>();
    total->state = RunState::kRunning;
    total->elapsed = std::chrono::seconds(20);
    total->started_at = *run.summary.started_at;
    EntryStats& entry = total->entries[{RunPhase::kMeasured, "/a", "GET"}];
    entry.requests = 1;
    entry.response.Record(std::chrono::milliseconds(20));
    entry.service.Record(std::chrono::milliseconds(20));
    run.view = std::make_shared<RunView>();
    run.view->version = 7;
    run.view->summary = run.summary;
    run.view->total = std::move(total);
    AddPoint(&run);
    return run;
  }

  // As if a second had gone by.
  static void AddPoint(Run* run, Nanos length = std::chrono::seconds(1)) {
    SeriesPoint point;
    point.start = length * static_cast<int64_t>(run->points.size());
    point.length = length;
    run->points.push_back(point);
  }
  static void Happens(Run* run, const std::string& text) {
    EventRecord event;
    event.number = static_cast<int64_t>(run->events.size());
    event.text = text;
    run->events.push_back(event);
  }
  static void Grow(Run* run) {
    run->view = std::make_shared<RunView>(*run->view);
    ++run->view->version;
  }
  // It is over, and only its reports are left.
  static void Store(Run* run, std::string view_json) {
    run->summary.state = RunState::kFinished;
    run->summary.ended_at = WallTime(std::chrono::seconds(1'700'000'060));
    run->view = nullptr;
    run->reports["view"] = std::move(view_json);
  }
  Run& Of(const std::string& run_id) { return runs_.at(run_id); }
  void Forget(const std::string& run_id) {
    runs_.erase(run_id);
    std::erase(order_, run_id);
  }

  HostAbilities Abilities() const override { return abilities; }
  std::vector<PlanOffer> Plans() override { return plans; }
  std::vector<HostAgent> Agents() override { return agents; }

  absl::StatusOr<RunSummary> Start(const StartRequest& request) override {
    started.push_back(request);
    if (!refusal.ok()) {
      return refusal;
    }
    return Add(fmt::format("r-{}", started.size())).summary;
  }
  absl::StatusOr<std::vector<RunSummary>> List(const RunFilter& filter,
                                               std::string* next_page) override {
    filters.push_back(filter);
    std::vector<RunSummary> runs;
    for (auto id = order_.rbegin(); id != order_.rend(); ++id) {
      const RunSummary& run = runs_[*id].summary;
      if (filter.state.value_or(StateOf(run)) == StateOf(run) &&
          runs.size() < static_cast<size_t>(filter.limit)) {
        runs.push_back(run);
      }
    }
    *next_page = next;
    return runs;
  }
  absl::StatusOr<RunSummary> Summary(const std::string& run_id) override {
    const Run* run = Find(run_id);
    return run == nullptr ? absl::StatusOr<RunSummary>(Unknown(run_id)) : run->summary;
  }
  absl::StatusOr<std::shared_ptr<const RunView>> View(const std::string& run_id) override {
    const Run* run = Find(run_id);
    if (run == nullptr) {
      return Unknown(run_id);
    }
    if (run->view == nullptr) {
      return absl::FailedPreconditionError("it is over");
    }
    return std::shared_ptr<const RunView>(run->view);
  }
  absl::StatusOr<uint64_t> Version(const std::string& run_id) override {
    if (!broken.ok()) {
      return broken;
    }
    const Run* run = Find(run_id);
    if (run == nullptr) {
      return Unknown(run_id);
    }
    return run->view == nullptr ? 0 : run->view->version;
  }
  absl::StatusOr<PointsPage> Points(const std::string& run_id, size_t known) override {
    ++points_asked;
    const Run* run = Find(run_id);
    if (run == nullptr || run->view == nullptr) {
      return absl::FailedPreconditionError("it is over");
    }
    PointsPage page;
    page.from = known == 0 || known > run->points.size() ? 0 : known - 1;
    page.points.assign(run->points.begin() + static_cast<ptrdiff_t>(page.from), run->points.end());
    page.step = run->points.empty() ? Nanos(0) : run->points.front().length;
    return page;
  }
  absl::StatusOr<std::vector<EventRecord>> Events(const std::string& run_id,
                                                  int64_t /*limit*/) override {
    const Run* run = Find(run_id);
    return run == nullptr ? absl::StatusOr<std::vector<EventRecord>>(Unknown(run_id)) : run->events;
  }

  absl::Status SetLoad(const std::string& run_id, const LoadRequest& load) override {
    return Note(fmt::format("load {} users={} at {} factor={} clear={}", run_id,
                            load.users.value_or(0), load.spawn_rate,
                            load.arrival_factor.value_or(0), load.clear));
  }
  absl::Status SetStages(const std::string& run_id, const std::vector<Stage>& stages) override {
    return Note(fmt::format("stages {} {}", run_id, stages.size()));
  }
  absl::Status SetPaused(const std::string& run_id, bool paused) override {
    return Note(fmt::format("pause {} {}", run_id, paused));
  }
  absl::Status Stop(const std::string& run_id, const std::string& reason, bool immediate) override {
    return Note(fmt::format("stop {} '{}' {}", run_id, reason, immediate));
  }
  absl::Status Delete(const std::string& run_id) override {
    return Note(fmt::format("delete {}", run_id));
  }
  absl::StatusOr<std::string> Report(const std::string& run_id,
                                     const std::string& format) override {
    ++reports_asked;
    const Run* run = Find(run_id);
    if (run == nullptr) {
      return Unknown(run_id);
    }
    const auto report = run->reports.find(format);
    if (report == run->reports.end()) {
      return absl::NotFoundError(fmt::format("run '{}' has no report '{}'", run_id, format));
    }
    return report->second;
  }

  HostAbilities abilities;
  std::vector<PlanOffer> plans;
  std::vector<HostAgent> agents;
  std::string next;
  absl::Status refusal;  // of Start and of changes
  absl::Status broken;   // of Version

  std::vector<StartRequest> started;
  std::vector<RunFilter> filters;
  std::vector<std::string> changes;
  int points_asked = 0;
  int reports_asked = 0;

 private:
  static StoredState StateOf(const RunSummary& run) {
    return run.state == RunState::kPrepared   ? StoredState::kPending
           : run.state == RunState::kFinished ? StoredState::kFinished
           : run.state == RunState::kFailed   ? StoredState::kFailed
                                              : StoredState::kRunning;
  }
  static absl::Status Unknown(const std::string& run_id) {
    return absl::NotFoundError(fmt::format("no run '{}'", run_id));
  }
  const Run* Find(const std::string& run_id) const {
    const auto found = runs_.find(run_id);
    return found == runs_.end() ? nullptr : &found->second;
  }
  absl::Status Note(std::string change) {
    changes.push_back(std::move(change));
    return refusal;
  }

  std::map<std::string, Run> runs_;
  std::vector<std::string> order_;  // the oldest first
};

// A stored view as small as one can be.
inline std::string SmallView() {
  return R"({"run":{"id":"old","state":"finished","users":0},)"
         R"("stats":{"version":0,)"
         R"("columns":["method","name","requests","failures","response_mean"],)"
         R"("rows":[["GET","/a",4,1,12.5]],"total":["","Aggregated",4,1,12.5],"left_out":0},)"
         R"("failures":{"version":0,"columns":["count","method","name","reason"],)"
         R"("rows":[[1,"GET","/a","500"]],"total":[],"left_out":0},)"
         R"("exceptions":{"version":0,"columns":["count","message","traceback","agents"],)"
         R"("rows":[[2,"boom","line 1","a-1"]],"total":[],"left_out":0},)"
         R"("agents":{"version":0,"columns":["id","state","lost","users","cpu_cores"],)"
         R"("rows":[["a-1","finished",0,3,0.5],["a-2","running",1,0,0]],"total":[],"left_out":0},)"
         R"("tasks":[{"name":"Shopper","share":0.5,)"
         R"("tasks":[{"name":"buy","share":0.25,"tasks":[]}]}],)"
         R"("events":[],"points":{"from":0,"start":[]},"heat":{"bounds":[]}})";
}

// A request as the server would give it.
inline HttpRequest WebRequest(std::string method, std::string path, std::string body = "") {
  HttpRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  if (!body.empty()) {
    request.headers["content-type"] = "application/json";
  }
  request.body = std::move(body);
  return request;
}

inline std::string BodyOf(const HttpReply& reply) {
  return reply.body == nullptr ? "" : *reply.body;
}

inline std::string HeaderOf(const HttpReply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

}  // namespace squall
