#include "daemon/rpc/callback_threads.h"

#include <future>
#include <memory>
#include <utility>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "daemon/rpc/channel.h"

namespace squall {
namespace {

struct Call {
  grpc::ClientContext context;  // owns the channel while the call lives
  grpc::Slice nothing{""};
  grpc::ByteBuffer request{&nothing, 1};
  grpc::ByteBuffer response;
};

TEST(CallbackThreadsTest, TheLastOwnerOfAChannelMayBeACallOnOneOfThem) {
  for (int i = 0; i < 3; ++i) {
    auto channel = MakeChannel("127.0.0.1:1", {});
    ASSERT_TRUE(channel.ok());
    auto stub = std::make_unique<grpc::GenericStub>(*channel);
    auto call = std::make_shared<Call>();
    std::promise<void> alone;
    std::promise<grpc::StatusCode> answered;
    Call* const parts = call.get();
    stub->UnaryCall(&parts->context, "/squall.Nobody/Call", {}, &parts->request, &parts->response,
                    [call = std::move(call), &answered,
                     mine_only = alone.get_future().share()](const grpc::Status& status) {
                      mine_only.wait();
                      answered.set_value(status.error_code());
                    });
    stub.reset();
    channel->reset();
    alone.set_value();
    EXPECT_EQ(answered.get_future().get(), grpc::StatusCode::UNAVAILABLE);
    // The next call is on the same threads, as far as they live.
  }
}

TEST(CallbackThreadsTest, KeptOnce) {
  KeepCallbackThreads();
  KeepCallbackThreads();
}

}  // namespace
}  // namespace squall
