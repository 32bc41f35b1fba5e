#include "daemon/rpc/status.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(StatusTest, KeepsCodeAndText) {
  const absl::Status status = absl::FailedPreconditionError("epoch must be at least 3, got 2");
  EXPECT_EQ(ToGrpc(status).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ToGrpc(status).error_message(), "epoch must be at least 3, got 2");
  EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
}

TEST(StatusTest, EveryCodeThereIsComesBack) {
  for (int code = 0; code <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), code == 0 ? "" : "why");
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status) << code;
  }
  EXPECT_EQ(ToGrpc(absl::UnauthenticatedError("")).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace squall
