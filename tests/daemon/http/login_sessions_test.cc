#include "daemon/http/login_sessions.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/http/some_time.h"

namespace squall {
namespace {

TEST(LoginSessionsTest, StandsForTheCredentialUntilItIsOver) {
  LoginSessions sessions;
  sessions.Open("id-1", "Bearer x", kNow);
  EXPECT_EQ(sessions.Find("id-1", kNow), "Bearer x");
  EXPECT_EQ(sessions.Find("id-2", kNow), "");
  EXPECT_EQ(sessions.Find("", kNow), "");
  EXPECT_EQ(sessions.Find("id-1", kNow + LoginSessions::kLifetime - Nanos(1)), "Bearer x");
  EXPECT_EQ(sessions.Find("id-1", kNow + LoginSessions::kLifetime), "");
}

TEST(LoginSessionsTest, EndsByLogout) {
  LoginSessions sessions;
  sessions.Open("id-1", "Bearer x", kNow);
  sessions.Open("id-2", "Bearer x", kNow);
  sessions.Close("id-1");
  EXPECT_EQ(sessions.Find("id-1", kNow), "");
  EXPECT_EQ(sessions.Find("id-2", kNow), "Bearer x");
}

TEST(LoginSessionsTest, TheOldestGoWhenThereAreTooMany) {
  LoginSessions sessions;
  for (size_t i = 0; i <= LoginSessions::kSessionsMax; ++i) {
    sessions.Open(fmt::format("id-{}", i), "Bearer x", kNow);
  }
  EXPECT_EQ(sessions.size(), LoginSessions::kSessionsMax);
  EXPECT_EQ(sessions.Find("id-0", kNow), "");
  EXPECT_EQ(sessions.Find("id-1", kNow), "Bearer x");
}

TEST(LoginSessionsTest, ForgetsThoseThatAreOver) {
  LoginSessions sessions;
  sessions.Open("id-1", "Bearer x", kNow);
  sessions.Open("id-2", "Bearer x", kNow + LoginSessions::kLifetime);
  EXPECT_EQ(sessions.size(), 1U);
}

}  // namespace
}  // namespace squall
