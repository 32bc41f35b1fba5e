// The figures of a finished run that are compared with those of another, read back from the JSON
// report that a run leaves behind. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

namespace squall {

// Of one request name and method, or of all together; of the measured phase.
struct EntryFigures {
  std::string name;
  std::string method;
  uint64_t requests = 0;
  uint64_t failures = 0;
  double failure_ratio = 0;
  double requests_per_second = 0;
  // Of the response time; nothing when no request finished.
  std::optional<double> response_p50_ms;
  std::optional<double> response_p95_ms;
  std::optional<double> response_p99_ms;
  bool operator==(const EntryFigures&) const = default;
};

struct RunFigures {
  std::string run_id;
  std::string plan_name;
  std::string host;
  std::string started_at;  // as in the report: "2026-11-23T08:57:39.120Z", "" if it never did
  std::string verdict;     // "PASS", "FAIL" or "INVALID"
  double measured_seconds = 0;
  std::optional<uint64_t> users;  // peak of the profile
  EntryFigures total;             // without a name
  std::vector<EntryFigures> entries;
  bool operator==(const RunFigures&) const = default;
};

inline constexpr size_t kReportJsonBytesMax = 64 << 20;

// `json` is what JsonReport wrote (docs/report-json.md); unknown fields are skipped. It may come
// from anywhere: INVALID_ARGUMENT says where it is not JSON, or which field is missing or wrong.
absl::StatusOr<RunFigures> ParseRunFigures(std::string_view json);

}  // namespace squall
