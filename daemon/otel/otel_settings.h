// Who says where spans and figures go over OTLP: flags win over the plan, the plan over the
// environment. Pure; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/otel/otel_environment.h"
#include "daemon/plan/plan.h"

namespace squall {

// The command line as typed.
struct OtelFlags {
  std::string endpoint;          // --otel-endpoint
  std::string protocol;          // --otel-protocol: "grpc", "http"; "" = not said
  std::optional<double> sample;  // --otel-sample
  bool metrics = false;          // --otel-metrics
  bool traces = false;           // Locust's --otel: also where nobody names an endpoint
};

// What the environment asks for beside these flags. Where they leave nothing to be sent, variables
// that say where to are not checked.
absl::StatusOr<OtelEnvironment> ReadOtelFor(const OtelFlags& flags,
                                            const std::map<std::string, std::string>& variables,
                                            const PemReader& read_pem);

// Completes the outputs of a plan (or an agent's own, which begin empty). INVALID_ARGUMENT names
// the flag.
absl::Status ApplyOtel(const OtelFlags& flags, const OtelEnvironment& environment,
                       Outputs* outputs);

}  // namespace squall
