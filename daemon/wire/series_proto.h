// Points of time lines <-> squall.v1.SeriesPoint, AgentPoint and HeatColumn, and as bytes for a
// store. Pure; any thread that alone holds its arguments.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "daemon/stats/agent_series.h"
#include "daemon/stats/heat_map.h"
#include "daemon/stats/series.h"

namespace squall {

namespace v1 {
class AgentPoint;
class HeatColumn;
class SeriesPoint;
}  // namespace v1

void SeriesPointToProto(const SeriesPoint& point, v1::SeriesPoint* proto);
void AgentPointToProto(const AgentPoint& point, v1::AgentPoint* proto);
void HeatColumnToProto(const HeatColumn& column, v1::HeatColumn* proto);

// INVALID_ARGUMENT with the field's name for times below zero or above ten years, counters above
// Histogram::kCountMax and rates that are no rates.
absl::StatusOr<SeriesPoint> SeriesPointFromProto(const v1::SeriesPoint& proto);
absl::StatusOr<AgentPoint> AgentPointFromProto(const v1::AgentPoint& proto);
absl::StatusOr<HeatColumn> HeatColumnFromProto(const v1::HeatColumn& proto);

// A byte that says how the rest is to be read, then the message: some 40 bytes in all.
std::string EncodeSeriesPoint(const SeriesPoint& point);
std::string EncodeAgentPoint(const AgentPoint& point);
std::string EncodeHeatColumn(const HeatColumn& column);
// INVALID_ARGUMENT for bytes that are no such point, or of a later version of squall.
absl::StatusOr<SeriesPoint> DecodeSeriesPoint(std::string_view bytes);
absl::StatusOr<AgentPoint> DecodeAgentPoint(std::string_view bytes);
absl::StatusOr<HeatColumn> DecodeHeatColumn(std::string_view bytes);

}  // namespace squall
