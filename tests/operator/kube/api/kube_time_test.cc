#include "operator/kube/api/kube_time.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(KubeTimeTest, WritesWholeSecondsAndCutsTheRest) {
  EXPECT_EQ(FormatKubeTime(WallTime(seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatKubeTime(WallTime(seconds(1'700'000'000) + milliseconds(999))),
            "2023-11-14T22:13:20Z");
}

TEST(KubeTimeTest, AMicroTimeAlwaysHasSixDigits) {
  EXPECT_EQ(FormatMicroTime(WallTime(seconds(1'700'000'000))), "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(FormatMicroTime(WallTime(seconds(1) + microseconds(42))),
            "1970-01-01T00:00:01.000042Z");
}

TEST(KubeTimeTest, ReadsWhatItWrites) {
  const WallTime time(seconds(1'709'164'799) + microseconds(123456));  // end of a leap day
  EXPECT_EQ(*ParseKubeTime(FormatMicroTime(time)), time);
  EXPECT_EQ(*ParseKubeTime(FormatKubeTime(time)), WallTime(seconds(1'709'164'799)));
}

TEST(KubeTimeTest, ReadsOffsetsFractionsAndLowerCase) {
  const WallTime time(seconds(1'700'000'000));
  EXPECT_EQ(*ParseKubeTime("2023-11-14T23:43:20+01:30"), time);
  EXPECT_EQ(*ParseKubeTime("2023-11-14T17:13:20-05:00"), time);
  EXPECT_EQ(*ParseKubeTime("2023-11-14t22:13:20.5z"), time + milliseconds(500));
  EXPECT_EQ(*ParseKubeTime("2023-11-14T22:13:20.123456789Z"), time + Nanos(123'456'789));
}

TEST(KubeTimeTest, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2023-11-14", "2023-11-14T22:13:20", "2023-13-14T22:13:20Z", "2023-02-29T00:00:00Z",
        "2023-11-14T24:00:00Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Zx",
        "2023-11-14T22:13:20+1:00", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z",
        "2023-11-14T22:13:20.1234567890Z", "2023-11-14 22:13:20Z"}) {
    EXPECT_FALSE(ParseKubeTime(text).ok()) << text;
  }
  EXPECT_EQ(std::string(ParseKubeTime("soon").status().message()),
            "must be an RFC 3339 time like 2026-01-31T12:00:00Z, got 'soon'");
}

TEST(KubeTimeTest, ReadsGatewayDurations) {
  EXPECT_EQ(*ParseKubeDuration("0s"), Nanos{});
  EXPECT_EQ(*ParseKubeDuration("1h"), hours(1));
  EXPECT_EQ(*ParseKubeDuration("1h30m10s500ms"),
            hours(1) + minutes(30) + seconds(10) + milliseconds(500));
  EXPECT_EQ(*ParseKubeDuration("99999h"), hours(99999));
  EXPECT_EQ(*ParseKubeDuration("10s30m"), minutes(30) + seconds(10));
}

TEST(KubeTimeTest, RefusesWhatGatewayDurationsDoNotAllow) {
  for (const char* text :
       {"", "1", "s", "1.5h", "-1h", "100000s", "1d", "1h2m3s4ms5s", "1h ", "1us", "1h30"}) {
    EXPECT_FALSE(ParseKubeDuration(text).ok()) << text;
  }
}

TEST(KubeTimeTest, WritesTheShortestDuration) {
  EXPECT_EQ(FormatKubeDuration(Nanos{}), "0s");
  EXPECT_EQ(FormatKubeDuration(minutes(90)), "1h30m");
  EXPECT_EQ(FormatKubeDuration(seconds(60)), "1m");
  EXPECT_EQ(FormatKubeDuration(milliseconds(1500)), "1s500ms");
  EXPECT_EQ(FormatKubeDuration(microseconds(10)), "0s");
  EXPECT_EQ(FormatKubeDuration(seconds(-5)), "0s");
  EXPECT_EQ(FormatKubeDuration(hours(1'000'000)), "99999h");
}

}  // namespace
}  // namespace squall
