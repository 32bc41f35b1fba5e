#include "operator/loadtest/verdict_of.h"

#include <fmt/format.h>

namespace squall {
namespace {

std::string Joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    all += fmt::format("{}{}", all.empty() ? "" : "; ", text);
  }
  return all;
}

}  // namespace

std::string EndReasonOf(const RunReport& report, bool asked_to_stop) {
  for (const ThresholdResult& result : report.thresholds) {
    if (!result.passed && result.threshold.abort_on_fail &&
        report.total.stop_reason.find("threshold") != std::string::npos) {
      return "ThresholdAborted";
    }
  }
  return asked_to_stop ? "StoppedByUser" : "ProfileFinished";
}

StatusCondition PassedOf(const RunReport& report) {
  std::string failed;
  for (const ThresholdResult& result : report.thresholds) {
    if (!result.passed) {
      failed += fmt::format("{}{}: {}", failed.empty() ? "" : "; ", result.threshold.text,
                            FormatObserved(result));
    }
  }
  const std::string reasons = Joined(report.verdict.reasons);
  if (report.verdict.verdict == Verdict::kInvalid) {
    return {"False", "GeneratorLimited", reasons};
  }
  if (!failed.empty()) {
    return {"False", "ThresholdsFailed", failed};
  }
  if (report.total.Total().requests == 0) {
    return {"False", "NoData", "no request was sent"};
  }
  if (report.verdict.verdict == Verdict::kFail) {
    return {"False", "RequestsFailed", reasons};
  }
  return report.thresholds.empty()
             ? StatusCondition{"True", "NoThresholds", "no threshold was set"}
             : StatusCondition{"True", "ThresholdsMet",
                               fmt::format("{} thresholds were met", report.thresholds.size())};
}

}  // namespace squall
