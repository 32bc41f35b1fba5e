#include "daemon/store/records.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 4> kStateNames = {"pending", "running", "finished",
                                                         "failed"};
constexpr std::array<std::string_view, 4> kKindNames = {"plan", "settings", "summary", "control"};

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

absl::Status CheckLength(std::string_view field, std::string_view value, size_t bytes_max) {
  if (value.size() <= bytes_max) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      fmt::format("{} must have at most {} bytes, not {}", field, bytes_max, value.size()));
}

absl::Status CheckKey(std::string_view field, std::string_view value) {
  if (value.empty()) {
    return absl::InvalidArgumentError(fmt::format("{} must not be empty", field));
  }
  return CheckLength(field, value, kStoredNameBytesMax);
}

absl::Status CheckIndex(std::string_view field, int64_t index, int64_t index_max) {
  if (index >= 0 && index <= index_max) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      fmt::format("{} must be between 0 and {}, not {}", field, index_max, index));
}

absl::Status Check(const RunRecord& run) {
  SQUALL_RETURN_IF_ERROR(CheckLength("name", run.name, kStoredNameBytesMax));
  SQUALL_RETURN_IF_ERROR(CheckLength("verdict", run.verdict, kStoredNameBytesMax));
  return CheckLength("owner", run.owner, kStoredNameBytesMax);
}

absl::Status Check(const DocumentRecord& document) {
  return CheckLength(DocumentKindName(document.kind), document.bytes, kBlobBytesMax);
}

absl::Status Check(const AgentRecord& agent) {
  SQUALL_RETURN_IF_ERROR(CheckKey("agent_id", agent.agent_id));
  SQUALL_RETURN_IF_ERROR(CheckLength("address", agent.address, kStoredNameBytesMax));
  SQUALL_RETURN_IF_ERROR(CheckLength("assignment", agent.assignment, kBlobBytesMax));
  return CheckLength("snapshot", agent.snapshot, kBlobBytesMax);
}

absl::Status Check(const EventRecord& /*event*/) { return absl::OkStatus(); }  // cut when written

absl::Status Check(const PointRecord& point) {
  SQUALL_RETURN_IF_ERROR(CheckKey("series", point.series));
  SQUALL_RETURN_IF_ERROR(CheckIndex("index", point.index, kSeriesPointsMax - 1));
  return CheckLength("point", point.bytes, kBlobBytesMax);
}

absl::Status Check(const SeriesCut& cut) {
  SQUALL_RETURN_IF_ERROR(CheckKey("series", cut.series));
  return CheckIndex("size", cut.size, kSeriesPointsMax);
}

absl::Status Check(const ReportRecord& report) {
  SQUALL_RETURN_IF_ERROR(CheckKey("format", report.format));
  return CheckLength("report", report.text, kReportBytesMax);
}

}  // namespace

std::string_view StoredStateName(StoredState state) {
  return kStateNames.at(static_cast<size_t>(state));
}

std::optional<StoredState> ParseStoredState(std::string_view name) {
  const auto* found = std::find(kStateNames.begin(), kStateNames.end(), name);
  if (found == kStateNames.end()) {
    return std::nullopt;
  }
  return static_cast<StoredState>(found - kStateNames.begin());
}

std::string_view DocumentKindName(DocumentKind kind) {
  return kKindNames.at(static_cast<size_t>(kind));
}

absl::Status CheckRunId(std::string_view run_id) {
  if (run_id.empty()) {
    return absl::InvalidArgumentError("run_id must not be empty");
  }
  SQUALL_RETURN_IF_ERROR(CheckLength("run_id", run_id, kRunIdBytesMax));
  const auto visible = [](char c) { return c > ' ' && c <= '~'; };
  if (!std::all_of(run_id.begin(), run_id.end(), visible)) {
    return absl::InvalidArgumentError("run_id must be visible ASCII characters, without spaces");
  }
  return absl::OkStatus();
}

absl::Status CheckWrite(const RunWrite& write) {
  return std::visit(
      [](const auto& record) -> absl::Status {
        SQUALL_RETURN_IF_ERROR(CheckRunId(record.run_id));
        return Check(record);
      },
      write);
}

std::string CutEventText(std::string_view text) {
  if (text.size() <= kEventBytesMax) {
    return std::string(text);
  }
  constexpr std::string_view kEllipsis = "…";
  size_t end = kEventBytesMax - kEllipsis.size();
  // A character has at most three continuation bytes; more of them are not UTF-8 anyway.
  for (int step = 0; step < 3 && IsContinuation(text[end]); ++step) {
    --end;
  }
  return std::string(text.substr(0, end)) += kEllipsis;
}

}  // namespace squall
