// Whatever takes the spans of a run to a collector. The interface is here, so that engines know
// nothing of OpenTelemetry; daemon/otel implements it, and main() hands it in.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "daemon/plan/plan.h"
#include "daemon/trace/span_hub.h"

namespace squall {

// Made for one run. The destructor closes it.
class SpanExport {
 public:
  virtual ~SpanExport() = default;
  virtual SpanHub* hub() = 0;
  // Sends what is left, for at most a few seconds; from then on the hub's figures are final. No
  // recorder may be in use any more. Repeated: nothing.
  virtual void Close() = 0;
};

// What all spans of a run share.
struct SpanSource {
  std::string run_id;
  std::string test;   // the plan's name
  std::string agent;  // id or name
};

// INVALID_ARGUMENT for an output that cannot be; a collector that is down is none of its errors.
using SpanExportMaker = std::function<absl::StatusOr<std::unique_ptr<SpanExport>>(
    const TraceOutput& output, const SpanSource& source)>;

}  // namespace squall
