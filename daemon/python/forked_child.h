// A process that user code has made of this one (os.fork, multiprocessing) is a copy of a running
// test, with its users, its open connections and its channel. It may do what it was made for, but
// it has no part in the test: our loop does not turn in it, so that other users wait for ever, and
// the greenlet that forked sends no request and runs no further task. GIL held.
#pragma once

#include <absl/status/status.h>

namespace squall {

// From now on forks are seen. INTERNAL with Python's own words.
absl::Status WatchForks();
// Whether this is such a copy.
bool InForkedChild();
// Whether the current greenlet is the one that has made it.
bool ForkedHere();
// For code that a copy has no business in: says so on stderr and ends it.
[[noreturn]] void LeaveForkedChild();

}  // namespace squall
