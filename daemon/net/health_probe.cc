#include "daemon/net/health_probe.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "daemon/base/status_macros.h"
#include "daemon/net/tls_context.h"

namespace squall {
namespace {

constexpr Nanos kPatience = std::chrono::seconds(3);
constexpr size_t kReplyBytesMax = 4096;  // a status line and a short reason
constexpr size_t kReasonBytesMax = 200;

class Socket final {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status Failed(std::string_view what, int error) {
  const std::string text = fmt::format("{}: {}", what, std::strerror(error));
  return error == ECONNREFUSED ? absl::NotFoundError(text) : absl::UnavailableError(text);
}

absl::Status WaitFor(int fd, short events, TimePoint deadline, const Clock& clock) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.Now()).count();
    pollfd wanted = {fd, events, 0};
    const int ready = left <= 0 ? 0 : poll(&wanted, 1, static_cast<int>(left));
    if (ready > 0) {
      return absl::OkStatus();
    }
    if (ready == 0) {
      return absl::UnavailableError("no answer in time");
    }
    if (errno != EINTR) {
      return Failed("poll", errno);
    }
  }
}

absl::Status ConnectTo(const Socket& socket, const addrinfo& to, TimePoint deadline,
                       const Clock& clock) {
  if (socket.fd() < 0) {
    return Failed("socket", errno);
  }
  if (connect(socket.fd(), to.ai_addr, to.ai_addrlen) == 0) {
    return absl::OkStatus();
  }
  if (errno != EINPROGRESS) {
    return Failed("connect", errno);
  }
  SQUALL_RETURN_IF_ERROR(WaitFor(socket.fd(), POLLOUT, deadline, clock));
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? absl::OkStatus() : Failed("connect", error);
}

// Where a request goes and its answer comes from: the socket, or TLS on it.
class Line final {
 public:
  Line(int fd, TimePoint deadline, const Clock& clock)
      : fd_(fd), deadline_(deadline), clock_(clock) {}

  // From here on in TLS. `name`: whose certificate it must be, where `verify` says so.
  absl::Status Shake(const std::string& name, bool verify);
  absl::Status SendAll(std::string_view text);
  // Until the other side closes, or enough has come.
  absl::StatusOr<std::string> Receive();

 private:
  struct Freer {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  // After a call that did not go on: waits until it may, or says why it never will.
  absl::Status Wait(int result, std::string_view what, short events);

