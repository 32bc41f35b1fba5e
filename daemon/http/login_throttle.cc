#include "daemon/http/login_throttle.h"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>

namespace squall {
namespace {

std::string PeerKey(std::string_view peer) {
  const std::string_view host = peer.substr(0, peer.rfind(':'));
  if (!host.starts_with('[') || !host.ends_with(']')) {
    return std::string(host);
  }
  in6_addr address{};
  const std::string text(host.substr(1, host.size() - 2));
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1) {
    return text;
  }
  constexpr size_t kNetworkBytes = 8;
  const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address);
  return {reinterpret_cast<const char*>(&address), is_v4 ? sizeof address : kNetworkBytes};
}

}  // namespace

Nanos LoginThrottle::Wait(std::string_view peer, TimePoint now) const {
  const auto found = clear_at_.find(PeerKey(peer));
  if (found == clear_at_.end()) {
    return Nanos(0);
  }
  // As many failures as this are open; kFreeFailures of them are free.
  const Nanos owed = found->second - now;
  return std::max(Nanos(0), owed - (kFreeFailures - 1) * kRefill);
}

void LoginThrottle::CountFailure(std::string_view peer, TimePoint now) {
  const std::string key = PeerKey(peer);
  if (clear_at_.size() >= kPeersMax && clear_at_.count(key) == 0) {
    std::erase_if(clear_at_, [now](const auto& entry) { return entry.second <= now; });
  }
  if (clear_at_.size() >= kPeersMax && clear_at_.count(key) == 0) {
    clear_at_.erase(
        std::min_element(clear_at_.begin(), clear_at_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  TimePoint& clear_at = clear_at_[key];
  clear_at = std::max(clear_at, now) + kRefill;
}

}  // namespace squall
