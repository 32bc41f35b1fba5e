#include "daemon/protocol/http/dialer.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/base64.h"
#include "daemon/protocol/http/response_reader.h"

namespace squall {
namespace {

void SetPort(Endpoint* endpoint, uint16_t port) {
  if (endpoint->address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&endpoint->address)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&endpoint->address)->sin_port = htons(port);
  }
}

// Gives the addresses of `to` its port, and drops those that the agent must not connect to.
void KeepAllowed(const TargetAllowList& allowed, const Origin& to,
                 std::vector<Endpoint>* endpoints) {
  for (Endpoint& endpoint : *endpoints) {
    SetPort(&endpoint, to.port);
  }
  if (!allowed.AllowsHost(to.host, to.port)) {
    std::erase_if(*endpoints, [&allowed](const Endpoint& endpoint) {
      return !allowed.AllowsAddress(endpoint.address);
    });
  }
}

NetError NotAllowed(std::string_view what) {
  return {NetError::Kind::kForbidden, fmt::format("{} not allowed by the agent", what)};
}

// Users spread over the addresses of the preferred family; the other family is the fallback.
void Rotate(std::vector<Endpoint>* endpoints, uint64_t by) {
  const auto other = std::find_if(endpoints->begin(), endpoints->end(), [&](const Endpoint& e) {
    return e.address.ss_family != endpoints->front().address.ss_family;
  });
  const auto count = static_cast<uint64_t>(other - endpoints->begin());
  std::rotate(endpoints->begin(), endpoints->begin() + static_cast<ptrdiff_t>(by % count), other);
}

}  // namespace

struct Dialer::Call {
  Stream* stream;
  Waiter* waiter;
  const Origin* to;
  Route route;
  TimePoint deadline;
  OpenTimes* times;
};

Co<NetError> Dialer::Dial(Stream* stream, Waiter* waiter, const Origin* to, Route route,
                          TimePoint deadline, OpenTimes* times) {
  Call call{stream, waiter, to, std::move(route), deadline, times};
  NetError error = co_await ConnectTcp(
      &call, std::min(deadline, reactor_->Fresh() + call.route.connect_timeout));
  if (!error.ok() || !to->tls) {
    co_return error;
  }
  if (call.route.proxy != nullptr) {
    error = co_await Tunnel(&call);
    if (!error.ok()) {
      co_return error;
    }
  }
  const TimePoint begin = reactor_->Fresh();
  const std::string& name = call.route.server_name.empty() ? to->host : call.route.server_name;
  if (call.route.tls == nullptr) {
    error = NetErrorFromErrno(ENOMEM);
  } else {
    error = co_await stream->Handshake(call.route.tls, name,
                                       std::min(deadline, begin + call.route.tls_timeout));
  }
  times->tls = reactor_->Fresh() - begin;
  co_return error;
}

Co<NetError> Dialer::ConnectTcp(Call* call, TimePoint deadline) {
  const Url* proxy = call->route.proxy;
  const Origin& via = proxy != nullptr ? proxy->origin : *call->to;
  // The proxy resolves the target's name, elsewhere: here only the name can be judged.
  if (proxy != nullptr && !allowed_->AllowsHost(call->to->host, call->to->port)) {
    co_return NotAllowed("target");
  }
  DnsAnswer answer;
  if (const DnsAnswer* cached = dns_->Cached(via.host); cached != nullptr) {
    answer = *cached;
  } else {
    const TimePoint begin = reactor_->Fresh();
    answer = co_await dns_->Resolve(via.host, call->waiter, deadline);
    call->times->dns = reactor_->Fresh() - begin;
  }
  if (!answer.error.ok()) {
    co_return answer.error;
  }
  KeepAllowed(*allowed_, via, &answer.endpoints);
  if (answer.endpoints.empty()) {
    co_return NotAllowed(proxy != nullptr ? "proxy" : "target");
  }
  Rotate(&answer.endpoints, call->route.rotation);
  const TimePoint begin = reactor_->Fresh();
  NetError error;
  for (const Endpoint& endpoint : answer.endpoints) {
    error = co_await call->stream->Connect(endpoint, deadline);
    if (error.ok() || error.kind == NetError::Kind::kTimedOut ||
        error.kind == NetError::Kind::kCancelled) {
      break;
    }
  }
  call->times->connect = reactor_->Fresh() - begin;
  co_return error;
}

Co<NetError> Dialer::Tunnel(Call* call) {
  const Url& proxy = *call->route.proxy;
  const std::string authority = call->to->Authority();
  std::string wire = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", authority);
  if (!proxy.userinfo.empty()) {
    wire += fmt::format("Proxy-Authorization: Basic {}\r\n", EncodeBase64(proxy.userinfo));
  }
  wire += "\r\n";
  const IoResult sent = call->stream->TrySend(wire.data(), wire.size());
  if (sent.kind != IoResult::Kind::kDone || sent.bytes != wire.size()) {
    co_return NetError{NetError::Kind::kProtocol, "proxy: CONNECT could not be sent"};
  }
  // Like a reply to HEAD: a successful CONNECT has no body, whatever its headers say.
  ResponseReader reader(ResponseSink{}, /*head_request=*/true, 16 * 1024, 0);
  std::string text;
  while (!reader.is_done()) {
    const Wake wake = co_await call->stream->WaitReadable(call->deadline);
    if (wake == Wake::kCancelled) {
      co_return NetError{NetError::Kind::kCancelled, "cancelled"};
    }
    if (wake == Wake::kDeadline) {
      co_return NetError{NetError::Kind::kTimedOut, "timed out (proxy CONNECT)"};
    }
    char byte = 0;  // one at a time: what follows the head belongs to TLS
    const IoResult got = call->stream->TryReceive(&byte, 1);
    if (got.kind == IoResult::Kind::kWouldBlock) {
      continue;
    }
    text.push_back(byte);
    std::string_view error;
    if (got.kind != IoResult::Kind::kDone) {
      error = "connection closed";
    } else if (text.ends_with("\r\n\r\n") || text.size() > size_t{16} * 1024) {
      reader.Feed(text, &error);
    }
    if (!error.empty()) {
      co_return NetError{NetError::Kind::kProtocol, fmt::format("proxy: {}", error)};
    }
  }
  if (reader.status() / 100 != 2) {
    co_return NetError{NetError::Kind::kProtocol,
                       fmt::format("proxy: CONNECT refused with {}", reader.status())};
  }
  co_return NetError{};
}

}  // namespace squall
