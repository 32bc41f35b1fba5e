// One TCP connection, plain or TLS, on a Reactor. The Try… calls never block; the Wait… awaitables
// suspend the owner's coroutine until they can go on. Owned by one user; loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>

#include "daemon/base/clock.h"
#include "daemon/net/co.h"
#include "daemon/net/net_error.h"
#include "daemon/net/reactor.h"
#include "daemon/net/tls_context.h"

namespace squall {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;
};

// "10.0.0.1" or "::1" with a port; false when `host` is a name.
bool ParseIpEndpoint(const std::string& host, uint16_t port, Endpoint* endpoint);

struct IoResult {
  enum class Kind : uint8_t { kDone, kWouldBlock, kClosed, kError } kind = Kind::kDone;
  size_t bytes = 0;
  int error = 0;  // errno of kError; 0 for a TLS error
  // When the last of the bytes arrived, by the kernel's civil clock; the epoch when it did not say.
  WallTime arrived_at{};
};

class Stream final {
 public:
  Stream(Reactor* reactor, Waiter* waiter) : reactor_(reactor), waiter_(waiter) {}
  ~Stream() { Close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Co<NetError> Connect(Endpoint endpoint, TimePoint deadline);
  Co<NetError> Handshake(const TlsContext* context, std::string server_name, TimePoint deadline);

  IoResult TrySend(const char* data, size_t size);
  IoResult TryReceive(char* data, size_t size);

  // kReady at once when an unread edge is known.
  auto WaitReadable(TimePoint deadline) { return WaitAwaiter{this, deadline, /*read=*/true}; }
  auto WaitWritable(TimePoint deadline) { return WaitAwaiter{this, deadline, /*read=*/false}; }

  // From now on TryReceive says when the bytes arrived, however much later it is called: for loops
  // that others may hold up. Plain TCP only; costs half a microsecond a read. After Connect.
  void EnableArrivalTimes();

  bool open() const { return watch_.fd >= 0; }
  bool tls() const { return session_ != nullptr; }
  // False when the peer has closed the idle connection or sent something unasked.
  bool Reusable() const { return open() && !watch_.hung_up && (tls() || !watch_.readable); }
  void Close();
  // Text of the TLS error behind the last kError with errno 0.
  NetError TlsError() const;

 private:
  struct WaitAwaiter {
    Stream* stream;
    TimePoint deadline;
    bool read;
    bool immediate = false;
    bool await_ready() noexcept {
      const FdWatch& watch = stream->watch_;
      immediate = read ? watch.readable : watch.writable;
      return immediate || Reactor::IsCancelled(*stream->waiter_);
    }
    void await_suspend(std::coroutine_handle<> handle) {
      (read ? stream->watch_.reader : stream->watch_.writer) = stream->waiter_;
      stream->reactor_->Arm(stream->waiter_, handle, deadline);
    }
    Wake await_resume() noexcept {
      stream->watch_.reader = nullptr;
      stream->watch_.writer = nullptr;
      return immediate ? Wake::kReady : Reactor::Reason(*stream->waiter_);
    }
  };

  IoResult TlsResult(int result);
  ssize_t Receive(char* data, size_t size, WallTime* arrived_at);

  Reactor* const reactor_;
  Waiter* const waiter_;
  FdWatch watch_;
  ssl_st* session_ = nullptr;
  bool registered_ = false;
  bool arrival_times_ = false;
};

}  // namespace squall
