// Runs one plan's share on this machine: a shard per core, each on a thread of its own. Made for
// one run and then thrown away. All methods may be called from any thread, one at a time, but not
// from its own callbacks (the destructor and TakeSnapshot wait for the shards' threads).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/engine/load_engine.h"
#include "daemon/engine/program.h"
#include "daemon/engine/schedule.h"
#include "daemon/engine/shard.h"
#include "daemon/plan/assignment.h"
#include "daemon/plan/handover.h"
#include "daemon/stats/snapshot.h"
#include "daemon/trace/span_export.h"

namespace squall {

struct EngineOptions {
  // Event loops; more than cores is waste. A run of the open model has no more of them than users.
  uint32_t shards = 1;
  uint64_t seed = 1;  // the same on every agent of a run
  Assignment assignment;
  RecorderLimits recorder;
  RequestTrace* trace = nullptr;  // set, with `once`, for a verbose single pass (one shard)
  // Takes spans of the requests; nullptr: there are none. Closed before the engine says that it has
  // finished, so that its figures are final then. Shared only so that options can be copied.
  std::shared_ptr<SpanExport> spans;
  bool once = false;
  // A thread of the engine; every user of every shard has ended. Once, and never after the
  // destructor has ended.
  std::function<void(std::string reason)> on_finished;
  // A shard's thread; what log steps say, at most one line a second and shard.
  std::function<void(std::string_view text)> log;
};

class Engine final : public LoadEngine {
 public:
  // INVALID_ARGUMENT for a plan that cannot run, RESOURCE_EXHAUSTED without descriptors.
  static absl::StatusOr<std::unique_ptr<Engine>> Make(std::shared_ptr<const Plan> plan,
                                                      const Protocol* protocol, const Clock* clock,
                                                      EngineOptions options);
  // Gives up open requests and joins the threads.
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // LoadEngine
  void Start(TimePoint at) override;
  void Reassign(const Handover& handover) override;
  void Change(const LoadChange& change) override;
  void Pause() override;
  void Resume() override;
  void Stop(const std::string& reason, bool immediate) override;
  bool finished() const override;
  std::string failure() const override { return ""; }
  // Waits for every shard to add its figures: at most one turn of each loop.
  Snapshot TakeSnapshot() override;

 private:
  Engine() = default;
  void OnShardFinished(std::string reason);
  void OnShardDeserted(bool deserted, bool ended);
  void CloseSpans();

  std::function<void(std::string)> on_finished_;
  Resolver resolver_;
  std::shared_ptr<SpanExport> spans_;  // outlives the shards, which have recorders of it
  std::vector<std::unique_ptr<Shard>> shards_;
  std::thread closer_;  // closes spans_
  double cpu_at_start_ = 0;
  mutable std::mutex mutex_;
  size_t running_ = 0;    // guarded by mutex_
  bool closed_ = true;    // spans_ is, or there is none; guarded by mutex_
  size_t deserted_ = 0;   // of the running ones; guarded by mutex_
  bool ended_ = false;    // some user, of its own accord; guarded by mutex_
  bool closing_ = false;  // guarded by mutex_
  std::string reason_;    // guarded by mutex_
};

}  // namespace squall
