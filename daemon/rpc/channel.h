// A channel to a gRPC server of ours, with what every one of them should have: pings that notice a
// server that is gone, room for large messages, a token with every call. Any thread.
#pragma once

#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "daemon/net/token_guard.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace squall {

struct ChannelSecurity {
  std::string ca_pem;    // TLS, trusting this CA; "": in the clear
  std::string cert_pem;  // with the key: what we show (mTLS); needs the CA
  std::string key_pem;
  // Sent as "authorization: Bearer …", as its file is at the time of each call; nullptr: none.
  // Shared, because gRPC decides how long a channel lives.
  std::shared_ptr<const TokenGuard> token;
  std::string server_name = {};  // in the server's certificate; "": as the address says
};

// Connects at the first call, and again whenever the connection is lost. INVALID_ARGUMENT says
// which PEM text is wrong, and that an address is empty; others show when they are called.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& address,
                                                           const ChannelSecurity& security);

}  // namespace squall
