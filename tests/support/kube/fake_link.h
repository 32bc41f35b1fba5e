// One connection of the fake server, plain or TLS, driven by its own thread with blocking calls:
// the shortest way to misbehave in the middle of anything. Only Cut() may be called from outside.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "daemon/base/clock.h"

namespace squall {

class FakeLink final {
 public:
  // `tls` may be null: plain. It outlives the link.
  FakeLink(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls);
  ~FakeLink();
  FakeLink(const FakeLink&) = delete;
  FakeLink& operator=(const FakeLink&) = delete;

  bool Handshake();  // true at once without TLS

  // Beast's SyncReadStream.
  template <typename Buffers>
  size_t read_some(const Buffers& buffers, boost::system::error_code& error) {
    return tls_ ? tls_->read_some(buffers, error) : socket_.read_some(buffers, error);
  }
  template <typename Buffers>
  size_t read_some(const Buffers& buffers) {
    boost::system::error_code error;
    const size_t size = read_some(buffers, error);
    boost::asio::detail::throw_error(error);
    return size;
  }

  // False when the client is gone.
  bool Write(std::string_view bytes);
  // Waits; false as soon as the client is gone or the link was cut.
  bool Idle(Nanos patience);
  // Closes with a TCP reset.
  void Reset();

  // Any thread: ends all blocking calls of the link's own, now and later.
  void Cut();
  bool cut() const { return cut_; }

 private:
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  std::mutex closing_;  // the descriptor must not be reused between a look and a cut
  std::atomic<bool> cut_ = false;
};

}  // namespace squall
