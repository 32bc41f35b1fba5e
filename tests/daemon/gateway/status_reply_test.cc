#include "daemon/gateway/status_reply.h"

#include <gtest/gtest.h>

#include "tests/daemon/gateway/fake_run_host.h"

namespace squall {
namespace {

TEST(StatusReplyTest, EachCodeHasItsHttpStatus) {
  EXPECT_EQ(StatusReply(absl::InvalidArgumentError("x")).status, 400);
  EXPECT_EQ(StatusReply(absl::UnauthenticatedError("x")).status, 401);
  EXPECT_EQ(StatusReply(absl::PermissionDeniedError("x")).status, 403);
  EXPECT_EQ(StatusReply(absl::NotFoundError("x")).status, 404);
  EXPECT_EQ(StatusReply(absl::AlreadyExistsError("x")).status, 409);
  EXPECT_EQ(StatusReply(absl::FailedPreconditionError("x")).status, 409);
  EXPECT_EQ(StatusReply(absl::ResourceExhaustedError("x")).status, 429);
  EXPECT_EQ(StatusReply(absl::InternalError("x")).status, 500);
  EXPECT_EQ(StatusReply(absl::UnimplementedError("x")).status, 501);
  EXPECT_EQ(StatusReply(absl::UnavailableError("x")).status, 503);
  EXPECT_EQ(StatusReply(absl::DeadlineExceededError("x")).status, 504);
}

TEST(StatusReplyTest, SaysCodeAndMessageAsJson) {
  const HttpReply reply = StatusReply(absl::NotFoundError("no run 'a\"b'\n<c>"));
  EXPECT_EQ(BodyOf(reply), R"({"error":{"code":"NOT_FOUND","message":"no run 'a\"b'\n<c>"}})");
  EXPECT_EQ(reply.content_type, "application/json");
}

}  // namespace
}  // namespace squall
