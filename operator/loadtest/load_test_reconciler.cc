#include "operator/loadtest/load_test_reconciler.h"

#include <algorithm>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/coordinator/checkpoint.h"
#include "daemon/net/token_guard.h"
#include "daemon/plan/profile.h"
#include "daemon/wire/plan_digest.h"
#include "operator/kube/api/kube_error.h"
#include "operator/loadtest/load_test_page.h"
#include "operator/loadtest/names.h"
#include "operator/loadtest/owned_objects.h"
#include "operator/loadtest/report_objects.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr Nanos kCreateBackoffMin = std::chrono::seconds(5);
constexpr Nanos kCreateBackoffMax = std::chrono::seconds(60);
// Pods are made in growing batches, so that a quota or a webhook that refuses them all is asked
// once, and not a thousand times.
constexpr size_t kFirstBatch = 1;
// A leader's epochs lie above those of all before it, whatever their runs have used up.
constexpr uint64_t kEpochsOfALeader = 1'000'000;

bool MayPass(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kResourceExhausted ||  // 429
         status.code() == absl::StatusCode::kUnauthenticated ||
         status.code() == absl::StatusCode::kAborted;
}

Problem ProblemOf(const absl::Status& status) {
  const std::string text = StatusText(status);
  if (status.code() == absl::StatusCode::kPermissionDenied &&
      text.find("exceeded quota") != std::string::npos) {
    return {"QuotaExceeded", text};
  }
  if (status.code() == absl::StatusCode::kAlreadyExists) {
    return {"NameCollision", text};
  }
  return {"CreateFailed", text};
}

}  // namespace

// What this process knows of a test beyond the API server. Used by the one worker that has the key.
struct LoadTestReconciler::Session {
  std::string uid;
  std::string run_id;
  std::shared_ptr<LoadRun> run;  // shared with whoever shows it just now
  std::optional<PlanOfTest> plan;
  int64_t plan_generation = -1;
  std::string plan_hash;
  int64_t run_generation = -1;  // of the spec that the run follows
  LoadProfile run_profile;
  std::vector<Threshold> run_thresholds;
  std::optional<Checkpoint> checkpoint;
  bool checkpoint_read = false;
  bool children_applied = false;
  bool finalizer_added = false;
  bool finalizer_removed = false;
  std::optional<json::object> status;  // as last written: newer than the cache may be
  std::optional<Problem> problem;
  std::map<uint32_t, WallTime> create_after;
  std::map<uint32_t, Nanos> create_backoff;
  Asked asked;
  std::string report_name;
  std::string report_problem;
  bool report_written = false;
};

LoadTestReconciler::LoadTestReconciler(LoadTestOptions options, LoadTestParts parts)
    : options_(std::move(options)), parts_(parts) {}

LoadTestReconciler::~LoadTestReconciler() = default;

absl::StatusOr<ReconcileResult> LoadTestReconciler::Reconcile(const ObjectKey& key) {
  const ObjectPtr object = parts_.tests->Get(key);
  if (object == nullptr) {
    std::shared_ptr<Session> gone;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const auto found = sessions_.find(key); found != sessions_.end()) {
      gone = std::move(found->second);
      sessions_.erase(found);
    }
    return ReconcileResult{};
  }
  LoadTest test = ReadLoadTest(*object);
  const std::shared_ptr<Session> session = SessionOf(test);
  const Observation seen = Observe(std::move(test), session.get());
  Decision decision = Decide(seen);
  const absl::Status acted = Act(seen, &decision, session.get());
  const absl::Status written = WriteStatus(seen, decision, session.get());
  Tell(seen.test, decision.events);
  SQUALL_RETURN_IF_ERROR(acted);
  SQUALL_RETURN_IF_ERROR(written);
  // Zero would mean never.
  return ReconcileResult{decision.look_again.has_value()
                             ? std::max<Nanos>(*decision.look_again, std::chrono::milliseconds(50))
                             : Nanos(0)};
}

std::vector<LoadTestReconciler::RunFigures> LoadTestReconciler::Runs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<RunFigures> runs;
  for (const auto& [key, session] : sessions_) {
    if (session->run != nullptr) {
      runs.push_back({key, session->run->Seen()});
    }
  }
  return runs;
}

