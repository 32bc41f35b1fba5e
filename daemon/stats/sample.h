// One finished request, as the engine hands it to its shard's Recorder.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/base/clock.h"

namespace squall {

// The part of the run that a request belongs to; only kMeasured enters results and thresholds.
enum class RunPhase : uint8_t { kMeasured = 0, kWarmUp = 1, kCoolDown = 2 };

// A (method, name) pair that a Recorder has been told of; its index in that Recorder.
using EntryId = uint32_t;

// Durations that did not happen (no new connection, no TLS, no schedule) are negative.
struct Sample {
  EntryId entry = 0;
  RunPhase phase = RunPhase::kMeasured;
  bool ok = true;
  bool timed_out = false;       // the failure was a deadline
  bool unfinished = false;      // still open when the run ended; the durations are lower bounds
  uint16_t status_code = 0;     // 0 when no reply line came
  Nanos service{-1};            // from the send (of the first byte) to the end of the reply
  Nanos response{-1};           // from the intended start; equals service without a schedule
  Nanos start_delay{-1};        // send - intended start; only where a schedule exists
  Nanos dns{-1};                // name look-up of a new connection
  Nanos connect{-1};            // TCP connect of a new connection
  Nanos tls{-1};                // TLS handshake of a new connection
  Nanos first_byte{-1};         // from the send to the first byte of the reply
  uint64_t bytes_sent = 0;      // request head and body
  uint64_t bytes_received = 0;  // reply body as it came, before decompression
  std::string_view failure;     // reason when !ok, e.g. "HTTP 503" or "connection refused"
};

}  // namespace squall
