// What the run store keeps of a run, as values. Bytes are opaque to the store: whoever writes them
// encodes and decodes them. Every record carries the id of its run, so that a batch may mix runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <absl/status/status.h>

#include "daemon/base/clock.h"

namespace squall {

inline constexpr size_t kRunIdBytesMax = 128;
inline constexpr size_t kStoredNameBytesMax = 256;  // names of runs, agents, series, formats …
inline constexpr size_t kBlobBytesMax = 64u << 20;
inline constexpr size_t kReportBytesMax = 256u << 20;
inline constexpr size_t kEventBytesMax = 4096;  // a longer text is cut
inline constexpr int64_t kSeriesPointsMax = 1'000'000;
// Of a run with more events, the first ones say how it began and the last ones how it ended.
inline constexpr int64_t kEventsMax = 10'000;
inline constexpr int64_t kFirstEventsKept = 1'000;

enum class StoredState : uint8_t {
  kPending,   // created; waits for its agents
  kRunning,   // from the first agent's start on
  kFinished,  // its report is complete, whatever the verdict
  kFailed,    // it ended without results: agents lost, coordinator gone too long
};

// "pending", "running", "finished", "failed".
std::string_view StoredStateName(StoredState state);
std::optional<StoredState> ParseStoredState(std::string_view name);

// A run that somebody still works on: neither deleted nor pruned.
inline bool IsActive(StoredState state) {
  return state == StoredState::kPending || state == StoredState::kRunning;
}

struct RunRecord {
  std::string run_id;  // visible ASCII
  std::string name;    // of the plan
  StoredState state = StoredState::kPending;
  WallTime created_at{};  // never changes after Create
  WallTime started_at{};  // 1970 = not yet, here and below
  WallTime ended_at{};
  std::string verdict;  // "" = not judged
  int exit_code = 0;
  std::string owner;  // the coordinator that works on it
  uint64_t epoch = 0;
  int64_t stored_bytes = 0;  // about what the run takes in the store, which fills this in

  bool operator==(const RunRecord&) const = default;
};

enum class DocumentKind : uint8_t {
  kPlan,
  kSettings,
  kSummary,
  kControl,  // what was asked of the run while it went on
};

std::string_view DocumentKindName(DocumentKind kind);

// One of the few big values of a run; writing it again replaces it.
struct DocumentRecord {
  std::string run_id;
  DocumentKind kind = DocumentKind::kSummary;
  std::string bytes;

  bool operator==(const DocumentRecord&) const = default;
};

// An agent of a run and the last it said; writing it again replaces it.
struct AgentRecord {
  std::string run_id;
  std::string agent_id;
  std::string address;
  uint64_t epoch = 0;
  bool lost = false;
  WallTime reported_at{};  // when the snapshot came
  std::string assignment;
  std::string snapshot;

  bool operator==(const AgentRecord&) const = default;
};

struct EventRecord {
  std::string run_id;
  WallTime at{};
  std::string text;
  int64_t number = 0;  // from 0 in each run; the store fills this in

  bool operator==(const EventRecord&) const = default;
};

// One point of a named series; writing the same index again replaces it, since the last point of a
// running run still grows.
struct PointRecord {
  std::string run_id;
  std::string series;
  int64_t index = 0;
  std::string bytes;

  bool operator==(const PointRecord&) const = default;
};

// Drops the points from index `size` on: a series that was thinned is shorter than before.
struct SeriesCut {
  std::string run_id;
  std::string series;
  int64_t size = 0;

  bool operator==(const SeriesCut&) const = default;
};

// A finished report in one format ("json", "junit", "html" …); writing it again replaces it.
struct ReportRecord {
  std::string run_id;
  std::string format;
  std::string text;

  bool operator==(const ReportRecord&) const = default;
};

// One thing to write. A RunRecord updates a run that Create() has made.
using RunWrite = std::variant<RunRecord, DocumentRecord, AgentRecord, EventRecord, PointRecord,
                              SeriesCut, ReportRecord>;

// INVALID_ARGUMENT when a field breaks the limits above.
absl::Status CheckRunId(std::string_view run_id);
absl::Status CheckWrite(const RunWrite& write);

// `text`, cut to kEventBytesMax between two characters; then "…" follows.
std::string CutEventText(std::string_view text);

}  // namespace squall