  const int fd_;
  const TimePoint deadline_;
  const Clock& clock_;
  std::unique_ptr<TlsContext> context_;
  bool asked_for_certificate_ = false;
  std::unique_ptr<SSL, Freer> ssl_;
};

absl::Status Line::Wait(int result, std::string_view what, short events) {
  if (ssl_ == nullptr) {
    return errno == EAGAIN  ? WaitFor(fd_, events, deadline_, clock_)
           : errno == EINTR ? absl::OkStatus()
                            : Failed(what, errno);
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return WaitFor(fd_, POLLIN, deadline_, clock_);
    case SSL_ERROR_WANT_WRITE:
      return WaitFor(fd_, POLLOUT, deadline_, clock_);
    default:
      break;
  }
  if (asked_for_certificate_) {
    // Its alert says so as well, where what we sent after our part of the handshake did not meet a
    // closed connection first.
    return absl::UnauthenticatedError("asks for a client certificate");
  }
  const unsigned long code = ERR_get_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return absl::UnavailableError(
      fmt::format("{}: {}", what, reason == nullptr ? "the connection was closed" : reason));
}

absl::Status Line::Shake(const std::string& name, bool verify) {
  TlsOptions options;
  options.insecure_skip_verify = !verify;
  SQUALL_ASSIGN_OR_RETURN(context_, TlsContext::Make(options));
  ssl_.reset(context_->NewSession(fd_, name));
  if (ssl_ == nullptr) {
    return absl::UnavailableError("TLS: no memory");
  }
  // Called once the certificate of the other side is accepted and it has asked for ours.
  SSL_set_cert_cb(
      ssl_.get(),
      [](SSL*, void* asked) {
        *static_cast<bool*>(asked) = true;
        return 1;
      },
      &asked_for_certificate_);
  while (true) {
    ERR_clear_error();
    const int result = SSL_connect(ssl_.get());
    if (result == 1) {
      return absl::OkStatus();
    }
    SQUALL_RETURN_IF_ERROR(Wait(result, "TLS", POLLIN));
  }
}

absl::Status Line::SendAll(std::string_view text) {
  while (!text.empty()) {
    ERR_clear_error();
    const ssize_t sent = ssl_ == nullptr
                             ? send(fd_, text.data(), text.size(), MSG_NOSIGNAL)
                             : SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    if (sent > 0) {
      text.remove_prefix(static_cast<size_t>(sent));
    } else {
      SQUALL_RETURN_IF_ERROR(Wait(static_cast<int>(sent), "send", POLLOUT));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Line::Receive() {
  std::string text(kReplyBytesMax, '\0');
  size_t size = 0;
  while (size < text.size()) {
    ERR_clear_error();
    char* const to = text.data() + size;
    const size_t room = text.size() - size;
    const ssize_t got =
        ssl_ == nullptr ? recv(fd_, to, room, 0) : SSL_read(ssl_.get(), to, static_cast<int>(room));
    if (got > 0) {
      size += static_cast<size_t>(got);
      continue;
    }
    if (got == 0 && ssl_ == nullptr) {
      break;
    }
    const absl::Status waited = Wait(static_cast<int>(got), "receive", POLLIN);
    if (!waited.ok() && size > 0 && ssl_ != nullptr) {
      break;  // TLS that ends without saying so; what came is judged
    }
    SQUALL_RETURN_IF_ERROR(waited);
  }
  text.resize(size);
  return text;
}

// The first line of the body, as far as it can be shown.
std::string ReasonIn(std::string_view reply) {
  constexpr std::string_view kBlank = "\r\n\r\n";
  const size_t head = reply.find(kBlank);
  if (head == std::string_view::npos) {
    return "";
  }
  std::string_view line = reply.substr(head + kBlank.size());
  line = line.substr(0, std::min(line.find_first_of("\r\n"), kReasonBytesMax));
  std::string reason(line);
  std::replace_if(
      reason.begin(), reason.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return reason;
}

// OUT_OF_RANGE for an answer in HTTP that is not 2xx, UNAVAILABLE for what is no HTTP.
absl::StatusOr<std::string> ReadReply(std::string_view reply) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr size_t kCodeAt = 9;  // "HTTP/1.1 200"
  int code = 0;
  if (reply.starts_with(kVersion) && reply.size() >= kCodeAt + 3) {
    std::from_chars(reply.data() + kCodeAt, reply.data() + kCodeAt + 3, code);
  }
  if (code == 0) {
    return absl::UnavailableError("the answer is not HTTP/1.1");
  }
  const std::string reason = ReasonIn(reply);
  const std::string said =
      reason.empty() ? fmt::format("{}", code) : fmt::format("{} {}", code, reason);
  if (code < 200 || code > 299) {
    return absl::OutOfRangeError(said);
  }
  return said;
}

bool IsLoopback(const addrinfo& to) {
  if (to.ai_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, to.ai_addr, sizeof(address));
    return (ntohl(address.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  sockaddr_in6 address{};
  std::memcpy(&address, to.ai_addr, std::min<size_t>(sizeof(address), to.ai_addrlen));
  return to.ai_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address.sin6_addr);
}

// What is answered to one GET. UNAUTHENTICATED when a certificate of ours is asked for.
absl::StatusOr<std::string> Converse(Line* line, const HealthAddress& address, bool tls,
                                     bool verify) {
  if (tls) {
    SQUALL_RETURN_IF_ERROR(line->Shake(address.host, verify));
  }
  const bool brackets = address.host.find(':') != std::string::npos;
  const std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}{}{}:{}\r\nUser-Agent: squall-health\r\nAccept: text/plain\r\n"
      "Connection: close\r\n\r\n",
      address.path, brackets ? "[" : "", address.host, brackets ? "]" : "", address.port);
  SQUALL_RETURN_IF_ERROR(line->SendAll(request));
  return line->Receive();
}

absl::StatusOr<std::string> Ask(const HealthAddress& address, const addrinfo& to, bool tls,
                                TimePoint deadline, const Clock& clock) {
  const Socket socket(
      ::socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol));
  SQUALL_RETURN_IF_ERROR(ConnectTo(socket, to, deadline, clock));
  Line line(socket.fd(), deadline, clock);
  absl::StatusOr<std::string> reply = Converse(&line, address, tls, !IsLoopback(to));
  if (absl::IsUnauthenticated(reply.status())) {
    return std::string(reply.status().message());
  }
  SQUALL_RETURN_IF_ERROR(reply.status());
  return ReadReply(*reply);
}

absl::StatusOr<std::string> AskAsItSpeaks(const HealthAddress& address, const addrinfo& to,
                                          TimePoint deadline, const Clock& clock) {
  if (address.scheme != HealthAddress::Scheme::kEither) {
    return Ask(address, to, address.scheme == HealthAddress::Scheme::kHttps, deadline, clock);
  }
  absl::StatusOr<std::string> said = Ask(address, to, false, deadline, clock);
  if (!absl::IsUnavailable(said.status()) || !IsLoopback(to)) {
    return said;  // it speaks HTTP, or is not there
  }
  absl::StatusOr<std::string> in_tls = Ask(address, to, true, deadline, clock);
  return absl::IsUnavailable(in_tls.status()) ? said : in_tls;
}

absl::Status NotAnAddress(std::string_view text) {
  return absl::InvalidArgumentError(fmt::format(
      "ADDRESS must be HOST:PORT, with or without http:// or https:// before and a path behind, "
      "got '{}'",
      text));
}

}  // namespace

absl::StatusOr<HealthAddress> ParseHealthAddress(std::string_view text) {
  using Scheme = HealthAddress::Scheme;
  std::string_view rest = text;
  HealthAddress address;
  for (const auto& [prefix, scheme] :
       {std::pair<std::string_view, Scheme>{"http://", Scheme::kHttp},
        std::pair<std::string_view, Scheme>{"https://", Scheme::kHttps}}) {
    if (rest.starts_with(prefix)) {
      rest.remove_prefix(prefix.size());
      address.scheme = scheme;
      break;
    }
  }
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view path = rest.substr(slash);
  if (path.size() > 1) {
    address.path = path;
  }
  rest = rest.substr(0, slash);
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) {
    return NotAnAddress(text);
  }
  std::string_view host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return NotAnAddress(text);
  }
  const std::string_view port = rest.substr(colon + 1);
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.begin(), port.end(), number);
  const auto odd = [](unsigned char c) { return c <= ' ' || c > '~' || c == '@'; };
  if (host.empty() || end != port.end() || error != std::errc() || number == 0 ||
      std::any_of(text.begin(), text.end(), odd)) {
    return NotAnAddress(text);
  }
  address.host = host;
  address.port = port;
  return address;
}

