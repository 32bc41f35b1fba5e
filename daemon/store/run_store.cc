#include "daemon/store/run_store.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "daemon/base/status_macros.h"
#include "daemon/store/run_writer.h"
#include "daemon/store/schema.h"

namespace squall {
namespace {

// How long a call waits for a shell or a backup that reads the file.
constexpr Nanos kBusyTimeout = std::chrono::seconds(5);

absl::Status CheckAll(std::span<const RunWrite> writes) {
  for (const RunWrite& write : writes) {
    SQUALL_RETURN_IF_ERROR(CheckWrite(write));
  }
  return absl::OkStatus();
}

absl::Status ApplyAll(SqlDatabase* database, std::span<const RunWrite> writes) {
  for (const RunWrite& write : writes) {
    SQUALL_RETURN_IF_ERROR(ApplyWrite(database, write));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::Open(const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError("run store must have a path, not ''");
  }
  std::unique_ptr<StoreFile> file;
  if (path != ":memory:") {
    SQUALL_ASSIGN_OR_RETURN(file, StoreFile::Claim(path));
  }
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<SqlDatabase> database,
                          SqlDatabase::Open(file ? file->path() : path, kBusyTimeout));
  SQUALL_RETURN_IF_ERROR(PrepareSchema(database.get()));
  std::unique_ptr<RunStore> store(new RunStore(std::move(file), std::move(database)));
  SQUALL_RETURN_IF_ERROR(store->Sweep());  // a crash may have come between a deletion and its end
  return store;
}

std::unique_lock<std::mutex> RunStore::Lock() const {
  const std::lock_guard<std::mutex> turn(turn_);
  return std::unique_lock<std::mutex>(mutex_);
}

RunStore::RunStore(std::unique_ptr<StoreFile> file, std::unique_ptr<SqlDatabase> database)
    : file_(std::move(file)), database_(std::move(database)) {}

absl::Status RunStore::Create(const RunRecord& run, std::string plan, std::string settings) {
  const std::array<RunWrite, 2> documents = {
      DocumentRecord{run.run_id, DocumentKind::kPlan, std::move(plan)},
      DocumentRecord{run.run_id, DocumentKind::kSettings, std::move(settings)}};
  SQUALL_RETURN_IF_ERROR(CheckWrite(run));
  SQUALL_RETURN_IF_ERROR(CheckAll(documents));
  writes_.fetch_add(1, std::memory_order_relaxed);
  const std::unique_lock<std::mutex> lock = Lock();
  return database_->Transact([&]() -> absl::Status {
    SQUALL_RETURN_IF_ERROR(InsertRun(database_.get(), run));
    return ApplyAll(database_.get(), documents);
  });
}

absl::Status RunStore::Write(const RunWrite& write) { return WriteAll(std::span(&write, 1)); }

absl::Status RunStore::WriteAll(std::span<const RunWrite> writes) {
  SQUALL_RETURN_IF_ERROR(CheckAll(writes));
  writes_.fetch_add(1, std::memory_order_relaxed);
  const std::unique_lock<std::mutex> lock = Lock();
  return database_->Transact([&] { return ApplyAll(database_.get(), writes); });
}

std::optional<uint64_t> RunStore::FileBytes() const {
  if (file_ == nullptr) {
    return std::nullopt;
  }
  uint64_t bytes = 0;
  for (const char* part : {"", "-wal"}) {
    std::error_code error;
    const uintmax_t size = std::filesystem::file_size(file_->path() + part, error);
    bytes += error ? 0 : size;
  }
  return bytes;
}

absl::StatusOr<RunRecord> RunStore::Get(std::string_view run_id) const {
  const std::unique_lock<std::mutex> lock = Lock();
  return ReadRun(database_.get(), run_id);
}

absl::StatusOr<RunPage> RunStore::List(const RunFilter& filter) const {
  const std::unique_lock<std::mutex> lock = Lock();
  return ReadRunPage(database_.get(), filter);
}

absl::StatusOr<std::string> RunStore::Document(std::string_view run_id, DocumentKind kind) const {
  const std::unique_lock<std::mutex> lock = Lock();
  return ReadDocument(database_.get(), run_id, kind);
}

absl::StatusOr<std::vector<AgentRecord>> RunStore::Agents(std::string_view run_id) const {
  const std::unique_lock<std::mutex> lock = Lock();
  return ReadAgents(database_.get(), run_id);
}

absl::StatusOr<std::vector<EventRecord>> RunStore::Events(std::string_view run_id,
                                                          int64_t limit) const {
  const std::unique_lock<std::mutex> lock = Lock();
  return ReadEvents(database_.get(), run_id, limit);
}

absl::StatusOr<std::vector<PointRecord>> RunStore::Series(std::string_view run_id,
                                                          std::string_view series) const {
  const std::unique_lock<std::mutex> lock = Lock();
  return ReadSeries(database_.get(), run_id, series);
}

absl::StatusOr<std::vector<std::string>> RunStore::SeriesNames(std::string_view run_id) const {
  const std::unique_lock<std::mutex> lock = Lock();
  return ReadSeriesNames(database_.get(), run_id);
}

absl::StatusOr<std::string> RunStore::Report(std::string_view run_id,
                                             std::string_view format) const {
  const std::unique_lock<std::mutex> lock = Lock();
  return ReadReport(database_.get(), run_id, format);
}

absl::StatusOr<std::vector<std::string>> RunStore::ReportFormats(std::string_view run_id) const {
  const std::unique_lock<std::mutex> lock = Lock();
  return ReadReportFormats(database_.get(), run_id);
}

absl::Status RunStore::Delete(std::string_view run_id) {
  SQUALL_RETURN_IF_ERROR(DeleteOne(run_id));
  Sweep().IgnoreError();  // the run is gone; whoever deletes next, or opens, gives its space back
  return absl::OkStatus();
}

absl::StatusOr<size_t> RunStore::Prune(const RetentionPolicy& policy, WallTime now) {
  std::vector<RunRecord> runs;
  {
    const std::unique_lock<std::mutex> lock = Lock();
    SQUALL_ASSIGN_OR_RETURN(runs, ReadAllRuns(database_.get()));
  }
  size_t deleted = 0;
  for (const std::string& run_id : ChooseRunsToPrune(std::move(runs), policy, now)) {
    const absl::Status status = DeleteOne(run_id);
    if (status.ok()) {
      ++deleted;
    } else if (!absl::IsNotFound(status)) {  // somebody else was faster: gone is gone
      return status;
    }
  }
  if (deleted > 0) {
    Sweep().IgnoreError();  // as above
  }
  return deleted;
}

absl::Status RunStore::DeleteOne(std::string_view run_id) {
  const std::unique_lock<std::mutex> lock = Lock();
  return database_->Transact([&] { return DeleteRun(database_.get(), run_id); });
}

absl::Status RunStore::Sweep() {
  bool more = true;
  while (more) {
    const std::unique_lock<std::mutex> lock = Lock();
    SQUALL_RETURN_IF_ERROR(database_->Transact([&]() -> absl::Status {
      SQUALL_ASSIGN_OR_RETURN(more, SweepPortion(database_.get()));
      return absl::OkStatus();
    }));
  }
  int64_t before = std::numeric_limits<int64_t>::max();
  while (true) {
    const std::unique_lock<std::mutex> lock = Lock();
    SQUALL_ASSIGN_OR_RETURN(const int64_t free_pages,
                            ReadNumber(database_.get(), "PRAGMA freelist_count"));
    // No progress: somebody has repacked the file without auto_vacuum, or new pages came free.
    if (free_pages == 0 || free_pages >= before) {
      return absl::OkStatus();
    }
    before = free_pages;
    SQUALL_RETURN_IF_ERROR(database_->Execute("PRAGMA incremental_vacuum(1024)"));
  }
}

}  // namespace squall
