#include "daemon/rpc/callback_threads.h"

#include <array>
#include <cstddef>
#include <memory>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

namespace squall {
namespace {

// A channel to an empty list of addresses, and a call on it, which fails: the channel owns the
// threads from then on.
struct Anchor {
  Anchor() {
    stub.UnaryCall(&context, "/squall.Nowhere/Call", {}, &request, &response,
                   [](const grpc::Status& /*status*/) {});
  }

  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel("ipv4:", grpc::InsecureChannelCredentials());
  grpc::GenericStub stub{channel};
  grpc::ClientContext context;
  grpc::Slice nothing{""};
  grpc::ByteBuffer request{&nothing, 1};
  grpc::ByteBuffer response;
};

}  // namespace

void KeepCallbackThreads() {
  // In static memory, so that whoever looks for leaks finds what it owns.
  alignas(Anchor) static std::array<std::byte, sizeof(Anchor)> memory;
  static const Anchor* const anchor = std::construct_at(reinterpret_cast<Anchor*>(memory.data()));
  static_cast<void>(anchor);
}

}  // namespace squall
