#include "operator/loadtest/decide.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "operator/kube/api/kube_time.h"
#include "operator/loadtest/names.h"
#include "operator/loadtest/plan_of.h"
#include "operator/loadtest/verdict_of.h"

namespace squall {
namespace {

// For what comes with no event of its own: a ConfigMap, a quota, a node.
constexpr Nanos kLookAgain = std::chrono::seconds(5);
constexpr double kSpawnRateDefault = 1;
// Beyond the graceful stop, before a deletion goes on without the agents.
constexpr Nanos kDrainMargin = std::chrono::seconds(15);
// An agent that was told to join takes this long at most to take part.
constexpr Nanos kJoinPatience = std::chrono::seconds(30);
constexpr std::string_view kDeadlineReason = "activeDeadlineSeconds is over";

AgentPlace PlaceOf(const PodView& pod) { return {AgentNameOf(pod.name, pod.uid), AddressOf(pod)}; }

bool Contains(const std::set<std::string>& agents, const PodView& pod) {
  const std::string name = AgentNameOf(pod.name, pod.uid);
  return std::any_of(agents.begin(), agents.end(), [&](const std::string& agent) {
    return std::string_view(agent).substr(0, agent.find('#')) == name;
  });
}

// The member of the run that is in this pod now, which may have come back under another name.
std::string MemberIn(const std::set<std::string>& agents, const PodView& pod) {
  const std::string name = AgentNameOf(pod.name, pod.uid);
  for (const std::string& agent : agents) {
    if (std::string_view(agent).substr(0, agent.find('#')) == name) {
      return agent;
    }
  }
  return "";
}

std::optional<WallTime> SinceOf(const LoadTest& test, std::string_view condition,
                                std::string_view status) {
  const boost::json::object* found = ConditionOf(test.object, condition);
  const bool same_run = StringAt(test.status, "runId") == test.run_id;
  if (found == nullptr || !same_run || StringAt(*found, "status") != status) {
    return std::nullopt;
  }
  const auto time = ParseKubeTime(StringAt(*found, "lastTransitionTime"));
  return time.ok() ? std::optional(*time) : std::nullopt;
}

class Decider final {
 public:
  explicit Decider(const Observation& seen) : seen_(seen), test_(seen.test) {}

  Decision Take() {
    const std::string phase = PhaseOf(test_);
    decision_.phase = phase.empty() ? std::string(kPhasePending) : phase;
    if (test_.deleting) {
      Delete();
    } else if (IsOver(phase)) {
      AfterTheEnd();
    } else if (test_.suspend) {
      Suspend();
    } else if (seen_.run.has_value()) {
      Run();
    } else if (seen_.state_unknown) {
      LookAgain(std::chrono::seconds(1));
    } else if (seen_.has_checkpoint) {
      decision_.resume_run = true;
      Note(false, "Adopted", "took over the run from another operator process");
      LookAgain(std::chrono::seconds(1));
    } else if (phase == kPhaseRunning || phase == kPhasePaused || phase == kPhaseStopping) {
      Fail("StateLost", "the run's state is gone (Secret of the run), so nobody can go on with it");
    } else {
      Prepare();
    }
    return std::move(decision_);
  }

 private:
  void Set(const char* type, const char* status, std::string_view reason, std::string message) {
    decision_.conditions[type] = {status, std::string(reason), std::move(message)};
  }
  void Note(bool warning, std::string_view reason, std::string note) {
    decision_.events.push_back({warning, std::string(reason), std::move(note)});
  }
  void LookAgain(Nanos after) {
    decision_.look_again = std::min(decision_.look_again.value_or(after), after);
  }

  void Fail(std::string_view reason, const std::string& message) {
    decision_.phase = kPhaseFailed;
    decision_.completed_at = decision_.completed_at.value_or(seen_.now);
    Set("Failed", "True", reason, message);
    Set("Complete", "False", reason, message);
    Set("Progressing", "False", "Finished", "the test has failed");
    Set("Passed", "False", reason, message);
    Note(true, "Failed", message);
    LookAgain(Nanos(0));  // to clean up
  }

