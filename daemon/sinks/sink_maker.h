// Makes the sink that an output of a plan asks for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "daemon/sinks/metric_sink.h"

namespace squall {

// Whether a connection may go to this address; not set: to any.
using AddressCheck = std::function<bool(const sockaddr_storage&)>;

struct SinkOptions {
  std::string version;            // of squall
  WallTime process_started_at{};  // what Prometheus gets to see
  MetricSinkMaker otlp;           // none: such outputs are refused
  // The check of an output's connections, by its target; not set: none.
  std::function<AddressCheck(std::string_view to)> check_of;
};

// FAILED_PRECONDITION for what this program was built without.
MetricSinkMaker MakeSinks(SinkOptions options);

}  // namespace squall
