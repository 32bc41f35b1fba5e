// An agent: holds at most one run, and does to it what its coordinator says, if the coordinator is
// still the one in charge (epoch). Knows nothing of gRPC: AgentService translates.
//
// All methods may be called from any thread. Errors: NOT_FOUND another run's id,
// FAILED_PRECONDITION a lower epoch or the wrong state, INVALID_ARGUMENT a plan that cannot run,
// RESOURCE_EXHAUSTED no descriptors for the event loops, UNAVAILABLE a new run while shutting down.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/engine/load_engine.h"
#include "daemon/engine/protocol.h"
#include "daemon/plan/assignment.h"
#include "daemon/plan/handover.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/profile.h"
#include "daemon/plan/run_settings.h"
#include "daemon/sinks/metric_pump.h"
#include "daemon/sinks/metric_sink.h"
#include "daemon/stats/snapshot.h"
#include "daemon/trace/span_export.h"

namespace squall {

// Something that whoever runs the daemon wants to read in its log.
struct AgentEvent {
  // "run prepared", "run started", "run stopping", "run finished", "output failed",
  // "output works again", "last report not sent", …
  std::string_view what;
  std::string run_id;
  std::string detail;  // who holds it, or why it ends; may be empty
};

struct PrepareOrder {
  std::string run_id;
  std::string agent_id;
  uint64_t epoch = 0;
  std::string owner;  // who holds the agent, for the message that a second one gets
  Plan plan;
  Assignment assignment;
  RunSettings settings;
};

// What an engine tells its agent's daemon; from threads of its own.
struct EngineListener {
  std::function<void(std::string_view text)> log;
  std::function<void(const std::string& reason)> on_finished;
};

// Makes an engine for a plan that is a script; `applied` is the order's plan with the settings
// applied. May take seconds.
using ScriptEngineMaker = std::function<absl::StatusOr<std::unique_ptr<LoadEngine>>(
    const PrepareOrder& order, const Plan& applied, EngineListener listener)>;

struct AgentConfig {
  std::string name = "local";     // as logs and reports show it, before a coordinator gives an id
  uint32_t shards = 1;            // event loops; one per core is best
  RequestTrace* trace = nullptr;  // what a single pass (`once`) reports to; nullptr: refuse those
  ScriptEngineMaker make_script_engine;  // none: such plans are refused
  SpanExportMaker make_span_export;      // none: plans with outputs.traces are refused
  std::optional<TraceOutput> traces;     // where plans say nothing of traces
  MetricSinkMaker make_metric_sink;      // none: plans with outputs for figures are refused
  std::vector<MetricOutput> metrics;     // besides those of each plan
  std::function<void(std::string_view)> log;
  // Any thread, also while the agent is locked: must not call the agent.
  std::function<void(const AgentEvent&)> on_event;
};

// Why a call was refused; what is not in here is the caller's text or the agent's own state.
enum class Refusal { kStaleEpoch, kUnknownRun, kBusy, kUnauthenticated };

// How many calls were refused since the process started.
struct RefusedCounts {
  uint64_t stale_epoch = 0;      // a coordinator that another one has replaced
  uint64_t unknown_run = 0;      // another run's id
  uint64_t busy = 0;             // Prepare while another run is held
  uint64_t unauthenticated = 0;  // no token, or a wrong one
  bool operator==(const RefusedCounts&) const = default;
};

struct AgentStatus {
  WallTime now{};
  RunState state = RunState::kIdle;
  std::string run_id;
  std::string agent_id;
  std::string owner;
  uint64_t epoch = 0;
  std::string plan_digest;
  uint64_t users = 0;
  std::string error;
  Assignment assignment;               // once the last Reassign has taken effect
  std::optional<WallTime> started_at;  // the profile's time was 0
};

// The run that is held, as one look at it shows it.
struct HeldRun {
  Snapshot figures;
  std::string test;    // the plan's name
  uint64_t stage = 0;  // StageAt of the profile in force; 0 while no load is asked for
};

class Agent final {
 public:
  Agent(AgentConfig config, const Protocol* protocol, const Clock* clock);
  ~Agent();  // gives up the run, if any
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Compiles the plan and gets ready; returns its digest. Replaces a run that is over, one that was
  // only prepared, or an earlier epoch of the same run that never started. A prepared run that is
  // neither started nor watched for its control_loss_timeout is dropped.
  absl::StatusOr<std::string> Prepare(PrepareOrder order);
  // `at` in this machine's civil time; in the past, at most 30 days: the agent joins a run that
  // goes on, whose time counts from there. Returns the time that it is. A repeated Start changes
  // nothing.
  absl::StatusOr<WallTime> Start(const std::string& run_id, uint64_t epoch, WallTime at);
  // See handover.h and Engine::Reassign. The same again changes nothing.
  absl::Status Reassign(const std::string& run_id, uint64_t epoch, Handover handover);
  // Takes over the command of the run that is held: `epoch` must be above the highest one seen, or
  // the same from the same owner; lower ones are refused from then on.
  absl::StatusOr<AgentStatus> Attach(const std::string& run_id, uint64_t epoch,
                                     const std::string& owner);
  // `change.since` is set here, to the run's elapsed time.
  absl::Status SetLoad(const std::string& run_id, uint64_t epoch, LoadChange change);
  absl::Status Pause(const std::string& run_id, uint64_t epoch);
  absl::Status Resume(const std::string& run_id, uint64_t epoch);
  absl::Status Stop(const std::string& run_id, uint64_t epoch, const std::string& reason,
                    bool immediate);