  void Delete() {
    if (!test_.has_finalizer) {
      return;
    }
    const bool running = seen_.run.has_value() && !seen_.run->over;
    const WallTime since = DeletionTimestamp(test_.object).value_or(seen_.now);
    if (running && seen_.now < since + test_.graceful_stop + kDrainMargin) {
      decision_.phase = kPhaseStopping;
      if (!seen_.asked.stop) {
        decision_.stop = "the LoadTest was deleted";
        Note(false, "Stopping", "the LoadTest was deleted: its agents finish what they have begun");
      }
      LookAgain(std::chrono::seconds(1));
      return;
    }
    decision_.drop_run = seen_.run.has_value();
    DeletePods(/*all=*/true);
    decision_.drop_children = true;
    decision_.remove_finalizer = true;
  }

  void DeletePods(bool all) {
    for (const PodView& pod : seen_.pods) {
      if (pod.ours && !pod.deleting && (all || pod.run_id != test_.run_id)) {
        decision_.delete_pods.push_back(pod);
      }
    }
  }

  void AfterTheEnd() {
    if (seen_.run.has_value()) {
      decision_.write_report = !seen_.report_written && seen_.run->report != nullptr;
      decision_.drop_run = true;
    }
    const bool good = decision_.phase == kPhaseSucceeded && Passed();
    const bool keep = test_.cleanup == AgentCleanup::kNever ||
                      (test_.cleanup == AgentCleanup::kOnSuccess && !good);
    if (test_.has_finalizer) {
      if (!keep) {
        DeletePods(/*all=*/true);
      }
      decision_.drop_children = true;
      decision_.remove_finalizer = true;
    }
    if (test_.ttl.has_value()) {
      const auto ended = ParseKubeTime(StringAt(test_.status, "completionTime"));
      const WallTime due = (ended.ok() ? *ended : seen_.now) + *test_.ttl;
      decision_.delete_test = due <= seen_.now;
      if (due > seen_.now) {
        LookAgain(due - seen_.now);
      }
    }
  }

  bool Passed() const {
    const boost::json::object* passed = ConditionOf(test_.object, "Passed");
    return passed != nullptr && StringAt(*passed, "status") == "True";
  }

  void Suspend() {
    decision_.phase = kPhaseSuspended;
    if (seen_.run.has_value()) {
      decision_.stop = "the LoadTest was suspended";
      decision_.stop_immediate = true;
      decision_.drop_run = true;
    }
    DeletePods(/*all=*/true);
    decision_.drop_children = test_.has_finalizer;
    decision_.remove_finalizer = test_.has_finalizer;
    Set("Started", "False", "Suspended", "spec.suspend is true");
    // Not False: the time that agents have to become ready begins anew when it goes on.
    Set("AgentsReady", "Unknown", "Suspended", "spec.suspend is true");
    Set("Progressing", "False", "Suspended", "spec.suspend is true");
  }

  void Prepare() {
    if (test_.start_time.has_value() && *test_.start_time > seen_.now) {
      decision_.phase = kPhaseScheduled;
      Set("Started", "False", "WaitingForStartTime",
          fmt::format("starts at {}", FormatKubeTime(*test_.start_time)));
      LookAgain(*test_.start_time - seen_.now);
      return;
    }
    if (test_.desired == DesiredState::kStopped) {
      decision_.phase = kPhaseSucceeded;
      decision_.completed_at = seen_.now;
      Set("Complete", "True", "StoppedByUser", "stopped before it began");
      Set("Passed", "False", "NoData", "no request was sent");
      Set("Progressing", "False", "Finished", "stopped before it began");
      LookAgain(Nanos(0));
      return;
    }
    if (seen_.plan == PlanState::kInvalid) {
      Set("PlanValid", "False", seen_.plan_reason, seen_.plan_message);
      Note(true, "PlanInvalid", seen_.plan_message);
      Fail("InvalidSpec", seen_.plan_message);
      return;
    }
    Set("Started", "False", "NotStarted", "the agents are not ready");
    if (seen_.plan == PlanState::kMissing) {
      Set("PlanValid", "False", seen_.plan_reason, seen_.plan_message);
      Set("AgentsReady", "False", "WaitingForPlan", "no agents before there is a plan");
      FailIfLate(seen_.plan_message);
      LookAgain(kLookAgain);
      return;
    }
    const bool accepted = seen_.plan == PlanState::kAccepted;
    if (accepted) {
      Set("PlanValid", "True", "PlanAccepted", test_.plan.Describe());
    } else {
      Set("PlanValid", "Unknown", seen_.plan_reason, seen_.plan_message);
    }
    decision_.phase = kPhasePreparing;
    if (!test_.has_finalizer) {
      decision_.add_finalizer = true;  // nothing that needs draining before it is seen
      Note(false, "PlanAccepted", test_.plan.Describe());
      return;
    }
    decision_.apply_children = !seen_.children_applied;
    GatherAgents();
  }

