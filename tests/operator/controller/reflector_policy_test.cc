#include "operator/controller/reflector_policy.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "operator/kube/api/kube_error.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = ReflectorStep::Kind;

absl::Status Refused(int code, std::optional<Nanos> retry_after = {}) {
  KubeError error;
  error.http_code = code;
  error.reason = "Reason";
  error.message = "because";
  error.retry_after = retry_after;
  return ToStatus(error);
}

// 504 with the cause that the client turns into DEADLINE_EXCEEDED.
absl::Status TooLargeVersion(std::optional<Nanos> retry_after = {}) {
  KubeError error;
  error.http_code = 504;
  error.reason = "Timeout";
  error.message = "Too large resource version";
  error.causes = {{"", "ResourceVersionTooLarge", "Too large resource version"}};
  error.retry_after = retry_after;
  return ToStatus(error);
}

class ReflectorPolicyTest : public testing::Test {
 protected:
  static BackoffOptions WithoutJitter() {
    BackoffOptions options;
    options.jitter = 0;
    return options;
  }
  static ReflectorPolicy Watching() {
    ReflectorPolicy policy(1, WithoutJitter());
    policy.OnListed("100");
    return policy;
  }
  // The step after a watch that brought one event in a minute and ended with `status`.
  static ReflectorStep AfterWatch(const absl::Status& status) {
    ReflectorPolicy policy = Watching();
    policy.OnWatchEvent("101");
    return policy.OnWatchEnded(status, minutes(1), TimePoint() + minutes(1));
  }
};

TEST_F(ReflectorPolicyTest, StartsWithAList) {
  const ReflectorStep step = ReflectorPolicy(1).Start();
  EXPECT_EQ(step.kind, Kind::kList);
  EXPECT_EQ(step.wait, Nanos(0));
  EXPECT_EQ(step.list_reason, "start");
}

TEST_F(ReflectorPolicyTest, WatchesFromTheListsVersion) {
  ReflectorPolicy policy(1);
  const ReflectorStep step = policy.OnListed("100");
  EXPECT_EQ(step.kind, Kind::kWatch);
  EXPECT_EQ(step.wait, Nanos(0));
  EXPECT_EQ(policy.resource_version(), "100");
}

TEST_F(ReflectorPolicyTest, EventsAndBookmarksMoveTheVersion) {
  ReflectorPolicy policy = Watching();
  policy.OnWatchEvent("105");
  EXPECT_EQ(policy.resource_version(), "105");
  policy.OnWatchEvent("");
  EXPECT_EQ(policy.resource_version(), "105") << "an object without a version moves nothing";
  policy.OnWatchEnded(absl::OkStatus(), minutes(5), TimePoint());
  EXPECT_EQ(policy.resource_version(), "105");
}

TEST_F(ReflectorPolicyTest, AFailedListIsRepeatedAfterABackOff) {
  struct Row {
    const char* what;
    absl::Status status;
    Nanos wait;
    const char* reason;
  };
  const Row table[] = {
      {"not reached", absl::UnavailableError("refused"), milliseconds(800), "error"},
      {"its pages have expired", Refused(410), milliseconds(800), "expired"},
      {"no such type: the CRD is missing", Refused(404), milliseconds(800), "error"},
      {"a role is missing", Refused(403), seconds(30), "error"},
      {"the server is overloaded", Refused(429), milliseconds(800), "error"},
      {"it says how long", Refused(429, seconds(7)), seconds(7), "error"},
      {"it says less than the back-off", Refused(503, Nanos(1)), milliseconds(800), "error"},
      {"an internal error", Refused(500), milliseconds(800), "error"},
      {"credentials are bad", Refused(401), milliseconds(800), "error"},
  };
  for (const Row& row : table) {
    ReflectorPolicy policy(1, WithoutJitter());
    const ReflectorStep step = policy.OnListFailed(row.status, TimePoint());
    EXPECT_EQ(step.kind, Kind::kList) << row.what;
    EXPECT_EQ(step.wait, row.wait) << row.what;
    EXPECT_EQ(step.list_reason, row.reason) << row.what;
  }
}

