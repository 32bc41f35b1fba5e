#include "daemon/report/markdown.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/sample_report.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

TEST(MarkdownTest, ClosedModelRunMatchesTheGoldenFile) {
  ExpectGolden("report/closed_markdown.txt", MarkdownReport(ClosedReport()));
}

TEST(MarkdownTest, HostileRunMatchesTheGoldenFile) {
  ExpectGolden("report/hostile_markdown.txt", MarkdownReport(HostileReport()));
}

TEST(MarkdownTest, RunWithoutRequestsHasNoTables) {
  const std::string text = MarkdownReport(EmptyReport());
  EXPECT_EQ(text.find('|'), std::string::npos) << text;
  EXPECT_NE(text.find("- no request was sent\n"), std::string::npos) << text;
}

TEST(MarkdownTest, NothingInTextIsMarkup) {
  EXPECT_EQ(MarkdownText("<b> *x* _y_ [a](b) | `c`"),
            "\\<b\\> \\*x\\* \\_y\\_ \\[a\\](b) \\| \\`c\\`");
  EXPECT_EQ(MarkdownText("ask @team"), "ask @&#8203;team");
  EXPECT_EQ(MarkdownText("a\nb"), "a\\\\nb");
}

TEST(MarkdownTest, MarksThatTurnTextAroundAreWrittenOut) {
  EXPECT_EQ(MarkdownText("a\u202eb"), "a\\\\u202eb");
  EXPECT_EQ(MarkdownCell("a\u2067b\u061c"), "`a\\u2067b\\u061c`");
}

TEST(MarkdownTest, CellEndsNeitherItsColumnNorItsCode) {
  EXPECT_EQ(MarkdownCell("a|b`c"), "`a\\|b'c`");
  EXPECT_EQ(MarkdownCell("a\nb"), "`a\\nb`");
}

}  // namespace
}  // namespace squall