std::shared_ptr<LoadRun> LoadTestReconciler::FindRun(const LoadTest& test) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = sessions_.find(test.key);
  const bool is_its = found != sessions_.end() && found->second->uid == test.uid &&
                      found->second->run_id == test.run_id;
  return is_its ? found->second->run : nullptr;
}

std::shared_ptr<LoadTestReconciler::Session> LoadTestReconciler::SessionOf(const LoadTest& test) {
  std::shared_ptr<Session> old;
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<Session>* session = &sessions_[test.key];
  // A test of the same name that was made again, or the next run of this one.
  if (*session == nullptr || (*session)->uid != test.uid || (*session)->run_id != test.run_id) {
    old = std::move(*session);
    *session = std::make_shared<Session>();
    (*session)->uid = test.uid;
    (*session)->run_id = test.run_id;
  }
  return *session;
}

Observation LoadTestReconciler::Observe(LoadTest test, Session* session) {
  Observation seen;
  seen.now = parts_.clock->Wall();
  if (session->status.has_value()) {
    test.status = *session->status;
    test.object["status"] = *session->status;
  }
  test.has_finalizer =
      (test.has_finalizer || session->finalizer_added) && !session->finalizer_removed;
  seen.test = std::move(test);
  for (const ObjectPtr& pod : parts_.pods->OwnedBy(seen.test.uid)) {
    seen.pods.push_back(ReadPod(*pod, seen.test.uid));
  }
  const std::string phase = PhaseOf(seen.test);
  const bool idle = seen.test.deleting || seen.test.suspend || IsOver(phase);
  if (session->run != nullptr) {
    seen.run = session->run->Seen();
    if (!seen.run->over && !idle) {
      ReadEdits(session, &seen);
    }
  } else if (!idle) {
    ReadCheckpoint(seen.test, session);
    seen.has_checkpoint = session->checkpoint.has_value();
    seen.state_unknown = IsActive(phase) && !session->checkpoint_read;
    if (!seen.has_checkpoint && !seen.state_unknown) {
      ReadPlan(session, &seen);
    }
  }
  if (seen.test.agents.auto_size.has_value()) {
    // Once the run goes on, what was decided at its start.
    const int64_t desired = IntAt(seen.test.status, "agents.desired", 1);
    if (seen.run.has_value() || idle || seen.has_checkpoint || seen.state_unknown) {
      seen.test.agents.replicas = static_cast<uint32_t>(std::max<int64_t>(desired, 1));
    }
  }
  seen.children_applied = session->children_applied;
  seen.report_written = session->report_written;
  seen.problem = session->problem;
  seen.create_after = session->create_after;
  seen.asked = session->asked;
  return seen;
}

void LoadTestReconciler::ReadCheckpoint(const LoadTest& test, Session* session) {
  if (session->checkpoint_read || !IsActive(PhaseOf(test))) {
    return;
  }
  const auto secret = parts_.client->Get(kSecrets, {test.key.ns, RunSecretName(test.key.name)});
  if (!secret.ok() && !absl::IsNotFound(secret.status())) {
    return;  // the next look will tell
  }
  session->checkpoint_read = true;
  const std::string bytes = secret.ok() ? ReadRunSecret(test, *secret) : "";
  if (bytes.empty()) {
    return;
  }
  absl::StatusOr<Checkpoint> checkpoint = DecodeCheckpoint(bytes);
  if (!checkpoint.ok()) {
    Tell(test, {{true, "StateUnreadable", StatusText(checkpoint.status())}});
    return;
  }
  session->checkpoint = *std::move(checkpoint);
}

absl::StatusOr<ChannelSecurity> LoadTestReconciler::SecurityOf(const LoadTest& test) {
  SQUALL_ASSIGN_OR_RETURN(const AgentSecret secret,
                          EnsureAgentSecret(parts_.client, test, parts_.clock));
  ChannelSecurity security;
  SQUALL_ASSIGN_OR_RETURN(security.token, TokenGuard::FromToken(secret.token));
  if (test.control_tls) {
    security.ca_pem = secret.certificate_pem;
    security.server_name = std::string(kAgentServerName);
  }
  return security;
}

