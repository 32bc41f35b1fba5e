#include "daemon/stats/series_set.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

// The line that a message is about goes in front of it.
absl::Status InLine(std::string_view kind, std::string_view name, const absl::Status& status) {
  return status.ok() ? status
                     : absl::Status(status.code(), fmt::format("series of {} '{}': {}", kind, name,
                                                               std::string(status.message())));
}

}  // namespace

SeriesSet::SeriesSet(SeriesLimits limits) : limits_(limits), run_(limits.run_points_max) {}

void SeriesSet::Add(const Snapshot& merged, const std::vector<const Snapshot*>& agents) {
  // Whoever is new now was not there at the tick before: its line begins there.
  const Nanos begin = run_.end();
  run_.Add(merged);
  AddNames(merged, begin);
  AddAgents(agents, begin);
}

void SeriesSet::AddNames(const Snapshot& merged, Nanos begin) {
  std::set<std::pair<std::string_view, std::string_view>> left_out;
  for (const auto& [key, entry] : merged.entries) {
    SeriesName name{key.name, key.method};
    auto found = names_.find(name);
    if (found == names_.end()) {
      if (names_.size() >= limits_.names_max) {
        left_out.emplace(key.name, key.method);
        continue;
      }
      found = names_.emplace(std::move(name), NameLine{Series(limits_.name_points_max, begin), {}})
                  .first;
    }
    found->second.entries.push_back(&entry);
  }
  for (auto& [name, line] : names_) {
    line.series.AddEntries(merged.elapsed, line.entries);
    line.entries.clear();
  }
  names_left_out_ = left_out.size();
}

void SeriesSet::AddAgents(const std::vector<const Snapshot*>& agents, Nanos begin) {
  const size_t known = agents_.size();
  agents_left_out_ = 0;
  for (const Snapshot* agent : agents) {
    auto found = agents_.find(agent->agent_id);
    if (found == agents_.end()) {
      if (agents_.size() >= limits_.agents_max) {
        ++agents_left_out_;
        continue;
      }
      found = agents_.emplace(agent->agent_id, AgentSeries(limits_.agent_points_max, begin)).first;
    }
    found->second.Add(*agent);
  }
  if (agents_.size() != known) {
    const size_t points_max = AgentPointsMax();
    for (auto& [id, line] : agents_) {
      line.SetPointsMax(points_max);
    }
  }
}

size_t SeriesSet::AgentPointsMax() const {
  return std::min(limits_.agent_points_max,
                  limits_.agent_points_total_max / std::max<size_t>(agents_.size(), 1));
}

absl::Status SeriesSet::Restore(SeriesLines stored, const Snapshot& merged) {
  SQUALL_RETURN_IF_ERROR(InLine("run", merged.run_id, run_.Restore(std::move(stored.run), merged)));
  std::map<SeriesName, std::vector<const EntryStats*>> entries;
  for (const auto& [key, entry] : merged.entries) {
    entries[{key.name, key.method}].push_back(&entry);
  }
  names_.clear();
  for (auto& [name, points] : stored.by_name) {
    if (names_.size() >= limits_.names_max) {
      break;
    }
    Series series(limits_.name_points_max);
    SQUALL_RETURN_IF_ERROR(
        InLine("request", name.name, series.RestoreEntries(std::move(points), entries[name])));
    names_.emplace(name, NameLine{std::move(series), {}});
  }
  agents_.clear();
  for (auto& [id, points] : stored.by_agent) {
    if (agents_.size() >= limits_.agents_max) {
      break;
    }
    AgentSeries series(limits_.agent_points_max);
    SQUALL_RETURN_IF_ERROR(InLine("agent", id, series.Restore(std::move(points))));
    agents_.emplace(id, std::move(series));
  }
  for (auto& [id, line] : agents_) {
    line.SetPointsMax(AgentPointsMax());
  }
  names_left_out_ = stored.names_left_out;
  agents_left_out_ = stored.agents_left_out;
  return absl::OkStatus();
}

SeriesLines SeriesSet::Lines() const {
  SeriesLines lines{
      .run = run_.points(), .names_left_out = names_left_out_, .agents_left_out = agents_left_out_};
  for (const auto& [name, line] : names_) {
    lines.by_name[name] = line.series.points();
  }
  for (const auto& [id, line] : agents_) {
    lines.by_agent[id] = line.points();
  }
  return lines;
}

std::vector<SeriesChange> SeriesSet::TakeChanges() {
  std::vector<SeriesChange> changes;
  const auto add = [&changes](SeriesChange change, auto* series, auto SeriesChange::*points) {
    change.first = series->TakeFirstChanged();
    if (change.first < series->points().size()) {
      change.*points = std::span(series->points()).subspan(change.first);
      changes.push_back(std::move(change));
    }
  };
  add({.line = SeriesChange::Line::kRun}, &run_, &SeriesChange::points);
  for (auto& [name, line] : names_) {
    add({.line = SeriesChange::Line::kName, .name = name.name, .method = name.method}, &line.series,
        &SeriesChange::points);
  }
  for (auto& [id, line] : agents_) {
    add({.line = SeriesChange::Line::kAgent, .name = id}, &line, &SeriesChange::agent_points);
  }
  return changes;
}

}  // namespace squall
