#include "daemon/gateway/run_manager.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/rng.h"
#include "daemon/base/status_macros.h"
#include "daemon/report/html_report.h"
#include "daemon/report/view_json.h"
#include "daemon/wire/summary_proto.h"
#include "protos/squall/v1/run.pb.h"

namespace squall {
namespace {

constexpr size_t kUnstoredMax = 16;

std::string NewRunId(const Clock& clock) {
  const auto wall = static_cast<uint64_t>(clock.Wall().time_since_epoch().count());
  return fmt::format("run-{:x}-{:04x}", wall / 1'000'000'000, MixSeed(wall) & 0xffff);
}

absl::Status CheckNewRunId(const std::string& run_id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (run_id.size() > kRunIdBytesMax || !std::all_of(run_id.begin(), run_id.end(), allowed)) {
    return absl::InvalidArgumentError(
        fmt::format("run_id must be 1 to {} letters, digits, '-', '_' and '.', got '{}'",
                    kRunIdBytesMax, run_id.substr(0, kRunIdBytesMax)));
  }
  return absl::OkStatus();
}

RunManagerOptions WithTally(RunManagerOptions options, RunTally* tally) {
  options.parts.on_over = [tally,
                           next = std::move(options.parts.on_over)](const RunSummary& summary) {
    tally->CountEnd(summary);
    if (next) {
      next(summary);
    }
  };
  return options;
}

}  // namespace

RunManager::RunManager(RunManagerOptions options)
    : options_(WithTally(std::move(options), &tally_)) {
  options_.parts.pool->OnJoin([this](const PoolAgent& agent) { OnJoin(agent); });
}

RunManager::~RunManager() { options_.parts.pool->OnJoin(nullptr); }

absl::Status RunManager::TakeOver() {
  for (const StoredState state : {StoredState::kRunning, StoredState::kPending}) {
    RunFilter filter;
    filter.state = state;
    filter.limit = kRunPageMax;
    SQUALL_ASSIGN_OR_RETURN(const RunPage page, options_.parts.store->List(filter));
    for (RunRecord record : page.runs) {
      absl::StatusOr<std::unique_ptr<ActiveRun>> resumed =
          absl::FailedPreconditionError("its coordinator ended before the run had begun");
      if (state == StoredState::kRunning) {
        resumed = ActiveRun::Resume(options_.parts, record.run_id, options_.connect);
      }
      if (resumed.ok()) {
        const std::lock_guard<std::mutex> lock(mutex_);
        active_.push_back(*std::move(resumed));
        tally_.CountStart();
        continue;
      }
      record.state = StoredState::kFailed;
      record.ended_at = options_.parts.clock->Wall();
      EventRecord event;
      event.run_id = record.run_id;
      event.at = record.ended_at;
      event.text = fmt::format("cannot go on: {}", std::string(resumed.status().message()));
      SQUALL_RETURN_IF_ERROR(options_.parts.store->WriteAll(std::vector<RunWrite>{event, record}));
    }
  }
  return absl::OkStatus();
}

class RunManager::Place final {
 public:
  explicit Place(RunManager* runs) : runs_(runs) {}
  ~Place() {
    const std::lock_guard<std::mutex> lock(runs_->mutex_);
    --runs_->places_;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  RunManager* const runs_;
};

absl::StatusOr<std::unique_ptr<RunManager::Place>> RunManager::TakePlace() {
  Reap();
  const std::lock_guard<std::mutex> lock(mutex_);
  const size_t busy = BusyCount();
  if (options_.abilities.one_at_a_time && busy > 0) {
    return absl::ResourceExhaustedError("a run goes on already, and there is one at a time");
  }
  if (busy >= options_.active_max) {
    return absl::ResourceExhaustedError(fmt::format("{} runs go on already; stop one first", busy));
  }
  ++places_;
  return std::make_unique<Place>(this);
}

size_t RunManager::BusyCount() const {
  return places_ +
         static_cast<size_t>(std::count_if(active_.begin(), active_.end(),
                                           [](const RunPointer& run) { return !run->over(); }));
}

bool RunManager::Busy() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return BusyCount() > 0;
}

absl::StatusOr<RunSummary> RunManager::Create(RunOrder order) {
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<Place> place, TakePlace());
  return Create(std::move(order), std::move(place));
}

absl::StatusOr<RunSummary> RunManager::Create(RunOrder order, std::unique_ptr<Place> place) {
  SQUALL_RETURN_IF_ERROR(CheckNewRunId(order.run_id));
  if (order.run_id.empty()) {
    order.run_id = NewRunId(*options_.parts.clock);
  }
  RunSummary summary;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<ActiveRun> run,
                            ActiveRun::Create(options_.parts, std::move(order)));
    summary = run->Summary();
    active_.push_back(std::move(run));
  }
  tally_.CountStart();
  place = nullptr;  // the run counts by itself now
  return summary;
}

