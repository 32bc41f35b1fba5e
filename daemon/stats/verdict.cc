#include "daemon/stats/verdict.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/units.h"

namespace squall {
namespace {

constexpr double kBusyRatio = 0.9;  // of a core or of the descriptors: time for a warning

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

// "agent 'b:7071'", or "the generator" where there is only the one.
std::string SubjectOf(const Snapshot& agent, size_t agents) {
  return agents == 1 || agent.agent_id.empty() ? "the generator"
                                               : fmt::format("agent '{}'", agent.agent_id);
}

class Judge {
 public:
  explicit Judge(const ValidityLimits& limits) : limits_(limits) {}

  void LookAtAgent(const Snapshot& agent, const std::string& subject);
  void PassOnWarnings(const Snapshot& agent, bool named);
  void LookAtResults(const Snapshot& merged, const std::vector<ThresholdResult>& thresholds,
                     bool failures_allowed);
  std::vector<std::string> TakeInvalid() { return std::move(invalid_); }
  VerdictReport Finish();

 private:
  void LookForExhaustion(const std::string& subject, const GeneratorHealth& health);
  void LookForStarvation(const std::string& subject, const GeneratorHealth& health);
  void LookForLateArrivals(const std::string& subject, const Snapshot& agent);
  void LookAtThreshold(const ThresholdResult& result);
  void LookAtFailures(const Snapshot& merged, const EntryStats& total, bool failures_allowed);
  void LookAtTaskErrors(const Snapshot& merged);
  void Warn(const Snapshot& merged);

