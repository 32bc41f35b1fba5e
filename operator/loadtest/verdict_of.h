// A finished run in the words of a LoadTest's conditions. Pure; any thread.
#pragma once

#include <string>

#include "daemon/report/report.h"
#include "operator/loadtest/decide.h"

namespace squall {

// ProfileFinished, StoppedByUser or ThresholdAborted.
std::string EndReasonOf(const RunReport& report, bool asked_to_stop);
// The condition Passed: True with ThresholdsMet or NoThresholds; False with ThresholdsFailed,
// RequestsFailed, GeneratorLimited or NoData, and what it was in the message.
StatusCondition PassedOf(const RunReport& report);

}  // namespace squall
