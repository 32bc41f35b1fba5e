#include "operator/controller/reflector_policy.h"

#include <algorithm>
#include <optional>

#include "operator/kube/api/kube_error.h"

namespace squall {
namespace {

constexpr Nanos kShortWatch = std::chrono::seconds(1);
constexpr int kStrikesMax = 3;

}  // namespace

ReflectorPolicy::ReflectorPolicy(uint64_t seed, BackoffOptions backoff) : backoff_(seed, backoff) {}

ReflectorStep ReflectorPolicy::Start() const { return ListAgain(Nanos(0), "start"); }

ReflectorStep ReflectorPolicy::OnListed(std::string_view resource_version) {
  resource_version_ = resource_version;
  forbidden_list_ = false;
  strikes_ = 0;
  events_ = 0;
  return WatchOn(Nanos(0));
}

ReflectorStep ReflectorPolicy::OnListFailed(const absl::Status& status, TimePoint now) {
  forbidden_list_ = absl::IsPermissionDenied(status);
  if (forbidden_list_) {
    return ListAgain(backoff_.Longest(), "error");
  }
  const bool expired = absl::IsOutOfRange(status);
  return ListAgain(WaitAfter(status, now), expired ? "expired" : "error");
}

void ReflectorPolicy::OnWatchEvent(std::string_view resource_version) {
  if (!resource_version.empty()) {
    resource_version_ = resource_version;
  }
  ++events_;
  strikes_ = 0;
  forbidden_watch_ = false;
}

ReflectorStep ReflectorPolicy::OnWatchEnded(const absl::Status& status, Nanos lasted,
                                            TimePoint now) {
  const bool brought_nothing = lasted < kShortWatch && events_ == 0;
  events_ = 0;
  forbidden_watch_ = absl::IsPermissionDenied(status);
  if (status.ok()) {
    return brought_nothing ? WatchOnAFewTimes(WaitAfter(status, now)) : WatchOn(Nanos(0));
  }
  if (absl::IsOutOfRange(status)) {
    return ListAgain(brought_nothing ? WaitAfter(status, now) : Nanos(0), "expired");
  }
  if (forbidden_watch_) {
    return WatchOn(backoff_.Longest());
  }
  const Nanos wait = WaitAfter(status, now);
  const std::optional<KubeError> error = KubeErrorOf(status);
  if (absl::IsDeadlineExceeded(status) && error.has_value()) {
    return ListAgain(wait, "too_large_version");
  }
  const int code = error.has_value() ? error->http_code : 0;
  if (code == 429 || code == 503 || code == 401) {
    return WatchOn(wait);
  }
  if (code == 0 && (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status))) {
    return WatchOn(wait);
  }
  return code == 500 ? WatchOnAFewTimes(wait) : ListAgain(wait, "error");
}

ReflectorStep ReflectorPolicy::WatchOn(Nanos wait) const {
  return {ReflectorStep::Kind::kWatch, wait, ""};
}

ReflectorStep ReflectorPolicy::WatchOnAFewTimes(Nanos wait) {
  return ++strikes_ < kStrikesMax ? WatchOn(wait) : ListAgain(wait, "error");
}

ReflectorStep ReflectorPolicy::ListAgain(Nanos wait, std::string_view reason) const {
  return {ReflectorStep::Kind::kList, wait, reason};
}

Nanos ReflectorPolicy::WaitAfter(const absl::Status& status, TimePoint now) {
  const Nanos backoff = backoff_.Next(now);
  const std::optional<KubeError> error = KubeErrorOf(status);
  if (error.has_value() && error->retry_after.has_value()) {
    return std::max(backoff, *error->retry_after);
  }
  return backoff;
}

}  // namespace squall
