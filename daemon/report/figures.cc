#include "daemon/report/figures.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "daemon/base/units.h"

namespace squall {

double PerSecond(uint64_t count, Nanos time) {
  return time > Nanos(0) ? static_cast<double>(count) / ToSeconds(time) : 0;
}

double Ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

uint64_t Grown(uint64_t earlier, uint64_t later) { return later - std::min(earlier, later); }

std::vector<EntryRow> EntryRows(const Snapshot& snapshot, RunPhase phase) {
  std::vector<EntryRow> rows;
  for (const auto& [key, stats] : snapshot.entries) {
    if (key.phase == phase) {
      rows.push_back({&key, &stats});
    }
  }
  return rows;  // EntryKey orders by name, then method
}

const EntryStats& FindEntry(const Snapshot* snapshot, const EntryKey& key) {
  static const EntryStats kNothing;
  if (snapshot == nullptr) {
    return kNothing;
  }
  const auto found = snapshot->entries.find(key);
  return found == snapshot->entries.end() ? kNothing : found->second;
}

std::vector<FailureRow> FailureRows(const Snapshot& snapshot) {
  std::vector<FailureRow> rows;
  rows.reserve(snapshot.failures.size());
  for (const auto& [key, stats] : snapshot.failures) {
    rows.push_back({&key, &stats});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const FailureRow& a, const FailureRow& b) {
    return a.stats->count > b.stats->count;
  });
  return rows;
}

std::string TracesText(const TraceFigures& traces) {
  if (traces.sampled == 0) {
    return "";
  }
  std::string text = fmt::format("{} sampled, {} sent", traces.sampled, traces.exported);
  if (traces.dropped > 0) {
    text += fmt::format(", {} dropped", traces.dropped);
  }
  if (traces.failed > 0) {
    text += fmt::format(", {} not taken by the collector", traces.failed);
  }
  return text;
}

std::map<std::string, std::string> ErrorAgents(const std::vector<const Snapshot*>& agents) {
  std::map<std::string, std::string> places;
  for (const Snapshot* agent : agents) {
    for (const auto& [error, count] : agent->task_errors) {
      std::string& place = places[error];
      place += (place.empty() ? "" : ", ") + (agent->agent_id.empty() ? "local" : agent->agent_id);
    }
  }
  return places;
}

std::string TableMillis(Nanos time) {
  const double millis = ToMillis(time);
  if (time <= Nanos(0)) {
    return "0";
  }
  if (millis < 0.005) {
    return "<0.01";
  }
  return millis < 9.995 ? fmt::format("{:.2f}", millis) : fmt::format("{:.0f}", millis);
}

std::string FileMillis(Nanos time, int decimals) {
  std::string text = fmt::format("{:.{}f}", ToMillis(time), decimals);
  if (decimals > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
      text.pop_back();
    }
  }
  return text;
}

std::string FormatPercent(double ratio) {
  const double percent = ratio * 100;
  if (percent <= 0 || percent >= 100) {
    return fmt::format("{:.0f}%", percent);
  }
  // 99.997 must not be printed as 100, nor 0.003 as 0.
  double scale = percent >= 10 ? 10 : 100;
  for (int decimals = percent >= 10 ? 1 : 2; decimals < 6; ++decimals, scale *= 10) {
    const double shown = std::round(percent * scale) / scale;
    if (shown > 0 && shown < 100) {
      return fmt::format("{:.{}f}%", shown, decimals);
    }
  }
  return percent < 50 ? "<0.00001%" : ">99.9999%";
}

}  // namespace squall
