#include "daemon/report/html_report.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(HtmlReportTest, ShowsRequestsFailuresAndTracebacks) {
  RunReport report;
  report.plan_name = "locustfile.py";
  report.host = "http://me:hunter2@shop";
  EntryStats& entry = report.total.entries[{RunPhase::kMeasured, "/products", "GET"}];
  entry.requests = 3;
  entry.failures = 1;
  report.total.failures[{"GET", "/products", "HTTP 503"}].count = 1;
  report.total.task_errors["no such key\n  File \"x.py\", line 3"] = 2;
  const std::string html = HtmlReport(report);
  EXPECT_TRUE(Has(html, "<td class=\"text\">/products</td><td>3</td><td>1</td>"));
  EXPECT_TRUE(Has(html, "HTTP 503"));
  EXPECT_TRUE(Has(html, "no such key<pre>  File &quot;x.py&quot;, line 3</pre>"));
  EXPECT_FALSE(Has(html, "hunter2"));
}

TEST(HtmlReportTest, HostileNamesStayText) {
  RunReport report;
  report.total.entries[{RunPhase::kMeasured, "<script>alert(1)</script>", "GET"}].requests = 1;
  EXPECT_FALSE(Has(HtmlReport(report), "<script>"));
}

TEST(HtmlReportTest, NeedsNoNetwork) {
  const std::string html = HtmlReport(RunReport());
  EXPECT_FALSE(Has(html, "src="));
  EXPECT_FALSE(Has(html, "href="));
}

}  // namespace
}  // namespace squall
