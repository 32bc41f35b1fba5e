// What a run has counted since an earlier moment. Pure.
#pragma once

#include "daemon/stats/snapshot.h"

namespace squall {

// `now` less `earlier`, an older snapshot of the same run: entries, failures and task errors, and
// the time they took. What is no count (users, state, health) stays as it is.
Snapshot SnapshotSince(const Snapshot& now, const Snapshot& earlier);

}  // namespace squall
