// The endpoints of Locust's own web port, so that scripts which drive Locust go on working: its
// paths, its forms, its field names. They act on the newest run that goes on, or else on the newest
// one. docs/api.md says where they differ. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "daemon/gateway/rendering_cache.h"
#include "daemon/gateway/report_download.h"
#include "daemon/gateway/route_table.h"
#include "daemon/gateway/run_host.h"
#include "daemon/gateway/run_pieces.h"

namespace squall {

class LocustApi final {
 public:
  // `host` outlives this.
  explicit LocustApi(RunHost* host) : host_(host), pieces_(host) {}
  LocustApi(const LocustApi&) = delete;
  LocustApi& operator=(const LocustApi&) = delete;

  // Its routes, which call this.
  void AddTo(RouteTable* routes);

 private:
  HttpReply Swarm(const HttpRequest& request);
  HttpReply Stop();
  HttpReply Reset();
  HttpReply Logs();
  HttpReply WorkerCount();
  HttpReply Csv(std::string_view format_name);
  HttpReply HtmlReport(const HttpRequest& request);

  // `make` gets the newest run; `otherwise` is for when there is none.
  using Make = absl::StatusOr<std::string> (LocustApi::*)(const std::string& run_id,
                                                          const RunPieces::Edition& edition);
  HttpReply OfNewest(Make make, std::string_view name, std::string otherwise);
  // Nothing when there is no run at all.
  absl::StatusOr<std::optional<RunSummary>> Newest();
  // The run as it is; less what had been counted at the last reset, while it goes on.
  absl::StatusOr<RunPieces::Edition> FindSinceReset(const std::string& run_id);
  absl::StatusOr<std::string> RenderRequests(const std::string& run_id,
                                             const RunPieces::Edition& edition);
  absl::StatusOr<std::string> RenderExceptions(const std::string& run_id,
                                               const RunPieces::Edition& edition);
  absl::StatusOr<std::string> CsvOf(const std::string& run_id, std::string_view format);
  absl::StatusOr<std::string> RenderTasks(const std::string& run_id,
                                          const RunPieces::Edition& edition);

  RunHost* const host_;
  RunPieces pieces_;  // of its own: the page's know nothing of resets
  RenderingCache cache_{16 << 20, 16};
  std::mutex mutex_;
  std::string reset_run_;                        // guarded by mutex_, as what follows
  std::shared_ptr<const Snapshot> reset_total_;  // as of the reset
  uint64_t resets_ = 0;
};

}  // namespace squall
