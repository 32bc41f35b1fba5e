// The parts of squall-operator, wired together: clients, caches, the controller, who leads, metrics
// and health. One object, made and ended by main().
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/telemetry/event_log.h"
#include "operator/kube/client/kube_config.h"
#include "operator/programs/operator_flags.h"

namespace squall {

class OperatorParts final {
 public:
  // Connects to nothing but asks the API server once whether it knows LoadTests. `lost` is called
  // when this process led and must not act any more; it does not return. Borrowed parts outlive it.
  static absl::StatusOr<std::unique_ptr<OperatorParts>> Make(const OperatorFlags& flags,
                                                             const KubeConfigSources& sources,
                                                             std::function<void()> lost,
                                                             EventLog* log, const Clock* clock);
  ~OperatorParts();
  OperatorParts(const OperatorParts&) = delete;
  OperatorParts& operator=(const OperatorParts&) = delete;

  absl::Status Start();
  // Finishes what is under way, leaves the runs to the next leader and lets it lead at once. False
  // when a pass hangs: the process must then end without destroying this.
  bool Stop();

 private:
  struct Impl;
  explicit OperatorParts(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace squall
