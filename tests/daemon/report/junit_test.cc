#include "daemon/report/junit.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/daemon/report/sample_report.h"
#include "tests/support/golden.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

TEST(JunitTest, ClosedModelRunMatchesTheGoldenFile) {
  ExpectGolden("report/closed_junit.xml", JunitReport(ClosedReport()));
}

TEST(JunitTest, InvalidIsAnErrorAndNotAFailure) {
  const std::string xml = JunitReport(OpenReport());
  EXPECT_NE(xml.find("tests=\"1\" failures=\"0\" errors=\"1\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("<error message=\"INVALID: agent local ran out"), std::string::npos) << xml;
}

TEST(JunitTest, PassedRunHasNoFailure) {
  RunReport report = EmptyReport();
  report.verdict = {};
  const std::string xml = JunitReport(report);
  EXPECT_NE(xml.find("tests=\"1\" failures=\"0\" errors=\"0\""), std::string::npos) << xml;
  EXPECT_EQ(xml.find("<failure"), std::string::npos);
}

TEST(JunitTest, TextIsEscapedAndForbiddenCharactersAreReplaced) {
  EXPECT_EQ(XmlText("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
  EXPECT_EQ(XmlText("a\nb\t"), "a&#10;b&#9;");
  EXPECT_EQ(XmlText(std::string_view("\0\x01\x1b", 3)), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(XmlText("\xef\xbf\xbf\xff"), "\uFFFD\uFFFD");
}

TEST(JunitTest, MarksThatTurnTextAroundAreWrittenOut) {
  EXPECT_EQ(XmlText("a\u202eb\u2066c\u200f"), "a\\u202eb\\u2066c\\u200f");
  EXPECT_EQ(XmlText("\u009b31m"), "\\x9b31m");
}

TEST(JunitTest, AMegabyteOfTextIsCut) {
  EXPECT_LT(XmlText(std::string(1 << 20, 'x')).size(), 5'000U);
}

TEST(JunitTest, PythonsXmlReaderReadsTheHostileReport) {
  const TempDirectory directory;
  const std::string path = directory.path() / "junit.xml";
  std::ofstream(path) << JunitReport(HostileReport());
  const std::string script =
      "import sys, xml.etree.ElementTree as t; r = t.parse(sys.argv[1]).getroot(); "
      "sys.exit(0 if len(r.findall('.//testcase')) == 3 and "
      "r.get('name') == '<script>alert(1)</script>' else 1)";
  EXPECT_EQ(std::system(("/usr/bin/python3 -c \"" + script + "\" " + path).c_str()), 0);
}

}  // namespace
}  // namespace squall
