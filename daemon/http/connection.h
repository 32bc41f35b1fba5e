// One connection of the web port. Private to this room, since it shows Asio. It lives on the
// server's thread; only handlers run elsewhere, and it waits for them.
#pragma once

#include <memory>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "daemon/base/clock.h"
#include "daemon/http/gatekeeper.h"
#include "daemon/http/http_server.h"
#include "daemon/http/worker_queue.h"

namespace squall {

// What the connections of a server share. All that it points to outlives them.
struct HttpConnectionContext {
  const HttpServerOptions* options = nullptr;
  const HttpHandler* handler = nullptr;
  Gatekeeper* gatekeeper = nullptr;
  WorkerQueue* workers = nullptr;
  TimePoint now;  // as of the last tick of the server: good enough for deadlines
  size_t streams = 0;
};

class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  // Ends when the connection does, or when the handler does that it waits for.
  virtual boost::asio::awaitable<void> Run() = 0;
  // Closes at once.
  virtual void Abort() = 0;
  // Called at every tick.
  virtual void CheckDeadline() = 0;
};

// `tls` is null for plain HTTP.
std::shared_ptr<HttpConnection> MakeHttpConnection(boost::asio::ip::tcp::socket socket,
                                                   boost::asio::ssl::context* tls,
                                                   HttpConnectionContext* context);

}  // namespace squall
