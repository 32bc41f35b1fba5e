#include "daemon/rpc/grpc_log.h"

#include <algorithm>
#include <array>
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

// As gRPC 1.51 with OpenSSL 3 has it, for instance: "Handshake failed with fatal error
// SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong version number."
constexpr std::string_view kHandshakeFailed = "Handshake failed with fatal error";

// OpenSSL's reasons that a person does not understand at once. It does not tell an expired
// certificate from one of an unknown CA.
struct Reason {
  std::string_view openssl;
  std::string_view ours;
};
constexpr std::array kReasons = {
    Reason{"wrong version number", "the caller does not speak TLS"},
    Reason{"http request", "the caller does not speak TLS"},
    Reason{"peer did not return a certificate", "the caller showed no certificate"},
    Reason{"certificate verify failed",
           "the caller's certificate has expired, or its CA is not the one that is asked for"},
};

}  // namespace

void SendGrpcLogTo(Sink sink) {
  {
    Place& place = ThePlace();
    const std::lock_guard<std::mutex> lock(place.mutex);
    place.sink = std::move(sink);
  }
  gpr_set_log_function(Forward);
}

std::optional<std::string> FailedHandshake(std::string_view text) {
  if (text.substr(0, kHandshakeFailed.size()) != kHandshakeFailed) {
    return std::nullopt;
  }
  std::string_view reason = text.substr(kHandshakeFailed.size());
  if (const size_t colons = reason.rfind("::"); colons != std::string_view::npos) {
    reason.remove_prefix(colons + 2);
  }
  while (!reason.empty() && (reason.back() == '.' || reason.back() == '\n')) {
    reason.remove_suffix(1);
  }
  const auto* known = std::find_if(kReasons.begin(), kReasons.end(),
                                   [reason](const Reason& each) { return each.openssl == reason; });
  return std::string(known == kReasons.end() ? reason : known->ours);
}

}  // namespace squall
