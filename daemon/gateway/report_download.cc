#include "daemon/gateway/report_download.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr size_t kNameBytesMax = 60;

constexpr ReportFormat kFormats[] = {
    {"json", "application/json", ".json"},
    {"csv_stats", "text/csv", "_stats.csv"},
    {"csv_failures", "text/csv", "_failures.csv"},
    {"csv_exceptions", "text/csv", "_exceptions.csv"},
    {"csv_history", "text/csv", "_stats_history.csv"},
    {"html", "text/html", ".html"},
    {"junit", "application/xml", ".junit.xml"},
    {"markdown", "text/markdown", ".md"},
    {"text", "text/plain", ".txt"},
};

// Its script and styles are in the page itself. It has an origin of its own, so that even a script
// that somebody smuggled in could ask this server for nothing.
constexpr std::string_view kReportPolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; sandbox allow-scripts allow-downloads; frame-ancestors 'none'";

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string CleanName(std::string_view name) {
  std::string clean;
  for (const char c : name.substr(0, kNameBytesMax)) {
    if (IsPlain(c) || (c == '.' && !clean.empty() && clean.back() != '.')) {
      clean += c;
    } else if (!clean.empty() && clean.back() != '-') {
      clean += '-';
    }
  }
  while (!clean.empty() && (clean.back() == '-' || clean.back() == '.')) {
    clean.pop_back();
  }
  return clean.empty() ? "run" : clean;
}

}  // namespace

const ReportFormat* FindReportFormat(std::string_view name) {
  const auto* found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                   [&](const ReportFormat& format) { return format.name == name; });
  return found == std::end(kFormats) ? nullptr : found;
}

std::vector<std::string> ReportFormatNames() {
  std::vector<std::string> names;
  for (const ReportFormat& format : kFormats) {
    names.emplace_back(format.name);
  }
  return names;
}

std::string ReportFileName(const RunSummary& run, const ReportFormat& format) {
  std::string name = CleanName(run.plan_name);
  const std::string start = FormatUtc(run.started_at.value_or(WallTime()));  // 2026-11-25T16:12:…
  if (start.size() >= 16) {
    name += fmt::format("_{}-{}{}", start.substr(0, 10), start.substr(11, 2), start.substr(14, 2));
  }
  return fmt::format("{}{}", name, format.file_part);
}

HttpReply ReportReply(std::string content, const RunSummary& run, const ReportFormat& format,
                      bool as_file) {
  HttpReply reply = TextReply(200, std::move(content), std::string(format.media_type));
  reply.headers.emplace_back("Content-Disposition",
                             fmt::format("{}; filename=\"{}\"", as_file ? "attachment" : "inline",
                                         ReportFileName(run, format)));
  if (format.name == "html") {
    reply.headers.emplace_back("Content-Security-Policy", kReportPolicy);
  }
  return reply;
}

}  // namespace squall
