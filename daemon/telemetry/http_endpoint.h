// The small HTTP server of a daemon: GET /metrics for Prometheus, /healthz and /readyz for whoever
// restarts and routes. One thread of its own; a scrape never waits for another program's load.
//
// Bounded: connections, size of a request's head, and time for each step. Nothing here is secret,
// but a page that other machines can read tells them what this one does, so an address beyond
// loopback must be asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/telemetry/metric_page.h"

namespace squall {

struct HttpEndpointOptions {
  std::string listen = "127.0.0.1:9646";  // numeric address and port; port 0: the kernel picks one
  bool insecure = false;                  // allow an address that other machines can reach
  size_t connections_max = 64;            // more are closed as they come
  size_t head_bytes_max = 8192;           // of a request
  Nanos request_timeout = std::chrono::seconds(10);  // from one byte of progress to the reply
  Nanos idle_timeout = std::chrono::seconds(75);     // between two requests; above scrape intervals
};

class HttpEndpoint final {
 public:
  // Called on the endpoint's thread, one at a time.
  struct Pages {
    // In the format that the client asks for.
    std::function<std::string(MetricFormat)> metrics;
    std::function<bool()> ready;  // can take, or has, a run
    // For all but /metrics, in the place of `ready`: whether all is well, and the page; nothing for
    // a path that is not known. `target` is as requested, "/readyz?verbose". May be empty.
    std::function<std::optional<std::pair<bool, std::string>>(std::string_view target)> health;
  };

  // INVALID_ARGUMENT for a bad address, FAILED_PRECONDITION for one that other machines can reach
  // without `insecure`, UNAVAILABLE for one that cannot be bound.
  static absl::StatusOr<std::unique_ptr<HttpEndpoint>> Start(HttpEndpointOptions options,
                                                             Pages pages);
  ~HttpEndpoint();  // closes every connection and joins the thread
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  uint16_t port() const;

 private:
  class Impl;
  explicit HttpEndpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace squall
