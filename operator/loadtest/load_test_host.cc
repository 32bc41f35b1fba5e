#include "operator/loadtest/load_test_host.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/gateway/run_journal.h"
#include "daemon/plan/stage_at.h"
#include "daemon/report/html_report.h"
#include "daemon/report/view_json.h"
#include "operator/kube/api/kube_error.h"
#include "operator/loadtest/load_test_page.h"
#include "operator/loadtest/report_objects.h"

namespace squall {
namespace {

StoredState StoredStateOf(RunState state) {
  return state == RunState::kFinished   ? StoredState::kFinished
         : state == RunState::kFailed   ? StoredState::kFailed
         : state == RunState::kPrepared ? StoredState::kPending
                                        : StoredState::kRunning;
}

bool Matches(const RunFilter& filter, const RunSummary& run, WallTime created) {
  return (filter.name.empty() || filter.name == run.plan_name) &&
         (!filter.state.has_value() || filter.state == StoredStateOf(run.state)) &&
         created >= filter.since;
}

}  // namespace

HostAbilities LoadTestHost::Abilities() const {
  HostAbilities abilities;
  abilities.program = "squall-operator";
  abilities.version = parts_.version;
  abilities.scale = true;
  abilities.pause = true;
  abilities.stages = true;
  abilities.stop = true;
  return abilities;
}

std::vector<HostAgent> LoadTestHost::Agents() {
  std::vector<HostAgent> agents;
  for (const ObjectPtr& object : parts_.tests->List()) {
    const auto run = parts_.find_run(ReadLoadTest(*object));
    const RunSummary summary = run == nullptr ? RunSummary() : run->Summary();
    for (const AgentDescription& agent : summary.agents) {
      agents.push_back({.agent = agent, .run_id = summary.run_id});
    }
  }
  return agents;
}

absl::StatusOr<RunSummary> LoadTestHost::Start(const StartRequest& /*request*/) {
  return absl::UnimplementedError("create a LoadTest with kubectl apply, or give one a new runId");
}

absl::Status LoadTestHost::Delete(const std::string& /*run_id*/) {
  return absl::UnimplementedError("delete the LoadTest with kubectl delete");
}

absl::StatusOr<LoadTestHost::Found> LoadTestHost::Find(const std::string& run_id) const {
  const ObjectPtr object = parts_.tests->Get(KeyOfShownId(run_id));
  if (object != nullptr) {
    Found found{ReadLoadTest(*object), nullptr};
    if (ShownRunId(found.test) == run_id) {
      found.run = parts_.find_run(found.test);
      return found;
    }
  }
  return absl::NotFoundError(fmt::format(
      "no run '{}': it must be NAMESPACE:NAME:RUNID of a LoadTest as it is now", run_id));
}

RunSummary LoadTestHost::SummaryNow(const Found& found) const {
  return found.run == nullptr ? SummaryOf(found.test) : found.run->Summary();
}

absl::StatusOr<std::vector<RunSummary>> LoadTestHost::List(const RunFilter& filter,
                                                           std::string* next_page) {
  struct Row {
    WallTime created;
    RunSummary run;
  };
  std::vector<Row> rows;
  for (const ObjectPtr& object : parts_.tests->List()) {
    Found found{ReadLoadTest(*object), nullptr};
    found.run = parts_.find_run(found.test);
    Row row{CreationTimestamp(*object).value_or(WallTime()), SummaryNow(found)};
    row.created = std::max(row.created, row.run.started_at.value_or(WallTime()));
    if (Matches(filter, row.run, row.created)) {
      rows.push_back(std::move(row));
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.created != b.created ? a.created > b.created : a.run.run_id < b.run.run_id;
  });
  auto row = rows.begin();
  if (!filter.page_token.empty()) {
    row = std::find_if(rows.begin(), rows.end(),
                       [&](const Row& seen) { return seen.run.run_id == filter.page_token; });
    if (row == rows.end()) {
      return absl::InvalidArgumentError("page must be a next_page of this list, which has changed");
    }
    ++row;
  }
  std::vector<RunSummary> page;
  while (row != rows.end() && page.size() < static_cast<size_t>(std::max(filter.limit, 1))) {
    page.push_back(std::move(row++->run));
  }
  *next_page = row == rows.end() || page.empty() ? "" : page.back().run_id;
  return page;
}

absl::StatusOr<RunSummary> LoadTestHost::Summary(const std::string& run_id) {
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  return SummaryNow(found);
}

absl::StatusOr<std::shared_ptr<const RunView>> LoadTestHost::View(const std::string& run_id) {
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  if (found.run != nullptr) {
    return found.run->View();
  }
  const std::string phase = PhaseOf(found.test);
  if (IsOver(phase)) {
    return absl::FailedPreconditionError(fmt::format("run '{}' is over", run_id));
  }
  if (IsActive(phase) && phase != kPhasePreparing) {
    return absl::UnavailableError(fmt::format(
        "run '{}' is led by another replica of the operator: ask that one (kubectl get lease)",
        run_id));
  }
  return std::make_shared<const RunView>(ViewOfWaiting(found.test));
}

absl::StatusOr<uint64_t> LoadTestHost::Version(const std::string& run_id) {
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  if (found.run != nullptr) {
    return found.run->Version();
  }
  return IsOver(PhaseOf(found.test)) ? 0 : ViewOfWaiting(found.test).version;
}

absl::StatusOr<PointsPage> LoadTestHost::Points(const std::string& run_id, size_t known) {
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  if (found.run != nullptr) {
    return found.run->Points(known);
  }
  if (IsOver(PhaseOf(found.test))) {
    return absl::FailedPreconditionError(fmt::format("run '{}' is over", run_id));
  }
  return PointsPage();
}

absl::StatusOr<std::vector<EventRecord>> LoadTestHost::Events(const std::string& run_id,
                                                              int64_t limit) {
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  std::vector<EventRecord> records;
  const std::vector<EventView> events =
      found.run == nullptr ? std::vector<EventView>() : found.run->Events();
  const auto shown = std::min<size_t>(events.size(), limit < 0 ? 0 : static_cast<size_t>(limit));
  for (size_t i = events.size() - shown; i < events.size(); ++i) {
    records.push_back({run_id, events[i].at, events[i].text, events[i].number});
  }
  return records;
}

absl::Status LoadTestHost::Patch(const std::string& run_id,
                                 const std::function<boost::json::object(const LoadTest&)>& patch) {
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  if (const RunState state = SummaryNow(found).state;
      state == RunState::kFinished || state == RunState::kFailed) {
    return absl::FailedPreconditionError(fmt::format("run '{}' is over", run_id));
  }
  const auto patched = parts_.client->MergePatch(kLoadTests, found.test.key, patch(found.test));
  return patched.ok()
             ? absl::OkStatus()
             : absl::Status(patched.status().code(),
                            fmt::format("change LoadTest {}: {}", found.test.key.ToString(),
                                        StatusText(patched.status())));
}

// What the run would refuse is not written into the spec, where it would stand as if it held.
absl::Status LoadTestHost::SetLoad(const std::string& run_id, const LoadRequest& load) {
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  if (found.run != nullptr) {
    SQUALL_RETURN_IF_ERROR(found.run->CheckLoad(load));
  }
  return Patch(run_id, [&](const LoadTest&) { return LoadPatch(load); });
}

absl::Status LoadTestHost::SetStages(const std::string& run_id, const std::vector<Stage>& stages) {
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  if (found.run != nullptr && found.run->IsOpen()) {
    return absl::InvalidArgumentError(
        "stages must not take the place of arrival rates while a run goes on; set arrival_factor "
        "instead");
  }
  const auto view = found.run != nullptr ? found.run->View() : nullptr;
  if (view != nullptr && view->total != nullptr) {
    SQUALL_RETURN_IF_ERROR(CheckStagesAhead(stages, view->total->elapsed));
  }
  return Patch(run_id, [&](const LoadTest& test) { return StagesPatch(test, stages); });
}

absl::Status LoadTestHost::SetPaused(const std::string& run_id, bool paused) {
  const DesiredState state = paused ? DesiredState::kPaused : DesiredState::kRunning;
  return Patch(run_id, [&](const LoadTest&) { return DesiredStatePatch(state); });
}

absl::Status LoadTestHost::Stop(const std::string& run_id, const std::string& reason,
                                bool immediate) {
  SQUALL_RETURN_IF_ERROR(
      Patch(run_id, [](const LoadTest&) { return DesiredStatePatch(DesiredState::kStopped); }));
  // The spec knows graceful stops only, and no reason.
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  if (found.run != nullptr && (immediate || !reason.empty())) {
    found.run->Stop(reason.empty() ? "stopped by the user" : reason, immediate);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> LoadTestHost::Report(const std::string& run_id,
                                                 const std::string& format) {
  if (format == "html") {
    SQUALL_ASSIGN_OR_RETURN(const std::string view, Report(run_id, "view"));
    return HtmlReportOf(view);
  }
  SQUALL_ASSIGN_OR_RETURN(const Found found, Find(run_id));
  if (found.run == nullptr) {
    return StoredReport(found.test, format);
  }
  if (format == "view") {
    return ViewJson(*found.run->View(), found.run->Points(0).points, found.run->Events());
  }
  SQUALL_ASSIGN_OR_RETURN(const RunReport report, found.run->Report());
  return RenderReport(report, format);
}

absl::StatusOr<std::string> LoadTestHost::StoredReport(const LoadTest& test,
                                                       const std::string& format) const {
  const std::string name =
      PhaseOf(test).empty() ? "" : StringAt(test.status, "report.configMapName");
  absl::Status missing = absl::FailedPreconditionError(
      fmt::format("LoadTest {} has no report, it is {}", test.key.ToString(),
                  PhaseOf(test).empty() ? std::string(kPhasePending) : PhaseOf(test)));
  if (!name.empty()) {
    SQUALL_ASSIGN_OR_RETURN(const boost::json::object object,
                            parts_.client->Get(kConfigMaps, {test.key.ns, name}));
    const absl::StatusOr<std::string> text = ReadReportObject(object, format);
    if (text.ok()) {
      return text;
    }
    missing = text.status();
  }
  if (format != "view") {
    return missing;
  }
  RunView view = ViewOfWaiting(test);
  view.version = 0;
  return ViewJson(view, {}, {});
}

}  // namespace squall
