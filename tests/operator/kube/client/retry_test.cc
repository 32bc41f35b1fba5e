#include "operator/kube/client/retry.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::seconds;

AttemptEnd Answer(int code, std::optional<Nanos> retry_after = std::nullopt) {
  return {code, retry_after};
}

AttemptEnd Cut(bool reused, bool answer_begun = false) {
  return {0, std::nullopt, /*cut=*/true, answer_begun, reused};
}

RetryPolicy Get() { return RetryPolicy(/*is_get=*/true, /*repeatable=*/false, seconds(30)); }
RetryPolicy Apply() { return RetryPolicy(/*is_get=*/false, /*repeatable=*/true, seconds(30)); }
RetryPolicy Post() { return RetryPolicy(/*is_get=*/false, /*repeatable=*/false, seconds(30)); }

TEST(RetryTest, WaitsAsTheServerSays) {
  for (const int code : {429, 500, 503, 504}) {
    EXPECT_EQ(Post().Next(Answer(code, seconds(3))), seconds(3)) << code;
    EXPECT_EQ(Post().Next(Answer(code)), std::nullopt) << code;
  }
  EXPECT_EQ(Get().Next(Answer(404, seconds(3))), std::nullopt);
  EXPECT_EQ(Get().Next(Answer(409, seconds(3))), std::nullopt);
}

TEST(RetryTest, GivesUpAfterTenTimes) {
  RetryPolicy policy = Get();
  for (int i = 0; i < RetryPolicy::kRetriesMax; ++i) {
    EXPECT_EQ(policy.Next(Answer(429, seconds(0))), seconds(0));
  }
  EXPECT_EQ(policy.Next(Answer(429, seconds(0))), std::nullopt);
}

TEST(RetryTest, GivesUpWhenTheWaitsWouldTakeTooLong) {
  RetryPolicy policy = Get();
  EXPECT_EQ(policy.Next(Answer(429, seconds(20))), seconds(20));
  EXPECT_EQ(policy.Next(Answer(429, seconds(11))), std::nullopt);
  EXPECT_EQ(policy.Next(Answer(429, seconds(10))), seconds(10));
  EXPECT_EQ(Get().Next(Answer(429, seconds(31))), std::nullopt);
}

TEST(RetryTest, AConnectionThatDiedIdleIsReplacedOnceIfTheRequestMayBeRepeated) {
  RetryPolicy apply = Apply();
  EXPECT_EQ(apply.Next(Cut(/*reused=*/true)), Nanos{});
  EXPECT_EQ(apply.Next(Cut(/*reused=*/true)), std::nullopt);
  EXPECT_EQ(Post().Next(Cut(/*reused=*/true)), std::nullopt);
  EXPECT_EQ(Apply().Next(Cut(/*reused=*/false)), std::nullopt);
  EXPECT_EQ(Apply().Next(Cut(/*reused=*/true, /*answer_begun=*/true)), std::nullopt);
}

TEST(RetryTest, OnlyAGetIsRepeatedAfterAFreshConnectionWasCut) {
  RetryPolicy get = Get();
  EXPECT_EQ(get.Next(Cut(/*reused=*/true)), Nanos{});
  EXPECT_EQ(get.Next(Cut(/*reused=*/false)), RetryPolicy::kCutPause);
  EXPECT_EQ(get.Next(Cut(/*reused=*/false, /*answer_begun=*/true)), RetryPolicy::kCutPause);
}

TEST(RetryTest, ATimeoutIsNotRepeated) { EXPECT_EQ(Get().Next(AttemptEnd{}), std::nullopt); }

}  // namespace
}  // namespace squall
