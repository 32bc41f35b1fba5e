// A short summary in GitHub's Markdown, for pull requests and job summaries. A pure function.
#pragma once

#include <string>
#include <string_view>

#include "daemon/report/report.h"

namespace squall {

// Verdict with reasons, one table of names, thresholds, failures and failed checks.
std::string MarkdownReport(const RunReport& report);

// One line of running text in which nothing is markup.
std::string MarkdownText(std::string_view text);
// Code for a cell of a table. Nothing inside is markup, a link or a mention.
std::string MarkdownCell(std::string_view text);

}  // namespace squall
