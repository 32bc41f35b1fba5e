// Snapshot <-> squall.v1.Snapshot. Pure; any thread that alone holds its arguments.
#pragma once

#include <absl/status/statusor.h>

#include "daemon/stats/snapshot.h"

namespace squall {

namespace v1 {
class Snapshot;
}

// Bytes that are not UTF-8 (a target's reason phrase, say) become U+FFFD: protobuf would refuse
// the whole snapshot at the other end.
void SnapshotToProto(const Snapshot& snapshot, v1::Snapshot* proto);

// For input from the network. INVALID_ARGUMENT with the field's path ("entries[3].service must …")
// for a histogram whose buckets, min, max and sum do not belong together, for an unknown state or
// phase and for counters above Histogram::kCountMax. Entries of the same key add up. The size of
// what it makes is bounded by a multiple of the message, which the channel has to limit.
absl::StatusOr<Snapshot> SnapshotFromProto(const v1::Snapshot& proto);

}  // namespace squall