absl::StatusOr<std::string> ProbeHealth(const HealthAddress& address, Nanos timeout,
                                        const Clock& clock) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &list);
      error != 0) {
    return absl::UnavailableError(fmt::format("{}: {}", address.host, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, &freeaddrinfo);
  const TimePoint deadline = clock.Now() + timeout;
  absl::StatusOr<std::string> said = absl::UnavailableError("has no address");
  // "localhost" may be ::1 where only 127.0.0.1 is listened on.
  for (const addrinfo* to = list; to != nullptr; to = to->ai_next) {
    said = AskAsItSpeaks(address, *to, deadline, clock);
    if (!absl::IsNotFound(said.status())) {
      break;
    }
  }
  return absl::IsOutOfRange(said.status()) ? absl::UnavailableError(said.status().message()) : said;
}

HealthVerdict JudgeHealth(std::string_view address, bool absent_is_well, const Clock& clock) {
  const absl::StatusOr<HealthAddress> parsed = ParseHealthAddress(address);
  if (!parsed.ok()) {
    return {2, std::string(parsed.status().message())};
  }
  const absl::StatusOr<std::string> said = ProbeHealth(*parsed, kPatience, clock);
  if (said.ok()) {
    return {0, fmt::format("{}: well: {}", address, *said)};
  }
  if (absent_is_well && absl::IsNotFound(said.status())) {
    return {0, fmt::format("{}: nothing listens there, which was said to be well", address)};
  }
  return {1, fmt::format("{}: not well: {}", address, std::string(said.status().message()))};
}

}  // namespace squall