  void GatherAgents() {
    DeletePods(/*all=*/false);
    std::vector<AgentPlace> ready;
    std::string reason = "WaitingForPods";
    std::string message;
    for (uint32_t index = 0; index < test_.agents.replicas; ++index) {
      const PodView* pod = PodAt(index);
      if (pod == nullptr) {
        CreateUnlessTooSoon(index);
      } else if (!pod->ours) {
        reason = "NameCollision";
        message = fmt::format("pod {} belongs to somebody else", pod->name);
      } else if (pod->ready && !pod->deleting && pod->run_id == test_.run_id) {
        ready.push_back(PlaceOf(*pod));
      } else {
        Describe(*pod, &reason, &message);
        if (pod->over && !pod->deleting && pod->run_id == test_.run_id) {
          decision_.delete_pods.push_back(*pod);
        }
      }
    }
    const bool known = seen_.plan == PlanState::kAccepted;
    if (known && ready.size() == test_.agents.replicas) {
      Begin(std::move(ready), "AllReady");
      return;
    }
    if (seen_.problem.has_value() && message.empty()) {
      reason = seen_.problem->reason;
      message = seen_.problem->message;
    }
    const std::string count =
        fmt::format("{} of {} agents are ready", ready.size(), test_.agents.replicas);
    Set("AgentsReady", "False", reason,
        message.empty() ? count : fmt::format("{}: {}", count, message));
    LookAgain(kLookAgain);
    if (known && Late() && test_.agents.start_partial &&
        ready.size() >= test_.agents.ready_min.value_or(test_.agents.replicas)) {
      Begin(std::move(ready), "PartialStart");
      return;
    }
    FailIfLate(decision_.conditions["AgentsReady"].message);
  }

  void Begin(std::vector<AgentPlace> agents, std::string_view reason) {
    Set("AgentsReady", "True", reason, fmt::format("{} agents", agents.size()));
    Note(false, "AgentsReady", fmt::format("{} agents are ready", agents.size()));
    decision_.agents = std::move(agents);
    decision_.start_run = true;
    LookAgain(std::chrono::seconds(1));
  }

  bool Late() const {
    const auto since = SinceOf(test_, "AgentsReady", "False");
    return since.has_value() && seen_.now - *since >= test_.agents.start_timeout;
  }

  void FailIfLate(const std::string& message) {
    if (Late()) {
      Fail("StartTimeout", fmt::format("not ready within {}: {}",
                                       FormatTimeSpan(test_.agents.start_timeout), message));
    }
  }

  const PodView* PodAt(uint32_t index) const {
    const std::string name = AgentPodName(test_.key.name, index);
    const auto found = std::find_if(seen_.pods.begin(), seen_.pods.end(),
                                    [&](const PodView& pod) { return pod.name == name; });
    return found == seen_.pods.end() ? nullptr : &*found;
  }

  void CreateUnlessTooSoon(uint32_t index) {
    const auto wait = seen_.create_after.find(index);
    if (wait == seen_.create_after.end() || wait->second <= seen_.now) {
      decision_.create_pods.push_back(index);
    } else {
      LookAgain(wait->second - seen_.now);
    }
  }

  static void Describe(const PodView& pod, std::string* reason, std::string* message) {
    const std::string word = ConditionReasonOf(pod);
    if (!word.empty() && message->empty()) {
      *reason = word;
      *message = fmt::format("pod {}: {}{}{}", pod.name, pod.reason,
                             pod.message.empty() ? "" : ": ", pod.message);
    }
  }

  void Run() {
    const RunSeen& run = *seen_.run;
    if (run.over) {
      End(run);
      return;
    }
    LookAgain(test_.summary_period);
    decision_.phase = PhaseOfRun(run);
    if (run.started) {
      Set("Started", "True", "StartedInSync",
          fmt::format("agents started within {}", FormatTimeSpan(run.start_skew)));
      Set("Progressing", "True", decision_.phase == kPhasePaused ? "Paused" : "Running",
          decision_.phase == kPhasePaused ? "the profile's clock stands still" : "making load");
      Set("AgentsReady", "True",
          SinceOf(test_, "AgentsReady", "True").has_value()
              ? StringAt(*ConditionOf(test_.object, "AgentsReady"), "reason", "AllReady")
              : "AllReady",
          fmt::format("{} agents take part", run.present.size()));
      Set("Passed", "Unknown", "StillRunning", "the run is not over");
    }
    ShowStage(run);
    if (StopIfAsked(run)) {
      return;
    }
    AskForLoad();
    AgentsOfTheRun(run);
  }

