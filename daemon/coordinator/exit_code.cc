#include "daemon/coordinator/exit_code.h"

#include <algorithm>

namespace squall {

int ExitCodeOf(const RunReport& report, int on_error) {
  if (report.interrupted) {
    return static_cast<int>(ExitCode::kInterrupted);
  }
  const bool agent_failed =
      std::any_of(report.agents.begin(), report.agents.end(),
                  [](const Snapshot& agent) { return agent.state == RunState::kFailed; });
  if (report.agents_lost > 0 || agent_failed) {
    return static_cast<int>(ExitCode::kAgentsLost);
  }
  if (report.verdict.verdict == Verdict::kInvalid) {
    return static_cast<int>(ExitCode::kInvalid);
  }
  const bool threshold_failed =
      std::any_of(report.thresholds.begin(), report.thresholds.end(),
                  [](const ThresholdResult& result) { return !result.passed; });
  if (threshold_failed) {
    return static_cast<int>(ExitCode::kThresholdsFailed);
  }
  return report.verdict.verdict == Verdict::kPass ? static_cast<int>(ExitCode::kPassed) : on_error;
}

}  // namespace squall
