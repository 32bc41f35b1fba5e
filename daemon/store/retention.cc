#include "daemon/store/retention.h"

#include <algorithm>
#include <tuple>

namespace squall {
namespace {

bool IsTooOld(const RunRecord& run, const RetentionPolicy& policy, WallTime now) {
  const WallTime end = std::max(run.ended_at, run.created_at);
  return policy.max_age > Nanos(0) && now - end > policy.max_age;
}

}  // namespace

std::vector<std::string> ChooseRunsToPrune(std::vector<RunRecord> runs,
                                           const RetentionPolicy& policy, WallTime now) {
  std::sort(runs.begin(), runs.end(), [](const RunRecord& a, const RunRecord& b) {
    return std::tie(a.created_at, a.run_id) < std::tie(b.created_at, b.run_id);
  });
  size_t kept = runs.size();
  int64_t kept_bytes = 0;
  for (const RunRecord& run : runs) {
    kept_bytes += run.stored_bytes;
  }
  const auto remove = [&](const RunRecord& run, std::vector<std::string>* chosen) {
    chosen->push_back(run.run_id);
    --kept;
    kept_bytes -= run.stored_bytes;
  };

  std::vector<std::string> chosen;
  // The old ones first: with them gone, the other limits may hold already.
  std::vector<const RunRecord*> young;
  for (const RunRecord& run : runs) {
    if (IsActive(run.state)) {
      continue;
    }
    if (IsTooOld(run, policy, now)) {
      remove(run, &chosen);
    } else {
      young.push_back(&run);
    }
  }
  for (const RunRecord* run : young) {
    const bool too_many = policy.max_runs > 0 && kept > policy.max_runs;
    const bool too_big = policy.max_bytes > 0 && kept_bytes > policy.max_bytes;
    if (!too_many && !too_big) {
      break;
    }
    remove(*run, &chosen);
  }
  return chosen;
}

}  // namespace squall
