// One connection of the target: reads requests, asks the router, writes answers. Private to this
// room, since it shows Asio. A session belongs to its shard's thread for life.
#pragma once

#include <cstdint>
#include <memory>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "daemon/base/clock.h"
#include "daemon/target/counters.h"
#include "daemon/target/faults.h"
#include "daemon/target/options.h"
#include "daemon/target/router.h"

namespace squall {

// What the sessions of one shard share. Everything it points to outlives them.
struct TargetShardContext {
  const TargetRouter* router = nullptr;
  const StallSwitch* stall = nullptr;
  const Clock* clock = nullptr;
  TargetCounters::Slot* counters = nullptr;
  FaultDice* dice = nullptr;
  TargetLimits limits;
  // Deadlines are counted in ticks of the shard's sweep: no clock call and no timer per request.
  uint64_t tick = 0;
  uint64_t idle_ticks = 1;
  bool draining = false;
};

class TargetSession {
 public:
  virtual ~TargetSession() = default;
  // Ends when the connection does. The session must outlive the coroutine.
  virtual boost::asio::awaitable<void> Run() = 0;
  // Closes the connection if no request is open on it; otherwise it ends after the answer.
  virtual void Drain() = 0;
  // Closes at once.
  virtual void Abort() = 0;
  virtual bool Expired() const = 0;
};

// `tls` is null for plain HTTP; it and `context` must outlive the session.
std::unique_ptr<TargetSession> MakeTargetSession(boost::asio::ip::tcp::socket socket,
                                                 bool from_loopback, boost::asio::ssl::context* tls,
                                                 TargetShardContext* context);

}  // namespace squall
