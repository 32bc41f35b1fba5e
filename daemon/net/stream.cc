#include "daemon/net/stream.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "daemon/base/check.h"

namespace squall {
namespace {

NetError WakeError(Wake wake, std::string_view phase) {
  if (wake == Wake::kCancelled) {
    return {NetError::Kind::kCancelled, "cancelled"};
  }
  return {NetError::Kind::kTimedOut, fmt::format("timed out ({})", phase)};
}

}  // namespace

bool ParseIpEndpoint(const std::string& host, uint16_t port, Endpoint* endpoint) {
  *endpoint = Endpoint{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&endpoint->address);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    endpoint->length = sizeof(sockaddr_in);
    return true;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&endpoint->address);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    endpoint->length = sizeof(sockaddr_in6);
    return true;
  }
  return false;
}

Co<NetError> Stream::Connect(Endpoint endpoint, TimePoint deadline) {
  SQUALL_CHECK(!open());
  const int fd =
      socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) {
    co_return NetErrorFromErrno(errno);
  }
  watch_ = FdWatch{};
  watch_.fd = fd;
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  if (connect(fd, address, endpoint.length) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    Close();
    co_return NetErrorFromErrno(error);
  }
  // Registered only now: a socket that was never connected reports a hang-up.
  if (!reactor_->Register(&watch_).ok()) {
    Close();
    co_return NetErrorFromErrno(ENOMEM);
  }
  registered_ = true;
  arrival_times_ = false;
  const Wake wake = co_await WaitWritable(deadline);
  if (wake != Wake::kReady) {
    Close();
    co_return WakeError(wake, "connect");
  }
  int error = 0;
  socklen_t length = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    Close();
    co_return NetErrorFromErrno(error);
  }
  co_return NetError{};
}

Co<NetError> Stream::Handshake(const TlsContext* context, std::string server_name,
                               TimePoint deadline) {
  SQUALL_CHECK(open() && session_ == nullptr);
  session_ = context->NewSession(watch_.fd, server_name);
  if (session_ == nullptr) {
    co_return NetErrorFromErrno(ENOMEM);
  }
  while (true) {
    ERR_clear_error();
    errno = 0;  // a peer that just closes leaves none
    const int result = SSL_do_handshake(session_);
    if (result == 1) {
      co_return NetError{};
    }
    const int reason = SSL_get_error(session_, result);
    Wake wake = Wake::kReady;
    if (reason == SSL_ERROR_WANT_READ) {
      watch_.readable = false;
      wake = co_await WaitReadable(deadline);
    } else if (reason == SSL_ERROR_WANT_WRITE) {
      watch_.writable = false;
      wake = co_await WaitWritable(deadline);
    } else {
      const int error = reason == SSL_ERROR_SYSCALL ? errno : 0;
      co_return error != 0 ? NetErrorFromErrno(error) : TlsError();
    }
    if (wake != Wake::kReady) {
      co_return WakeError(wake, "TLS handshake");
    }
  }
}

IoResult Stream::TrySend(const char* data, size_t size) {
  if (session_ != nullptr) {
    ERR_clear_error();
    errno = 0;
    return TlsResult(SSL_write(session_, data, static_cast<int>(std::min<size_t>(size, INT_MAX))));
  }
  const ssize_t sent = send(watch_.fd, data, size, MSG_NOSIGNAL);
  if (sent >= 0) {
    return {IoResult::Kind::kDone, static_cast<size_t>(sent), 0};
  }
  if (errno == EAGAIN) {
    watch_.writable = false;
    return {IoResult::Kind::kWouldBlock, 0, 0};
  }
  return {IoResult::Kind::kError, 0, errno};
}

IoResult Stream::TryReceive(char* data, size_t size) {
  if (session_ != nullptr) {
    ERR_clear_error();
    errno = 0;
    return TlsResult(SSL_read(session_, data, static_cast<int>(std::min<size_t>(size, INT_MAX))));
  }
  WallTime arrived_at{};
  const ssize_t got =
      arrival_times_ ? Receive(data, size, &arrived_at) : recv(watch_.fd, data, size, 0);
  if (got > 0) {
    // A short read has emptied the socket: the next byte brings a new edge (epoll(7), Q9).
    if (static_cast<size_t>(got) < size && !watch_.hung_up) {
      watch_.readable = false;
    }
    return {IoResult::Kind::kDone, static_cast<size_t>(got), 0, arrived_at};
  }
  if (got == 0) {
    return {IoResult::Kind::kClosed, 0, 0};
  }
  if (errno == EAGAIN) {
    watch_.readable = false;
    return {IoResult::Kind::kWouldBlock, 0, 0};
  }
  return {IoResult::Kind::kError, 0, errno};
}

void Stream::EnableArrivalTimes() {
  const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  arrival_times_ = session_ == nullptr &&
                   setsockopt(watch_.fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) == 0;
}

// recv, and the time stamp that the kernel gave the last segment read.
ssize_t Stream::Receive(char* data, size_t size, WallTime* arrived_at) {
  iovec buffer{data, size};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(scm_timestamping))> control;
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = recvmsg(watch_.fd, &message, 0);
  if (got <= 0) {
    return got;
  }
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item != nullptr;
       item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_TIMESTAMPING) {
      scm_timestamping stamps{};
      std::memcpy(&stamps, CMSG_DATA(item), sizeof(stamps));
      const timespec& software = stamps.ts[0];
      *arrived_at = WallTime(std::chrono::seconds(software.tv_sec) + Nanos(software.tv_nsec));
    }
  }
  return got;
}

IoResult Stream::TlsResult(int result) {
  if (result > 0) {
    return {IoResult::Kind::kDone, static_cast<size_t>(result), 0};
  }
  switch (SSL_get_error(session_, result)) {
    case SSL_ERROR_WANT_READ:
      watch_.readable = false;
      return {IoResult::Kind::kWouldBlock, 0, 0};
    case SSL_ERROR_WANT_WRITE:
      watch_.writable = false;
      return {IoResult::Kind::kWouldBlock, 0, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoResult::Kind::kClosed, 0, 0};
    case SSL_ERROR_SYSCALL:
      return errno == 0 ? IoResult{IoResult::Kind::kClosed, 0, 0}
                        : IoResult{IoResult::Kind::kError, 0, errno};
    default:
      return {IoResult::Kind::kError, 0, 0};
  }
}

NetError Stream::TlsError() const {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (session_ != nullptr && SSL_get_verify_mode(session_) != SSL_VERIFY_NONE) {
    const long verify = SSL_get_verify_result(session_);
    if (verify != X509_V_OK) {
      return {NetError::Kind::kTls, fmt::format("TLS: certificate not trusted: {}",
                                                X509_verify_cert_error_string(verify))};
    }
  }
  if (const char* reason = ERR_reason_error_string(code); code != 0 && reason != nullptr) {
    return {NetError::Kind::kTls, fmt::format("TLS: {}", reason)};
  }
  const bool established = session_ != nullptr && SSL_is_init_finished(session_) == 1;
  return {NetError::Kind::kTls,
          established ? "TLS: connection closed" : "TLS: connection closed in the handshake"};
}

void Stream::Close() {
  if (session_ != nullptr) {
    SSL_free(session_);
    session_ = nullptr;
  }
  if (watch_.fd >= 0) {
    if (registered_) {
      reactor_->Unregister(&watch_);
      registered_ = false;
    }
    close(watch_.fd);
    watch_ = FdWatch{};
  }
}

}  // namespace squall
