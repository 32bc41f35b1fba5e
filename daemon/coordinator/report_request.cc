#include "daemon/coordinator/report_request.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace squall {
namespace {

constexpr auto kReportPatience = std::chrono::seconds(5);

}  // namespace

struct ReportRequest::Slot {
  std::mutex mutex;
  std::condition_variable filled;
  std::optional<RunReport> report;  // guarded by mutex
};

ReportRequest::ReportRequest(RunCoordinator* coordinator) : slot_(std::make_shared<Slot>()) {
  coordinator->Report([slot = slot_](RunReport report) {
    const std::lock_guard<std::mutex> lock(slot->mutex);
    slot->report = std::move(report);
    slot->filled.notify_all();
  });
}

absl::StatusOr<RunReport> ReportRequest::Wait() const {
  std::unique_lock<std::mutex> lock(slot_->mutex);
  if (!slot_->filled.wait_for(lock, kReportPatience, [&] { return slot_->report.has_value(); })) {
    return absl::UnavailableError("the run is ending; ask again");
  }
  return *slot_->report;
}

}  // namespace squall