PlanFound LoadTestReconciler::FindPlan(const LoadTest& test, const std::vector<PodView>& pods) {
  PlanFound found =
      FetchPlan(parts_.client, test, pods,
                [&](const PodView& pod, const std::string& path) -> absl::StatusOr<std::string> {
                  SQUALL_ASSIGN_OR_RETURN(const ChannelSecurity security, SecurityOf(test));
                  return ReadAgentFile(AddressOf(pod), security, path);
                });
  if (found.state == PlanState::kAccepted) {
    const absl::Status tls = ApplyTargetTls(parts_.client, test, &found.plan.plan.service.tls);
    if (!tls.ok()) {
      found.state = PlanState::kMissing;
      found.reason = "SecretNotFound";
      found.message = StatusText(tls);
    }
  }
  return found;
}

// What the user has changed in the profile and the thresholds of a run that goes on.
void LoadTestReconciler::ReadEdits(Session* session, Observation* seen) {
  const LoadTest& test = seen->test;
  if (session->run_generation == test.generation) {
    return;
  }
  session->run_generation = test.generation;
  PlanFound found = FindPlan(test, seen->pods);
  if (found.state != PlanState::kAccepted) {
    Tell(test, {{true, "EditRefused", found.message}});
    return;
  }
  PlanOfTest& plan = found.plan;
  if (plan.plan.load_profile != session->run_profile) {
    seen->edited_profile = plan.plan.load_profile;
  }
  if (plan.plan.thresholds != session->run_thresholds) {
    seen->edited_thresholds = plan.plan.thresholds;
  }
  session->plan = std::move(plan);  // for the names of its thresholds
}

void LoadTestReconciler::ReadPlan(Session* session, Observation* seen) {
  LoadTest* test = &seen->test;
  if (!session->plan.has_value() || session->plan_generation != test->generation) {
    session->plan.reset();
    PlanFound found = FindPlan(*test, seen->pods);
    seen->plan = found.state;
    seen->plan_reason = std::move(found.reason);
    seen->plan_message = std::move(found.message);
    if (seen->plan != PlanState::kAccepted) {
      return;
    }
    session->plan = std::move(found.plan);
    session->plan_generation = test->generation;
    session->plan_hash = PlanDigest(session->plan->plan);
  }
  if (const auto& size = test->agents.auto_size; size.has_value()) {
    const auto profile = Profile::Make(session->plan->plan.load_profile);
    const uint64_t peak = profile.ok() ? profile->PeakUsers() : 0;
    const uint64_t wanted = (peak + size->users_per_agent - 1) / size->users_per_agent;
    test->agents.replicas = static_cast<uint32_t>(
        std::clamp<uint64_t>(wanted, size->min, std::max(size->min, size->max)));
  }
}

absl::Status LoadTestReconciler::Act(const Observation& seen, Decision* decision,
                                     Session* session) {
  const LoadTest& test = seen.test;
  if (decision->add_finalizer) {
    SQUALL_RETURN_IF_ERROR(AddDrainFinalizer(parts_.client, test));
    session->finalizer_added = true;
    session->finalizer_removed = false;
    decision->look_again = Nanos(0);
  }
  if (decision->apply_children) {
    SQUALL_RETURN_IF_ERROR(ApplyChildren(parts_.client, test, parts_.clock));
    session->children_applied = true;
  }
  if (decision->resume_run || decision->start_run) {
    SQUALL_RETURN_IF_ERROR(BeginRun(seen, *decision, session));
  }
  Command(*decision, test, session);
  SQUALL_RETURN_IF_ERROR(DeletePods(seen, decision->delete_pods, session));
  SQUALL_RETURN_IF_ERROR(CreatePods(seen, decision->create_pods, session));
  if (decision->write_report) {
    SQUALL_RETURN_IF_ERROR(WriteReport(test, session));
  }
  if (decision->drop_run) {
    std::shared_ptr<LoadRun> run;  // ends its thread: not under the lock
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      run = std::move(session->run);
    }
    session->asked = Asked();
    session->checkpoint_read = false;
  }
  if (decision->drop_children) {
    SQUALL_RETURN_IF_ERROR(DropChildren(parts_.client, test));
    session->children_applied = false;
    session->checkpoint.reset();
  }
  if (decision->remove_finalizer) {
    SQUALL_RETURN_IF_ERROR(RemoveDrainFinalizer(parts_.client, test));
    session->finalizer_removed = true;
    session->finalizer_added = false;
  }
  if (decision->delete_test) {
    const absl::Status deleted =
        parts_.client->Delete(kLoadTests, test.key, {.uid = test.uid, .grace_seconds = {}});
    return absl::IsNotFound(deleted) ? absl::OkStatus() : deleted;
  }
  return absl::OkStatus();
}

