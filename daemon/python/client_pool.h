// The open connections of one HTTP session of Python code. Several greenlets may use the session at
// once, so each exchange takes a connection for itself and gives it back. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/net/reactor.h"
#include "daemon/net/stream.h"
#include "daemon/net/tls_context.h"
#include "daemon/protocol/http/url.h"

namespace squall {

struct PooledConnection {
  PooledConnection(Reactor* loop, Origin to, const TlsContext* context)
      : reactor(loop), origin(std::move(to)), tls(context), stream(loop, &waiter) {}
  ~PooledConnection();
  PooledConnection(const PooledConnection&) = delete;
  PooledConnection& operator=(const PooledConnection&) = delete;

  Reactor* const reactor;
  const Origin origin;
  const TlsContext* const tls;  // connections that verify differently are different
  Waiter waiter;
  Stream stream;
  bool busy = true;
  bool closing = false;  // goes when it is given back
};

class ClientPool final {
 public:
  explicit ClientPool(Reactor* reactor) : reactor_(reactor) {}
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  // An open idle connection, which is the caller's until it is given back; nullptr: there is none.
  PooledConnection* Take(const Origin& origin, const TlsContext* tls);
  // One that is not open yet, likewise.
  PooledConnection* Add(const Origin& origin, const TlsContext* tls);
  void GiveBack(PooledConnection* connection);
  void Close(PooledConnection* connection);
  // Idle ones at once, the others when they are given back.
  void CloseAll();

  size_t size() const { return connections_.size(); }

 private:
  void DropIdle(size_t keep);

  Reactor* const reactor_;
  std::vector<std::unique_ptr<PooledConnection>> connections_;  // the longest idle first
};

}  // namespace squall