  const ValidityLimits limits_;
  std::vector<std::string> invalid_;
  std::vector<std::string> failed_;
  VerdictReport report_;
};

void Judge::LookAtAgent(const Snapshot& agent, const std::string& subject) {
  LookForExhaustion(subject, agent.health);
  LookForStarvation(subject, agent.health);
  LookForLateArrivals(subject, agent);
  if (agent.state == RunState::kFailed) {
    failed_.push_back(fmt::format("{} failed: {}", subject,
                                  agent.error.empty() ? "it gave no reason" : agent.error));
  }
}

void Judge::PassOnWarnings(const Snapshot& agent, bool named) {
  for (const std::string& warning : agent.warnings) {
    report_.warnings.push_back(named ? fmt::format("agent '{}': {}", agent.agent_id, warning)
                                     : warning);
  }
}

void Judge::LookForExhaustion(const std::string& subject, const GeneratorHealth& health) {
  if (health.fd_exhausted > 0) {
    invalid_.push_back(fmt::format(
        "{}: no file descriptor was left {} times (limit {}): raise the limit (ulimit -n), or use "
        "more agents or fewer users",
        subject, health.fd_exhausted, health.fd_limit));
  }
  if (health.ports_exhausted > 0) {
    invalid_.push_back(
        fmt::format("{}: no local port was left {} times: keep connections open, widen "
                    "net.ipv4.ip_local_port_range, or use more agents",
                    subject, health.ports_exhausted));
  }
  if (health.memory_exhausted > 0) {
    invalid_.push_back(fmt::format(
        "{}: no memory was left for a socket {} times: give it more memory, or use more agents or "
        "fewer users",
        subject, health.memory_exhausted));
  }
}

void Judge::LookForStarvation(const std::string& subject, const GeneratorHealth& health) {
  const Nanos lag = health.loop_lag.Percentile(0.99);
  if (health.loop_lag.count() >= limits_.loop_lag_samples_min && lag > limits_.loop_lag_p99_max) {
    invalid_.push_back(fmt::format(
        "{}: event loop lag p99 {} exceeds {}: the generator was short of CPU; use more agents or "
        "fewer users",
        subject, FormatTimeSpan(lag), FormatTimeSpan(limits_.loop_lag_p99_max)));
  }
  const double core_seconds = health.elapsed_seconds * health.shards;
  const double waiting = Ratio(health.run_delay_seconds, core_seconds);
  if (waiting > limits_.run_delay_ratio_max &&
      health.elapsed_seconds >= limits_.run_delay_elapsed_seconds_min) {
    const bool felt = health.loop_lag.count() >= limits_.loop_lag_samples_min &&
                      lag > limits_.run_delay_lag_p99_min;
    (felt ? invalid_ : report_.warnings)
        .push_back(fmt::format(
            "{}: its threads waited for a CPU {:.0f}% of the time, more than {:.0f}%: other "
            "processes or a CPU quota held it back; give it cores of its own",
            subject, waiting * 100, limits_.run_delay_ratio_max * 100));
  }
  const double busy = Ratio(health.thread_seconds, core_seconds);
  if (busy > kBusyRatio) {
    report_.warnings.push_back(fmt::format(
        "{}: its event loops used {:.0f}% of a core each: near the limit; use more agents", subject,
        busy * 100));
  }
  const double fds =
      Ratio(static_cast<double>(health.open_fds), static_cast<double>(health.fd_limit));
  if (fds > kBusyRatio) {
    report_.warnings.push_back(
        fmt::format("{}: {} of {} file descriptors are in use: raise the limit (ulimit -n)",
                    subject, health.open_fds, health.fd_limit));
  }
}

// Only in the open model, where a late start can not be the fault of a slow target: a busy user is
// not waited for. What may still be the target's fault, the time to connect, is taken off.
void Judge::LookForLateArrivals(const std::string& subject, const Snapshot& agent) {
  const uint64_t wanted =
      agent.arrivals_planned - std::min(agent.arrivals_planned, agent.dropped_iterations);
  if (wanted < limits_.arrivals_min) {
    return;
  }
  uint64_t first_requests = 0;
  for (const auto& [key, stats] : agent.entries) {
    first_requests += stats.start_delay.count();
  }
  const uint64_t started = std::max(agent.iterations, first_requests) + agent.open_requests;
  const double achieved = Ratio(static_cast<double>(started), static_cast<double>(wanted));
  if (achieved < limits_.achieved_rate_ratio_min) {
    invalid_.push_back(fmt::format(
        "{}: started {} of {} arrivals ({:.1f}%), less than {:.0f}%: the generator could not keep "
        "up; use more agents or a lower rate",
        subject, started, wanted, achieved * 100, limits_.achieved_rate_ratio_min * 100));
  }
  const EntryStats total = agent.Total();
  const PhaseTimes& times = total.times;
  const Nanos delay = total.start_delay.Percentile(0.9);
  const Nanos connecting =
      times.dns.Percentile(0.9) + times.connect.Percentile(0.9) + times.tls.Percentile(0.9);
  if (total.start_delay.count() >= limits_.arrivals_min &&
      delay > connecting + limits_.start_delay_p90_max) {
    invalid_.push_back(fmt::format(
        "{}: start delay p90 {} exceeds {}, connecting left out: requests left later than "
        "scheduled; use more agents or a lower rate",
        subject, FormatTimeSpan(delay - connecting), FormatTimeSpan(limits_.start_delay_p90_max)));
  }
}

void Judge::LookAtResults(const Snapshot& merged, const std::vector<ThresholdResult>& thresholds,
                          bool failures_allowed) {
  const EntryStats total = merged.Total();
  if (total.requests == 0) {
    failed_.push_back(merged.entries.empty()
                          ? "no request was sent"
                          : "no request was sent outside the warm-up and the cool-down");
  }
  for (const ThresholdResult& result : thresholds) {
    LookAtThreshold(result);
  }
  LookAtFailures(merged, total, failures_allowed);
  LookAtTaskErrors(merged);
  Warn(merged);
}

void Judge::LookAtThreshold(const ThresholdResult& result) {
  if (result.passed) {
    return;
  }
  failed_.push_back(result.observed.has_value()
                        ? fmt::format("threshold '{}' failed: it was {}", result.threshold.text,
                                      FormatObserved(result))
                        : fmt::format("threshold '{}' had no data", result.threshold.text));
}

void Judge::LookAtFailures(const Snapshot& merged, const EntryStats& total, bool failures_allowed) {
  if (total.failures == 0) {
    return;
  }
  report_.requests_failed = true;
  if (failures_allowed) {
    return;
  }
  std::string text = fmt::format(
      "{} of {} requests failed ({:.3g}%)", total.failures, total.requests,
      Ratio(static_cast<double>(total.failures), static_cast<double>(total.requests)) * 100);
  const auto most = std::max_element(
      merged.failures.begin(), merged.failures.end(),
      [](const auto& a, const auto& b) { return a.second.count < b.second.count; });
  if (most != merged.failures.end()) {
    text += fmt::format(", most often {} times '{} {}': {}", most->second.count, most->first.method,
                        most->first.name, most->first.reason);
  }
  failed_.push_back(std::move(text));
}

void Judge::LookAtTaskErrors(const Snapshot& merged) {
  if (merged.task_errors.empty()) {
    return;
  }
  report_.requests_failed = true;
  uint64_t count = 0;
  for (const auto& [text, times] : merged.task_errors) {
    count += times;
  }
  const auto most =
      std::max_element(merged.task_errors.begin(), merged.task_errors.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  // The first line is the message; a traceback may follow, which the reports show.
  failed_.push_back(fmt::format("{} task errors, most often {} times: {}", count, most->second,
                                most->first.substr(0, most->first.find('\n'))));
}

void Judge::Warn(const Snapshot& merged) {
  if (merged.health.names_dropped > 0) {
    report_.warnings.push_back(fmt::format(
        "{} requests were counted under the name 'other': there are too many request names; give "
        "requests with changing paths one name",
        merged.health.names_dropped));
  }
  if (merged.dropped_iterations > 0) {
    report_.warnings.push_back(fmt::format(
        "{} of {} arrivals were dropped, since every user was busy: the target was slow, or "
        "max_users is too low",
        merged.dropped_iterations, merged.arrivals_planned));
  }
  const uint64_t lost = merged.traces.dropped + merged.traces.failed;
  if (lost > 0) {
    report_.warnings.push_back(fmt::format(
        "{} of {} spans did not reach their collector: {} waited longer than there was room, {} it "
        "did not take; see that it runs, or sample less (--otel-sample)",
        lost, merged.traces.sampled, merged.traces.dropped, merged.traces.failed));
  }
}

VerdictReport Judge::Finish() {
  report_.verdict = !invalid_.empty()  ? Verdict::kInvalid
                    : !failed_.empty() ? Verdict::kFail
                                       : Verdict::kPass;
  report_.reasons = std::move(invalid_);
  report_.reasons.insert(report_.reasons.end(), failed_.begin(), failed_.end());
  return std::move(report_);
}

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "PASS";
    case Verdict::kFail:
      return "FAIL";
    case Verdict::kInvalid:
      return "INVALID";
  }
  return "unknown";
}

std::vector<std::string> InvalidReasons(const std::vector<const Snapshot*>& agents,
                                        const ValidityLimits& limits) {
  Judge judge(limits);
  for (const Snapshot* agent : agents) {
    judge.LookAtAgent(*agent, SubjectOf(*agent, agents.size()));
  }
  return judge.TakeInvalid();
}

VerdictReport JudgeRun(const Snapshot& merged, const std::vector<const Snapshot*>& agents,
                       const std::vector<ThresholdResult>& thresholds, bool failures_allowed,
                       const ValidityLimits& limits) {
  Judge judge(limits);
  for (const Snapshot* agent : agents) {
    judge.PassOnWarnings(*agent, agents.size() > 1);
    judge.LookAtAgent(*agent, SubjectOf(*agent, agents.size()));
  }
  judge.LookAtResults(merged, thresholds, failures_allowed);
  return judge.Finish();
}

}  // namespace squall