absl::Status LoadTestReconciler::CreatePods(const Observation& seen,
                                            const std::vector<uint32_t>& indexes,
                                            Session* session) {
  const LoadTest& test = seen.test;
  size_t batch = kFirstBatch;
  size_t in_batch = 0;
  for (const uint32_t index : indexes) {
    const auto made = parts_.client->Create(kPods, AgentPod(test, options_.agents, index));
    absl::Status status = made.status();
    if (status.code() == absl::StatusCode::kAlreadyExists) {
      const auto there =
          parts_.client->Get(kPods, {test.key.ns, AgentPodName(test.key.name, index)});
      // Ours: the cache was behind.
      status = there.ok() && OwnedBy(*there, test.uid) ? absl::OkStatus() : status;
    }
    if (status.ok()) {
      session->problem.reset();
      if (++in_batch == batch) {
        batch *= 2;
        in_batch = 0;
      }
      continue;
    }
    const Problem problem = ProblemOf(status);
    if (!session->problem.has_value() || session->problem->reason != problem.reason) {
      Tell(test, {{true, "AgentCreateFailed", problem.message}});
    }
    session->problem = problem;
    Nanos* wait = &session->create_backoff[index];
    *wait = std::clamp(*wait * 2, kCreateBackoffMin, kCreateBackoffMax);
    for (const uint32_t other : indexes) {  // what refused this one would refuse the others
      if (other >= index) {
        session->create_after[other] = parts_.clock->Wall() + *wait;
      }
    }
    return absl::OkStatus();  // the condition tells it
  }
  return absl::OkStatus();
}

absl::Status LoadTestReconciler::DeletePods(const Observation& seen,
                                            const std::vector<PodView>& pods, Session* session) {
  for (const PodView& pod : pods) {
    if (pod.over && !pod.reason.empty()) {
      session->problem = Problem{ConditionReasonOf(pod),
                                 fmt::format("pod {}: {}: {}", pod.name, pod.reason, pod.message)};
      Nanos* wait = &session->create_backoff[pod.index];
      *wait = std::clamp(*wait * 2, kCreateBackoffMin, kCreateBackoffMax);
      session->create_after[pod.index] = parts_.clock->Wall() + *wait;
    }
    const absl::Status deleted = parts_.client->Delete(kPods, {seen.test.key.ns, pod.name},
                                                       {.uid = pod.uid, .grace_seconds = {}});
    if (!deleted.ok() && !absl::IsNotFound(deleted) &&
        deleted.code() != absl::StatusCode::kAborted) {
      return deleted;
    }
  }
  return absl::OkStatus();
}

absl::Status LoadTestReconciler::BeginRun(const Observation& seen, const Decision& decision,
                                          Session* session) {
  const LoadTest& test = seen.test;
  LoadRunOrder order;
  SQUALL_ASSIGN_OR_RETURN(order.security, SecurityOf(test));
  order.run_id = AgentsRunId(test.uid, test.run_id);
  order.shown_id = ShownRunId(test);
  order.shown_name = test.key.ToString();
  order.owner = options_.identity;
  order.version = options_.version;
  order.epoch = (options_.leader_epoch() + 1) * kEpochsOfALeader;
  if (decision.resume_run) {
    Checkpoint checkpoint = *std::move(session->checkpoint);
    session->checkpoint.reset();
    order.plan = std::move(checkpoint.plan);
    session->run_profile = checkpoint.resumption.control.profile.value_or(order.plan.load_profile);
    session->run_generation = -1;  // what has been edited meanwhile?
    order.settings = std::move(checkpoint.settings);
    session->asked = AskedOf(checkpoint.resumption.control);
    order.resumption = std::move(checkpoint.resumption);
  } else {
    order.plan = session->plan->plan;
    session->run_profile = order.plan.load_profile;
    session->run_generation = test.generation;
    order.settings = session->plan->settings;
    order.agents = decision.agents;
  }
  session->run_thresholds = order.plan.thresholds;
  RunHooks hooks;
  hooks.store = [client = parts_.client, test](const std::string& checkpoint) {
    return client->Apply(kSecrets, RunSecret(test, checkpoint)).status();
  };
  hooks.changed = [look = options_.look_again, key = test.key] { look(key); };
  absl::StatusOr<std::unique_ptr<LoadRun>> run =
      LoadRun::Start(std::move(order), std::move(hooks), parts_.clock);
  SQUALL_RETURN_IF_ERROR(run.status());
  const std::lock_guard<std::mutex> lock(mutex_);  // for Runs
  session->run = *std::move(run);
  return absl::OkStatus();
}

