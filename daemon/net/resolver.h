// Names to addresses. Resolver asks the system (getaddrinfo) on a thread of its own, since that
// call blocks; it starts with the first name. DnsCache keeps the answers of one shard for a time to
// live, failures for one second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/net/co.h"
#include "daemon/net/net_error.h"
#include "daemon/net/reactor.h"
#include "daemon/net/stream.h"

namespace squall {

struct DnsAnswer {
  std::vector<Endpoint> endpoints;  // port 0; empty when `error` is set
  NetError error;
};

// Any thread may call Lookup. Reactors named in lookups must outlive Shutdown().
class Resolver final {
 public:
  Resolver();
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `done` runs on the reactor's thread; never after Shutdown.
  void Lookup(std::string host, Reactor* reactor, std::function<void(DnsAnswer)> done);
  // Afterwards no `done` will be posted. A getaddrinfo under way ends by itself later.
  void Shutdown();

 private:
  struct State;
  bool StartThread();  // false when the system has none left
  std::shared_ptr<State> state_;
};

// Loop thread only; outlives every Resolve under way.
class DnsCache final {
 public:
  DnsCache(Reactor* reactor, Resolver* resolver, Nanos ttl);
  ~DnsCache();
  DnsCache(const DnsCache&) = delete;
  DnsCache& operator=(const DnsCache&) = delete;

  // The cached answer when it is fresh (an IP address always is); nullptr: call Resolve. Good until
  // the next call.
  const DnsAnswer* Cached(const std::string& host);
  Co<DnsAnswer> Resolve(std::string host, Waiter* waiter, TimePoint deadline);

 private:
  // In the frame of a suspended Resolve.
  struct Waiting {
    Waiter* waiter;
    DnsAnswer answer;
  };
  struct Entry {
    DnsAnswer answer;
    TimePoint expires{};
    bool pending = false;
    std::vector<Waiting*> waiting;
  };
  Entry& EntryOf(const std::string& host);
  void Finish(const std::string& host, DnsAnswer answer);

  Reactor* const reactor_;
  Resolver* const resolver_;
  const Nanos ttl_;
  std::unordered_map<std::string, Entry> entries_;
  std::shared_ptr<bool> alive_;
};

}  // namespace squall
