// One thread, one event loop and the connections that live on it. Private to this room, since it
// shows Asio.
#pragma once

#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/target/session.h"

namespace squall {

class TargetShard final {
 public:
  // `tls` is null for plain HTTP; it and what `context` points to must outlive the shard.
  TargetShard(TargetShardContext context, FaultDice dice, boost::asio::ssl::context* tls);
  TargetShard(const TargetShard&) = delete;
  TargetShard& operator=(const TargetShard&) = delete;

  boost::asio::io_context& io() { return io_; }

  void Start();
  // Any thread, until Drain: hands over a connected socket.
  void Adopt(int descriptor, bool is_v6, bool from_loopback);
  // Any thread, once: closes idle connections, and what is still open after `drain_max`.
  void Drain(Nanos drain_max);
  // Waits for the end of the drain. Every coroutine has ended then.
  void Join();

 private:
  void Serve(int descriptor, bool is_v6, bool from_loopback);
  void BeginDrain(Nanos drain_max);
  boost::asio::awaitable<void> Sweep();
  void AbortAll();
  void StopTimingWhenEmpty();
  std::vector<TargetSession*> Sessions() const;

  TargetShardContext context_;
  FaultDice dice_;
  boost::asio::ssl::context* const tls_;
  Nanos tick_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweep_timer_;
  boost::asio::steady_timer drain_timer_;
  std::unordered_map<TargetSession*, std::unique_ptr<TargetSession>> sessions_;
  std::thread thread_;
};

}  // namespace squall
