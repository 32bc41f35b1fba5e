#include "daemon/rpc/grpc_log.h"

#include <memory>
#include <mutex>
#include <utility>

#include <grpc/support/log.h>

namespace squall {
namespace {

using Sink = std::function<void(GrpcSeverity, std::string_view)>;

// gRPC takes a plain function, so the sink has to be a variable of the process. Never destroyed:
// gRPC's threads outlive main().
struct Place {
  std::mutex mutex;
  Sink sink;
};

Place& ThePlace() {
  static Place& place = *std::make_unique<Place>().release();
  return place;
}

GrpcSeverity FromGpr(gpr_log_severity severity) {
  switch (severity) {
    case GPR_LOG_SEVERITY_DEBUG:
      return GrpcSeverity::kDebug;
    case GPR_LOG_SEVERITY_INFO:
      return GrpcSeverity::kInfo;
    case GPR_LOG_SEVERITY_ERROR:
      break;
  }
  return GrpcSeverity::kError;
}

void Forward(gpr_log_func_args* line) {
  Place& place = ThePlace();
  const std::lock_guard<std::mutex> lock(place.mutex);
  if (place.sink) {
    place.sink(FromGpr(line->severity), line->message);
  }
}

}  // namespace

void SendGrpcLogTo(Sink sink) {
  {
    Place& place = ThePlace();
    const std::lock_guard<std::mutex> lock(place.mutex);
    place.sink = std::move(sink);
  }
  gpr_set_log_function(Forward);
}

}  // namespace squall