  void ShowStage(const RunSeen& run) {
    Nanos ends{0};
    if (!run.started) {
      return;
    }
    decision_.stage = StageAt(test_.profile, run.elapsed, &decision_.stage_index, &ends);
    if (decision_.stage.empty()) {
      return;
    }
    if (decision_.phase == kPhaseRunning) {
      decision_.stage_ends = seen_.now + (ends - run.elapsed);
      LookAgain(ends - run.elapsed);
    }
    if (StringAt(test_.status, "profile.stage") != decision_.stage) {
      Note(false, "StageStarted", fmt::format("stage {}", decision_.stage));
    }
  }

  std::string PhaseOfRun(const RunSeen& run) const {
    if (!run.started) {
      return std::string(kPhasePreparing);
    }
    if (run.state == RunState::kStopping || seen_.asked.stop) {
      return std::string(kPhaseStopping);
    }
    return std::string(run.state == RunState::kPaused ? kPhasePaused : kPhaseRunning);
  }

  // True when the run is to end, and nothing else matters.
  bool StopIfAsked(const RunSeen& run) {
    std::string why;
    if (test_.desired == DesiredState::kStopped) {
      why = "stopped by the user";
    } else if (TooManyLost(run)) {
      why = fmt::format("{} agents were lost", run.lost.size());
    } else if (test_.deadline.has_value() && run.started_at.has_value()) {
      const WallTime due = *run.started_at + *test_.deadline;
      if (due <= seen_.now) {
        why = kDeadlineReason;
      } else {
        LookAgain(due - seen_.now);
      }
    }
    if (!why.empty() && !seen_.asked.stop) {
      decision_.stop = why;
      decision_.phase = kPhaseStopping;
      Note(false, "Stopping", why);
      LookAgain(std::chrono::seconds(1));
    }
    return !why.empty() || seen_.asked.stop;
  }

  bool TooManyLost(const RunSeen& run) const {
    const AgentsSpec& agents = test_.agents;
    if (agents.loss_policy == LossPolicy::kFail) {
      return !run.lost.empty();
    }
    return agents.loss_policy != LossPolicy::kIgnore && agents.lost_max > 0 &&
           run.lost.size() > agents.lost_max;
  }

  void AskForLoad() {
    decision_.profile = seen_.edited_profile;
    decision_.thresholds = seen_.edited_thresholds;
    if (decision_.profile.has_value()) {
      Note(false, "ProfileChanged", "the run follows spec.profile as it is now");
      LookAgain(std::chrono::seconds(1));
    }
    if (seen_.asked.load != test_.load_override) {
      decision_.load = LoadRequestOf(test_.load_override);
      Note(false, "OverrideApplied",
           test_.load_override.has_value() ? "the load follows spec.profile.override"
                                           : "the load follows the profile again");
      LookAgain(std::chrono::seconds(1));
    }
    const bool pause = test_.desired == DesiredState::kPaused;
    if (seen_.asked.paused != pause) {
      decision_.pause = pause;
      Note(false, pause ? "Paused" : "Resumed",
           pause ? "spec.desiredState is Paused" : "spec.desiredState is Running");
      LookAgain(std::chrono::seconds(1));
    }
  }

