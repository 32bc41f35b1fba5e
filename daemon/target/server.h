// The target's HTTP/1.1 server: one thread and one event loop per shard, connections dealt out in
// turn, so that no shard idles while another is full.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/target/counters.h"
#include "daemon/target/faults.h"
#include "daemon/target/listen_address.h"
#include "daemon/target/router.h"

namespace squall {

struct TargetLimits {
  uint32_t header_bytes_max = 16 << 10;  // above: 431
  uint64_t body_bytes_max = 8 << 20;     // above: 413
  size_t connections_max = 100'000;      // above: closed at once
  // Closes a connection on which no request begins, ends, or is taken off our hands for this long.
  Nanos idle_timeout = std::chrono::seconds(60);
};

// PEM texts; plain HTTP when `certificate_pem` is empty.
struct TargetTls {
  std::string certificate_pem;
  std::string key_pem;
  std::string client_ca_pem;  // when set, clients must show a certificate that it signed
};

struct TargetServerOptions {
  ListenAddress listen;
  size_t threads = 1;
  TargetLimits limits;
  TargetTls tls;
  LatencyRange latency;
  double error_rate = 0;  // share of requests answered 500
  uint64_t seed = 1;      // of the two above
};

class TargetServer final {
  class Impl;

 public:
  // What the server works with; all of it must outlive the server. `counters` needs a slot for
  // each thread.
  struct Parts {
    const TargetRouter* router = nullptr;
    const StallSwitch* stall = nullptr;
    TargetCounters* counters = nullptr;
    const Clock* clock = nullptr;
  };

  // Listens and starts the threads. INVALID_ARGUMENT for a certificate that cannot be used,
  // UNAVAILABLE for an address that cannot be bound.
  static absl::StatusOr<std::unique_ptr<TargetServer>> Start(TargetServerOptions options,
                                                             Parts parts);
  // Start is the way to make one.
  explicit TargetServer(std::unique_ptr<Impl> impl);
  // Stops without waiting for open requests, if Stop was not called.
  ~TargetServer();
  TargetServer(const TargetServer&) = delete;
  TargetServer& operator=(const TargetServer&) = delete;

  // With the port that the kernel picked.
  ListenAddress address() const;

  // Stops accepting, closes idle connections, lets open requests finish for at most `drain_max`
  // and joins the threads. Not to be called from two threads at once.
  void Stop(Nanos drain_max);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace squall
