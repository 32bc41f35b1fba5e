#include "daemon/gateway/run_pieces.h"

#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/gateway/json_parts.h"
#include "daemon/report/view_json.h"

namespace squall {
namespace {

// JSON of a point's length may be rounded.
constexpr Nanos kSameStep = std::chrono::milliseconds(1);

using RenderPiece = std::string (*)(const RunView&);
constexpr std::pair<std::string_view, RenderPiece> kPieces[] = {
    {"run", RunJson},           {"stats", StatsJson},
    {"failures", FailuresJson}, {"exceptions", ExceptionsJson},
    {"agents", AgentsJson},     {"tasks", TasksJson},
    {"heat", HeatJson},
};

// Ids are anything visible, and ETags are not.
std::string VersionText(const std::string& run_id, int64_t number) {
  return fmt::format("{:016x}-{:x}", std::hash<std::string>()(run_id), number);
}

}  // namespace

bool IsOver(RunState state) { return state == RunState::kFinished || state == RunState::kFailed; }

absl::StatusOr<RunPieces::Edition> RunPieces::Find(const std::string& run_id) {
  SQUALL_ASSIGN_OR_RETURN(const uint64_t version, host_->Version(run_id));
  if (version != 0) {
    auto view = host_->View(run_id);
    if (view.ok()) {
      const auto number = static_cast<int64_t>((*view)->version);
      return Edition{.view = *std::move(view), .version = VersionText(run_id, number)};
    }
    if (view.status().code() != absl::StatusCode::kFailedPrecondition) {
      return view.status();
    }
  }
  // When it ended, since another run may have had this id and was deleted.
  SQUALL_ASSIGN_OR_RETURN(const RunSummary summary, host_->Summary(run_id));
  const WallTime ended = summary.ended_at.value_or(WallTime());
  return Edition{.view = nullptr, .version = VersionText(run_id, ended.time_since_epoch().count())};
}

absl::StatusOr<Rendering> RunPieces::Get(const std::string& run_id, const Edition& edition,
                                         std::string_view name) {
  return cache_.Get(fmt::format("{} {}", name, run_id), edition.version,
                    [&]() -> absl::StatusOr<std::string> {
                      return edition.view == nullptr ? Stored(run_id, edition, name)
                                                     : Render(run_id, *edition.view, name);
                    });
}

absl::StatusOr<std::string> RunPieces::Render(const std::string& run_id, const RunView& view,
                                              std::string_view name) {
  for (const auto& [piece, render] : kPieces) {
    if (piece == name) {
      return render(view);
    }
  }
  SQUALL_ASSIGN_OR_RETURN(const PointsPage points, host_->Points(run_id, 0));
  if (name == "points") {
    return PointsJson(points.points, points.from);
  }
  SQUALL_ASSIGN_OR_RETURN(const std::vector<EventView> events, EventsFrom(run_id, 0, kEventsMax));
  return ViewJson(view, points.points, events);
}

absl::StatusOr<std::string> RunPieces::Stored(const std::string& run_id, const Edition& edition,
                                              std::string_view name) {
  if (name == "view") {
    return host_->Report(run_id, "view");
  }
  SQUALL_ASSIGN_OR_RETURN(const Rendering view, Get(run_id, edition, "view"));
  SQUALL_ASSIGN_OR_RETURN(const std::string_view part, JsonPart(*view.text, name));
  return std::string(part);
}

absl::StatusOr<std::vector<EventView>> RunPieces::EventsFrom(const std::string& run_id,
                                                             int64_t number, int64_t limit) {
  SQUALL_ASSIGN_OR_RETURN(const std::vector<EventRecord> records, host_->Events(run_id, limit));
  std::vector<EventView> events;
  for (const EventRecord& record : records) {
    if (record.number >= number) {
      events.push_back({.at = record.at, .text = record.text, .number = record.number});
    }
  }
  return events;
}

absl::StatusOr<PointsPage> RunPieces::PointsSince(const std::string& run_id, size_t known,
                                                  Nanos step) {
  SQUALL_ASSIGN_OR_RETURN(PointsPage page, host_->Points(run_id, known));
  const bool same = std::chrono::abs(page.step - step) < kSameStep;
  if (known == 0 || page.from == 0 || same) {
    return page;
  }
  return host_->Points(run_id, 0);
}

}  // namespace squall
