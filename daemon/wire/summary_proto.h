// RunSummary <-> squall.v1.RunSummary, with its verdict, threshold results and agents. Pure; any
// thread that alone holds its arguments.
#pragma once

#include <absl/status/statusor.h>

#include "daemon/stats/run_summary.h"

namespace squall {

namespace v1 {
class AgentInfo;
class RunSummary;
}  // namespace v1

// Bytes that are not UTF-8 become U+FFFD. A text too long for the reader is cut, and of lists the
// first entries are kept, so that what is written here can always be read.
void SummaryToProto(const RunSummary& summary, v1::RunSummary* proto);
void AgentDescriptionToProto(const AgentDescription& agent, v1::AgentInfo* proto);

// For input from the network. INVALID_ARGUMENT with the field's path ("thresholds[2].observed must
// …") for unknown states and verdicts, texts above 4 096 bytes and counters above
// Histogram::kCountMax.
absl::StatusOr<RunSummary> SummaryFromProto(const v1::RunSummary& proto);
absl::StatusOr<AgentDescription> AgentDescriptionFromProto(const v1::AgentInfo& proto);

}  // namespace squall
