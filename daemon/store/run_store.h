// The history of runs on disk: what `squall serve` needs to show finished runs after a restart, and
// to take hold again of the running ones. One SQLite file, with one process as its user at a time.
//
// When a writing call has returned OK, its data survives a crash of the process.
//
// Owned by main(). Any thread may call any method; one mutex makes them wait for each other, and
// they touch the disk, so nothing on a hot path calls them.
//
// Errors: INVALID_ARGUMENT (a limit of records.h), NOT_FOUND and ALREADY_EXISTS (with the run's
// id), FAILED_PRECONDITION (wrong state), UNAVAILABLE (file locked, disk full …, with path and
// remedy), DATA_LOSS (the file is damaged).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/store/records.h"
#include "daemon/store/retention.h"
#include "daemon/store/run_reader.h"
#include "daemon/store/sqlite.h"
#include "daemon/store/store_file.h"

namespace squall {

class RunStore final {
 public:
  // Makes the file and its directory, readable by their owner only, and brings an older file up to
  // date. FAILED_PRECONDITION when a newer squall or another program wrote the file, UNAVAILABLE
  // when another process has it open. ":memory:" keeps nothing.
  static absl::StatusOr<std::unique_ptr<RunStore>> Open(const std::string& path);
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;

  absl::Status Create(const RunRecord& run, std::string plan, std::string settings);
  absl::Status Write(const RunWrite& write);
  // All of them or none, in this order; what a coordinator has to say once a second costs one
  // transaction this way.
  absl::Status WriteAll(std::span<const RunWrite> writes);
  // Of the three above, so far; and the size of the file with its log, nothing for ":memory:".
  uint64_t writes() const { return writes_.load(std::memory_order_relaxed); }
  std::optional<uint64_t> FileBytes() const;

  absl::StatusOr<RunRecord> Get(std::string_view run_id) const;
  absl::StatusOr<RunPage> List(const RunFilter& filter) const;
  absl::StatusOr<std::string> Document(std::string_view run_id, DocumentKind kind) const;
  absl::StatusOr<std::vector<AgentRecord>> Agents(std::string_view run_id) const;
  // The last `limit` ones, the oldest first.
  absl::StatusOr<std::vector<EventRecord>> Events(std::string_view run_id,
                                                  int64_t limit = kEventsMax) const;
  // By index; empty for a series that does not exist.
  absl::StatusOr<std::vector<PointRecord>> Series(std::string_view run_id,
                                                  std::string_view series) const;
  absl::StatusOr<std::vector<std::string>> SeriesNames(std::string_view run_id) const;
  absl::StatusOr<std::string> Report(std::string_view run_id, std::string_view format) const;
  absl::StatusOr<std::vector<std::string>> ReportFormats(std::string_view run_id) const;

  // With everything that belongs to it, and its space in the file. FAILED_PRECONDITION while it is
  // active.
  absl::Status Delete(std::string_view run_id);
  // Deletes the runs that break the policy; how many those were. Other calls go in between.
  absl::StatusOr<size_t> Prune(const RetentionPolicy& policy, WallTime now);

 private:
  RunStore(std::unique_ptr<StoreFile> file, std::unique_ptr<SqlDatabase> database);
  absl::Status DeleteOne(std::string_view run_id);
  // Drops what deleted runs have left and makes the file smaller, in portions: others' calls wait
  // for one of them at most.
  absl::Status Sweep();
  // Who waits for the lock holds the turn meanwhile, so Sweep() cannot get ahead of it again.
  std::unique_lock<std::mutex> Lock() const;

  const std::unique_ptr<StoreFile> file_;  // null for ":memory:"; outlives the connection
  std::atomic<uint64_t> writes_ = 0;
  mutable std::mutex turn_;
  mutable std::mutex mutex_;
  const std::unique_ptr<SqlDatabase> database_;  // under mutex_
};

}  // namespace squall
