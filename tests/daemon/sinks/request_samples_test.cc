#include "daemon/sinks/request_samples.h"

#include <gtest/gtest.h>

#include "tests/daemon/sinks/sample_run.h"

namespace squall {
namespace {

TEST(RequestSamplesTest, ARowIsTheTotalAndWhatIsNewInIt) {
  const Snapshot before = SampleRun(4);
  Snapshot now = SampleRun(10);
  AddRequests(&now, "/products", 5, 5, std::chrono::seconds(1), RunPhase::kWarmUp);
  RequestSampler sampler;
  const std::vector<RequestSample> samples = sampler.Take(ReportOf(now, &before));
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].total.requests, 15u);  // all phases
  EXPECT_EQ(samples[0].requests, 11u);
  EXPECT_EQ(samples[0].failures, 5u);
  EXPECT_EQ(samples[0].bytes_received, 1100u);
  EXPECT_EQ(samples[0].response.count(), 11u);
}

TEST(RequestSamplesTest, NamesBeyondTheBoundAreOneRowAndStayThere) {
  RequestSampler sampler(2);
  Snapshot now;
  for (const char* name : {"b", "c", "d", "e"}) {
    AddRequests(&now, name, 1, 0, Nanos(1));
  }
  std::vector<RequestSample> samples = sampler.Take(ReportOf(now));
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[2].name, "other");
  EXPECT_EQ(samples[2].total.requests, 2u);
  AddRequests(&now, "a", 1, 0, Nanos(1));  // sorts first, but comes too late
  samples = sampler.Take(ReportOf(now));
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].name, "b");
  EXPECT_EQ(samples[2].total.requests, 3u);
}

TEST(RequestSamplesTest, TimesAreMillisecondsAndNothingWithoutRequests) {
  EXPECT_TRUE(ResponseNumbers({}).empty());
  Histogram response;
  response.RecordMany(std::chrono::milliseconds(20), 3);
  const std::vector<ResponseNumber> numbers = ResponseNumbers(response);
  ASSERT_EQ(numbers.size(), 7u);
  EXPECT_STREQ(numbers[4].name, "p95");
  for (const ResponseNumber& number : numbers) {
    EXPECT_NEAR(number.milliseconds, 20, 0.1) << number.name;
  }
}

TEST(RequestSamplesTest, UserClassesBeyondTheBoundAreOther) {
  Snapshot now;
  now.users = {{"a", 1}, {"b\n", 2}, {"b ", 4}, {"c", 8}, {"d", 16}};
  EXPECT_EQ(UserSamples(now, 2),
            (std::map<std::string, uint64_t>{{"a", 1}, {"b ", 6}, {"other", 24}}));
  EXPECT_EQ(UserSamples(now).size(), 4u);
}

TEST(RequestSamplesTest, TextIsOneLineOfUtf8) {
  EXPECT_EQ(SampleText("a\nb\xff"), "a b\xEF\xBF\xBD");
  EXPECT_LE(SampleText(std::string(1000, 'x')).size(), 131u);
}

}  // namespace
}  // namespace squall
