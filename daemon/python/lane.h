// This process as squall-python: does what its parent says (lane.proto), lets Python code know what
// concerns it, and sends snapshots. Without a parent (a program of the user's own that runs under
// squall-python) it only serves that code. Interpreter's thread, GIL held.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/net/co.h"
#include "daemon/net/reactor.h"
#include "daemon/python/greenlet_wait.h"
#include "daemon/python/lane_context.h"
#include "daemon/python/lane_engine.h"
#include "daemon/python/loop_watchdog.h"
#include "daemon/script/lane_codec.h"
#include "daemon/stats/snapshot.h"
#include "daemon/trace/span_export.h"

namespace squall {

namespace v1 {
class LaneCommand;
class PrepareRequest;
}  // namespace v1

struct LaneOptions {
  int channel_fd = -1;       // to the parent; -1: none
  bool coordinator = false;  // statistics are those of all agents, which the parent sends
  SpanExportMaker make_span_export = nullptr;  // none: plans with outputs.traces are refused
};

class Lane final {
 public:
  // `context` and `clock` outlive it.
  Lane(LaneContext* context, const Clock* clock, LaneOptions options);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  LaneContext* context() const { return context_; }
  LaneEngine* engine() { return &engine_; }

  // Begins to listen to the parent. Errors of the system.
  absl::Status Open();

  struct Note {
    std::string kind;
    std::string json;
  };
  // The next thing that Python code should know; the current greenlet waits for it. Nothing: an
  // exception is set.
  std::optional<Note> Receive();
  // To the parent; what it does not hear because it is gone is nothing to care about.
  void Send(std::string kind, std::string json);
  // The listeners of test_start are through.
  void StartUsers();
  // Those of test_stop are.
  void ReportFinished();
  // --reset-stats.
  void ResetAtSpawningComplete();

  // A run without a parent: the first call starts it, later ones change its load.
  absl::Status RunLocally(uint64_t users, double spawn_rate);
  void StopLocally();

  // What has been measured so far, of all agents if this is a coordinator's. While a run is on it
  // may be a tenth of a second old, since a listener may ask after every request. Good until the
  // next call.
  const Snapshot& Statistics();
  // By class.
  std::map<std::string, uint64_t> CountUsers() const {
    return options_.coordinator ? totals_.users : engine_.TakeCounts().users;
  }
  uint64_t TargetUsers();
  // Locust's word for the state of a run.
  std::string_view StateWord() const;

 private:
  Co<void> Listen();
  Co<void> Report();
  bool ReadFromParent();
  void OnCommand(const v1::LaneCommand& command);
  void OnPrepare(const v1::PrepareRequest& request);
  absl::Status Prepare(const v1::PrepareRequest& request);
  void Push(std::string kind, std::string json);
  void LookForSpawned();
  void SendSnapshot();
  void TellBlocked(double seconds, const std::string& where);

  LaneContext* const context_;
  const Clock* const clock_;
  const LaneOptions options_;
  LaneEngine engine_;
  LaneReader reader_;
  FdWatch watch_;
  Waiter reader_waiter_;
  Waiter report_waiter_;
  Co<void> listen_;
  Co<void> report_;
  std::deque<Note> notes_;
  std::unique_ptr<GreenletWait> receiver_;
  std::optional<TimePoint> start_at_;
  Snapshot totals_;      // a coordinator's
  Snapshot statistics_;  // as it was at …
  std::optional<TimePoint> statistics_at_;
  Nanos statistics_cost_{0};
  bool spawned_told_ = false;
  uint64_t spawned_target_ = 0;
  bool reset_when_spawned_ = false;
  bool closed_ = false;
  LoopWatchdog watchdog_;
};

}  // namespace squall
