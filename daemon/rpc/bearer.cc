#include "daemon/rpc/bearer.h"

#include <string_view>

#include <grpcpp/server_context.h>

namespace squall {

bool Admitted(const TokenGuard* guard, const grpc::ServerContextBase& context) {
  if (guard == nullptr) {
    return true;
  }
  const auto found = context.client_metadata().find("authorization");
  return found != context.client_metadata().end() &&
         guard->Admits(std::string_view(found->second.data(), found->second.size()));
}

const grpc::Status& Unauthenticated() {
  static const grpc::Status status(
      grpc::StatusCode::UNAUTHENTICATED,
      "metadata 'authorization' must be 'Bearer <token>' with this server's token");
  return status;
}

}  // namespace squall
