#include "daemon/rpc/grpc_log.h"

#include <string>

#include <grpc/support/log.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(GrpcLogTest, LinesGoToTheSinkUntilItIsTakenAway) {
  std::string seen;
  SendGrpcLogTo([&seen](GrpcSeverity severity, std::string_view text) {
    seen += severity == GrpcSeverity::kError ? "error " : "other ";
    seen += text;
  });
  gpr_log(GPR_ERROR, "handshake %d", 7);
  SendGrpcLogTo(nullptr);
  gpr_log(GPR_ERROR, "nobody hears this");
  EXPECT_EQ(seen, "error handshake 7");
}

}  // namespace
}  // namespace squall
