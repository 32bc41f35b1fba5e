#include "tests/support/kube/fake_link.h"

#include <algorithm>
#include <chrono>
#include <poll.h>
#include <utility>

#include <boost/asio/write.hpp>

namespace squall {

namespace asio = boost::asio;
using boost::system::error_code;

FakeLink::FakeLink(asio::ip::tcp::socket socket, asio::ssl::context* tls)
    : socket_(std::move(socket)) {
  if (tls != nullptr) {
    tls_.emplace(socket_, *tls);
  }
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

FakeLink::~FakeLink() {
  const std::scoped_lock lock(closing_);
  error_code ignored;
  socket_.close(ignored);
}

bool FakeLink::Handshake() {
  error_code error;
  if (tls_) {
    tls_->handshake(asio::ssl::stream_base::server, error);
  }
  return !error;
}

bool FakeLink::Write(std::string_view bytes) {
  error_code error;
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  if (tls_) {
    asio::write(*tls_, buffer, error);
  } else {
    asio::write(socket_, buffer, error);
  }
  return !error && !cut_;
}

bool FakeLink::Idle(Nanos patience) {
  // Short waits, so that a cut is seen soon even where poll() does not report our own shutdown.
  constexpr Nanos kStep = std::chrono::milliseconds(20);
  do {
    const Nanos step = std::clamp(patience, Nanos(0), kStep);
    pollfd watched{socket_.native_handle(), POLLRDHUP, 0};
    const int millis = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(step).count());
    if (cut_ || ::poll(&watched, 1, millis) != 0) {
      return false;
    }
    patience -= step;
  } while (patience > Nanos(0));
  return !cut_;
}

void FakeLink::Reset() {
  const std::scoped_lock lock(closing_);
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
  cut_ = true;
}

void FakeLink::Cut() {
  const std::scoped_lock lock(closing_);
  cut_ = true;
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
}

}  // namespace squall
