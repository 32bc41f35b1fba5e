// What opentelemetry-cpp says of its failures, kept away from standard error: the library has one
// log handler for the process, and would write a line for every batch.
#pragma once

#include <cstdint>
#include <string>

namespace squall {

// Takes over the library's log, once; any thread.
void QuietOtelSdk();

// How many errors the library has logged on this thread. The exporters over HTTP of 1.19 answer
// "success" whatever happened, and tell of a failure only so.
uint64_t OtelErrorsOnThisThread();

// The reason of a failed export on this thread in few words and on one line; "" when the library
// said nothing since the last call, so call it before an export, too. Holds no header. What
// connections over HTTP say comes from threads that all exports share: of two that fail at the same
// moment, one may be told the other's.
std::string TakeOtelFailure();

// The reason in a message of the library: a status, a code, what curl says.
std::string OtelFailureIn(const std::string& message);

}  // namespace squall
