#include "daemon/programs/run_lines.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr size_t kPlanColumns = 24;

}  // namespace

std::string RunStateText(v1::RunState state) {
  std::string name = v1::RunState_Name(state).substr(sizeof("RUN_STATE_") - 1);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name == "prepared" ? "waiting" : name;
}

std::string VerdictText(v1::Verdict verdict) {
  return verdict == v1::VERDICT_UNSPECIFIED
             ? "-"
             : v1::Verdict_Name(verdict).substr(sizeof("VERDICT_") - 1);
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return time.seconds() == 0 ? "-"
                             : fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(time.seconds()));
}

std::string RunsText(const google::protobuf::RepeatedPtrField<v1::RunSummary>& runs) {
  std::string text =
      fmt::format("{:<24} {:<24} {:<9} {:<8} {:>8} {:>10} {:>9}  {}\n", "RUN", "PLAN", "STATE",
                  "VERDICT", "USERS", "REQUESTS", "FAILURES", "STARTED (UTC)");
  for (const v1::RunSummary& run : runs) {
    text += fmt::format("{:<24} {} {:<9} {:<8} {:>8} {:>10} {:>9}  {}\n", Printable(run.run_id()),
                        FitColumns(Printable(run.plan_name()), kPlanColumns),
                        RunStateText(run.state()), VerdictText(run.verdict()), run.users(),
                        run.requests(), run.failures(), TimeText(run.started_at()));
  }
  return text;
}

std::string RunText(const v1::RunSummary& run) {
  std::string text = fmt::format(
      "run       {}\nplan      {}\nstate     {}{}\nstarted   {}\nusers     {}\n"
      "requests  {} ({} failed)\n",
      Printable(run.run_id()), Printable(run.plan_name()), RunStateText(run.state()),
      run.stop_reason().empty() ? "" : " (" + Printable(run.stop_reason()) + ")",
      TimeText(run.started_at()), run.users(), run.requests(), run.failures());
  for (const v1::AgentInfo& agent : run.agents()) {
    text += fmt::format("agent     {}\n", Printable(agent.agent_id()));
  }
  for (const std::string& warning : run.warnings()) {
    text += fmt::format("warning   {}\n", Printable(warning));
  }
  if (run.verdict() != v1::VERDICT_UNSPECIFIED) {
    text += fmt::format("verdict   {}\n", VerdictText(run.verdict()));
  }
  for (const std::string& reason : run.reasons()) {
    text += fmt::format("          {}\n", Printable(reason));
  }
  return text;
}

std::string EventLine(const v1::RunEvent& event) {
  return fmt::format("{}  {}\n", TimeText(event.at()), Printable(event.text()));
}

}  // namespace squall
