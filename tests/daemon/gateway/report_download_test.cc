#include "daemon/gateway/report_download.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/gateway/fake_run_host.h"

namespace squall {
namespace {

RunSummary Named(const std::string& plan) {
  RunSummary run;
  run.plan_name = plan;
  run.started_at = WallTime(std::chrono::seconds(1'700'000'000));
  return run;
}

std::string NameOf(const std::string& plan, const std::string& format = "csv_stats") {
  return ReportFileName(Named(plan), *FindReportFormat(format));
}

TEST(ReportDownloadTest, TheNameSaysWhatAndWhen) {
  EXPECT_EQ(NameOf("checkout"), "checkout_2023-11-14-2213_stats.csv");
  EXPECT_EQ(NameOf("checkout", "html"), "checkout_2023-11-14-2213.html");
  RunSummary unstarted = Named("x");
  unstarted.started_at.reset();
  EXPECT_EQ(ReportFileName(unstarted, *FindReportFormat("json")), "x.json");
}

TEST(ReportDownloadTest, WhateverAPlanIsCalledTheNameIsSafe) {
  const std::string rest = "_2023-11-14-2213_stats.csv";
  EXPECT_EQ(NameOf("../../etc/passwd"), "etc-passwd" + rest);
  EXPECT_EQ(NameOf("a\"b\r\nc: d"), "a-b-c-d" + rest);
  EXPECT_EQ(NameOf(".hidden"), "hidden" + rest);
  EXPECT_EQ(NameOf("a..b"), "a.-b" + rest);
  EXPECT_EQ(NameOf("日本"), "run" + rest);
  EXPECT_EQ(NameOf(""), "run" + rest);
  EXPECT_EQ(NameOf(std::string(500, 'a')), std::string(60, 'a') + rest);
}

TEST(ReportDownloadTest, EveryFormatHasItsMediaType) {
  for (const std::string& name : ReportFormatNames()) {
    ASSERT_NE(FindReportFormat(name), nullptr);
    const HttpReply reply = ReportReply("x", Named("p"), *FindReportFormat(name), true);
    EXPECT_EQ(reply.content_type, FindReportFormat(name)->media_type);
    EXPECT_TRUE(HeaderOf(reply, "Content-Disposition").starts_with("attachment; filename=\"p_"));
    EXPECT_EQ(HeaderOf(reply, "Content-Security-Policy").empty(), name != "html");
  }
  EXPECT_EQ(FindReportFormat("pdf"), nullptr);
}

TEST(ReportDownloadTest, APageWithScriptInsideIsLockedUp) {
  const HttpReply reply = ReportReply("x", Named("p"), *FindReportFormat("html"), false);
  const std::string policy = HeaderOf(reply, "Content-Security-Policy");
  EXPECT_NE(policy.find("sandbox"), std::string::npos);
  EXPECT_EQ(policy.find("allow-same-origin"), std::string::npos);
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_TRUE(HeaderOf(reply, "Content-Disposition").starts_with("inline"));
}

}  // namespace
}  // namespace squall
