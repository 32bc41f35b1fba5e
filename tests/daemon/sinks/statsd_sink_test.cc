#include "daemon/sinks/statsd_sink.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/daemon/sinks/sample_run.h"
#include "tests/daemon/sinks/test_datagrams.h"

namespace squall {
namespace {

const MetricOutput kPlain{.kind = MetricOutput::Kind::kStatsd, .prefix = "shop"};
const MetricOutput kTagged{
    .kind = MetricOutput::Kind::kStatsd, .tags = {{"env", "staging"}}, .prefix = "shop"};

std::string MetricsOf(const MetricOutput& output, const Snapshot& now, const Snapshot* before) {
  RequestSampler sampler;
  const MetricReport report = ReportOf(now, before);
  std::string text;
  for (const std::string& metric :
       StatsdNaming(output, kSource).Metrics(sampler.Take(report), report)) {
    text += metric + "\n";
  }
  return text;
}

TEST(StatsdSinkTest, PlainNamesHoldMethodAndName) {
  const Snapshot before = SampleRun(1);
  const std::string text = MetricsOf(kPlain, SampleRun(4), &before);
  for (const char* line :
       {"shop.a-1.users:3|g\n", "shop.iterations:3|c\n", "shop.requests.GET.products:3|c\n",
        "shop.failures.GET.products:0|c\n", "shop.a-1.response_ms.GET.products.avg:20|g\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(StatsdSinkTest, TagsAreThoseOfDogStatsd) {
  const std::string text = MetricsOf(kTagged, SampleRun(4), nullptr);
  for (const char* line : {"shop.users:3|g|#env:staging,run_id:run-1,test:shop,agent:a-1\n",
                           "shop.requests:4|c|#env:staging,run_id:run-1,test:shop,agent:a-1,"
                           "method:GET,name:/products\n",
                           "shop.response_ms.p95:20"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(StatsdSinkTest, HostileNamesStayOneMetric) {
  Snapshot now;
  AddRequests(&now, kHostileName, 1, 0, std::chrono::milliseconds(1));
  const std::string plain = MetricsOf(kPlain, now, nullptr);
  EXPECT_NE(plain.find("\nshop.requests.GET.a_b_c_d_e_f_g"), std::string::npos) << plain;
  EXPECT_EQ(plain.find_first_of(" ,#\\\""), std::string::npos) << plain;
  EXPECT_NE(MetricsOf(kTagged, now, nullptr).find("name:a b_c=d_e_f:g\\ \"{}"), std::string::npos);
  EXPECT_EQ(StatsdPart("/products/1"), "products_1");
  EXPECT_EQ(StatsdPart("///"), "_");
  EXPECT_EQ(StatsdPart("a:1|c\nb"), "a_1_c_b");
}

TEST(StatsdSinkTest, NothingNewIsNotSent) {
  const Snapshot now = SampleRun(4);
  EXPECT_EQ(MetricsOf(kPlain, now, &now).find("shop.requests"), std::string::npos);
}

TEST(StatsdSinkTest, DatagramsHoldWholeMetrics) {
  const std::vector<std::string> metrics(100, std::string(50, 'x'));
  const std::vector<std::string> datagrams = StatsdDatagrams(metrics);
  EXPECT_EQ(datagrams.size(), 4u);  // 28 metrics of 51 bytes fit
  for (const std::string& datagram : datagrams) {
    EXPECT_LE(datagram.size(), 1432u);
    EXPECT_EQ((datagram.size() + 1) % 51, 0u);
  }
  EXPECT_EQ(StatsdDatagrams({std::string(2000, 'x'), "y"}).size(), 2u);
  EXPECT_TRUE(StatsdDatagrams({}).empty());
}

TEST(StatsdSinkTest, AReportArrivesAndNobodyThereIsNoticed) {
  auto receiver = std::make_unique<TestDatagrams>();
  MetricOutput output = kPlain;
  output.to = receiver->address();
  StatsdSink sink(output, kSource, nullptr);
  const Snapshot now = SampleRun();
  EXPECT_TRUE(sink.Send(ReportOf(now)).ok());
  EXPECT_TRUE(receiver->Take().starts_with("shop.a-1.users:3|g\n"));
  receiver = nullptr;
  EXPECT_EQ(sink.Send(ReportOf(now)), absl::UnavailableError("nobody listens there"));
}

TEST(StatsdSinkTest, AnAddressCanBeForbidden) {
  const TestDatagrams receiver;
  MetricOutput output = kPlain;
  output.to = receiver.address();
  StatsdSink sink(output, kSource, [](const sockaddr_storage&) { return false; });
  const Snapshot now = SampleRun();
  EXPECT_EQ(sink.Send(ReportOf(now)).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(receiver.Take(), "");
}

}  // namespace
}  // namespace squall
