#include "daemon/rpc/bearer.h"

#include <fstream>
#include <memory>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/daemon/rpc/test_service.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

class BearerTest : public testing::Test {
 protected:
  BearerTest() {
    std::ofstream(directory_.path() / "token") << "sesame";
    guard_ = *TokenGuard::FromFile(directory_.path() / "token");
  }
  const TempDirectory directory_;
  std::unique_ptr<TokenGuard> guard_;
};

TEST_F(BearerTest, OnlyTheTokenIsAdmitted) {
  ServerSecurity security;
  security.guard = guard_.get();
  const auto server = StartTestServer(security);
  const auto channel = server->InProcessChannel();
  EXPECT_EQ(Ask(channel, "Bearer sesame"), "OK");
  for (const char* wrong : {"", "sesame", "Bearer ", "Bearer sesamE", "Bearer sesame2",
                            "Bearer  sesame", "Basic sesame"}) {
    EXPECT_EQ(Ask(channel, wrong), "UNAUTHENTICATED") << wrong;
  }
}

TEST_F(BearerTest, WithoutAGuardEverybodyIs) {
  const auto server = StartTestServer({});
  EXPECT_EQ(Ask(server->InProcessChannel()), "OK");
  EXPECT_EQ(Ask(server->InProcessChannel(), "Bearer whatever"), "OK");
}

TEST(UnauthenticatedTest, SaysWhatIsMissing) {
  EXPECT_EQ(Unauthenticated().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Unauthenticated().error_message(),
            "metadata 'authorization' must be 'Bearer <token>' with this server's token");
}

}  // namespace
}  // namespace squall
