#include "operator/controller/lease.h"

#include <algorithm>
#include <utility>

#include "operator/kube/api/kube_time.h"
#include "operator/kube/api/resource.h"

namespace squall {
namespace {

// What a record may promise at most, whoever wrote it.
constexpr int64_t kDurationSecondsMax = 86'400;

int64_t WholeSeconds(Nanos span) {
  return std::chrono::duration_cast<std::chrono::seconds>(span).count();
}

}  // namespace

LeaseRecord ReadLease(const boost::json::object& lease) {
  LeaseRecord record;
  record.holder = StringAt(lease, "spec.holderIdentity");
  record.duration_seconds = IntAt(lease, "spec.leaseDurationSeconds");
  record.acquire_time = StringAt(lease, "spec.acquireTime");
  record.renew_time = StringAt(lease, "spec.renewTime");
  record.transitions = IntAt(lease, "spec.leaseTransitions");
  record.resource_version = ResourceVersion(lease);
  return record;
}

boost::json::object WriteLease(const ObjectKey& key, const LeaseRecord& record) {
  boost::json::object lease = NewObject(kLeases, key);
  if (!record.resource_version.empty()) {
    lease["metadata"].as_object()["resourceVersion"] = record.resource_version;
  }
  lease["spec"] = {{"holderIdentity", record.holder},
                   {"leaseDurationSeconds", record.duration_seconds},
                   {"acquireTime", record.acquire_time},
                   {"renewTime", record.renew_time},
                   {"leaseTransitions", record.transitions}};
  return lease;
}

void LeaseObservation::See(const LeaseRecord& record, TimePoint now) {
  if (record_ != record) {
    record_ = record;
    changed_at_ = now;
  }
}

bool LeaseObservation::Abandoned(TimePoint now) const {
  if (!record_.has_value()) {
    return true;
  }
  const int64_t promised = std::clamp<int64_t>(record_->duration_seconds, 0, kDurationSecondsMax);
  return now - changed_at_ >= std::chrono::seconds(promised);
}

LeaseStep DecideLease(const LeaseCandidate& self, bool leads,
                      const std::optional<LeaseRecord>& found, const LeaseObservation& seen,
                      TimePoint now, WallTime wall) {
  const std::string written_at = FormatMicroTime(wall);
  LeaseStep step;
  step.record = {self.identity, WholeSeconds(self.duration), written_at, written_at, 0, ""};
  if (!found.has_value()) {
    step.kind = LeaseStep::Kind::kCreate;
    if (seen.record().has_value()) {
      step.record.transitions = seen.record()->transitions + (leads ? 0 : 1);
    }
    return step;
  }
  const bool held = found->holder == self.identity;
  if (!held && !found->holder.empty() && !seen.Abandoned(now)) {
    return {};
  }
  step.kind = LeaseStep::Kind::kUpdate;
  step.record.resource_version = found->resource_version;
  if (held && leads) {
    step.record.acquire_time = found->acquire_time;
    step.record.transitions = found->transitions;
  } else {
    step.record.transitions = found->transitions + 1;
  }
  return step;
}

LeaseRecord ReleasedLease(const LeaseRecord& held, WallTime wall) {
  LeaseRecord record = held;
  record.holder = "";
  record.duration_seconds = 1;
  record.acquire_time = record.renew_time = FormatMicroTime(wall);
  return record;
}

}  // namespace squall
