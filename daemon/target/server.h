// The target's HTTP/1.1 server: one thread and one event loop per shard, connections dealt out in
// turn, so that no shard idles while another is full.
#pragma once

#include <memory>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/net/listen_address.h"
#include "daemon/target/counters.h"
#include "daemon/target/faults.h"
#include "daemon/target/options.h"
#include "daemon/target/router.h"

namespace squall {

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
