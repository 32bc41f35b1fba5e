#include "daemon/programs/serve_client.h"

#include <fmt/format.h>

#include "daemon/rpc/status.h"

namespace squall {

absl::Status ServeClient::Explain(const grpc::Status& status) const {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
      status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return absl::UnavailableError(fmt::format("{}: no answer; is squall serve running there? ({})",
                                              server_, status.error_message()));
  }
  return FromGrpc(status);
}

}  // namespace squall
