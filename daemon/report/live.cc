#include "daemon/report/live.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/report/figures.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr size_t kLiveColumns = 55;   // what a row of names needs beside the name
constexpr size_t kNamesLinesMin = 7;  // kept free for names: what is above gives way
constexpr size_t kReasonsShown = 2;
constexpr size_t kThresholdsShown = 6;
constexpr size_t kAgentsShown = 8;

// The figures of the last seconds, of one entry or of all.
struct Recent {
  double requests_per_second = 0;
  double failures_per_second = 0;
  Nanos p50{0};
  Nanos p95{0};
  Nanos start_delay_p99{0};
};

Recent RecentOf(const EntryStats& now, const EntryStats& before, Nanos window) {
  const Histogram times = now.response.Since(before.response);
  return {PerSecond(Grown(before.requests, now.requests), window),
          PerSecond(Grown(before.failures, now.failures), window), times.Percentile(0.5),
          times.Percentile(0.95), now.start_delay.Since(before.start_delay).Percentile(0.99)};
}

Nanos WindowOf(const LiveState& state) {
  return state.now->elapsed - (state.before == nullptr ? Nanos(0) : state.before->elapsed);
}

RunPhase PhaseOf(const LiveState& state) {
  return state.now->elapsed < state.warm_up ? RunPhase::kWarmUp : RunPhase::kMeasured;
}

Recent RecentTotal(const LiveState& state, const EntryStats& total) {
  const EntryStats before =
      state.before == nullptr ? EntryStats() : state.before->Total(PhaseOf(state));
  return RecentOf(total, before, WindowOf(state));
}

// Whole seconds: a clock that shows milliseconds flickers.
std::string WholeSeconds(Nanos span) {
  return FormatTimeSpan(std::chrono::floor<std::chrono::seconds>(span));
}

std::string Elapsed(const LiveState& state) {
  const std::string_view phase = PhaseOf(state) == RunPhase::kWarmUp ? ", warming up" : "";
  return state.run_time.has_value()
             ? fmt::format("{} of {}{}", WholeSeconds(state.now->elapsed),
                           WholeSeconds(*state.run_time), phase)
             : fmt::format("{}, until stopped{}", WholeSeconds(state.now->elapsed), phase);
}

std::string Load(const Snapshot& now) {
  std::string text = fmt::format("{}/{} users", now.UserCount(), now.target_users);
  if (now.target_rate > 0 || now.arrivals_planned > 0) {
    text = fmt::format("{} users, target {:.1f}/s, {} dropped", now.UserCount(), now.target_rate,
                       now.dropped_iterations);
  }
  return text;
}

std::string Failures(const EntryStats& total) {
  return fmt::format("{} failures ({})", total.failures,
                     FormatPercent(Ratio(total.failures, total.requests)));
}

// How late requests go out matters where they have a schedule.
std::string Times(const LiveState& state, const EntryStats& total, const Recent& recent) {
  const std::string delay =
      total.start_delay.count() == 0
          ? ""
          : fmt::format("  start delay p99 {} ms", TableMillis(recent.start_delay_p99));
  return fmt::format("p50 {} ms  p95 {} ms{} in the last {}", TableMillis(recent.p50),
                     TableMillis(recent.p95), delay, WholeSeconds(WindowOf(state)));
}

std::string ProgressBar(const LiveState& state, size_t width) {
  const std::string label = " " + Elapsed(state);
  if (!state.run_time.has_value() || *state.run_time <= Nanos(0) || width < label.size() + 8) {
    return Elapsed(state);
  }
  const double done =
      std::clamp(ToSeconds(state.now->elapsed) / ToSeconds(*state.run_time), 0.0, 1.0);
  const size_t cells = std::min<size_t>(width - label.size() - 2, 60);
  const auto full = static_cast<size_t>(std::floor(done * static_cast<double>(cells)));
  std::string bar = "[";
  for (size_t i = 0; i < cells; ++i) {
    bar += i < full ? "█" : "░";
  }
  return bar + "]" + label;
}

std::string SparkLine(const LiveState& state, size_t width, double current) {
  std::vector<double> rates;
  if (state.points != nullptr) {
    for (const SeriesPoint& point : *state.points) {
      rates.push_back(PerSecond(point.requests, point.length));
    }
  }
  const std::string label = fmt::format("{:.1f} requests/s", current);
  const size_t cells = width > label.size() ? std::min<size_t>(width - label.size() - 1, 60) : 0;
  const std::string bars = Sparkline(rates, cells);
  return bars.empty() ? label : bars + " " + label;
}

