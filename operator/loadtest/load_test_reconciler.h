// Looks at one LoadTest and brings its agents, its run and its status nearer to what it wants:
// observe, decide (decide.h), act, write the status. Owns the runs of this process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "operator/controller/event_recorder.h"
#include "operator/controller/informer.h"
#include "operator/controller/reconciler.h"
#include "operator/kube/client/kube_client.h"
#include "operator/loadtest/children.h"
#include "operator/loadtest/decide.h"
#include "operator/loadtest/plan_of.h"
#include "operator/loadtest/plan_reader.h"
#include "operator/loadtest/status.h"

namespace squall {

struct LoadTestOptions {
  AgentDefaults agents;
  std::string identity;  // of this process, for other coordinators' messages
  std::string version;
  // What the run's epochs begin above: grows with every change of the leader.
  std::function<uint64_t()> leader_epoch;
  // Another look at this test, now.
  std::function<void(const ObjectKey&)> look_again;
};

// Everything is borrowed and outlives the reconciler.
struct LoadTestParts {
  KubeClient* client = nullptr;
  const Informer* tests = nullptr;
  const Informer* pods = nullptr;
  EventRecorder* events = nullptr;
  const Clock* clock = nullptr;
};

class LoadTestReconciler final : public Reconciler {
 public:
  LoadTestReconciler(LoadTestOptions options, LoadTestParts parts);
  ~LoadTestReconciler() override;  // leaves the runs to the next leader

  absl::StatusOr<ReconcileResult> Reconcile(const ObjectKey& key) override;

  // For metrics. Any thread.
  struct RunFigures {
    ObjectKey key;
    RunSeen seen;
  };
  std::vector<RunFigures> Runs() const;
  // The run of this process for the test as it is now; nullptr when there is none. Any thread.
  std::shared_ptr<LoadRun> FindRun(const LoadTest& test) const;

 private:
  struct Session;
  std::shared_ptr<Session> SessionOf(const LoadTest& test);
  Observation Observe(LoadTest test, Session* session);
  void ReadPlan(Session* session, Observation* seen);
  PlanFound FindPlan(const LoadTest& test, const std::vector<PodView>& pods);
  absl::StatusOr<ChannelSecurity> SecurityOf(const LoadTest& test);
  void ReadEdits(Session* session, Observation* seen);
  void ReadCheckpoint(const LoadTest& test, Session* session);
  absl::Status Act(const Observation& seen, Decision* decision, Session* session);
  absl::Status CreatePods(const Observation& seen, const std::vector<uint32_t>& indexes,
                          Session* session);
  absl::Status DeletePods(const Observation& seen, const std::vector<PodView>& pods,
                          Session* session);
  absl::Status BeginRun(const Observation& seen, const Decision& decision, Session* session);
  void Command(const Decision& decision, const LoadTest& test, Session* session);
  absl::Status WriteReport(const LoadTest& test, Session* session);
  absl::Status WriteStatus(const Observation& seen, const Decision& decision, Session* session);
  void Tell(const LoadTest& test, const std::vector<EventNote>& events);

  const LoadTestOptions options_;
  const LoadTestParts parts_;
  mutable std::mutex mutex_;
  std::map<ObjectKey, std::shared_ptr<Session>> sessions_;  // guarded by mutex_
};

}  // namespace squall
