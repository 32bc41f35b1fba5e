#include "daemon/gateway/run_manager.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/rng.h"
#include "daemon/base/status_macros.h"
#include "daemon/wire/summary_proto.h"
#include "protos/squall/v1/run.pb.h"

namespace squall {
namespace {

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

}  // namespace

RunManager::RunManager(RunManagerOptions options) : options_(std::move(options)) {
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

absl::StatusOr<RunSummary> RunManager::Create(RunOrder order) {
  SQUALL_RETURN_IF_ERROR(CheckNewRunId(order.run_id));
  if (order.run_id.empty()) {
    order.run_id = NewRunId(*options_.parts.clock);
  }
  Reap();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (active_.size() >= options_.active_max) {
    return absl::ResourceExhaustedError(
        fmt::format("{} runs go on already; stop one first", active_.size()));
  }
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<ActiveRun> run,
                          ActiveRun::Create(options_.parts, std::move(order)));
  RunSummary summary = run->Now().summary;
  active_.push_back(std::move(run));
  return summary;
}

// Frees the runs that are over, outside of the lock, and prunes the store.
void RunManager::Reap() {
  std::vector<std::shared_ptr<ActiveRun>> over;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& run : active_) {
      if (run->over()) {
        over.push_back(run);
      }
    }
    std::erase_if(active_, [](const auto& run) { return run->over(); });
  }
  if (!over.empty()) {
    options_.parts.store->Prune(options_.retention, options_.parts.clock->Wall()).IgnoreError();
  }
}

std::shared_ptr<ActiveRun> RunManager::Find(const std::string& run_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& run : active_) {
    if (run->run_id() == run_id && !run->over()) {
      return run;
    }
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<ActiveRun>> RunManager::MustBeActive(const std::string& run_id) {
  if (std::shared_ptr<ActiveRun> run = Find(run_id); run != nullptr) {
    return run;
  }
  SQUALL_RETURN_IF_ERROR(options_.parts.store->Get(run_id).status());
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

absl::StatusOr<RunNow> RunManager::Now(const std::string& run_id) {
  if (const std::shared_ptr<ActiveRun> run = Find(run_id); run != nullptr) {
    return run->Now();
  }
  RunNow now;
  SQUALL_ASSIGN_OR_RETURN(now.summary, Stored(run_id));
  return now;
}

absl::StatusOr<std::vector<RunSummary>> RunManager::List(const RunFilter& filter,
                                                         std::string* next_page) {
  SQUALL_ASSIGN_OR_RETURN(const RunPage page, options_.parts.store->List(filter));
  std::vector<RunSummary> summaries;
  for (const RunRecord& record : page.runs) {
    SQUALL_ASSIGN_OR_RETURN(RunNow now, Now(record.run_id));
    summaries.push_back(std::move(now.summary));
  }
  *next_page = page.next_page_token;
  return summaries;
}

absl::StatusOr<std::vector<EventRecord>> RunManager::Events(const std::string& run_id,
                                                            int64_t limit) {
  return options_.parts.store->Events(run_id, limit);
}

absl::Status RunManager::SetLoad(const std::string& run_id, const LoadRequest& load) {
  SQUALL_ASSIGN_OR_RETURN(const std::shared_ptr<ActiveRun> run, MustBeActive(run_id));
  return run->SetLoad(load);
}

absl::Status RunManager::SetPaused(const std::string& run_id, bool paused) {
  SQUALL_ASSIGN_OR_RETURN(const std::shared_ptr<ActiveRun> run, MustBeActive(run_id));
  return run->SetPaused(paused);
}

absl::Status RunManager::Stop(const std::string& run_id, const std::string& reason,
                              bool immediate) {
  SQUALL_ASSIGN_OR_RETURN(const std::shared_ptr<ActiveRun> run, MustBeActive(run_id));
  return run->Stop(reason, immediate);
}

absl::StatusOr<std::string> RunManager::Report(const std::string& run_id,
                                               const std::string& format) {
  if (const std::shared_ptr<ActiveRun> run = Find(run_id); run != nullptr) {
    const absl::StatusOr<RunReport> report = run->Report();
    if (report.ok()) {
      for (auto& [name, text] : RenderReports(*report)) {
        if (name == format) {
          return std::move(text);
        }
      }
    } else if (report.status().code() == absl::StatusCode::kUnavailable) {
      return report.status();
    }
  }
  absl::StatusOr<std::string> stored = options_.parts.store->Report(run_id, format);
  if (absl::IsNotFound(stored.status())) {
    SQUALL_ASSIGN_OR_RETURN(const RunRecord record, options_.parts.store->Get(run_id));
    if (record.state != StoredState::kFinished) {
      return absl::FailedPreconditionError(
          fmt::format("run '{}' has no report, it is {}; squall status {} says why", run_id,
                      StoredStateName(record.state), run_id));
    }
  }
  return stored;
}

absl::Status RunManager::Delete(const std::string& run_id) {
  Reap();
  return options_.parts.store->Delete(run_id);
}

void RunManager::OnJoin(const PoolAgent& agent) {
  std::vector<std::shared_ptr<ActiveRun>> runs;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    runs = active_;
  }
  for (const auto& run : runs) {
    if (agent.run_id.empty()) {
      run->Offer(agent);
    }
  }
}

void RunManager::StopAll(const std::string& reason) {
  std::vector<std::shared_ptr<ActiveRun>> runs;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    runs = active_;
  }
  for (const auto& run : runs) {
    run->Stop(reason, /*immediate=*/false).IgnoreError();
  }
  for (const auto& run : runs) {
    run->Wait();
  }
}

}  // namespace squall