std::string NameRow(const LiveState& state, const EntryRow& row, size_t name_columns) {
  const Recent recent = RecentOf(*row.stats, FindEntry(state.before, *row.key), WindowOf(state));
  const std::string name =
      fmt::format("{} {}", Printable(row.key->method), Printable(row.key->name));
  return fmt::format("{} {:>10} {:>9} {:>7} {:>7} {:>7} {:>9.1f}", FitColumns(name, name_columns),
                     row.stats->requests, row.stats->failures, TableMillis(recent.p50),
                     TableMillis(recent.p95), TableMillis(row.stats->response.max()),
                     recent.requests_per_second);
}

class Frame {
 public:
  explicit Frame(const LiveStyle& style) : style_(style) {}

  void Add(std::string_view line) { Add(line, Colour::kBold, false); }
  void Add(std::string_view line, Colour colour, bool coloured) {
    text_ += Coloured(CutToColumns(line, style_.width), colour, style_.colour && coloured) + "\n";
    ++lines_;
  }
  // The cursor's own line stays free, so that a full frame does not scroll.
  size_t Room() const { return style_.height > lines_ + 1 ? style_.height - lines_ - 1 : 0; }
  std::string Text() const { return text_; }

 private:
  const LiveStyle style_;
  std::string text_;
  size_t lines_ = 0;
};

void AddReasons(const LiveState& state, Frame* frame) {
  const std::vector<std::string>& reasons = state.invalid_so_far;
  for (size_t i = 0; i < std::min(reasons.size(), kReasonsShown); ++i) {
    if (frame->Room() > kNamesLinesMin) {
      frame->Add(fmt::format("INVALID so far: {}", Printable(reasons[i])), Colour::kYellow, true);
    }
  }
}

// Those that fail first: they are what somebody is waiting for.
void AddThresholds(const LiveState& state, Frame* frame) {
  if (state.thresholds == nullptr || state.thresholds->empty() ||
      frame->Room() <= kNamesLinesMin + 1) {
    return;
  }
  std::vector<const ThresholdResult*> results;
  for (const ThresholdResult& result : *state.thresholds) {
    results.push_back(&result);
  }
  std::stable_partition(results.begin(), results.end(),
                        [](const ThresholdResult* result) { return !result->passed; });
  const size_t room = std::min(kThresholdsShown, frame->Room() - kNamesLinesMin);
  const size_t shown = results.size() <= room ? results.size() : room - 1;
  for (size_t i = 0; i < shown; ++i) {
    const ThresholdResult& result = *results[i];
    const bool no_data = !result.observed.has_value();
    frame->Add(fmt::format("{} {}  {}", result.passed ? "✓" : (no_data ? "·" : "✗"),
                           Printable(result.threshold.text), FormatObserved(result)),
               result.passed ? Colour::kGreen : Colour::kRed, !no_data);
  }
  if (shown < results.size()) {
    frame->Add(fmt::format("… and {} more thresholds", results.size() - shown), Colour::kDim, true);
  }
}

std::string AgentRow(const AgentView& agent, size_t name_columns) {
  return fmt::format("{} {:>9} {:>13} {:>10} {:>9} {:>6.2f} {:>7}",
                     FitColumns(Printable(agent.name), name_columns),
                     agent.lost ? "lost" : RunStateName(agent.state),
                     fmt::format("{}/{}", agent.users, agent.target_users), agent.requests,
                     agent.failures, agent.cpu_cores, TableMillis(agent.loop_lag_p99));
}

void AddAgents(const LiveState& state, const LiveStyle& style, Frame* frame) {
  if (state.agents.size() < 2 || frame->Room() <= kNamesLinesMin + 3) {
    return;
  }
  const size_t room = std::min(kAgentsShown, frame->Room() - kNamesLinesMin - 2);
  const size_t shown = state.agents.size() <= room ? state.agents.size() : room - 1;
  constexpr size_t kColumns = 61;
  const size_t name_columns =
      style.width > kColumns + 10 ? std::min<size_t>(style.width - kColumns, 40) : 10;
  frame->Add("");
  frame->Add(
      fmt::format("{} {:>9} {:>13} {:>10} {:>9} {:>6} {:>7}", FitColumns("Agent", name_columns),
                  "state", "users", "requests", "failures", "cores", "lag ms"),
      Colour::kBold, true);
  for (size_t i = 0; i < shown; ++i) {
    const AgentView& agent = state.agents[i];
    frame->Add(AgentRow(agent, name_columns), Colour::kRed,
               agent.lost || agent.state == RunState::kFailed);
  }
  if (shown < state.agents.size()) {
    frame->Add(fmt::format("… and {} more agents", state.agents.size() - shown), Colour::kDim,
               true);
  }
}