absl::StatusOr<RunSummary> RunManager::Start(const StartRequest& request) {
  const HostAbilities& can = options_.abilities;
  if (request.text.has_value() ? !can.start_text : !can.start) {
    return absl::UnimplementedError(request.text.has_value()
                                        ? "plans cannot be sent to this host"
                                        : "runs cannot be started here by the name of a plan");
  }
  SQUALL_ASSIGN_OR_RETURN(RunOrder order, OrderFromRequest(request, options_.plans));
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<Place> place, TakePlace());
  order.run_id = NewRunId(*options_.parts.clock);
  if (options_.on_start) {
    SQUALL_RETURN_IF_ERROR(options_.on_start(request, &order));
  }
  return Create(std::move(order), std::move(place));
}

// Frees the runs that are over, outside of the lock, and prunes the store. A few that the store has
// not taken stay, since nobody else knows them.
void RunManager::Reap() {
  std::vector<RunPointer> over;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    size_t unstored = 0;
    for (const RunPointer& run : active_) {
      unstored += run->unstored() ? 1 : 0;
    }
    std::erase_if(active_, [&](const RunPointer& run) {
      if (!run->over() || (run->unstored() && unstored <= kUnstoredMax)) {
        return false;
      }
      unstored -= run->unstored() ? 1 : 0;
      over.push_back(run);
      return true;
    });
  }
  if (!over.empty()) {
    options_.parts.store->Prune(options_.retention, options_.parts.clock->Wall()).IgnoreError();
  }
}

RunManager::RunPointer RunManager::Find(const std::string& run_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const RunPointer& run : active_) {
    if (run->run_id() == run_id && (!run->over() || run->unstored())) {
      return run;
    }
  }
  return nullptr;
}

absl::StatusOr<RunManager::RunPointer> RunManager::MustBeActive(const std::string& run_id) {
  const RunPointer run = Find(run_id);
  if (run != nullptr && !run->over()) {
    return run;
  }
  if (run == nullptr) {
    SQUALL_RETURN_IF_ERROR(options_.parts.store->Get(run_id).status());
  }
  return absl::FailedPreconditionError(fmt::format("run '{}' is over", run_id));
}

absl::StatusOr<RunSummary> RunManager::Stored(const std::string& run_id) const {
  SQUALL_ASSIGN_OR_RETURN(const RunRecord record, options_.parts.store->Get(run_id));
  RunSummary summary;
  const auto bytes = options_.parts.store->Document(run_id, DocumentKind::kSummary);
  v1::RunSummary proto;
  if (bytes.ok() && proto.ParseFromString(*bytes)) {
    SQUALL_ASSIGN_OR_RETURN(summary, SummaryFromProto(proto));
  }
  summary.run_id = record.run_id;
  summary.plan_name = record.name;
  if (record.state == StoredState::kFailed) {
    summary.state = RunState::kFailed;
    summary.ended_at = record.ended_at;
  }
  return summary;
}

std::vector<PlanOffer> RunManager::Plans() {
  std::vector<PlanOffer> offers;
  for (const OfferedPlan& plan : options_.plans) {
    offers.push_back(plan.offer);
  }
  return offers;
}

std::vector<HostAgent> RunManager::Agents() {
  std::vector<HostAgent> agents;
  for (const PoolAgent& agent : options_.parts.pool->List()) {
    agents.push_back({agent.agent, agent.address, agent.run_id, agent.joined_at});
  }
  return agents;
}

absl::StatusOr<RunSummary> RunManager::Summary(const std::string& run_id) {
  const RunPointer run = Find(run_id);
  return run != nullptr ? run->Summary() : Stored(run_id);
}

absl::StatusOr<std::vector<RunSummary>> RunManager::List(const RunFilter& filter,
                                                         std::string* next_page) {
  SQUALL_ASSIGN_OR_RETURN(const RunPage page, options_.parts.store->List(filter));
  std::vector<RunSummary> summaries;
  for (const RunRecord& record : page.runs) {
    absl::StatusOr<RunSummary> summary = Summary(record.run_id);
    if (summary.ok()) {
      summaries.push_back(*std::move(summary));
    } else if (!absl::IsNotFound(summary.status())) {  // somebody has just deleted it
      return summary.status();
    }
  }
  *next_page = page.next_page_token;
  return summaries;
}

absl::StatusOr<std::shared_ptr<const RunView>> RunManager::View(const std::string& run_id) {
  if (const RunPointer run = Find(run_id); run != nullptr) {
    return run->View();
  }
  return MustBeActive(run_id).status();
}

absl::StatusOr<uint64_t> RunManager::Version(const std::string& run_id) {
  if (const RunPointer run = Find(run_id); run != nullptr) {
    return run->Version();
  }
  SQUALL_RETURN_IF_ERROR(options_.parts.store->Get(run_id).status());
  return uint64_t{0};
}

absl::StatusOr<PointsPage> RunManager::Points(const std::string& run_id, size_t known) {
  if (const RunPointer run = Find(run_id); run != nullptr) {
    return run->Points(known);
  }
  return MustBeActive(run_id).status();
}

absl::StatusOr<std::vector<EventRecord>> RunManager::Events(const std::string& run_id,
                                                            int64_t limit) {
  return options_.parts.store->Events(run_id, limit);
}

