// The target's side of TLS. Private to this room, since it shows Asio.
#pragma once

#include <memory>

#include <absl/status/statusor.h>
#include <boost/asio/ssl/context.hpp>

#include "daemon/target/options.h"

namespace squall {

// Null when `tls` has no certificate. TLS 1.2 and 1.3. INVALID_ARGUMENT says which of the three PEM
// texts cannot be used.
absl::StatusOr<std::unique_ptr<boost::asio::ssl::context>> MakeTargetTlsContext(
    const TargetTls& tls);

}  // namespace squall
