// The open connections of one user: one for each origin it talks to. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/net/stream.h"
#include "daemon/protocol/http/dialer.h"
#include "daemon/protocol/http/http_shard.h"
#include "daemon/protocol/http/url.h"

namespace squall {

struct Connection {
  Connection(Origin to, Reactor* reactor, Waiter* waiter)
      : origin(std::move(to)), stream(reactor, waiter) {}
  const Origin origin;
  Stream stream;
};

class ConnectionPool final {
 public:
  ConnectionPool(HttpShard* shard, UserContext* user) : shard_(shard), user_(user) {}

  // An open, idle connection to `origin`; nullptr when there is none.
  Connection* FindReusable(const Origin& origin);
  // Opens one, replacing what was there; on failure nothing is left behind.
  Co<NetError> Open(Origin origin, TimePoint deadline, OpenTimes* times, Connection** opened);
  void Close(Connection* connection);

 private:
  HttpShard* const shard_;
  UserContext* const user_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace squall