  AgentStatus Status() const;
  // The next snapshot of the run called `run_id` ("" = whichever is held).
  absl::StatusOr<Snapshot> TakeSnapshot(const std::string& run_id);
  // As TakeSnapshot, for eyes other than the coordinator's: does not use up a sequence number.
  Snapshot Peek() { return Look().figures; }
  HeldRun Look();

  // A coordinator's Watch stream has begun or ended: feeds the control-loss policy.
  void OnWatchBegan();
  void OnWatchEnded();

  // A note for the user code of the run, and those that have come from there since the last call;
  // none while another run is held.
  absl::Status Tell(const std::string& run_id, uint64_t epoch, const EngineNote& note);
  std::vector<EngineNote> TakeNotes(const std::string& run_id);

  // Stops the run, if any, as `control_loss_policy: stop` would, and takes no other; for SIGTERM.
  void Drain(const std::string& reason);
  bool draining() const;
  bool Idle() const;  // nothing is running

  // Counts what was refused before it came to the agent.
  void CountRefused(Refusal why);
  RefusedCounts refused() const;
  // What became of the reports to outputs, of each kind, since the process started.
  std::vector<OutputFigures> output_figures() const { return output_counts_.Figures(); }

  const AgentConfig& config() const { return config_; }

 private:
  struct Run {
    PrepareOrder order;
    std::string digest;
    std::shared_ptr<const Plan> plan;
    std::shared_ptr<MetricPump> pump;  // nullptr without outputs; the engine wakes it
    std::unique_ptr<LoadEngine> engine;
    uint64_t epoch = 0;
    std::optional<Handover> last_handover;   // as it was asked for
    std::shared_ptr<const Profile> profile;  // in the place of the plan's; nullptr: that one
    uint64_t sequence = 0;
    bool started = false;
    bool stopping = false;
    std::string stop_reason;
    std::optional<TimePoint> paused_since;
    Nanos paused_total{0};
    WallTime started_at{};
    TimePoint started_steady{};
  };

  std::vector<MetricOutput> OutputsOf(const Plan& plan) const;
  // nullptr for a run without outputs.
  absl::StatusOr<std::shared_ptr<MetricPump>> MakePump(const PrepareOrder& order);

  // mutex_ held by all of these
  absl::StatusOr<std::unique_ptr<LoadEngine>> MakeEngine(const Run& run) const;
  absl::StatusOr<bool> WantsSpans(const Run& run) const;
  absl::StatusOr<std::shared_ptr<SpanExport>> MakeSpanExport(const Run& run) const;
  HeldRun LookLocked() const;
  void DropLocked();
  absl::Status CheckHeld(const std::string& run_id);
  absl::Status CheckEpoch(uint64_t epoch);
  absl::Status Check(const std::string& run_id, uint64_t epoch);
  Nanos ElapsedLocked() const;
  std::string OwnerLocked() const;
  AgentStatus StatusLocked() const;
  void StopLocked(const std::string& reason, bool immediate);
  RunState StateLocked() const;
  void LabelLocked(Snapshot* snapshot) const;
  void Housekeep();
  void Tell(std::string_view what, const std::string& run_id, const std::string& detail) const;

  const AgentConfig config_;
  const Protocol* const protocol_;
  const Clock* const clock_;
  std::array<std::atomic<uint64_t>, 4> refused_{};  // by Refusal
  OutputCounts output_counts_;

  mutable std::mutex mutex_;
  std::unique_ptr<Run> run_;  // guarded by mutex_, as all below
  // Of runs that are gone; their last reports may take seconds, so nobody waits for them here.
  std::vector<std::shared_ptr<MetricPump>> leaving_;
  int watchers_ = 0;
  std::optional<TimePoint> unwatched_since_;
  bool draining_ = false;
  bool closing_ = false;
  std::condition_variable wake_;
  std::thread housekeeper_;
};

}  // namespace squall
