// What Locust's own web port says, in its words and field names, made of the pieces of a run
// (web/src/api.ts). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/gateway/run_host.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// "ready", "running", "stopping", "stopped" …: nothing stands for no run at all.
std::string_view LocustStateName(std::optional<RunState> state);

// The pieces that /stats/requests needs.
struct LocustSource {
  std::string_view run;
  std::string_view stats;
  std::string_view failures;
  std::string_view agents;
  // Of the last ten seconds, in milliseconds.
  std::optional<double> current_p50_ms;
  std::optional<double> current_p95_ms;
};
// INTERNAL when a piece is not what view_json.h writes.
absl::StatusOr<std::string> LocustRequests(const LocustSource& source);
// The same before there is a run.
std::string LocustNoRequests();

absl::StatusOr<std::string> LocustExceptions(std::string_view exceptions);
absl::StatusOr<std::string> LocustTasks(std::string_view tasks);
std::string LocustLogs(const std::vector<EventRecord>& events);
// {"success":false,"message":"…","host":"…"} and the like.
std::string LocustAnswer(bool success, std::string_view message, std::string_view host);
// The same of a run that was started, with what was asked for.
std::string LocustStarted(std::string_view message, std::string_view host,
                          const StartRequest& start);

}  // namespace squall
