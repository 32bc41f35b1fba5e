// How a target server is set up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/net/listen_address.h"
#include "daemon/target/faults.h"

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

}  // namespace squall
