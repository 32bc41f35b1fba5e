// bench_coordinator --agents FILE --seconds N: runs a plan on the agents whose addresses are in
// FILE and prints as JSON what that took of this process, from the start of the run to its end. The
// coordinator is the real one; the observer only looks at the clock.
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/plan/parse_plan.h"
#include "daemon/rpc/channel.h"
#include "daemon/stats/histogram.h"

namespace squall {
namespace {

constexpr uint64_t kUsersPerAgent = 10;
constexpr int kEventsShown = 5;  // a thousand agents that are lost would say no more

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// How late each tick comes, and how old every agent's figures are then.
class Watcher final : public RunObserver {
 public:
  explicit Watcher(const Clock* clock) : clock_(clock) {}

  void OnRoster(const RunRoster& roster) override { started_at_ = roster.started_at; }
  void OnStarted(const Plan& /*plan*/, const Profile& /*profile*/) override {
    cpu_at_start_ = CpuSeconds();
    began_ = clock_->Now();
  }
  void OnTick(const RunProgress& progress) override {
    const WallTime now = clock_->Wall();
    // The last tick is that of the end and has no time of its own: it takes the place of none.
    if (pending_.has_value()) {
      late_.Record(*pending_);
    }
    ++ticks_;
    pending_ = now - (started_at_ + std::chrono::seconds(ticks_));
    for (const Snapshot* agent : progress.agents) {
      age_.Record(now - agent->at);
    }
  }
  void OnEvent(std::string_view text) override {
    if (++events_ <= kEventsShown) {
      fmt::print(stderr, "{}\n", text);
    }
  }

  double cpu_seconds() const { return CpuSeconds() - cpu_at_start_; }
  Nanos ran() const { return clock_->Now() - began_; }
  const Histogram& late() const { return late_; }
  const Histogram& age() const { return age_; }

 private:
  const Clock* const clock_;
  WallTime started_at_{};
  double cpu_at_start_ = 0;
  TimePoint began_{};
  int64_t ticks_ = 0;
  int events_ = 0;
  std::optional<Nanos> pending_;
  Histogram late_;
  Histogram age_;
};

absl::StatusOr<std::vector<AgentTarget>> Connect(const std::string& file) {
  std::ifstream stream(file);
  std::vector<AgentTarget> targets;
  for (std::string address; std::getline(stream, address, ',');) {
    address.erase(address.find_last_not_of('\n') + 1);
    SQUALL_ASSIGN_OR_RETURN(auto channel, MakeChannel(address, {}));
    targets.push_back({address, std::move(channel), address});
  }
  return targets;
}

Plan PlanFor(size_t agents, uint32_t seconds) {
  PlanInputs inputs;
  inputs.texts.push_back({"plan.yaml", fmt::format(R"(
name: bench
service: {{base_url: "http://127.0.0.1:9"}}
load_profile: {{users: {}, spawn_rate: 1000000, run_time: {}s}}
users: [{{name: User, tasks: [{{name: task, steps: [get: /]}}]}}]
)",
                                                   agents * kUsersPerAgent, seconds)});
  return ParsePlan(inputs).plan;
}

std::string Percentiles(const Histogram& times) {
  return fmt::format(R"({{"p50": {:.3f}, "p99": {:.3f}, "max": {:.3f}}})",
                     ToSeconds(times.Percentile(0.5)) * 1e3,
                     ToSeconds(times.Percentile(0.99)) * 1e3, ToSeconds(times.max()) * 1e3);
}

absl::Status Bench(const std::string& agents_file, uint32_t seconds) {
  const SystemClock clock;
  SQUALL_ASSIGN_OR_RETURN(std::vector<AgentTarget> targets, Connect(agents_file));
  const size_t agents = targets.size();
  CoordinatorOptions options;
  options.run_id = "bench";
  options.owner = "bench_coordinator";
  options.call_timeout = std::chrono::minutes(1);
  Watcher watcher(&clock);
  SQUALL_ASSIGN_OR_RETURN(const std::unique_ptr<RunCoordinator> coordinator,
                          RunCoordinator::Make(PlanFor(agents, seconds), {}, std::move(targets),
                                               options, &watcher, &clock));
  const absl::StatusOr<RunReport> report = coordinator->Run();
  const double cpu = watcher.cpu_seconds();
  const double ran = ToSeconds(watcher.ran());
  SQUALL_RETURN_IF_ERROR(report.status());
  const EntryStats total = report->total.Total();
  fmt::print(
      R"({{"agents": {}, "lost": {}, "cpu_seconds": {:.3f}, "seconds": {:.3f}, "requests": {}, )"
      R"("response_count": {}, "late_ms": {}, "age_ms": {}}})"
      "\n",
      report->agents.size(), report->agents_lost, cpu, ran, total.requests, total.response.count(),
      Percentiles(watcher.late()), Percentiles(watcher.age()));
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  std::string agents_file;
  uint32_t seconds = 30;
  CLI::App app("What a coordinator costs", "bench_coordinator");
  app.add_option("--agents", agents_file, "File with addresses, separated by commas")->required();
  app.add_option("--seconds", seconds, "Duration of the run");
  CLI11_PARSE(app, argc, argv);
  if (const absl::Status status = Bench(agents_file, seconds); !status.ok()) {
    fmt::print(stderr, "bench_coordinator: {}\n", std::string(status.message()));
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace squall

int main(int argc, char** argv) { return squall::Main(argc, argv); }