void AddNames(const LiveState& state, const LiveStyle& style, Frame* frame) {
  const std::vector<EntryRow> rows = EntryRows(*state.now, PhaseOf(state));
  if (rows.empty() || frame->Room() < 3) {
    return;
  }
  const size_t name_columns =
      style.width > kLiveColumns + 10 ? std::min<size_t>(style.width - kLiveColumns, 80) : 10;
  frame->Add("");
  frame->Add(
      fmt::format("{} {:>10} {:>9} {:>7} {:>7} {:>7} {:>9}", FitColumns("Name", name_columns),
                  "requests", "failures", "p50 ms", "p95 ms", "max ms", "req/s"),
      Colour::kBold, true);
  const size_t shown = rows.size() <= frame->Room() ? rows.size() : frame->Room() - 1;
  for (size_t i = 0; i < shown; ++i) {
    frame->Add(NameRow(state, rows[i], name_columns), Colour::kRed, rows[i].stats->failures > 0);
  }
  if (shown < rows.size()) {
    frame->Add(fmt::format("… and {} more", rows.size() - shown), Colour::kDim, true);
  }
}

}  // namespace

std::string LiveFrame(const LiveState& state, const LiveStyle& style) {
  const Snapshot& now = *state.now;
  const EntryStats total = now.Total(PhaseOf(state));
  const Recent recent = RecentTotal(state, total);
  Frame frame(style);
  const std::vector<std::pair<std::string, Colour>> head = {
      {fmt::format("{}  {}  {}", Printable(state.plan_name),
                   Printable(WithoutCredentials(state.host)), RunStateName(now.state)),
       Colour::kBold},
      {ProgressBar(state, style.width), Colour::kGreen},
      {fmt::format("{}  {} requests  {}  {} open", Load(now), total.requests, Failures(total),
                   now.open_requests),
       Colour::kRed},
      {Times(state, total, recent), Colour::kBold},
      {SparkLine(state, style.width, recent.requests_per_second), Colour::kBold}};
  for (const auto& [line, colour] : head) {
    if (frame.Room() > 0) {
      frame.Add(line, colour, colour != Colour::kRed || total.failures > 0);
    }
  }
  AddReasons(state, &frame);
  AddThresholds(state, &frame);
  AddAgents(state, style, &frame);
  AddNames(state, style, &frame);
  return frame.Text();
}

std::string LiveRedraw(std::string_view frame, size_t previous_lines) {
  // Line by line, since clearing the whole screen first would flicker.
  std::string text = previous_lines > 0 ? fmt::format("\x1b[{}A\r", previous_lines) : "\r";
  for (const char byte : frame) {
    if (byte == '\n') {
      text += "\x1b[K";
    }
    text += byte;
  }
  return text + "\x1b[J";
}

std::string LiveLine(const LiveState& state) {
  const EntryStats total = state.now->Total(PhaseOf(state));
  const Recent recent = RecentTotal(state, total);
  return fmt::format("{}: {}, {} requests, {:.1f}/s, {}, p50 {} ms, p95 {} ms", Elapsed(state),
                     Load(*state.now), total.requests, recent.requests_per_second, Failures(total),
                     TableMillis(recent.p50), TableMillis(recent.p95));
}

std::string Sparkline(const std::vector<double>& values, size_t width) {
  constexpr std::array<std::string_view, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const size_t count = std::min(width, values.size());
  const auto first = values.end() - static_cast<std::ptrdiff_t>(count);
  const double highest = count == 0 ? 0 : *std::max_element(first, values.end());
  std::string text;
  for (auto value = first; value != values.end(); ++value) {
    const double height = highest > 0 ? std::max(0.0, *value) / highest * 7 : 0;
    text += kBars[static_cast<size_t>(std::lround(height))];
  }
  return text;
}

}  // namespace squall
