#include "daemon/rpc/grpc_log.h"

#include <optional>
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

TEST(GrpcLogTest, KnowsWhichLinesSayThatAHandshakeFailed) {
  struct {
    const char* line;
    std::optional<std::string> reason;
  } const rows[] = {
      {"Handshake failed with fatal error SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong "
       "version number.",
       "the caller does not speak TLS"},
      {"Handshake failed with fatal error SSL_ERROR_SSL: error:0A0000C7:SSL routines::peer did "
       "not return a certificate.",
       "the caller showed no certificate"},
      {"Handshake failed with fatal error SSL_ERROR_SSL: error:0A000086:SSL "
       "routines::certificate verify failed.",
       "the caller's certificate has expired, or its CA is not the one that is asked for"},
      {"Handshake failed with fatal error SSL_ERROR_SSL: error:0A0000C1:SSL routines::no shared "
       "cipher.",
       "no shared cipher"},
      {"Handshake failed with fatal error", ""},
      {"Some other line", std::nullopt},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(FailedHandshake(row.line), row.reason) << row.line;
  }
}

}  // namespace
}  // namespace squall
