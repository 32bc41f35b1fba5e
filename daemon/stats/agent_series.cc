#include "daemon/stats/agent_series.h"

#include <utility>

#include "daemon/base/status_macros.h"

namespace squall {

AgentPoint Join(const AgentPoint& earlier, const AgentPoint& later) {
  AgentPoint joined = later;
  joined.start = earlier.start;
  joined.length = later.start + later.length - earlier.start;
  joined.requests = earlier.requests + later.requests;
  joined.failures = earlier.failures + later.failures;
  return joined;
}

void AgentSeries::Add(const Snapshot& agent) {
  using Place = PointLine<AgentPoint>::Place;
  const Place place = line_.PlaceOf(agent.elapsed);
  if (place == Place::kNowhere) {
    return;
  }
  Counts now;
  for (const auto& [key, entry] : agent.entries) {
    now.requests += entry.requests;
    now.failures += entry.failures;
  }
  if (now.requests < last_.requests || now.failures < last_.failures) {
    now = last_;
  }
  if (place == Place::kNew) {
    start_ = last_;
    line_.Open();
  }
  const Counts& before = place == Place::kJoined ? last_ : start_;
  const AgentPoint point{.requests = now.requests - before.requests,
                         .failures = now.failures - before.failures,
                         .users = agent.UserCount(),
                         .target_users = agent.target_users,
                         .loop_lag_p99 = agent.health.loop_lag.Percentile(0.99)};
  place == Place::kJoined ? line_.JoinLast(point) : line_.SetLast(point, agent.elapsed);
  last_ = now;
}

absl::Status AgentSeries::Restore(std::vector<AgentPoint> points) {
  Counts counts;
  for (const AgentPoint& point : points) {
    counts.requests += point.requests;
    counts.failures += point.failures;
  }
  SQUALL_RETURN_IF_ERROR(line_.Restore(std::move(points)));
  last_ = counts;
  start_ = counts;
  return absl::OkStatus();
}

}  // namespace squall
