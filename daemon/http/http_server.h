// The HTTP/1.1 server of the web UI and its API. Connections live on one thread of its own;
// handlers run on a few worker threads, so that a slow one delays no other client.
//
// Bounded: connections, streams, head, body, waiting requests, time for each step. Secure by
// default: beyond loopback only with a credential (or `insecure`), no cross-origin state change, no
// foreign Host on loopback (DNS rebinding), strict headers on every reply.
//
// Where a credential is needed, what is below /assets/, /login, the icon and /healthz goes through
// without one. Other pages that a browser asks for are redirected to /login?next=PATH, which the
// handler serves: a form with `token` (or `user` and `password`) and `next`, sent to POST /login.
// That and POST /logout are answered here: a session cookie and 303 to `next`, or 303 to
// /login?failed=1
// (?wait=SECONDS after too many failures), `next` kept.
//
// Owned by main(). Start and the destructor belong to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/http/http_message.h"
#include "daemon/net/token_guard.h"

namespace squall {

struct HttpServerOptions {
  std::string flag = "--web-listen";      // for messages: the flag that `listen` came from
  std::string listen = "127.0.0.1:8089";  // numeric address and port; port 0: the kernel picks one
  bool insecure = false;                  // beyond loopback without a credential
  const TokenGuard* guard = nullptr;  // "Authorization: Bearer …", or the cookie that a login gives
  std::string basic_user;             // basic auth, instead of or beside the token; "" = off
  std::string basic_password;
  std::vector<std::string> allowed_hosts;  // besides the address itself and localhost; "*" = any
  std::vector<std::string> changing_gets;  // paths that change state though they are asked with GET
  // Told of every reply that the handler does not give: refusals, logins, complaints about what is
  // no HTTP. On the server's thread.
  std::function<void(int status)> on_own_reply;
  std::string tls_cert_pem;  // both or neither
  std::string tls_key_pem;
  size_t connections_max = 512;
  size_t streams_max = 256;
  size_t head_bytes_max = 16384;
  size_t body_bytes_max = 4 << 20;
  size_t waiting_max = 256;  // requests that wait for a worker; more get 503
  size_t workers = 2;
  Nanos request_timeout = std::chrono::seconds(15);  // from a request's first byte to its last
  Nanos idle_timeout = std::chrono::seconds(75);
  Nanos stall_timeout = std::chrono::seconds(60);  // of a client that takes nothing of a reply
  Nanos feed_interval = std::chrono::milliseconds(500);  // between two looks at a feed
  Nanos feed_heartbeat = std::chrono::seconds(15);       // a comment, when there was nothing else
};

// Called on any worker thread. What it throws is a bug. HEAD comes as GET.
using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

class HttpServer final {
 public:
  // INVALID_ARGUMENT for a bad address or certificate, FAILED_PRECONDITION for an address that
  // other machines reach without a credential and without `insecure`, UNAVAILABLE for one that
  // cannot be bound.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                           HttpHandler handler);
  ~HttpServer();  // closes every connection and joins the threads
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  std::string Url() const;  // "http://127.0.0.1:8089", as a browser here reaches it

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace squall