TEST_F(ReflectorPolicyTest, AWatchsEndDecidesWhatFollows) {
  struct Row {
    const char* what;
    absl::Status status;
    Kind next;
    Nanos wait;
    const char* reason;
  };
  const Row table[] = {
      {"its time was over", absl::OkStatus(), Kind::kWatch, Nanos(0), ""},
      {"410: the version is too old", Refused(410), Kind::kList, Nanos(0), "expired"},
      {"429: overloaded; a list would be worse", Refused(429), Kind::kWatch, milliseconds(800), ""},
      {"429 that says how long", Refused(429, seconds(9)), Kind::kWatch, seconds(9), ""},
      {"503: not there for now", Refused(503), Kind::kWatch, milliseconds(800), ""},
      {"401: the token was not renewed yet", Refused(401), Kind::kWatch, milliseconds(800), ""},
      {"refused, reset or silent", absl::UnavailableError("reset"), Kind::kWatch, milliseconds(800),
       ""},
      {"a deadline of ours", absl::DeadlineExceededError("connect"), Kind::kWatch,
       milliseconds(800), ""},
      {"403: a role is missing", Refused(403), Kind::kWatch, seconds(30), ""},
      {"500: may pass", Refused(500), Kind::kWatch, milliseconds(800), ""},
      {"504: the version is too large for this server", TooLargeVersion(), Kind::kList,
       milliseconds(800), "too_large_version"},
      {"504 that says how long", TooLargeVersion(seconds(3)), Kind::kList, seconds(3),
       "too_large_version"},
      {"404: the type is gone", Refused(404), Kind::kList, milliseconds(800), "error"},
      {"422: not understood", Refused(422), Kind::kList, milliseconds(800), "error"},
      {"502: a proxy's", Refused(502), Kind::kList, milliseconds(800), "error"},
  };
  for (const Row& row : table) {
    const ReflectorStep step = AfterWatch(row.status);
    EXPECT_EQ(step.kind, row.next) << row.what;
    EXPECT_EQ(step.wait, row.wait) << row.what;
    EXPECT_EQ(step.list_reason, row.reason) << row.what;
  }
}

TEST_F(ReflectorPolicyTest, AVeryShortWatchWithoutEventsIsAFailure) {
  ReflectorPolicy policy = Watching();
  TimePoint now;
  ReflectorStep step = policy.OnWatchEnded(absl::OkStatus(), milliseconds(999), now);
  EXPECT_EQ(step.kind, Kind::kWatch);
  EXPECT_EQ(step.wait, milliseconds(800));
  step = policy.OnWatchEnded(absl::OkStatus(), milliseconds(10), now);
  EXPECT_EQ(step.kind, Kind::kWatch);
  EXPECT_EQ(step.wait, milliseconds(1600));
  step = policy.OnWatchEnded(absl::OkStatus(), milliseconds(10), now);
  EXPECT_EQ(step.kind, Kind::kList) << "three in a row";
  EXPECT_EQ(step.wait, milliseconds(3200));
}

TEST_F(ReflectorPolicyTest, AShortWatchWithAnEventIsNone) {
  ReflectorPolicy policy = Watching();
  policy.OnWatchEvent("101");
  EXPECT_EQ(policy.OnWatchEnded(absl::OkStatus(), milliseconds(10), TimePoint()).wait, Nanos(0));
  EXPECT_EQ(policy.OnWatchEnded(absl::OkStatus(), seconds(1), TimePoint()).wait, Nanos(0));
}

TEST_F(ReflectorPolicyTest, AnEventBetweenFailuresStartsTheCountAgain) {
  ReflectorPolicy policy = Watching();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(policy.OnWatchEnded(Refused(500), seconds(1), TimePoint()).kind, Kind::kWatch);
    policy.OnWatchEvent("101");
  }
  policy.OnWatchEnded(Refused(500), seconds(1), TimePoint());
  policy.OnWatchEnded(Refused(500), seconds(1), TimePoint());
  EXPECT_EQ(policy.OnWatchEnded(Refused(500), seconds(1), TimePoint()).kind, Kind::kList);
}

TEST_F(ReflectorPolicyTest, AServerThatExpiresEveryVersionAtOnceIsNotHammered) {
  ReflectorPolicy policy = Watching();
  EXPECT_EQ(policy.OnWatchEnded(Refused(410), milliseconds(5), TimePoint()).wait,
            milliseconds(800));
  policy.OnListed("200");
  EXPECT_EQ(policy.OnWatchEnded(Refused(410), milliseconds(5), TimePoint()).wait,
            milliseconds(1600));
}

TEST_F(ReflectorPolicyTest, IsForbiddenUntilTheSameThingWorks) {
  ReflectorPolicy policy(1);
  EXPECT_FALSE(policy.forbidden());
  policy.OnListFailed(Refused(403), TimePoint());
  EXPECT_TRUE(policy.forbidden());
  policy.OnListed("100");
  EXPECT_FALSE(policy.forbidden());
  policy.OnWatchEnded(Refused(403), Nanos(1), TimePoint());
  EXPECT_TRUE(policy.forbidden()) << "list is allowed, watch is not";
  policy.OnListed("100");
  EXPECT_TRUE(policy.forbidden());
  policy.OnWatchEvent("101");
  EXPECT_FALSE(policy.forbidden());
}

TEST_F(ReflectorPolicyTest, FailuresLongAgoDoNotCount) {
  ReflectorPolicy policy = Watching();
  TimePoint now;
  for (int i = 0; i < 5; ++i) {
    policy.OnWatchEnded(absl::UnavailableError("reset"), seconds(1), now);
  }
  now += minutes(3);
  EXPECT_EQ(policy.OnWatchEnded(absl::UnavailableError("reset"), minutes(3), now).wait,
            milliseconds(800));
}

}  // namespace
}  // namespace squall
