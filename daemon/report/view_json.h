// A run as JSON for its page, live or frozen: the types of web/src/api.ts, by their names. Pure
// functions, any thread. Compact, with no more digits than a person can see, and bounded: tables
// have at most kViewRowsMax rows and texts kViewTextBytesMax bytes. No secrets: a password in the
// target's URL is taken out.
//
// The text is JSON and nothing else: whoever puts it into HTML has to make it harmless there.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "daemon/report/report.h"
#include "daemon/report/run_view.h"

namespace squall {

inline constexpr size_t kViewRowsMax = 20'000;
inline constexpr size_t kViewTextBytesMax = 2'000;
// Warnings, stages and other lists of which people read the first few.
inline constexpr size_t kViewListMax = 1'000;

std::string RunJson(const RunView& view);
std::string StatsJson(const RunView& view);
std::string FailuresJson(const RunView& view);
std::string ExceptionsJson(const RunView& view);
std::string AgentsJson(const RunView& view);
std::string TasksJson(const RunView& view);
std::string HeatJson(const RunView& view);
// `from`: the index of the first of them in the run's line.
std::string PointsJson(std::span<const SeriesPoint> points, size_t from);
std::string EventsJson(std::span<const EventView> events);

// All of it.
std::string ViewJson(const RunView& view, std::span<const SeriesPoint> points,
                     std::span<const EventView> events);
std::string ViewJson(const RunReport& report);

}  // namespace squall