absl::Status RunManager::SetLoad(const std::string& run_id, const LoadRequest& load) {
  SQUALL_ASSIGN_OR_RETURN(const RunPointer run, MustBeActive(run_id));
  return run->SetLoad(load);
}

absl::Status RunManager::SetStages(const std::string& run_id, const std::vector<Stage>& stages) {
  SQUALL_ASSIGN_OR_RETURN(const RunPointer run, MustBeActive(run_id));
  return run->SetStages(stages);
}

absl::Status RunManager::SetPaused(const std::string& run_id, bool paused) {
  SQUALL_ASSIGN_OR_RETURN(const RunPointer run, MustBeActive(run_id));
  return run->SetPaused(paused);
}

absl::Status RunManager::Stop(const std::string& run_id, const std::string& reason,
                              bool immediate) {
  SQUALL_ASSIGN_OR_RETURN(const RunPointer run, MustBeActive(run_id));
  return run->Stop(reason, immediate);
}

absl::StatusOr<std::string> RunManager::Report(const std::string& run_id,
                                               const std::string& format) {
  if (format == "html") {
    SQUALL_ASSIGN_OR_RETURN(const std::string view, Report(run_id, "view"));
    return HtmlReportOf(view);
  }
  const RunPointer run = Find(run_id);
  if (run != nullptr && run->unstored()) {
    return run->UnstoredReport(format);
  }
  if (run != nullptr && format == "view") {
    return run->RenderView(*run->View());
  }
  if (run != nullptr) {
    const absl::StatusOr<RunReport> report = run->Report();
    if (report.ok()) {
      return RenderReport(*report, format);
    }
    if (report.status().code() == absl::StatusCode::kUnavailable) {
      return report.status();
    }
  }
  return StoredReport(run_id, format);
}

absl::StatusOr<std::string> RunManager::StoredReport(const std::string& run_id,
                                                     const std::string& format) const {
  absl::StatusOr<std::string> stored = options_.parts.store->Report(run_id, format);
  if (!absl::IsNotFound(stored.status())) {
    return stored;
  }
  SQUALL_ASSIGN_OR_RETURN(const RunRecord record, options_.parts.store->Get(run_id));
  if (format == "view") {
    return StoredView(run_id);
  }
  if (record.state != StoredState::kFinished) {
    return absl::FailedPreconditionError(
        fmt::format("run '{}' has no report, it is {}; squall status {} says why", run_id,
                    StoredStateName(record.state), run_id));
  }
  return stored;
}

// Of a run that an earlier squall has finished, or that nobody could go on with: what is known of
// it without its figures.
absl::StatusOr<std::string> RunManager::StoredView(const std::string& run_id) const {
  RunView view;
  SQUALL_ASSIGN_OR_RETURN(view.summary, Stored(run_id));
  SQUALL_ASSIGN_OR_RETURN(const std::vector<EventRecord> events,
                          options_.parts.store->Events(run_id));
  SQUALL_ASSIGN_OR_RETURN(const std::vector<SeriesPoint> points,
                          RunJournal::LoadPoints(*options_.parts.store, run_id));
  return ViewJson(view, points, EventViews(events));
}

absl::Status RunManager::Delete(const std::string& run_id) {
  Reap();
  const RunPointer run = Find(run_id);
  if (run != nullptr && run->unstored()) {
    SQUALL_ASSIGN_OR_RETURN(RunRecord record, options_.parts.store->Get(run_id));
    record.state = StoredState::kFailed;  // the store does not know yet that it is over
    SQUALL_RETURN_IF_ERROR(options_.parts.store->Write(record));
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase(active_, run);
  }
  return options_.parts.store->Delete(run_id);
}

void RunManager::OnJoin(const PoolAgent& agent) {
  std::vector<RunPointer> runs;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    runs = active_;
  }
  for (const RunPointer& run : runs) {
    if (agent.run_id.empty()) {
      run->Offer(agent);
    }
  }
}

CoordinatorFigures RunManager::Figures() {
  std::vector<RunPointer> runs;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    runs = active_;
  }
  CoordinatorFigures figures = tally_.Figures();
  const WallTime now = options_.parts.clock->Wall();
  for (const RunPointer& run : runs) {
    if (!run->over()) {
      figures.runs.push_back(CoordinatedRunOf(*run->View(), now));
    }
  }
  for (const PoolAgent& agent : options_.parts.pool->List()) {
    figures.agents_idle += agent.run_id.empty() ? 1 : 0;
  }
  return figures;
}

std::shared_ptr<const RunView> RunManager::Newest() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return active_.empty() ? nullptr : active_.back()->View();
}

void RunManager::StopAll(const std::string& reason) {
  std::vector<RunPointer> runs;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    runs = active_;
  }
  for (const RunPointer& run : runs) {
    run->Stop(reason, /*immediate=*/false).IgnoreError();
  }
  for (const RunPointer& run : runs) {
    run->Wait();
  }
}

}  // namespace squall
