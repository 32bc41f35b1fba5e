// How long somebody who guesses credentials must wait. By address (of IPv6 the first half, which is
// what one household has); time is an argument. One thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"

namespace squall {

class LoginThrottle final {
 public:
  static constexpr int kFreeFailures = 10;  // then each takes back kRefill first
  static constexpr Nanos kRefill = std::chrono::seconds(3);
  static constexpr size_t kPeersMax = 1024;

  // Zero: the peer ("192.0.2.1:4711", "[2001:db8::1]:80") may try.
  Nanos Wait(std::string_view peer, TimePoint now) const;
  void CountFailure(std::string_view peer, TimePoint now);
  size_t size() const { return clear_at_.size(); }

 private:
  // When all of a peer's failures are forgotten; each moves it on by kRefill.
  std::map<std::string, TimePoint> clear_at_;
};

}  // namespace squall