void LoadTestReconciler::Command(const Decision& decision, const LoadTest& test, Session* session) {
  LoadRun* run = session->run.get();
  if (run == nullptr) {
    return;
  }
  if (decision.load.has_value()) {
    const absl::Status changed = run->SetLoad(*decision.load);
    session->asked.load = test.load_override;  // said once, also when it is refused
    if (!changed.ok()) {
      Tell(test, {{true, "EditRefused", StatusText(changed)}});
    }
  }
  if (decision.profile.has_value()) {
    const absl::Status changed = run->SetProfile(*decision.profile);
    if (changed.ok()) {
      session->run_profile = *decision.profile;
    } else {
      Tell(test, {{true, "EditRefused", StatusText(changed)}});
    }
  }
  if (decision.thresholds.has_value()) {
    run->SetThresholds(*decision.thresholds);
    session->run_thresholds = *decision.thresholds;
  }
  if (decision.pause.has_value()) {
    run->SetPaused(*decision.pause);
    session->asked.paused = *decision.pause;
  }
  for (const AgentPlace& agent : decision.join) {
    session->asked.joins[agent.name] = parts_.clock->Wall();
    if (const absl::Status joined = run->Join(agent); !joined.ok()) {
      Tell(test, {{true, "AgentJoinFailed", StatusText(joined)}});
    }
  }
  for (const std::string& agent : decision.leave) {
    session->asked.leaves.insert(agent);
    run->Leave(agent);
  }
  if (decision.stop.has_value()) {
    run->Stop(*decision.stop, decision.stop_immediate);
    session->asked.stop = true;
  }
}

// An error means that the server may take it later: the run, which has it, is kept until then.
absl::Status LoadTestReconciler::WriteReport(const LoadTest& test, Session* session) {
  if (!test.report_config_map) {
    session->report_written = true;
    return absl::OkStatus();
  }
  const RunSeen seen = session->run->Seen();
  absl::StatusOr<json::object> object = ReportObject(test, *seen.report);
  absl::Status status = object.status();
  if (object.ok()) {
    status = parts_.client->Apply(kConfigMaps, *object).status();
    if (MayPass(status)) {
      return status;
    }
  }
  session->report_written = true;
  if (status.ok()) {
    session->report_name = Name(*object);
    Tell(test, {{false, "ReportWritten", fmt::format("ConfigMap {}", session->report_name)}});
  } else {
    session->report_problem = StatusText(status);
    Tell(test, {{true, "ReportFailed", session->report_problem}});
  }
  return absl::OkStatus();
}

absl::Status LoadTestReconciler::WriteStatus(const Observation& seen, const Decision& decision,
                                             Session* session) {
  const LoadTest& test = seen.test;
  if (decision.delete_test || (test.deleting && decision.remove_finalizer) ||
      (test.deleting && !test.has_finalizer)) {
    return absl::OkStatus();  // nobody will read it
  }
  StatusNotes notes;
  notes.plan_hash = session->plan_hash;
  if (session->plan.has_value()) {
    notes.threshold_names = session->plan->threshold_names;
  }
  notes.report_name = session->report_name;
  notes.report_problem = session->report_problem;
  json::object status = StatusOf(seen, decision, notes);
  if (status == test.status) {
    return absl::OkStatus();
  }
  json::object intent = NewObject(kLoadTests, test.key);
  intent["status"] = status;
  const auto written = parts_.client->Apply(kLoadTests, intent, "status");
  if (written.ok()) {
    session->status = std::move(status);
    return absl::OkStatus();
  }
  return absl::IsNotFound(written.status()) ? absl::OkStatus() : written.status();
}

void LoadTestReconciler::Tell(const LoadTest& test, const std::vector<EventNote>& events) {
  for (const EventNote& note : events) {
    KubeEvent event = KubeEvent::About(test.object);
    event.type = note.warning ? EventType::kWarning : EventType::kNormal;
    event.reason = note.reason;
    event.action = note.reason;
    event.note = note.note;
    parts_.events->Record(std::move(event));
  }
}

}  // namespace squall
