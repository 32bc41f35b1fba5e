// Opens a connection to an origin: DNS, TCP, the proxy's CONNECT and TLS, each timed. What the
// clients of HTTP have in common, however they keep their connections. Loop thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/net/resolver.h"
#include "daemon/net/stream.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/net/tls_context.h"
#include "daemon/protocol/http/url.h"

namespace squall {

// Durations of what opening a connection took; negative where it was not needed.
struct OpenTimes {
  Nanos dns{-1};
  Nanos connect{-1};
  Nanos tls{-1};
};

// How to get there.
struct Route {
  const Url* proxy = nullptr;       // nullptr: directly
  const TlsContext* tls = nullptr;  // for https; nullptr then means that OpenSSL has no memory
  std::string server_name;          // SNI; "" for the host of the origin
  Nanos connect_timeout{};          // DNS and TCP
  Nanos tls_timeout{};
  uint64_t rotation = 0;  // which of several addresses comes first
};

class Dialer final {
 public:
  Dialer(Reactor* reactor, DnsCache* dns, const TargetAllowList* allowed)
      : reactor_(reactor), dns_(dns), allowed_(allowed) {}

  // `stream` waits with `waiter`. After a failure it may be left half open.
  Co<NetError> Dial(Stream* stream, Waiter* waiter, const Origin* to, Route route,
                    TimePoint deadline, OpenTimes* times);

 private:
  struct Call;
  Co<NetError> ConnectTcp(Call* call, TimePoint deadline);
  Co<NetError> Tunnel(Call* call);

  Reactor* const reactor_;
  DnsCache* const dns_;
  const TargetAllowList* const allowed_;
};

}  // namespace squall
