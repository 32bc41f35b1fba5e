#include "daemon/report/junit.h"

#include <vector>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/base/utf8.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

struct Case {
  std::string name;
  std::string problem;    // "" = passed
  std::string detail;     // more lines about the problem
  bool is_error = false;  // the test did not work, rather than failed
};

struct Suite {
  std::string name;
  std::vector<Case> cases;
};

Suite VerdictSuite(const RunReport& report) {
  Case verdict{.name = "verdict"};
  if (report.verdict.verdict != Verdict::kPass) {
    verdict.problem = VerdictName(report.verdict.verdict);
    verdict.is_error = report.verdict.verdict == Verdict::kInvalid;
    for (const std::string& reason : report.verdict.reasons) {
      verdict.detail += ValidUtf8(reason) + "\n";
    }
    if (!report.verdict.reasons.empty()) {
      verdict.problem += ": " + report.verdict.reasons.front();
    }
  }
  return {"verdict", {verdict}};
}

Suite ThresholdSuite(const RunReport& report) {
  Suite suite{.name = "thresholds"};
  for (const ThresholdResult& result : report.thresholds) {
    suite.cases.push_back({.name = result.threshold.text,
                           .problem = result.passed ? "" : "observed " + FormatObserved(result)});
  }
  return suite;
}

Suite CheckSuite(const RunReport& report) {
  Suite suite{.name = "checks"};
  for (const auto& [key, stats] : report.total.checks) {
    Case check{.name = fmt::format("{}: {}", ValidUtf8(key.name), ValidUtf8(key.check))};
    if (stats.failed > 0) {
      check.problem =
          fmt::format("failed {} of {} times", stats.failed, stats.passed + stats.failed);
    }
    suite.cases.push_back(std::move(check));
  }
  return suite;
}

struct Counts {
  size_t tests = 0;
  size_t failures = 0;
  size_t errors = 0;
};

void Count(const Suite& suite, Counts* counts) {
  for (const Case& test : suite.cases) {
    ++counts->tests;
    counts->failures += !test.problem.empty() && !test.is_error ? 1 : 0;
    counts->errors += !test.problem.empty() && test.is_error ? 1 : 0;
  }
}

std::string CountAttributes(const Counts& counts) {
  return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\"", counts.tests,
                     counts.failures, counts.errors);
}

std::string CaseXml(const Suite& suite, const Case& test, double seconds) {
  const std::string head =
      fmt::format("    <testcase classname=\"squall.{}\" name=\"{}\" time=\"{:.3f}\"", suite.name,
                  XmlText(test.name), seconds);
  if (test.problem.empty()) {
    return head + "/>\n";
  }
  const std::string_view tag = test.is_error ? "error" : "failure";
  return fmt::format("{}>\n      <{} message=\"{}\" type=\"{}\">{}</{}>\n    </testcase>\n", head,
                     tag, XmlText(test.problem), suite.name,
                     XmlText(test.detail.empty() ? test.problem : test.detail), tag);
}

}  // namespace

std::string JunitReport(const RunReport& report) {
  const double seconds = ToSeconds(report.total.elapsed);
  // The schema's times have no zone.
  std::string started = FormatUtc(report.started_at);
  if (!started.empty()) {
    started.pop_back();
  }
  Counts all;
  std::string suites;
  for (const Suite& suite : {VerdictSuite(report), ThresholdSuite(report), CheckSuite(report)}) {
    Counts counts;
    Count(suite, &counts);
    Count(suite, &all);
    suites += fmt::format("  <testsuite name=\"{}\" {} time=\"{:.3f}\" timestamp=\"{}\">\n",
                          suite.name, CountAttributes(counts), seconds, started);
    for (const Case& test : suite.cases) {
      suites += CaseXml(suite, test, seconds);
    }
    suites += "  </testsuite>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"{}\" {} time=\"{:.3f}\">\n{}</testsuites>\n",
      XmlText(report.plan_name), CountAttributes(all), seconds, suites);
}

std::string XmlText(std::string_view text) {
  const std::string valid = ValidUtf8(text);
  std::string result;
  std::string_view rest = valid;
  while (!rest.empty()) {
    const char32_t character = TakeCharacter(&rest);
    switch (character) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      case '\n':
      case '\r':
      case '\t':
        // As references, since a reader turns bare ones in attributes into spaces.
        result += fmt::format("&#{};", static_cast<uint32_t>(character));
        break;
      default: {
        const bool forbidden = character < 0x20 || character == 0xFFFE || character == 0xFFFF;
        std::string shown;
        AppendUtf8(forbidden ? kReplacementCharacter : character, &shown);
        result += Printable(shown);  // marks that turn text around are written out
      }
    }
  }
  return result;
}

}  // namespace squall
