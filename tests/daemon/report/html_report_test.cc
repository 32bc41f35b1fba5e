#include "daemon/report/html_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/report/view_json.h"
#include "tests/daemon/report/sample_report.h"
#include "tests/daemon/report/unpacked.h"
#include "web/bundle.h"

namespace squall {
namespace {

using std::chrono::seconds;

constexpr std::string_view kDataBegin =
    "<script type=\"application/octet-stream\" id=\"squall-data\">";

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view DataOf(std::string_view html) {
  const size_t begin = html.find(kDataBegin);
  EXPECT_NE(begin, std::string_view::npos);
  const size_t from = begin + kDataBegin.size();
  return html.substr(from, html.find('<', from) - from);
}

size_t CountOf(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// What is not the app itself: the app's script and style sheet may hold anything.
std::string WithoutApp(std::string html) {
  for (const std::string_view part : {TheWebBundle().app_js, TheWebBundle().app_css}) {
    if (const size_t at = html.find(part); at != std::string::npos) {
      html.erase(at, part.size());
    }
  }
  return html;
}

TEST(HtmlReportTest, CarriesTheViewOfTheRun) {
  const RunReport report = ClosedReport();
  const std::string html = HtmlReport(report);
  EXPECT_EQ(Unpacked(DataOf(html)), ViewJson(report));
  EXPECT_EQ(HtmlReportOf(ViewJson(report)), html);
}

TEST(HtmlReportTest, CarriesTheAppAndNeedsNothingElse) {
  const std::string html = HtmlReport(ClosedReport());
  if (TheWebBundle().built) {
    EXPECT_TRUE(Has(html, TheWebBundle().app_js));
    EXPECT_TRUE(Has(html, TheWebBundle().app_css));
    EXPECT_EQ(CountOf(WithoutApp(html), "<script type=\"module\">"), 1U);
  }
  const std::string page = WithoutApp(html);
  EXPECT_FALSE(Has(page, "src="));
  EXPECT_FALSE(Has(page, "/assets/"));
  EXPECT_FALSE(Has(page, "href=\"/"));
  EXPECT_TRUE(Has(page, "default-src 'none'"));
}

// What a plan is called may look like what the report is made of.
TEST(HtmlReportTest, APlanNamedLikeAPartOfThePageBreaksNothing) {
  for (const std::string& name : {std::string("shop /icon.svg"), std::string("title>"),
                                  fmt::format("/assets/app-{}.css", TheWebBundle().css_hash),
                                  fmt::format("/assets/app-{}.js", TheWebBundle().js_hash)}) {
    RunReport report = ClosedReport();
    report.plan_name = name;
    const std::string html = HtmlReport(report);
    const std::string page = WithoutApp(html);
    const std::string shown = name == "title>" ? "title&gt;" : name;
    EXPECT_EQ(CountOf(page, "<title>" + shown + ": load test</title>"), 1U) << name;
    EXPECT_EQ(CountOf(page, "<h1>" + shown + "</h1>"), 1U) << name;
    EXPECT_FALSE(Has(page, "href=\"/")) << name;
    EXPECT_FALSE(Has(page, "src=")) << name;
    EXPECT_EQ(CountOf(page, "<title>"), 1U) << name;
    EXPECT_TRUE(!TheWebBundle().built || Has(html, TheWebBundle().app_css)) << name;
    EXPECT_EQ(Unpacked(DataOf(html)), ViewJson(report)) << name;
  }
}

TEST(HtmlReportTest, SaysTheVerdictAndTheTotalsWithoutJavaScript) {
  const std::string html = WithoutApp(HtmlReport(ClosedReport()));
  EXPECT_TRUE(Has(html, "<title>product-service: load test</title>"));
  EXPECT_TRUE(Has(html, "Verdict: <strong>FAIL</strong>"));
  EXPECT_TRUE(Has(html, "<li>8 of 300 requests failed</li>"));
  EXPECT_TRUE(Has(html, "<th scope=\"row\">Requests</th><td>300</td>"));
  EXPECT_TRUE(Has(html, "<th scope=\"row\">Target</th><td>http://127.0.0.1:8082</td>"));
  EXPECT_FALSE(Has(html, "s3cret"));
}

TEST(HtmlReportTest, HostileNamesStayInTheData) {
  RunReport report = HostileReport();
  for (const std::string name : {"</script><script>alert(1)</script>", "<!--<script>", "]]>",
                                 "${alert(1)}", "\u202e</noscript>"}) {
    report.total.entries[{RunPhase::kMeasured, name, "GET"}].requests = 1;
    report.verdict.reasons.push_back(name);
  }
  const std::string html = HtmlReport(report);
  EXPECT_EQ(Unpacked(DataOf(html)), ViewJson(report));
  const std::string page = WithoutApp(html);
  EXPECT_FALSE(Has(page, "alert(1)</script>"));
  EXPECT_FALSE(Has(page, "<!--"));
  EXPECT_FALSE(Has(page, "<img"));
  EXPECT_FALSE(Has(page, "\u202e"));
  EXPECT_FALSE(Has(page, "\x1b"));
  EXPECT_EQ(CountOf(page, "<script"), TheWebBundle().built ? 2U : 1U);
  EXPECT_EQ(CountOf(page, "</script>"), TheWebBundle().built ? 2U : 1U);
  EXPECT_EQ(CountOf(page, "</noscript"), TheWebBundle().built ? 1U : 0U);
}

TEST(HtmlReportTest, WhatIsNoViewMakesAPageWithoutFigures) {
  for (const std::string text : {"", "{", "[]", "{\"run\":[1]}", "{\"run\":{\"plan\":{}}}"}) {
    const std::string html = HtmlReportOf(text);
    EXPECT_EQ(Unpacked(DataOf(html)), text);
    EXPECT_TRUE(Has(html, "<title>: load test</title>"));
  }
}

// Of a day at one point a second, on 10 000 names, whose figures all differ.
RunReport LongReport() {
  Rng rng(6);
  const auto millis = [&rng](double middle) {
    return Nanos(static_cast<int64_t>(middle * 1e6 * std::exp(rng.Unit() + rng.Unit() - 1)));
  };
  RunReport report;
  report.plan_name = "a day";
  report.started_at = kSampleStart;
  report.ended_at = kSampleStart + std::chrono::hours(24);
  report.total.elapsed = std::chrono::hours(24);
  report.total.state = RunState::kFinished;
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = fmt::format("/api/v2/customers/{}/orders/{:x}", i, rng.Next());
    EntryStats& stats = report.total.entries[{RunPhase::kMeasured, name, "GET"}];
    stats.requests = 40 + rng.Next() % 100'000;
    stats.failures = rng.Next() % 40;
    stats.bytes_received = stats.requests * (500 + rng.Next() % 5'000);
    for (int j = 0; j < 40; ++j) {
      const Nanos time = millis(40 + static_cast<double>(i % 300));
      stats.service.Record(time);
      stats.response.Record(time + millis(1));
    }
    if (i % 10 == 0) {
      report.total.failures[{"GET", name, fmt::format("HTTP 503 after {} ms", rng.Next() % 900)}]
          .count = stats.failures + 1;
    }
  }
  for (int i = 0; i < 86'400; ++i) {
    const double load = 1'000 * (1.2 - std::cos(i / 86'400.0 * 6.28));
    SeriesPoint point{.start = seconds(i) + millis(1), .length = seconds(1) + millis(0.5)};
    point.requests = static_cast<uint64_t>(load * (0.9 + 0.2 * rng.Unit()));
    point.failures = rng.Next() % 20;
    point.response_p50 = millis(40);
    point.response_p95 = millis(120);
    point.response_p99 = millis(300);
    point.service_p95 = millis(110);
    point.users = static_cast<uint64_t>(load / 5);
    point.target_users = point.users;
    report.series.push_back(point);
  }
  for (int i = 0; i < 600; ++i) {
    HeatColumn column{.start = seconds(144 * i), .length = seconds(144)};
    for (size_t row = 8; row < 20; ++row) {
      column.counts[row] = rng.Next() % 100'000;
    }
    report.heat.push_back(column);
  }
  return report;
}

TEST(HtmlReportTest, ADayOfTenThousandNamesFitsIntoFiveMegabytes) {
  const RunReport report = LongReport();
  const std::string view = ViewJson(report);
  const std::string html = HtmlReportOf(view);
  std::printf("view %.2f MB, report %.2f MB\n", static_cast<double>(view.size()) / 1e6,
              static_cast<double>(html.size()) / 1e6);
  EXPECT_LE(html.size(), 5'000'000U);
  EXPECT_EQ(Unpacked(DataOf(html)), view);
}

}  // namespace
}  // namespace squall
