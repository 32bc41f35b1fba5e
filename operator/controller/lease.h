// Who leads, as a record in a coordination.k8s.io Lease, and what one candidate may do about it:
// client-go's rules as a pure decision. Values; any thread.
//
// Clocks of others are never trusted: a record counts as abandoned when it has not *changed* for
// its own duration, measured on our monotonic clock from when we first saw it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "operator/kube/api/object.h"

namespace squall {

struct LeaseRecord {
  std::string holder;  // "" when it was released
  int64_t duration_seconds = 0;
  std::string acquire_time;  // as it stands there: only compared
  std::string renew_time;
  int64_t transitions = 0;  // how often the holder has changed: our epoch
  std::string resource_version;

  bool operator==(const LeaseRecord&) const = default;
};

LeaseRecord ReadLease(const boost::json::object& lease);
// The Lease to create or, with a resourceVersion, to replace.
boost::json::object WriteLease(const ObjectKey& key, const LeaseRecord& record);

// What a candidate remembers of a record that somebody wrote.
class LeaseObservation final {
 public:
  // Notes when the record has last changed, and what is in it.
  void See(const LeaseRecord& record, TimePoint now);
  // The record has not changed for the time that its holder promised to renew it in.
  bool Abandoned(TimePoint now) const;
  const std::optional<LeaseRecord>& record() const { return record_; }

 private:
  std::optional<LeaseRecord> record_;
  TimePoint changed_at_{};
};

struct LeaseCandidate {
  std::string identity;  // never "", and different for each process
  Nanos duration = std::chrono::seconds(15);
};

struct LeaseStep {
  enum class Kind : uint8_t { kWait, kCreate, kUpdate };
  Kind kind = Kind::kWait;
  LeaseRecord record;  // to be written
};

// `found` is what is there now (nullopt: no Lease), already in `seen`; `leads` says whether this
// candidate holds it as far as it knows.
//
// A candidate that does not lead and yet finds its own name takes over from itself, with a new
// epoch: what an earlier process of that name did must not be mistaken for its own. A Lease that
// somebody deleted is made again with the epoch that was last seen, or a higher one.
LeaseStep DecideLease(const LeaseCandidate& self, bool leads,
                      const std::optional<LeaseRecord>& found, const LeaseObservation& seen,
                      TimePoint now, WallTime wall);
// What a leader writes when it goes: anybody may take it at once.
LeaseRecord ReleasedLease(const LeaseRecord& held, WallTime wall);

}  // namespace squall