  // More of them, fewer, or others in the place of those that were lost.
  void AgentsOfTheRun(const RunSeen& run) {
    for (const PodView& pod : seen_.pods) {
      if (!pod.ours || pod.deleting) {
        continue;
      }
      const std::string member = MemberIn(run.present, pod);
      const bool wanted = pod.index < test_.agents.replicas && pod.run_id == test_.run_id;
      if (!wanted && !member.empty()) {
        if (!seen_.asked.leaves.contains(member)) {
          decision_.leave.push_back(member);
        }
        LookAgain(std::chrono::seconds(1));
      } else if (!wanted || (Contains(run.lost, pod) && member.empty() && Replaces()) ||
                 (pod.over && member.empty() && !Contains(run.lost, pod)) ||
                 (member.empty() && Contains(run.left, pod) &&
                  Contains(seen_.asked.leaves, pod))) {  // was to go, and is wanted again
        decision_.delete_pods.push_back(pod);
      } else if (pod.ready && member.empty() && !Contains(run.lost, pod) &&
                 !Contains(run.left, pod) && !JoinsAlready(pod)) {
        decision_.join.push_back(PlaceOf(pod));
        LookAgain(std::chrono::seconds(1));
      }
    }
    for (uint32_t index = 0; index < test_.agents.replicas; ++index) {
      if (PodAt(index) == nullptr && (Replaces() || !WasLost(run, index))) {
        CreateUnlessTooSoon(index);
      }
    }
  }

  bool JoinsAlready(const PodView& pod) const {
    const auto asked = seen_.asked.joins.find(AgentNameOf(pod.name, pod.uid));
    return asked != seen_.asked.joins.end() && seen_.now - asked->second < kJoinPatience;
  }

  bool Replaces() const { return test_.agents.loss_policy == LossPolicy::kReplace; }

  bool WasLost(const RunSeen& run, uint32_t index) const {
    const std::string pod = AgentPodName(test_.key.name, index);
    const auto in_it = [&](const std::string& agent) { return IsAgentOfPod(agent, pod); };
    return std::any_of(run.lost.begin(), run.lost.end(), in_it) ||
           std::any_of(run.present.begin(), run.present.end(), in_it);  // not yet seen as lost
  }

  void End(const RunSeen& run) {
    if (run.report == nullptr && IsFenced(run.error)) {
      // Another operator commands the agents: what becomes of the test is for that one to say.
      decision_.drop_run = true;
      LookAgain(kLookAgain);
      return;
    }
    if (run.report == nullptr) {
      const bool before = !run.started;
      Fail(before ? "StartFailed" : "AgentsLost", std::string(run.error.message()));
      return;
    }
    decision_.write_report = !seen_.report_written;
    decision_.completed_at = run.report->ended_at;
    const RunReport& report = *run.report;
    const bool all_lost = run.present.empty();
    if (all_lost || TooManyLost(run)) {
      Fail("AgentsLost", fmt::format("{} agents were lost", run.lost.size()));
    } else if (report.total.stop_reason.find(kDeadlineReason) != std::string::npos) {
      Fail("DeadlineExceeded", std::string(kDeadlineReason));
    } else {
      decision_.phase = kPhaseSucceeded;
      Set("Complete", "True", EndReasonOf(report, test_.desired == DesiredState::kStopped),
          report.total.stop_reason);
      Set("Failed", "False", "Finished", "the run came to its end");
      Set("Progressing", "False", "Finished", report.total.stop_reason);
      Note(false, "Completed", report.total.stop_reason);
    }
    decision_.conditions["Passed"] = PassedOf(report);
    if (decision_.conditions["Passed"].status == "False") {
      Note(true, "ThresholdFailed", decision_.conditions["Passed"].message);
    }
    Set("Started", "True", "StartedInSync",
        fmt::format("agents started within {}", FormatTimeSpan(run.start_skew)));
    LookAgain(Nanos(0));
  }

  const Observation& seen_;
  const LoadTest& test_;
  Decision decision_;
};

}  // namespace

Decision Decide(const Observation& seen) { return Decider(seen).Take(); }

Asked AskedOf(const RunControl& control) {
  Asked asked;
  if (control.load.has_value() && !control.load->clear) {
    const LoadRequest& load = *control.load;
    asked.load = LoadOverride{load.users, std::nullopt, load.arrival_factor};
    if (load.users.has_value()) {
      asked.load->spawn_rate = load.spawn_rate;
    }
  }
  asked.paused = control.paused;
  asked.stop = control.stop != StopLevel::kNone;
  return asked;
}

LoadRequest LoadRequestOf(const std::optional<LoadOverride>& load) {
  LoadRequest request;
  if (!load.has_value()) {
    request.clear = true;
  } else if (load->arrival_factor.has_value()) {
    request.arrival_factor = load->arrival_factor;
  } else {
    request.users = load->users.value_or(0);
    request.spawn_rate = load->spawn_rate.value_or(kSpawnRateDefault);
  }
  return request;
}

}  // namespace squall
