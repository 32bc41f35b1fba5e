// What a list and watch does next: client-go's rules, merged with kube-rs's, as a state machine
// that does nothing itself (operator/controller/reflector.h does). One owner, one thread.
//
//   list ok                        → watch from its version
//   list 410                       → wait, list          (its pages have expired)
//   list 403                       → wait the longest, list; Forbidden
//   list, any other failure        → wait, list
//   watch ends as it should        → watch on from the last version seen
//   watch ends in < 1 s, no event  → wait, watch on; list after three in a row
//   watch 410                      → list (after a wait if that watch had brought nothing, either)
//   watch 429, 503, 401, not reached → wait, watch on: a relist would only add to the server's load
//   watch 403                      → wait the longest, watch on; Forbidden
//   watch 500                      → wait, watch on; list after three in a row
//   watch, version too large       → wait as long as the server says, list (of any version)
//   watch, any other failure       → wait, list
//
// A wait is a back-off, or the server's Retry-After if that is longer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "operator/controller/backoff.h"

namespace squall {

struct ReflectorStep {
  enum class Kind : uint8_t { kList, kWatch };
  Kind kind = Kind::kList;
  Nanos wait{};  // before it
  // Why it lists again, a word for a metric: "start", "expired", "error", "too_large_version".
  std::string_view list_reason;
};

class ReflectorPolicy final {
 public:
  explicit ReflectorPolicy(uint64_t seed, BackoffOptions backoff = {});

  // The first step.
  ReflectorStep Start() const;
  ReflectorStep OnListed(std::string_view resource_version);
  ReflectorStep OnListFailed(const absl::Status& status, TimePoint now);
  // Each event and bookmark of a watch, with its object's version.
  void OnWatchEvent(std::string_view resource_version);
  // `status` is OK when the server ended it; `lasted` is from the request to the end.
  ReflectorStep OnWatchEnded(const absl::Status& status, Nanos lasted, TimePoint now);

  // Where a watch goes on.
  const std::string& resource_version() const { return resource_version_; }
  // The server said 403 and has not worked since: a role is missing, which only a person can mend.
  bool forbidden() const { return forbidden_list_ || forbidden_watch_; }

 private:
  ReflectorStep WatchOn(Nanos wait) const;
  ReflectorStep WatchOnAFewTimes(Nanos wait);
  ReflectorStep ListAgain(Nanos wait, std::string_view reason) const;
  // The back-off, or what the server asks for if that is longer.
  Nanos WaitAfter(const absl::Status& status, TimePoint now);

  Backoff backoff_;
  std::string resource_version_;
  int64_t events_ = 0;  // of the watch under way
  int strikes_ = 0;     // failures in a row that watching on might not get over
  bool forbidden_list_ = false;
  bool forbidden_watch_ = false;
};

}  // namespace squall
