// One HTTP/1.1 connection to the API server, plain or TLS, maybe through a proxy. Blocking: every
// call drives the connection's own event loop on the thread that calls, until it is done or its
// time is up. One thread at a time, but Interrupt.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "daemon/base/clock.h"
#include "operator/kube/client/server_url.h"
#include "operator/kube/client/tls.h"

namespace squall {

// The way to the server; the same for all connections of a client.
struct KubeRoute {
  ServerUrl server;
  std::optional<ServerUrl> proxy;  // CONNECT
  std::string tls_server_name;     // "" verifies the server's host
};

using KubeRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpHead = boost::beast::http::response_header<>;

// How a step has ended.
struct HttpOutcome {
  absl::Status status;      // UNAVAILABLE, or CANCELLED after Interrupt
  bool cut = false;         // the other side closed or reset the connection
  bool tls_failed = false;  // the handshake, for one because of a CA we do not know
};

class KubeConnection final {
 public:
  // `route` outlives this. `tls.context` may be null for a plain server.
  KubeConnection(const KubeRoute* route, TlsKeeper::Current tls);
  ~KubeConnection();
  KubeConnection(const KubeConnection&) = delete;
  KubeConnection& operator=(const KubeConnection&) = delete;

  // TCP, to whichever address answers, within `timeout`; then proxy and TLS within another. Looking
  // up a name takes as long as the system's resolver does (pods are given an address).
  HttpOutcome Open(Nanos timeout);

  // Sends the request and reads the head of the answer. `timeout` covers ReadBody, too. A body
  // above `body_bytes_max` fails; for ReadSome that is only what the head announces.
  HttpOutcome Begin(const KubeRequest& request, Nanos timeout, int64_t body_bytes_max);
  bool answer_begun() const;     // bytes of an answer to the last request have come
  const HttpHead& head() const;  // good after Begin succeeded
  // The whole body.
  HttpOutcome ReadBody(std::string* body);
  // What comes next of a body without an end, or its end; silence is an error after `patience`.
  HttpOutcome ReadSome(Nanos patience, std::string* data, bool* ended);

  // Any thread, as long as the connection lives: everything under way and all that follows fails.
  void Interrupt();

  // The last answer was read to its end and leaves the connection open, and the server has not
  // closed it since.
  bool Reusable();
  uint64_t tls_generation() const;
  bool reused() const;  // has answered before

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace squall
