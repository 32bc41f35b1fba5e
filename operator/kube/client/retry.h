// Whether to send a request again: client-go's rules, without the waiting. Pure; one call each.
#pragma once

#include <optional>

#include "daemon/base/clock.h"

namespace squall {

// How one attempt has ended.
struct AttemptEnd {
  int http_code = 0;  // 0: no answer came
  std::optional<Nanos> retry_after;
  bool cut = false;           // no answer: the connection was closed or reset
  bool answer_begun = false;  // …in the middle of one
  bool reused = false;        // the connection had served another request before
};

class RetryPolicy final {
 public:
  static constexpr int kRetriesMax = 10;
  static constexpr Nanos kCutPause = std::chrono::seconds(1);

  // `is_get`: has no effect, so that it may be sent as often as we like. `repeatable`: sent twice,
  // it has the effect of once.
  RetryPolicy(bool is_get, bool repeatable, Nanos wait_max)
      : is_get_(is_get), repeatable_(is_get || repeatable), wait_left_(wait_max) {}

  // How long to wait before the next attempt; zero: go on at once, on a fresh connection. nullopt:
  // the attempt's end is the call's.
  std::optional<Nanos> Next(const AttemptEnd& end);

 private:
  std::optional<Nanos> Wait(Nanos span);

  const bool is_get_;
  const bool repeatable_;
  Nanos wait_left_;
  int retries_ = 0;
  bool replaced_ = false;  // a connection that had died while it was idle
};

}  // namespace squall
