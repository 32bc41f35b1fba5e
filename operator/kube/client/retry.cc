#include "operator/kube/client/retry.h"

namespace squall {

std::optional<Nanos> RetryPolicy::Next(const AttemptEnd& end) {
  if (end.http_code == 429 || end.http_code >= 500) {
    return end.retry_after ? Wait(*end.retry_after) : std::nullopt;
  }
  if (end.http_code != 0 || !end.cut) {
    return std::nullopt;
  }
  // The server may close an idle connection in the moment in which we use it.
  if (end.reused && !end.answer_begun && repeatable_ && !replaced_) {
    replaced_ = true;
    return Nanos{};
  }
  return is_get_ ? Wait(kCutPause) : std::nullopt;
}

std::optional<Nanos> RetryPolicy::Wait(Nanos span) {
  if (retries_ >= kRetriesMax || span > wait_left_) {
    return std::nullopt;
  }
  ++retries_;
  wait_left_ -= span;
  return span;
}

}  // namespace squall
