// What a run shows while it goes on: frames for a terminal, single lines elsewhere. Pure functions
// from the newest snapshot to text; the caller owns the terminal and the timer.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/report/run_view.h"
#include "daemon/stats/series.h"
#include "daemon/stats/snapshot.h"
#include "daemon/stats/threshold.h"

namespace squall {

// Pointers are borrowed for the call.
struct LiveState {
  const Snapshot* now = nullptr;                     // merged; must be set
  const Snapshot* before = nullptr;                  // about ten seconds older, when there is one
  const std::vector<SeriesPoint>* points = nullptr;  // for the sparkline
  std::string_view plan_name;
  std::string_view host;
  std::optional<Nanos> run_time;  // of the profile; nothing: until stopped
  Nanos warm_up{0};               // while it lasts, the figures shown are its own
  std::vector<AgentView> agents;  // of one nothing is said
  const std::vector<ThresholdResult>* thresholds = nullptr;
  std::vector<std::string> invalid_so_far;  // why it would be INVALID now
};

struct LiveStyle {
  size_t width = 80;   // columns of the terminal: no line is wider
  size_t height = 24;  // lines of the terminal: a frame has fewer
  bool colour = false;
};

// Head, progress bar, users and rates, percentiles of the last seconds, a sparkline of the rate,
// what makes the run invalid, thresholds (those that fail first), agents, and as many rows of names
// as fit. Ends with a newline.
std::string LiveFrame(const LiveState& state, const LiveStyle& style);

// The bytes that put `frame` in the place of an earlier frame of `previous_lines` lines, just above
// the cursor; 0 at the first time.
std::string LiveRedraw(std::string_view frame, size_t previous_lines);

// "12s of 20s: 10/10 users, 180 requests, …": for logs and pipes, without a newline.
std::string LiveLine(const LiveState& state);

// The newest `width` values as bars of eight heights; the highest value fills its cell.
std::string Sparkline(const std::vector<double>& values, size_t width);

}  // namespace squall
