// Reports of a run as files to be kept: their formats, media types and names. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/http_message.h"
#include "daemon/stats/run_summary.h"

namespace squall {

struct ReportFormat {
  std::string_view name;  // of RunHost::Report
  std::string_view media_type;
  std::string_view file_part;  // ends the name: "_stats.csv"
};

// nullptr for another name.
const ReportFormat* FindReportFormat(std::string_view name);
std::vector<std::string> ReportFormatNames();

// "checkout_2026-11-25-1612_stats.csv": whatever a plan is called, a safe name on any system.
std::string ReportFileName(const RunSummary& run, const ReportFormat& format);

// A page with its own script inside gets a policy that keeps it away from this server. `as_file`:
// the browser saves it rather than shows it.
HttpReply ReportReply(std::string content, const RunSummary& run, const ReportFormat& format,
                      bool as_file);

}  // namespace squall
